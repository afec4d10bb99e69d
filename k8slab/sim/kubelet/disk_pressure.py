"""Who has to go when a node's disk is full: one pod every ten seconds, as long as that does not help.

Upstream: pkg/kubelet/eviction (rankDiskPressureFunc: those over their request of ephemeral-storage first, then by priority,
then by how much they use). Simplified: a disk is full because a fault says so, so that no eviction helps and all pods but the
critical ones go, as when something else than pods has filled the disk; images are not collected first.
"""

from collections.abc import Callable, Iterable

from k8slab.apimachinery.quantity import format_quantity, value
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.kubelet.local_storage import disk_usage, layer_size
from k8slab.sim.kubelet.records import PodRecord

__all__ = ["DiskWatch", "disk_message", "first_to_go"]

PERIOD = 10.0
_RESOURCE = "ephemeral-storage"
_THRESHOLD = 10 << 30  #: --eviction-hard=nodefs.available<10%, of 100 GiB


def _request(record: PodRecord) -> int:
    return sum(value((c.allocated.get("requests") or {}).get(_RESOURCE, "0")) for c in record.mains)


def first_to_go(records: Iterable[PodRecord]) -> PodRecord | None:
    """Return the pod that is evicted first, None if there is none."""

    def rank(record: PodRecord) -> tuple[bool, int, int]:
        used, asked = disk_usage(record), _request(record)
        return used <= asked, int(record.pod["spec"].get("priority") or 0), asked - used

    return min(records, key=rank, default=None)


def disk_message(record: PodRecord) -> str:
    """Return what the evicted pod is told."""
    told = [f"The node was low on resource: {_RESOURCE}. Threshold quantity: {_THRESHOLD}, available: 0. "]
    for container in record.mains:
        used, asked = layer_size(container), (container.allocated.get("requests") or {}).get(_RESOURCE, "0")
        if used > value(asked):
            amount = format_quantity(-(-used >> 10) << 10, binary=True)
            text = f"Container {container.name} was using {amount}, request is {asked}, has larger consumption of {_RESOURCE}. "
            told.append(text)
    return "".join(told)


class DiskWatch:
    """Has a pod evicted every ten seconds while the disk is full.

    Parameters
    ----------
    kernel
        The clock.
    evict
        Evicts one pod.
    """

    __slots__ = ("_evict", "_kernel", "_timer", "full")

    def __init__(self, kernel: Kernel, evict: Callable[[], object]) -> None:
        self._kernel, self._evict = kernel, evict
        self.full = False
        self._timer: Timer | None = None

    def set(self, full: bool) -> None:
        """Note that the disk is full, or no longer."""
        self.full = full
        if full and self._timer is None:
            self._timer = self._kernel.call_later(PERIOD, self._look)

    def _look(self) -> None:
        self._timer = None
        if self.full:
            self._evict()
            self._timer = self._kernel.call_later(PERIOD, self._look)
