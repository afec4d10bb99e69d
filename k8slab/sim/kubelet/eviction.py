"""Who has to go when a node runs out of memory, and the watch that finds out. The decisions are pure.

Upstream: pkg/kubelet/eviction (eviction_manager.go, helpers.go: rankMemoryPressure), pkg/kubelet/qos/policy.go. Simplified: the
only signal is memory.available with the default hard threshold; the watch looks every 10 s while something is wrong, and not
at all while nothing is; no minimum reclaim.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from k8slab.apimachinery.quantity import format_quantity, value
from k8slab.apimachinery.types import Object
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.kubelet.admission import requests_of
from k8slab.sim.kubelet.records import PodRecord
from k8slab.sim.runtime.memory import NodeMemory

__all__ = [
    "EvictionWatch",
    "PodMemory",
    "container_memory",
    "eviction_message",
    "is_critical",
    "is_unwelcome",
    "oom_score_adj",
    "order",
    "pod_memory",
]

THRESHOLD = 100 << 20  #: bytes that must be available (--eviction-hard=memory.available<100Mi)
PERIOD, TRANSITION = 10.0, 300.0  #: between two looks; for how long pressure must be over (--eviction-pressure-transition-period)
_SYSTEM_CRITICAL = 2_000_000_000
_GUARANTEED, _BEST_EFFORT = -997, 1000


class PodMemory(NamedTuple):
    """What counts for the order: the pod, its priority, what it uses and requests in bytes."""

    key: str
    priority: int
    usage: int
    request: int


def order(pods: Iterable[PodMemory]) -> list[PodMemory]:
    """Return pods, the first to be evicted first: those over their requests, by priority, by how far they are over.

    >>> [p.key for p in order([PodMemory("in", 0, 50, 60), PodMemory("over", 10, 70, 60)])]
    ['over', 'in']
    """
    return sorted(pods, key=lambda p: (p.usage <= p.request, p.priority, p.request - p.usage))


def is_critical(pod: Object) -> bool:
    """Whether a pod is never evicted."""
    return int(pod["spec"].get("priority") or 0) >= _SYSTEM_CRITICAL


def is_unwelcome(pod: Object) -> bool:
    """Whether a node under pressure turns a pod away: one that requests nothing and does not tolerate the pressure."""
    if is_critical(pod) or (pod.get("status") or {}).get("qosClass") != "BestEffort":
        return False
    return not any(
        t.get("key") in (None, "", "node.kubernetes.io/memory-pressure") and t.get("effect") in (None, "", "NoSchedule")
        for t in pod["spec"].get("tolerations") or ()
    )


def container_memory(record: PodRecord) -> list[tuple[str, int, int]]:
    """Return (name, usage, request) of a pod's running containers."""
    return [
        (c.name, c.container.memory, value(((c.spec.get("resources") or {}).get("requests") or {}).get("memory", "0")))
        for c in record.containers
        if c.container is not None and c.state == "running"
    ]


def pod_memory(record: PodRecord) -> PodMemory:
    """Return what counts for the order of a pod."""
    used = sum(usage for _, usage, _ in container_memory(record))
    return PodMemory(record.key, int(record.pod["spec"].get("priority") or 0), used, requests_of(record.pod)[1])


def oom_score_adj(pod: Object, container: Object, capacity: int) -> int:
    """Return what the kubelet sets for a container's processes: the more it requests, the safer it is."""
    qos = (pod.get("status") or {}).get("qosClass")
    if is_critical(pod) or qos == "Guaranteed":
        return _GUARANTEED
    if qos == "BestEffort":
        return _BEST_EFFORT
    request = value(((container.get("resources") or {}).get("requests") or {}).get("memory", "0"))
    return max(1000 + _GUARANTEED, min(1000 - 1000 * request // capacity, _BEST_EFFORT - 1))


def eviction_message(available: int, containers: Iterable[tuple[str, int, int]]) -> str:
    """Return what the evicted pod is told; ``containers`` are (name, usage, request)."""
    head = f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {_amount(available)}. "
    over = [
        f"Container {name} was using {_amount(usage)}, request is {_amount(request)}, has larger consumption of memory. "
        for name, usage, request in containers
        if usage > request
    ]
    return head + "".join(over)


def _amount(size: int) -> str:
    return format_quantity(max(0, size) >> 10 << 10, binary=True)


class EvictionWatch:
    """Looks at a node's memory, and has a pod evicted as long as there is too little.

    Parameters
    ----------
    kernel
        The clock.
    memory
        The node's.
    evict
        Called with the bytes that are available; evicts one pod.
    report
        Called when the pressure begins and ends.
    """

    __slots__ = ("_evict", "_kernel", "_last", "_memory", "_report", "_timer", "pressure")

    def __init__(
        self, kernel: Kernel, memory: NodeMemory, evict: Callable[[int], object], report: Callable[[bool], object]
    ) -> None:
        self._kernel, self._memory, self._evict, self._report = kernel, memory, evict, report
        self.pressure = False
        self._last = 0.0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._memory.watch = self._more_used
        self._more_used()

    def stop(self) -> None:
        """Watch no longer."""
        self._memory.watch = lambda: None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _more_used(self) -> None:
        if self._timer is None and (self.pressure or self._memory.available < THRESHOLD):
            self._timer = self._kernel.call_later(PERIOD, self._look)

    def _look(self) -> None:
        self._timer = None
        now, available = self._kernel.now(), self._memory.available
        if available < THRESHOLD:
            self._last = now
            self._set(True)
            self._evict(available)
        elif now - self._last >= TRANSITION:
            self._set(False)
        self._more_used()

    def _set(self, pressure: bool) -> None:
        if pressure != self.pressure:
            self.pressure = pressure
            self._report(pressure)
