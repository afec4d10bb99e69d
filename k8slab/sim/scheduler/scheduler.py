"""kube-scheduler: watches pods without a node, decides, and tells the API.

Upstream: cmd/kube-scheduler, pkg/scheduler (scheduler.go, schedule_one.go). This is the shell around the pure parts:
`event_handlers` feed `cache` and `queue`, `cycle` decides, `preemption` plans, `writer` writes. One pod is scheduled per
callback of the kernel, so that everything else gets its turn. Simplified: binding happens in the cycle (upstream: in a
goroutine of its own) unless volumes must be bound first; one scheduler, no leader election.
"""

from collections import Counter
from dataclasses import dataclass

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.exposition import Family, Histogram, Labels, Metric
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.cycle import Algorithm, Decision
from k8slab.sim.scheduler.diagnosis import NO_NODES, fit_error
from k8slab.sim.scheduler.event_handlers import LISTED, EventHandlers
from k8slab.sim.scheduler.events import ClusterEvent
from k8slab.sim.scheduler.interface import Code, Handle, Status
from k8slab.sim.scheduler.nominator import Nominator
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.preemption import Plan, Preemption
from k8slab.sim.scheduler.profile import Configuration, Profile
from k8slab.sim.scheduler.queue import QueuedPod, SchedulingQueue
from k8slab.sim.scheduler.trace import TraceLog
from k8slab.sim.scheduler.writer import Writer

__all__ = ["Scheduler"]

#: How long PreBind may wait for volumes.
BIND_TIMEOUT = 600.0

_PENDING = (
    "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of "
    "pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and "
    "failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated."
)
_MANY = 15  #: attempts that are not told apart any more
_SECONDS = tuple(0.01 * 2**n for n in range(20))
_DURATION = (
    "[BETA] E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple "
    "scheduling attempts."
)
_ATTEMPTS = (
    "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while "
    "'error' means an internal scheduler problem."
)


@dataclass
class _Binding:
    """A pod whose volumes are being bound."""

    queued: QueuedPod
    decision: Decision
    timeout: Timer


class Scheduler:
    """The component.

    Parameters
    ----------
    client
        The API as ``system:kube-scheduler``.
    kernel
        Clock, callbacks and chance.
    traces
        Where each cycle is recorded.
    configuration
        Scoring strategy, weights and so on.
    """

    def __init__(self, client: Client, kernel: Kernel, traces: TraceLog, configuration: Configuration | None = None) -> None:
        self._client, self._kernel, self._traces = client, kernel, traces
        self._configuration = configuration
        self._running = self._scheduled = False
        self._binding: dict[str, _Binding] = {}
        self._attempts: Counter[str] = Counter()  #: by result
        self._durations = Histogram("scheduler_pod_scheduling_sli_duration_seconds", _DURATION, _SECONDS)

    def start(self) -> None:
        """List everything and begin; starting again lists anew."""
        if self._running:
            return
        self._running = True
        listers = {name: self._client.informer(name) for name in LISTED}
        self._cache, self._nominator = Cache(), Nominator()
        handle = Handle(self._cache, listers, self._client.update)
        self._profile = Profile(handle, self._configuration)
        self._algorithm = Algorithm(self._profile, self._cache, self._nominator, self._kernel.random)
        self._preemption = Preemption(self._profile, self._algorithm, self._kernel.random)
        self._writer = Writer(self._client, self._kernel)
        self._queue = SchedulingQueue(self._kernel, self._profile.run_pre_enqueue, self._profile.by_name, self._wake)
        self._handlers = EventHandlers(
            handle,
            self._cache,
            self._queue,
            self._nominator,
            on_gone=self._gone,
            on_storage=self._storage_changed,
        )
        self._handlers.subscribe(self._client)

    def stop(self) -> None:
        """Stop listening and forget everything."""
        if not self._running:
            return
        self._running = False
        self._handlers.close()
        self._queue.close()
        for binding in self._binding.values():
            binding.timeout.cancel()
        self._binding.clear()

    def metrics(self) -> list[Metric]:
        """Return how many pods wait where, and what came of the attempts."""
        places: Counter[str] = Counter(self._queue.pods().values()) if self._running else Counter[str]()
        waiting: dict[Labels, float] = {
            (("queue", name),): places[name] for name in ("active", "backoff", "unschedulable", "gated")
        }
        results: dict[Labels, float] = {
            (("profile", "default-scheduler"), ("result", result)): self._attempts[result]
            for result in ("scheduled", "unschedulable", "error")
        }
        return [
            Family("scheduler_pending_pods", "gauge", _PENDING, waiting),
            Family("scheduler_schedule_attempts_total", "counter", _ATTEMPTS, results),
            self._durations,
        ]

    # --- the cycle ---

    def _wake(self) -> None:
        if not self._scheduled and self._running:
            self._scheduled = True
            self._kernel.call_soon(self._schedule_one)

    def _schedule_one(self) -> None:
        self._scheduled = False
        if not self._running:
            return
        queued = self._queue.pop()
        if queued is not None:
            self._wake()
            self._schedule(queued)

    def _schedule(self, queued: QueuedPod) -> None:
        pod = queued.info
        if "deletionTimestamp" in pod.obj["metadata"]:
            self._writer.event(pod, "Warning", "FailedScheduling", f"skip schedule deleting pod: {pod.key}")
            self._queue.delete(pod.uid)
            return
        decision = self._algorithm.decide(pod)
        decision.record.attempt, decision.record.started = queued.attempts, self._kernel.now()
        if decision.node:
            self._reserve(queued, decision)
        elif decision.diagnosis is not None:
            self._post_filter(queued, decision)
        else:
            self._give_up(queued, decision, decision.error, "Unschedulable" if decision.error == NO_NODES else "SchedulerError")

    def _post_filter(self, queued: QueuedPod, decision: Decision) -> None:
        """The pod fits nowhere: perhaps others must go."""
        assert decision.diagnosis is not None
        plan = self._preemption.plan(decision.state, queued.info, decision.diagnosis)
        decision.record.plan = plan
        message = fit_error(decision.diagnosis, plan.message)
        self._give_up(queued, decision, message, "Unschedulable", plan)

    def _give_up(self, queued: QueuedPod, decision: Decision, message: str, reason: str, plan: Plan | None = None) -> None:
        """Put the pod back and say why."""
        pod = queued.info
        self._attempts["unschedulable" if reason == "Unschedulable" else "error"] += 1
        self._record(decision, reason if reason == "Unschedulable" else "Error", message)
        if reason == "Unschedulable":
            self._queue.refused(queued, decision.diagnosis.plugins if decision.diagnosis else set())
        else:
            self._queue.failed(queued)
        nominated: str | None = None
        if plan is not None and plan.chosen is not None:
            nominated = plan.chosen.node
        elif plan is None or plan.clear_nomination:
            nominated = ""
        if nominated is not None:
            self._nominator.nominate(pod, nominated)
        self._writer.event(pod, "Warning", "FailedScheduling", message)
        self._writer.unscheduled(pod, reason, message, nominated)
        if plan is not None and plan.chosen is not None:
            self._preempt(pod, plan)

    def _preempt(self, pod: PodInfo, plan: Plan) -> None:
        assert plan.chosen is not None
        for other in self._nominator.on(plan.chosen.node):
            if other.priority < pod.priority:
                self._nominator.remove(other.uid)
                self._writer.clear_nomination(other)
        for victim in plan.chosen.victims:
            if "deletionTimestamp" not in victim.obj["metadata"]:
                self._writer.preempt(victim, pod, plan.chosen.node)

    # --- reserve and bind ---

    def _reserve(self, queued: QueuedPod, decision: Decision) -> None:
        pod, node = queued.info, decision.node
        self._cache.assume(pod, node)
        for plugin in self._profile.reserve:
            status = plugin.reserve(decision.state, pod, node)
            if status is not None:
                self._undo(queued, decision, f'running Reserve plugin "{plugin.name}": {status.message}')
                return
        self._bind(queued, decision)

    def _bind(self, queued: QueuedPod, decision: Decision) -> None:
        """Run PreBind and Bind; may be called again while PreBind waits for something."""
        pod, node = queued.info, decision.node
        try:
            status = self._pre_bind(queued, decision)
            if status is not None and status.code is Code.WAIT:
                return
            if status is not None:
                self._undo(queued, decision, f'running PreBind plugin "{status.plugin}": {status.message}')
                return
            self._abandon(pod.uid)
            self._writer.bind(pod, node)
        except StatusError as error:
            self._undo(queued, decision, f'binding rejected: running Bind plugin "DefaultBinder": {error.message}', error)
            return
        self._queue.done(queued)
        self._nominator.remove(pod.uid)
        message = f"Successfully assigned {pod.key} to {node}"
        self._attempts["scheduled"] += 1
        self._durations.observe(self._kernel.now() - queued.arrived, (("attempts", _attempts_label(queued.attempts)),))
        self._record(decision, "Scheduled", message)
        self._writer.event(pod, "Normal", "Scheduled", message)

    def _pre_bind(self, queued: QueuedPod, decision: Decision) -> Status | None:
        for plugin in self._profile.pre_bind:
            if plugin.name in decision.state.skip_filter:
                continue
            status = plugin.pre_bind(decision.state, queued.info, decision.node)
            if status is None:
                continue
            status.plugin = plugin.name
            uid = queued.info.uid
            if status.code is Code.WAIT and uid not in self._binding:
                timer = self._kernel.call_later(BIND_TIMEOUT, self._timed_out, uid)
                self._binding[uid] = _Binding(queued, decision, timer)
                self._record(decision, "Binding", status.message)
            return status
        return None

    def _storage_changed(self) -> None:
        for binding in list(self._binding.values()):
            self._bind(binding.queued, binding.decision)

    def _gone(self, uid: str) -> None:
        """A pod is deleted or finished; perhaps while its volumes were being bound."""
        binding = self._binding.get(uid)
        if binding is not None:
            self._abandon(uid)
            self._unreserve(binding.queued.info, binding.decision)

    def _unreserve(self, pod: PodInfo, decision: Decision) -> None:
        for plugin in reversed(self._profile.reserve):
            plugin.unreserve(decision.state, pod, decision.node)

    def _timed_out(self, uid: str) -> None:
        if uid in self._binding:
            binding = self._binding[uid]
            self._undo(binding.queued, binding.decision, 'running PreBind plugin "VolumeBinding": binding volumes: timed out')

    def _abandon(self, uid: str) -> None:
        """Stop waiting for a pod's volumes."""
        binding = self._binding.pop(uid, None)
        if binding is not None:
            binding.timeout.cancel()

    def _undo(self, queued: QueuedPod, decision: Decision, message: str, error: StatusError | None = None) -> None:
        """Take back the assumption and try again later, unless the pod is gone."""
        pod = queued.info
        self._abandon(pod.uid)
        self._unreserve(pod, decision)
        self._cache.forget(pod)
        self._queue.happened(ClusterEvent("AssignedPod", frozenset(("Delete",)), pod.obj))
        if error is not None and error.code == 404:
            self._queue.delete(pod.uid)
            return
        decision.diagnosis = None
        self._give_up(queued, decision, message, "SchedulerError")

    def _record(self, decision: Decision, result: str, message: str) -> None:
        record = decision.record
        record.result, record.message = result, message
        record.node = decision.node if result in ("Scheduled", "Binding") else ""
        self._traces.record(record)


def _attempts_label(attempts: int) -> str:
    return str(attempts) if attempts < _MANY else f"{_MANY}+"
