"""NodeResourcesFit: enough CPU, memory, storage, pods and extended resources left; then spread out or pack.

Upstream: pkg/scheduler/framework/plugins/noderesources (fit.go, least_allocated.go, most_allocated.go,
requested_to_capacity_ratio.go). Filtering counts what pods request; scoring CPU and memory assumes 100m and 200Mi where a
container requests nothing. A request larger than the whole node is not preemption's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import (
    MAX_NODE_SCORE,
    Code,
    CycleState,
    FilterPlugin,
    Handle,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.resources import amounts, pod_requests

__all__ = ["NodeResourcesFit", "ScoringStrategy"]

REASON_PODS = "Too many pods"
REASON_RESOURCE = "Insufficient {}"


@dataclass(frozen=True)
class ScoringStrategy:
    """How free capacity becomes a score.

    Parameters
    ----------
    type
        ``LeastAllocated`` spreads out, ``MostAllocated`` packs, ``RequestedToCapacityRatio`` follows ``shape``.
    resources
        (resource, weight) pairs.
    shape
        (utilization in percent, score 0..10) points of a broken line.
    """

    type: Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"] = "LeastAllocated"
    resources: tuple[tuple[str, int], ...] = (("cpu", 1), ("memory", 1))
    shape: tuple[tuple[int, int], ...] = ((0, 0), (100, 10))


def _least(requested: int, capacity: int) -> int:
    return 0 if requested > capacity else (capacity - requested) * MAX_NODE_SCORE // capacity


def _most(requested: int, capacity: int) -> int:
    return min(requested, capacity) * MAX_NODE_SCORE // capacity


def _broken_line(shape: Sequence[tuple[int, int]]) -> Callable[[int, int], int]:
    points = [(utilization, score * MAX_NODE_SCORE // 10) for utilization, score in shape]

    def score(requested: int, capacity: int) -> int:
        utilization = 100 if requested > capacity else requested * 100 // capacity
        left = points[0]
        for right in points:
            if utilization <= right[0]:
                if right is left:
                    return right[1]
                return left[1] + int((right[1] - left[1]) * (utilization - left[0]) / (right[0] - left[0]))
            left = right
        return points[-1][1]

    return score


class NodeResourcesFit(FilterPlugin, ScorePlugin):
    """Filters by requests, scores by the strategy."""

    name = "NodeResourcesFit"
    local = True

    def __init__(self, handle: Handle, strategy: ScoringStrategy | None = None) -> None:
        super().__init__(handle)
        self._strategy = strategy or ScoringStrategy()
        scorers = {"LeastAllocated": _least, "MostAllocated": _most}
        self._ratio = self._strategy.type == "RequestedToCapacityRatio"
        self._score = scorers.get(self._strategy.type) or _broken_line(self._strategy.shape)

    def signature(self, pod: PodInfo) -> Any:
        return pod.requests, pod.non_zero_cpu, pod.non_zero_memory

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        reasons, unresolvable = [], False
        if len(node.pods) + 1 > node.allowed_pods:
            reasons.append(REASON_PODS)
        allocatable, requested = node.allocatable, node.requested
        for name in _order(pod.requests):
            wanted = pod.requests[name]
            capacity = allocatable.get(name, 0)
            if wanted > capacity - requested.get(name, 0) and wanted > 0:
                reasons.append(REASON_RESOURCE.format(name))
                unresolvable = unresolvable or wanted > capacity
        if not reasons:
            return None
        return Status(Code.UNRESOLVABLE if unresolvable else Code.UNSCHEDULABLE, *reasons)

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """Return the weighted mean of the resources' scores."""
        total = weights = 0
        for name, weight in self._strategy.resources:
            capacity = node.allocatable.get(name, 0)
            if capacity == 0:
                continue
            if name == "cpu":
                requested = node.non_zero_cpu + pod.non_zero_cpu
            elif name == "memory":
                requested = node.non_zero_memory + pod.non_zero_memory
            elif pod.requests.get(name, 0) == 0:
                continue
            else:
                requested = node.requested.get(name, 0) + pod.requests[name]
            score = self._score(requested, capacity)
            if score > 0 or not self._ratio:
                total += score * weight
                weights += weight
        if weights == 0:
            return 0
        return int(total / weights + 0.5) if self._ratio else total // weights

    def events(self) -> tuple[EventKind, ...]:
        return (
            ("AssignedPod", "Delete"),
            ("AssignedPod", "UpdatePodScaleDown"),
            ("TargetPod", "UpdatePodScaleDown"),
            ("Node", "Add"),
            ("Node", "UpdateNodeAllocatable"),
        )

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "Node" and event.new is not None:
            status = event.new.get("status") or {}
            capacity = amounts(status.get("allocatable") or status.get("capacity"))
            return capacity.get("pods", 0) > 0 and all(capacity.get(n, 0) >= a for n, a in pod.requests.items() if a > 0)
        if event.resource == "AssignedPod" and "Delete" not in event.actions and event.old is not None:
            freed = pod_requests(event.old["spec"])
            return any(pod.requests.get(name) for name in freed)
        return True


def _order(requests: dict[str, int]) -> list[str]:
    """CPU, memory and storage first, as upstream reports them; extended resources by name."""
    first: list[str] = [name for name in ("cpu", "memory", "ephemeral-storage") if name in requests]
    return first if len(first) == len(requests) else first + sorted(set(requests) - set(first))
