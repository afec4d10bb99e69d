"""NodeResourcesBalancedAllocation: prefers nodes whose CPU and memory use the pod brings closer together.

Upstream: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go. Since 1.35 the score compares the balance
with the pod to the one without it, so that a node that is badly balanced anyway is not held against the pod.
"""

from collections.abc import Iterable
from math import sqrt
from typing import Any

from k8slab.sim.scheduler.interface import (
    MAX_NODE_SCORE,
    SKIP,
    CycleState,
    Handle,
    NodeList,
    PreScorePlugin,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["NodeResourcesBalancedAllocation", "balance"]


def balance(used: Iterable[tuple[int, int]]) -> int:
    """Return 100 for equal shares of (requested, allocatable), less the standard deviation in percent.

    >>> balance([(50, 100), (50, 100)]), balance([(100, 100), (0, 100)])
    (100, 50)
    """
    shares = [min(1.0, requested / allocatable) for requested, allocatable in used]
    if len(shares) == 2:
        deviation = abs((shares[0] - shares[1]) / 2)
    elif len(shares) > 2:
        mean = sum(shares) / len(shares)
        deviation = sqrt(sum((share - mean) ** 2 for share in shares) / len(shares))
    else:
        deviation = 0.0
    return int((1 - deviation) * MAX_NODE_SCORE)


class NodeResourcesBalancedAllocation(PreScorePlugin, ScorePlugin):
    """Scores by how much the pod improves the balance; pods that request nothing are none of its business."""

    name = "NodeResourcesBalancedAllocation"
    local = True

    def __init__(self, handle: Handle, resources: tuple[str, ...] = ("cpu", "memory")) -> None:
        super().__init__(handle)
        self._resources = resources

    def signature(self, pod: PodInfo) -> Any:
        return pod.requests

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Status | None:
        return None if any(pod.requests.get(name) for name in self._resources) else SKIP

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        before, after = [], []
        for name in self._resources:
            allocatable, wanted = node.allocatable.get(name, 0), pod.requests.get(name, 0)
            if allocatable == 0 or (wanted == 0 and name not in ("cpu", "memory")):
                continue
            requested = node.requested.get(name, 0)
            before.append((requested, allocatable))
            after.append((requested + wanted, allocatable))
        half = MAX_NODE_SCORE // 2
        return half + (half + balance(after) - balance(before)) // 2
