"""Pods that write more to their node's disk than they said they would are evicted.

Upstream: localStorageEviction in pkg/kubelet/eviction/eviction_manager.go: an emptyDir's sizeLimit, and the limits on
ephemeral-storage of containers and of the pod, looked at every ten seconds. Simplified: only pods that have such limits are
looked at; a ConfigMap's or Secret's files take no space.
"""

from typing import TYPE_CHECKING

from k8slab.apimachinery.quantity import value
from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord
from k8slab.sim.runtime.filesystem import size_of

if TYPE_CHECKING:
    from k8slab.sim.kubelet.worker import PodWorker

__all__ = ["disk_usage", "excess", "layer_size", "watch"]

PERIOD = 10.0  #: between two looks of the eviction manager
_RESOURCE = "ephemeral-storage"


def _limit(container: Object) -> int:
    return value(((container.get("resources") or {}).get("limits") or {}).get(_RESOURCE, "0"))


def is_limited(pod: Object) -> bool:
    """Whether a pod said how much it writes at most."""
    spec = pod["spec"]
    sized = any((v.get("emptyDir") or {}).get("sizeLimit") for v in spec.get("volumes") or ())
    return sized or any(_limit(c) for c in (*(spec.get("initContainers") or ()), *spec["containers"]))


def disk_usage(record: PodRecord) -> int:
    """Return the bytes of node disk that a pod uses: emptyDirs, writable layers and logs."""
    on_disk = sum(size for _, size in _empty_dirs(record, memory=False))
    return on_disk + sum(layer_size(c) for c in record.containers)


def _empty_dirs(record: PodRecord, memory: bool) -> list[tuple[Object, int]]:
    """Return the emptyDirs that have been looked at, and what is in them; those in memory too if asked for."""
    if record.volumes is None:
        return []
    opened = record.volumes.opened
    return [
        (volume, size_of(opened[volume["name"]]))
        for volume in record.pod["spec"].get("volumes") or ()
        if volume.get("emptyDir") is not None
        and volume["name"] in opened
        and (memory or volume["emptyDir"].get("medium") != "Memory")
    ]


def layer_size(container: ContainerRecord) -> int:
    """Return the bytes of a container's writable layer and log."""
    return container.container.layer_size if container.container is not None else 0


def excess(record: PodRecord) -> str:
    """Return what a pod that wrote too much is told, "" if it did not."""
    for volume, used in _empty_dirs(record, memory=True):
        limit = volume["emptyDir"].get("sizeLimit")
        if limit and 0 < value(limit) < used:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
    total = sum(_limit(c.spec) for c in record.mains)
    if total and disk_usage(record) > total:
        text = "Pod ephemeral local storage usage exceeds the total limit of containers {}. "
        return text.format(_total(record))
    for container in record.mains:
        if 0 < _limit(container.spec) < layer_size(container):
            shown = container.spec["resources"]["limits"][_RESOURCE]
            return f'Container {container.name} exceeded its local ephemeral storage limit "{shown}". '
    return ""


def _total(record: PodRecord) -> str:
    """The sum of the containers' limits, written as the first of them is."""
    from k8slab.apimachinery.quantity import format_quantity

    limits = [c.spec["resources"]["limits"][_RESOURCE] for c in record.mains if _limit(c.spec)]
    return format_quantity(sum(value(text) for text in limits), binary="i" in str(limits[0]))


def watch(worker: "PodWorker") -> None:
    """Look at a pod every ten seconds, as long as it lives, if it has limits."""
    if is_limited(worker.record.pod):
        worker.context.kernel.call_later(PERIOD, _look, worker)


def _look(worker: "PodWorker") -> None:
    record = worker.record
    if record.deleted or record.failure is not None:
        return
    if record.runs and not worker.context.halted and (message := excess(record)):
        worker.evict(message)
        return
    worker.context.kernel.call_later(PERIOD, _look, worker)
