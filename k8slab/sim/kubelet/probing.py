"""Which probes a container gets, and what follows from their answers (upstream: pkg/kubelet/prober/prober_manager.go)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k8slab.sim.kubelet.probes import ProbeKind, Prober, check
from k8slab.sim.kubelet.records import ContainerRecord
from k8slab.sim.kubelet.stopping import stop_container
from k8slab.sim.runtime.container import Container

if TYPE_CHECKING:
    from k8slab.sim.kubelet.worker import PodWorker

__all__ = ["begin_probes"]


def begin_probes(worker: "PodWorker", record: ContainerRecord, container: Container) -> None:
    """Begin to probe a container that was just started; without a startup probe it counts as started up."""
    spec = record.spec
    if spec.get("startupProbe"):
        record.probers = [_prober(worker, record, container, "startup")]
        record.probers[0].start()
        return
    _started(worker, record, container)


def _started(worker: "PodWorker", record: ContainerRecord, container: Container) -> None:
    """The container has started up: from now on it is probed, and ready unless a readiness probe has to say so first."""
    if record.started:
        return
    for prober in record.probers or ():
        prober.stop()
    record.started, record.ready = True, not record.spec.get("readinessProbe") and record.kind in ("main", "sidecar")
    kinds: tuple[ProbeKind, ...] = ("liveness", "readiness")
    record.probers = [_prober(worker, record, container, kind) for kind in kinds if record.spec.get(f"{kind}Probe")] or None
    for prober in record.probers or ():
        prober.start()
    worker.touch()
    if record.kind == "sidecar":
        worker.wake()


def _prober(worker: "PodWorker", record: ContainerRecord, container: Container, kind: ProbeKind) -> Prober:
    probe, context = record.spec[f"{kind}Probe"], worker.context
    passed: dict[str, Callable[[], object]] = {
        "startup": lambda: _started(worker, record, container),
        "readiness": lambda: worker.set_ready(record, True),
        "liveness": lambda: None,
    }
    failed: dict[str, Callable[[], object]] = {
        "startup": lambda: _unhealthy(worker, record, container, kind, probe),
        "readiness": lambda: worker.set_ready(record, False),
        "liveness": lambda: _unhealthy(worker, record, container, kind, probe),
    }

    def attempt() -> Any:
        return context.kernel.spawn(check(context.network, context.namespace, container, record.spec, probe))

    def noted(problem: str) -> None:
        worker.event("Warning", "Unhealthy", f"{kind.capitalize()} probe failed: {problem}", record)

    return Prober(context.kernel, kind, probe, attempt, passed[kind], failed[kind], noted)


def _unhealthy(worker: "PodWorker", record: ContainerRecord, container: Container, kind: str, probe: dict[str, Any]) -> None:
    if record.container is not container or record.stopping or worker.context.halted:
        return
    worker.event("Normal", "Killing", f"Container {record.name} failed {kind} probe, will be restarted", record)
    default = worker.record.pod["spec"].get("terminationGracePeriodSeconds", 30)
    stop_container(worker, record, float(probe.get("terminationGracePeriodSeconds") or default), announce=False)
