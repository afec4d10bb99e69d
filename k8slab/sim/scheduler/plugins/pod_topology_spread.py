"""PodTopologySpread: keeps the number of matching pods even over zones, nodes or any other domains.

Upstream: pkg/scheduler/framework/plugins/podtopologyspread. Hard constraints filter by skew, soft ones (and the system's
defaults for pods of a Service or workload: hostname with skew 3, zone with skew 5) score.
"""

from collections.abc import Sequence
from math import floor, log
from typing import Any

from k8slab.apimachinery.labels import Selector
from k8slab.apimachinery.types import Object, controller_of
from k8slab.sim.scheduler.counters import PodQuery
from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import (
    MAX_NODE_SCORE,
    Code,
    CycleState,
    FilterPlugin,
    Handle,
    PreFilterExtensions,
    PreScorePlugin,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.topology_constraints import (
    HOSTNAME,
    Constraint,
    Domains,
    default_selector,
    has_all_keys,
    own_constraints,
    selects,
    system_defaults,
)
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["PodTopologySpread"]

REASON = "node(s) didn't match pod topology spread constraints"
REASON_LABEL = f"{REASON} (missing required label)"

_IGNORED = -1


def _query(constraint: Constraint, pod: PodInfo) -> PodQuery:
    return PodQuery(frozenset((pod.namespace,)), (constraint.selector,), True)


class _FilterState:
    """Matching pods per domain for each hard constraint."""

    def __init__(self, constraints: list[Constraint], domains: list[list[str | None]], totals: list[dict[str, int]]) -> None:
        self.constraints, self.domains, self.totals = constraints, domains, totals
        self.minimums = [self._minimum(i) for i in range(len(constraints))]

    def _minimum(self, index: int) -> int:
        totals = self.totals[index]
        return min(totals.values()) if len(totals) >= max(1, self.constraints[index].min_domains) else 0

    def change(self, pod: PodInfo, node: NodeInfo, difference: int) -> None:
        for index, constraint in enumerate(self.constraints):
            domain = self.domains[index][node.index]
            if domain is not None and not pod.terminating and selects(constraint, pod.labels):
                self.totals[index][domain] += difference
                self.minimums[index] = self._minimum(index)

    def clone(self) -> "_FilterState":
        return _FilterState(self.constraints, self.domains, [dict(totals) for totals in self.totals])


class _ScoreState:
    """For each soft constraint: pods per node or per domain, weighted (the more domains, the more a pod counts)."""

    def __init__(self, ignored: set[int], hosts: list[Any], zones: list[Any], offset: int) -> None:
        self.ignored = ignored
        self.hosts = hosts  #: (topology key, pods per node, weight)
        self.zones = zones  #: (topology key, pods per domain times the weight)
        self.offset = offset


class PodTopologySpread(PreFilterExtensions, FilterPlugin, PreScorePlugin, ScorePlugin):
    """Filters and scores by the spread over domains."""

    name = "PodTopologySpread"
    normalizes = True

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._domains = Domains(handle)
        self._selectors: dict[Any, Selector] = {}
        self._selectors_epoch = -1

    # --- filter ---

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        constraints = own_constraints(pod, "DoNotSchedule") if pod.spec.get("topologySpreadConstraints") else []
        if not constraints:
            return None, Status(Code.SKIP)
        domains = self._domains.of(pod, constraints, require_all=True)
        totals = []
        for constraint, nodes in zip(constraints, domains, strict=True):
            counts = self.handle.cache.counts(_query(constraint, pod))
            totals.append(_sum_by_domain(nodes, counts))
        state.data[self.name] = _FilterState(constraints, domains, totals)
        return None, None

    def add_pod(self, state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo) -> None:
        if added.namespace == pod.namespace:
            state.data[self.name].change(added, node, 1)

    def remove_pod(self, state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> None:
        if removed.namespace == pod.namespace:
            state.data[self.name].change(removed, node, -1)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        known: _FilterState = state.data[self.name]
        for index, constraint in enumerate(known.constraints):
            domain = node.labels.get(constraint.topology_key)
            if domain is None:
                return Status(Code.UNRESOLVABLE, REASON_LABEL, detail=constraint.topology_key)
            own = 1 if selects(constraint, pod.labels) else 0
            skew = known.totals[index].get(domain, 0) + own - known.minimums[index]
            if skew > constraint.max_skew:
                detail = f"{constraint.topology_key}={domain}: skew {skew} > {constraint.max_skew}"
                return Status(Code.UNSCHEDULABLE, REASON, detail=detail)
        return None

    # --- score ---

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        own = bool(pod.spec.get("topologySpreadConstraints"))
        constraints = own_constraints(pod, "ScheduleAnyway") if own else system_defaults(self._default_selector(pod))
        if not constraints:
            return Status(Code.SKIP)
        ignored = {node.index for node in nodes if not has_all_keys(node, constraints)} if own else set()
        taking_part = [node for node in nodes if node.index not in ignored] if ignored else nodes
        domains = self._domains.of(pod, constraints, require_all=own)
        known = _ScoreState(ignored, [], [], sum(c.max_skew - 1 for c in constraints))
        for constraint, places in zip(constraints, domains, strict=True):
            counts = self.handle.cache.counts(_query(constraint, pod))
            key = constraint.topology_key
            if key == HOSTNAME:
                known.hosts.append((key, counts, log(len(taking_part) + 2)))
                continue
            wanted = {node.labels[key] for node in taking_part if key in node.labels}
            totals = _sum_by_domain(places, counts)
            weight = log(len(wanted) + 2)
            known.zones.append((key, {domain: totals.get(domain, 0) * weight for domain in wanted}))
        state.data[self.name + "/score"] = known
        return None

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        return self.scores(state, pod, [node])[0]

    def scores(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        """Return the weighted number of matching pods around each node; fewer is better."""
        known: _ScoreState = state.data[self.name + "/score"]
        totals = [known.offset + 0.5] * len(nodes)
        for key, counts, weight in known.hosts:
            on_node = [counts[node.index] * weight if key in node.labels else 0.0 for node in nodes]
            totals = [total + more for total, more in zip(totals, on_node, strict=True)]
        for key, weighted in known.zones:
            totals = [total + weighted.get(node.labels.get(key), 0.0) for total, node in zip(totals, nodes, strict=True)]
        if known.ignored:
            return [_IGNORED if n.index in known.ignored else floor(t) for t, n in zip(totals, nodes, strict=True)]
        return [int(total) for total in totals]

    def normalize(self, state: CycleState, scores: list[int], nodes: Sequence[NodeInfo]) -> list[int]:
        """Turn "fewer is better" into "more is better"; nodes without the labels get 0."""
        valid = [score for score in scores if score != _IGNORED]
        if not valid or max(valid) == 0:
            return [0 if score == _IGNORED else MAX_NODE_SCORE for score in scores]
        highest, lowest = max(valid), min(valid)
        table = {score: MAX_NODE_SCORE * (highest + lowest - score) // highest for score in set(valid)}
        table[_IGNORED] = 0
        return [table[score] for score in scores]

    def _default_selector(self, pod: PodInfo) -> Selector:
        """Return `default_selector`, remembered until a Service or workload changes its selector."""
        if self._selectors_epoch != self.handle.selectors_epoch or len(self._selectors) > 1024:
            self._selectors.clear()
            self._selectors_epoch = self.handle.selectors_epoch
        owner = controller_of(pod.obj)
        key = (pod.namespace, tuple(pod.labels.items()), owner and (owner["kind"], owner["name"]))
        if key not in self._selectors:
            self._selectors[key] = default_selector(self.handle, pod)
        return self._selectors[key]

    # --- events ---

    def events(self) -> tuple[EventKind, ...]:
        pods = tuple(("AssignedPod", action) for action in ("Add", "Delete", "UpdatePodLabel"))
        nodes = tuple(("Node", action) for action in ("Add", "Delete", "UpdateNodeLabel", "UpdateNodeTaint"))
        return (*pods, *nodes, ("TargetPod", "UpdatePodLabel"), ("TargetPod", "UpdatePodToleration"))

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "TargetPod":
            return True
        constraints = own_constraints(pod, "DoNotSchedule")
        versions: list[Object] = [obj for obj in (event.old, event.new) if obj is not None]
        labels = [obj["metadata"].get("labels") or {} for obj in versions]
        if event.resource == "Node":
            return any(all(c.topology_key in found for c in constraints) for found in labels)
        if versions[0]["metadata"].get("namespace") != pod.namespace:
            return False
        return any(selects(c, found) for c in constraints for found in labels)


def _sum_by_domain(domains: list[str | None], counts: list[int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for domain, count in zip(domains, counts, strict=True):
        if domain is not None:
            totals[domain] = totals.get(domain, 0) + count
    return totals
