"""InterPodAffinity: pods that want to be near some pods and far from others.

Upstream: pkg/scheduler/framework/plugins/interpodaffinity. Required terms of the incoming pod filter, so do the required
anti-affinity terms of the pods that are there; preferred terms of both sides score, and the required affinity of the pods
that are there counts as preferred with ``hard_pod_affinity_weight``.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import add

from k8slab.apimachinery.labels import Labels, matches
from k8slab.apimachinery.types import labels as labels_of
from k8slab.sim.scheduler.counters import PodQuery
from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import (
    MAX_NODE_SCORE,
    SKIP,
    Code,
    CycleState,
    FilterPlugin,
    Handle,
    NodeList,
    PreFilterExtensions,
    PreScorePlugin,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import AffinityTerm, PodInfo

__all__ = ["InterPodAffinity"]

REASON_AFFINITY = "node(s) didn't match pod affinity rules"
REASON_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
REASON_EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"

#: Matching pods per value of a topology key.
Counts = dict[str, int]


class _FilterState:
    """What the terms found, per topology domain: one map per term, and one per key for the terms of existing pods."""

    def __init__(
        self, existing: dict[str, Counts], affinity: list[Counts], anti: list[Counts], namespace_labels: Labels | None
    ) -> None:
        self.existing, self.affinity, self.anti, self.namespace_labels = existing, affinity, anti, namespace_labels

    def clone(self) -> "_FilterState":
        existing = {key: dict(counts) for key, counts in self.existing.items()}
        affinity, anti = [dict(counts) for counts in self.affinity], [dict(counts) for counts in self.anti]
        return _FilterState(existing, affinity, anti, self.namespace_labels)


def _change(counts: Counts, key: str, node: NodeInfo, by: int) -> None:
    value = node.labels.get(key)
    if value is not None:
        counts[value] = counts.get(value, 0) + by


def _merge(counts: Counts, more: Mapping[str, int]) -> None:
    for value, count in more.items():
        counts[value] = counts.get(value, 0) + count


class InterPodAffinity(PreFilterExtensions, FilterPlugin, PreScorePlugin, ScorePlugin):
    """Filters and scores by what other pods share a topology domain with the node."""

    name = "InterPodAffinity"
    normalizes = True

    def __init__(self, handle: Handle, hard_pod_affinity_weight: int = 1) -> None:
        super().__init__(handle)
        self._hard_weight = hard_pod_affinity_weight

    # --- filter ---

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        cache = self.handle.cache
        if not pod.affinity and not pod.anti_affinity and not cache.has_terms("anti_affinity"):
            return None, SKIP
        namespace_labels = self._namespace_labels(pod.namespace)
        existing: dict[str, Counts] = {}
        for term, domains in cache.terms("anti_affinity"):
            if term.matches(pod, namespace_labels):
                _merge(existing.setdefault(term.topology_key, {}), domains)
        if not existing and not pod.affinity and not pod.anti_affinity:
            return None, SKIP
        affinity: list[Counts] = []
        if pod.affinity:
            namespaces = frozenset.intersection(*(self._namespaces(term) for term in pod.affinity))
            query = PodQuery(namespaces, tuple(term.selector for term in pod.affinity), False)
            affinity = [dict(self._matching(query, term.topology_key)) for term in pod.affinity]
        anti = [
            dict(self._matching(PodQuery(self._namespaces(term), (term.selector,), False), term.topology_key))
            for term in pod.anti_affinity
        ]
        state.data[self.name] = _FilterState(existing, affinity, anti, namespace_labels)
        return None, None

    def _matching(self, query: PodQuery, topology_key: str) -> Counts:
        """Return how many pods match in each domain; read only."""
        cache = self.handle.cache
        return cache.totals(query, cache.label_values(topology_key))

    def _namespaces(self, term: AffinityTerm) -> frozenset[str]:
        """Return the namespaces a term speaks of, its selector resolved."""
        if term.namespace_selector is None:
            return term.namespaces
        selector = term.namespace_selector
        chosen = (n["metadata"]["name"] for n in self.handle.list("namespaces") if matches(selector, labels_of(n)))
        return term.namespaces.union(chosen)

    def _namespace_labels(self, namespace: str) -> Labels | None:
        found = self.handle.get("namespaces", namespace)
        return labels_of(found) if found else None

    def _change_pod(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, by: int) -> None:
        known: _FilterState = state.data[self.name]
        other_labels = self._namespace_labels(other.namespace)
        for term in other.anti_affinity:
            if term.matches(pod, known.namespace_labels):
                _change(known.existing.setdefault(term.topology_key, {}), term.topology_key, node, by)
        if pod.affinity and all(term.matches(other, other_labels) for term in pod.affinity):
            for term, counts in zip(pod.affinity, known.affinity, strict=True):
                _change(counts, term.topology_key, node, by)
        for term, counts in zip(pod.anti_affinity, known.anti, strict=True):
            if term.matches(other, other_labels):
                _change(counts, term.topology_key, node, by)

    def add_pod(self, state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo) -> None:
        self._change_pod(state, pod, added, node, 1)

    def remove_pod(self, state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> None:
        self._change_pod(state, pod, removed, node, -1)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        known: _FilterState = state.data[self.name]
        labels = node.labels
        if pod.affinity and not self._affinity_satisfied(known, pod, labels):
            return Status(Code.UNRESOLVABLE, REASON_AFFINITY)
        for term, counts in zip(pod.anti_affinity, known.anti, strict=True):
            if counts.get(labels.get(term.topology_key, ""), 0) > 0:
                return Status(Code.UNSCHEDULABLE, REASON_ANTI_AFFINITY, detail=term.topology_key)
        for key, counts in known.existing.items():
            if counts.get(labels.get(key, ""), 0) > 0:
                return Status(Code.UNSCHEDULABLE, REASON_EXISTING, detail=key)
        return None

    @staticmethod
    def _affinity_satisfied(known: _FilterState, pod: PodInfo, labels: Labels) -> bool:
        """The first pod of a group may match its own terms; else it could never start."""
        if not all(term.topology_key in labels for term in pod.affinity):
            return False
        if all(counts.get(labels[term.topology_key], 0) > 0 for term, counts in zip(pod.affinity, known.affinity, strict=True)):
            return True
        nobody = not any(count > 0 for counts in known.affinity for count in counts.values())
        return nobody and all(term.matches(pod, known.namespace_labels) for term in pod.affinity)

    # --- score ---

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Status | None:
        parts: list[tuple[str, Counts, int]] = []
        for sign, terms in ((1, pod.preferred_affinity), (-1, pod.preferred_anti_affinity)):
            for term in terms:
                query = PodQuery(self._namespaces(term), (term.selector,), False)
                parts.append((term.topology_key, self._matching(query, term.topology_key), sign * term.weight))
        if self.handle.cache.has_terms("affinity", "preferred_affinity", "preferred_anti_affinity"):
            parts += self._existing_parts(pod)
        parts = [part for part in parts if any(part[1].values())]
        if not parts:
            return SKIP
        state.data[self.name + "/score"] = parts
        return None

    def _existing_parts(self, pod: PodInfo) -> Iterator[tuple[str, Counts, int]]:
        """Return the terms of the pods that are there which speak of the incoming one."""
        namespace_labels = self._namespace_labels(pod.namespace)
        for kind, sign in (("preferred_affinity", 1), ("preferred_anti_affinity", -1), ("affinity", 0)):
            for term, domains in self.handle.cache.terms(kind):
                weight = sign * term.weight if sign else self._hard_weight
                if weight and term.matches(pod, namespace_labels):
                    yield term.topology_key, domains, weight

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """Return the weights of all matching terms, once for each pod in the node's domain."""
        labels = node.labels
        return sum(counts.get(labels.get(key, ""), 0) * weight for key, counts, weight in state.data[self.name + "/score"])

    def scores(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Sequence[int]:
        totals = [0] * len(nodes)
        for key, counts, weight in state.data[self.name + "/score"]:
            found = [counts.get(value, 0) * weight for value in nodes.pick(self.handle.cache.label_values(key))]
            totals = list(map(add, totals, found))
        return totals

    def normalize(self, scores: Sequence[int]) -> Sequence[int]:
        lowest, highest = min(scores, default=0), max(scores, default=0)
        span = highest - lowest
        if not span:
            return [0] * len(scores)
        table = {score: int(MAX_NODE_SCORE * ((score - lowest) / span)) for score in set(scores)}
        return [table[score] for score in scores]

    # --- events ---

    def events(self) -> tuple[EventKind, ...]:
        pods = tuple(("AssignedPod", action) for action in ("Add", "Delete", "UpdatePodLabel"))
        return (*pods, ("TargetPod", "UpdatePodLabel"), ("Node", "Add"), ("Node", "UpdateNodeLabel"))

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "TargetPod":
            return True
        if event.resource == "Node":
            found = labels_of(event.new or event.old or {"metadata": {}})
            return any(term.topology_key in found for term in (*pod.affinity, *pod.anti_affinity)) or not pod.has_affinity
        others = [PodInfo(obj) for obj in (event.old, event.new) if obj is not None]
        own = self._namespace_labels(pod.namespace)
        return any(
            term.matches(other, self._namespace_labels(other.namespace))
            for other in others
            for term in (*pod.affinity, *pod.anti_affinity)
        ) or any(term.matches(pod, own) for other in others for term in other.anti_affinity)
