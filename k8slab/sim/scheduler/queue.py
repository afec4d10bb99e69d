"""The scheduling queue: active, backing off, unschedulable, gated.

Upstream: pkg/scheduler/backend/queue (scheduling_queue.go, active_queue.go, backoff_queue.go).

* active: ready to be tried, by PrioritySort.
* back-off: tried before; waits 1 s, 2 s, 4 s ... 10 s after the last attempt. When nothing is active, the first of them is
  taken early (upstream since 1.33), unless its last attempt ended in an error.
* unschedulable: fits nowhere; waits for an event that a plugin that refused it registered for and hints at, or 5 min.
* gated: refused by PreEnqueue; waits for its own change.

Simplified: upstream replays the events that happened during the pod's own cycle; here none can happen meanwhile.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.scheduler.events import ClusterEvent, EventKind, pod_changes
from k8slab.sim.scheduler.interface import Plugin, Status
from k8slab.sim.scheduler.plugins.priority_sort import PrioritySort
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["INITIAL_BACKOFF", "MAX_BACKOFF", "MAX_IN_UNSCHEDULABLE", "QueuedPod", "SchedulingQueue"]

INITIAL_BACKOFF = 1.0
MAX_BACKOFF = 10.0
#: A pod is tried again after this time even if nothing happened.
MAX_IN_UNSCHEDULABLE = 300.0
_FLUSH_INTERVAL = 30.0

Place = Literal["active", "backoff", "unschedulable", "gated", "out"]


class QueuedPod:
    """A pod that waits for a node, and its history."""

    __slots__ = ("arrived", "attempts", "entry", "errors", "info", "place", "plugins", "refusals", "since")

    def __init__(self, info: PodInfo, since: float) -> None:
        self.info, self.since, self.arrived = info, since, since
        self.attempts = 0
        self.refusals = 0  #: attempts that found no node
        self.errors = 0  #: attempts in a row that ended in an error
        self.plugins: set[str] = set()
        self.place: Place = "out"
        self.entry = 0

    def backoff_until(self) -> float:
        """When the pod may be tried again."""
        failures = self.errors or self.refusals
        return self.since + (min(INITIAL_BACKOFF * 2 ** min(failures - 1, 10), MAX_BACKOFF) if failures else 0.0)


class SchedulingQueue:
    """Hands out pods one by one and takes back those that did not find a node.

    Parameters
    ----------
    kernel
        Whose clock the back-off follows.
    pre_enqueue
        Says whether a pod may come in at all.
    plugins
        By name; asked which events matter.
    wake
        Called when there is something to `pop`.
    """

    def __init__(
        self,
        kernel: Kernel,
        pre_enqueue: Callable[[Object], Status | None],
        plugins: Mapping[str, Plugin],
        wake: Callable[[], object],
    ) -> None:
        self._kernel, self._pre_enqueue, self._plugins, self._wake = kernel, pre_enqueue, plugins, wake
        self._pods: dict[str, QueuedPod] = {}
        self._active: list[tuple[int, float, int, QueuedPod]] = []
        self._backoff: list[tuple[float, int, QueuedPod]] = []
        self._waiting: dict[str, QueuedPod] = {}
        self._refusers: Counter[str] = Counter()
        self._entries = 0
        self._backoff_timer: Timer | None = None
        self._flush_timer: Timer | None = None
        self._registered: dict[EventKind, set[str]] = {}
        for plugin in plugins.values():
            for kind in plugin.events():
                self._registered.setdefault(kind, set()).add(plugin.name)

    # --- what the informers say ---

    def update(self, obj: Object) -> None:
        """A pod without a node was created or changed."""
        uid = obj["metadata"].get("uid", "")
        queued = self._pods.get(uid)
        if queued is None:
            queued = self._pods[uid] = QueuedPod(PodInfo(obj), self._kernel.now())
            self._enter(queued)
            return
        old = queued.info.obj
        queued.info = PodInfo(obj)
        changes = pod_changes(old, obj)
        if queued.place == "gated":
            self._enter(queued)
        elif queued.place == "unschedulable" and changes:
            self._move([queued], ClusterEvent("TargetPod", changes, old, obj))
        elif queued.place == "active" and (old["spec"].get("priority") or 0) != queued.info.priority:
            self._push_active(queued)

    def delete(self, uid: str) -> None:
        """A pod is gone or has a node."""
        queued = self._pods.pop(uid, None)
        if queued is not None:
            self._leave(queued)

    def happened(self, event: ClusterEvent) -> None:
        """Something changed: try those pods again that it may help."""
        if self._waiting and self._concerned(event):
            self._move(list(self._waiting.values()), event)

    # --- what the scheduler does ---

    def pop(self) -> QueuedPod | None:
        """Return the next pod to try, None if there is none now."""
        queued = self._pop_active() or self._pop_backoff(early=True)
        if queued is not None:
            queued.place = "out"
            queued.attempts += 1
            queued.plugins = set()
        return queued

    def done(self, queued: QueuedPod) -> None:
        """The pod has its node."""
        self._pods.pop(queued.info.uid, None)

    def refused(self, queued: QueuedPod, plugins: set[str]) -> None:
        """No node was found; these plugins said no. The pod waits for an event."""
        if queued.info.uid not in self._pods:
            return
        queued.since, queued.refusals, queued.errors = self._kernel.now(), queued.refusals + 1, 0
        queued.plugins = plugins
        self._park(queued, "unschedulable")

    def failed(self, queued: QueuedPod) -> None:
        """Something went wrong that may not go wrong next time."""
        if queued.info.uid not in self._pods:
            return
        queued.since, queued.errors = self._kernel.now(), queued.errors + 1
        self._push_backoff(queued)

    def pods(self) -> dict[str, Place]:
        """Return where each pod is, by namespace/name."""
        return {queued.info.key: queued.place for queued in self._pods.values()}

    def close(self) -> None:
        """Cancel the timers."""
        for timer in (self._backoff_timer, self._flush_timer):
            if timer is not None:
                timer.cancel()
        self._backoff_timer = self._flush_timer = None

    # --- moving about ---

    def _enter(self, queued: QueuedPod) -> None:
        self._leave(queued)
        status = self._pre_enqueue(queued.info.obj)
        if status is None:
            self._push_active(queued)
        else:
            queued.plugins = {status.plugin}
            self._park(queued, "gated")

    def _leave(self, queued: QueuedPod) -> None:
        """Take a pod out of wherever it is; entries of heaps are skipped when they come up."""
        if queued.place == "unschedulable":
            self._waiting.pop(queued.info.uid, None)
            self._refusers.subtract(queued.plugins or {""})
        queued.place = "out"

    def _park(self, queued: QueuedPod, place: Place) -> None:
        queued.place = place
        if place == "unschedulable":
            self._waiting[queued.info.uid] = queued
            self._refusers.update(queued.plugins or {""})
            self._start_flushing()

    def _push_active(self, queued: QueuedPod) -> None:
        self._entries += 1
        queued.place, queued.entry = "active", self._entries
        heapq.heappush(self._active, (*PrioritySort.key(queued.info, queued.since), self._entries, queued))
        self._wake()

    def _push_backoff(self, queued: QueuedPod) -> None:
        self._entries += 1
        queued.place, queued.entry = "backoff", self._entries
        heapq.heappush(self._backoff, (queued.backoff_until(), self._entries, queued))
        self._set_backoff_timer()
        self._wake()

    def _pop_active(self) -> QueuedPod | None:
        while self._active:
            _, _, entry, queued = heapq.heappop(self._active)
            if queued.place == "active" and queued.entry == entry:
                return queued
        return None

    def _pop_backoff(self, early: bool) -> QueuedPod | None:
        """Return the first pod whose back-off is over, or (``early``) the first whose last attempt was no error."""
        kept, found, now = [], None, self._kernel.now()
        while self._backoff:
            item = heapq.heappop(self._backoff)
            until, entry, queued = item
            if queued.place != "backoff" or queued.entry != entry:
                continue
            if until <= now or (early and not queued.errors):
                found = queued
                break
            kept.append(item)
            if not early:
                break
        for item in kept:
            heapq.heappush(self._backoff, item)
        return found

    def _set_backoff_timer(self) -> None:
        if self._backoff_timer is None and self._backoff:
            self._backoff_timer = self._kernel.call_at(self._backoff[0][0], self._flush_backoff)

    def _flush_backoff(self) -> None:
        self._backoff_timer = None
        while (queued := self._pop_backoff(early=False)) is not None:
            self._push_active(queued)
        self._set_backoff_timer()

    def _concerned(self, event: ClusterEvent) -> bool:
        """Whether any waiting pod was refused by a plugin that registered for the event, or by nobody in particular."""
        if self._refusers[""] > 0:
            return True
        return any(self._refusers[name] > 0 for kind in event.kinds for name in self._registered.get(kind, ()))

    def _move(self, pods: list[QueuedPod], event: ClusterEvent) -> None:
        interested = set[str]().union(*(self._registered.get(kind, set()) for kind in event.kinds))
        for queued in pods:
            refusers = queued.plugins & interested
            if queued.plugins and not any(self._plugins[name].hint(queued.info, event) for name in refusers):
                continue
            self._release(queued)

    def _release(self, queued: QueuedPod) -> None:
        self._leave(queued)
        if queued.backoff_until() > self._kernel.now():
            self._push_backoff(queued)
        else:
            self._enter(queued)

    def _start_flushing(self) -> None:
        if self._flush_timer is None:
            self._flush_timer = self._kernel.call_later(_FLUSH_INTERVAL, self._flush_unschedulable)

    def _flush_unschedulable(self) -> None:
        self._flush_timer = None
        overdue = self._kernel.now() - MAX_IN_UNSCHEDULABLE
        for queued in list(self._waiting.values()):
            if queued.since <= overdue:
                self._release(queued)
        if self._waiting:
            self._start_flushing()
