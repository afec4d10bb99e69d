"""PrioritySort: the queue's order: higher priority first, then who has waited longer.

Upstream: pkg/scheduler/framework/plugins/queuesort.
"""

from k8slab.sim.scheduler.interface import Plugin
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["PrioritySort"]


class PrioritySort(Plugin):
    """Gives the active queue its sort key."""

    name = "PrioritySort"

    @staticmethod
    def key(pod: PodInfo, since: float) -> tuple[int, float]:
        """Return what to sort by: ascending keys come out first."""
        return -pod.priority, since
