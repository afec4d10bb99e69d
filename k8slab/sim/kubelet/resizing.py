"""In-place resize of running pods: whether the node has room for it, and what is done to the containers.

A pod's spec says what is desired. What the node has set aside is ``allocated`` of each record
(``status.containerStatuses[].allocatedResources``), what its container runs with is ``applied`` (``.resources``).
Upstream: pkg/kubelet/allocation/allocation_manager.go (canResizePod, retryPendingResizes) and doPodResizeAction in
pkg/kubelet/kuberuntime. Simplified: CPU and memory of containers; pod-level resources and the size of memory volumes are not
resized; deferred resizes are tried again, oldest pod first, whenever room is given back (upstream: every three minutes too,
by priority and QoS class).
"""

import json
from typing import TYPE_CHECKING

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet import stopping
from k8slab.sim.kubelet.admission import Requests, requests_of
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord

if TYPE_CHECKING:
    from k8slab.sim.kubelet.worker import PodWorker

__all__ = ["consider", "refusal"]

_ERROR_RETRY = 10.0


def refusal(wanted: Requests, others: Requests, capacity: Requests) -> tuple[str, str] | None:
    """Return (reason, message) if a pod cannot have so much on its node; ``others`` is what the other pods have.

    >>> refusal((5000, 0, 1), (0, 0, 0), (4000, 8, 110))
    ('Infeasible', "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000")
    >>> refusal((3000, 0, 1), (2000, 0, 1), (4000, 8, 110))
    ('Deferred', "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000")
    """
    for name, i in (("memory", 1), ("cpu", 0)):
        if wanted[i] > capacity[i]:
            return "Infeasible", f"Node didn't have enough capacity: {name}, requested: {wanted[i]}, capacity: {capacity[i]}"
    for name, i in (("cpu", 0), ("memory", 1)):
        if wanted[i] and others[i] + wanted[i] > capacity[i]:
            numbers = f"requested: {wanted[i]}, used: {others[i]}, capacity: {capacity[i]}"
            return "Deferred", f"Node didn't have enough resource: {name}, {numbers}"
    return None


def _desired(record: ContainerRecord) -> Object:
    return record.spec.get("resources") or {}


def _resizable(pod: PodRecord) -> list[ContainerRecord]:
    return [c for c in pod.containers if c.kind in ("main", "sidecar")]


def consider(worker: "PodWorker") -> None:
    """Look whether a pod asks for other resources than it has, and give them to it if the node has room."""
    pod = worker.record
    if pod.stopping or pod.failure is not None:
        return
    changed = [c for c in _resizable(pod) if c.allocated != _desired(c)]
    if not changed:
        _set_pending(worker, None)
        return
    refused = worker.context.rebook(pod.pod["metadata"].get("uid", ""), requests_of(pod.pod))
    if refused is not None:
        _set_pending(worker, refused)
        return
    for container in changed:
        container.allocated = _desired(container)
    pod.resize_pending, pod.resize_progress = None, ("", "")
    worker.event("Normal", "ResizeStarted", f"Pod resize started: {_described(pod)}")
    worker.touch()
    worker.context.kernel.call_later(worker.context.options.relist_period, _apply, worker)


def _set_pending(worker: "PodWorker", refused: tuple[str, str] | None) -> None:
    if worker.record.resize_pending == refused:
        return
    worker.record.resize_pending = refused
    if refused is not None:
        reason, message = refused
        worker.event("Warning", f"Resize{reason}", f"Pod resize {reason}: {_described(worker.record, message)}")
    worker.touch()


def _described(pod: PodRecord, error: str = "") -> str:
    """What the events say, as JSON."""
    containers = [{"name": c.name, "resources": _desired(c)} for c in pod.mains]
    inits = [{"name": c.name, "resources": _desired(c)} for c in pod.inits if c.kind == "sidecar"]
    said: Object = {"initContainers": inits} if inits else {}
    said |= {"containers": containers, "generation": pod.pod["metadata"].get("generation", 0)}
    return json.dumps({**said, "error": error} if error else said, separators=(",", ":"))


def _apply(worker: "PodWorker") -> None:
    """Bring the running containers to what has been allocated: at once, or by a new start where their policy says so."""
    pod = worker.record
    if pod.deleted or pod.stopping or pod.resize_progress is None or worker.context.halted:
        return
    problem = ""
    for record in _resizable(pod):
        if record.state == "running" and record.applied != record.allocated:
            problem = problem or _apply_one(worker, record)
    if problem:
        pod.resize_progress = ("Error", problem)
        worker.context.kernel.call_later(_ERROR_RETRY, _apply, worker)
        worker.touch()
        return
    if any(c.applied != c.allocated for c in _resizable(pod) if c.container is not None):
        worker.context.kernel.call_later(1.0, _apply, worker)
        return
    pod.resize_progress = None
    worker.event("Normal", "ResizeCompleted", f"Pod resize completed: {_described(pod)}")
    worker.touch()


def _apply_one(worker: "PodWorker", record: ContainerRecord) -> str:
    """Resize a running container; return why it cannot be done, "" if it was."""
    if _needs_restart(record):
        if not record.stopping:
            worker.event("Normal", "Killing", f"Container {record.name} resize requires restart", record)
            stopping.stop_container(worker, record, 30.0, announce=False)
        return ""
    container = record.container
    assert container is not None
    requests, limits = record.allocated.get("requests") or {}, record.allocated.get("limits") or {}
    limit = value(limits.get("memory", "0"))
    if limit and container.memory > limit:
        return f"attempting to set container {record.name} memory limit ({limit}) below current usage ({container.memory})"
    container.resize(milli_value(requests.get("cpu", "0")), milli_value(limits.get("cpu", "0")), limit)
    record.applied = record.allocated
    return ""


def _needs_restart(record: ContainerRecord) -> bool:
    policies = {p["resourceName"]: p["restartPolicy"] for p in record.spec.get("resizePolicy") or ()}
    return any(policies.get(name) == "RestartContainer" and _differs(record, name) for name in ("cpu", "memory"))


def _differs(record: ContainerRecord, name: str) -> bool:
    def amounts(resources: Object) -> tuple[object, object]:
        return (resources.get("requests") or {}).get(name), (resources.get("limits") or {}).get(name)

    return amounts(record.applied) != amounts(record.allocated)
