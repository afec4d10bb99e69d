"""NodeAffinity: ``nodeSelector`` and node affinity, required and preferred.

Upstream: pkg/scheduler/framework/plugins/nodeaffinity.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import (
    SKIP,
    Code,
    CycleState,
    FilterPlugin,
    NodeList,
    PreFilterPlugin,
    PreScorePlugin,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.helpers import (
    default_normalize,
    matches_node_selector_term,
    matches_required_node_affinity,
    node_affinity_signature,
    required_terms,
)
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["NodeAffinity"]

REASON = "node(s) didn't match Pod's node affinity/selector"
REASON_CONFLICT = "pod affinity terms conflict"


def _named_nodes(terms: Iterable[Object]) -> set[str] | None:
    """Return the nodes that terms on ``metadata.name`` leave, None if one term does not name any."""
    named: set[str] = set()
    for term in terms:
        fields = [f for f in term.get("matchFields") or () if f["key"] == "metadata.name" and f["operator"] == "In"]
        if not fields:
            return None
        named |= set.intersection(*(set(f.get("values") or ()) for f in fields))
    return named


def _preferred(pod: PodInfo) -> list[Object]:
    affinity = (pod.spec.get("affinity") or {}).get("nodeAffinity") or {}
    return affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or []


class NodeAffinity(PreFilterPlugin, FilterPlugin, PreScorePlugin, ScorePlugin):
    """Required terms filter; preferred terms add up their weights."""

    name = "NodeAffinity"
    local = True
    normalizes = True

    def signature(self, pod: PodInfo) -> Any:
        return node_affinity_signature(pod.spec)

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        terms = required_terms(pod.spec) if pod.spec.get("affinity") else None
        if terms is None:
            return None, None if pod.spec.get("nodeSelector") else SKIP
        named = _named_nodes(terms) if terms else None
        if named is not None and not named:
            return None, Status(Code.UNRESOLVABLE, REASON_CONFLICT)
        return named, None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None if matches_required_node_affinity(pod.spec, node) else Status(Code.UNRESOLVABLE, REASON)

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Status | None:
        return None if pod.spec.get("affinity") and _preferred(pod) else SKIP

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """Return the sum of the weights of the preferred terms that the node fits; an empty term fits every node."""
        return sum(
            term["weight"]
            for term in _preferred(pod)
            if not term["preference"] or matches_node_selector_term(term["preference"], node)
        )

    def normalize(self, scores: Sequence[int]) -> Sequence[int]:
        return default_normalize(scores)

    def events(self) -> tuple[EventKind, ...]:
        return ("Node", "Add"), ("Node", "UpdateNodeLabel")

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.new is None:
            return True
        node = NodeInfo(event.new["metadata"]["name"])
        node.set_node(event.new)
        return matches_required_node_affinity(pod.spec, node)
