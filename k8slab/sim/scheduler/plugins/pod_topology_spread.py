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
    """Matching pods per domain for each hard constraint, and what follows for a domain."""

    def __init__(
        self,
        constraints: list[Constraint],
        domains: list[list[str | None]],
        totals: list[dict[str, int]],
        own: list[bool],
    ) -> None:
        self.constraints, self.domains, self.totals, self.own = constraints, domains, totals, own
        self.keys = [constraint.topology_key for constraint in constraints]
        self.verdicts: list[dict[str | None, Status | None]] = [{} for _ in constraints]
        self.least: list[int | None] = [None] * len(constraints)

    def verdict(self, index: int, domain: str | None) -> Status | None:
        """Return what a constraint says to nodes of a domain."""
        constraint, totals = self.constraints[index], self.totals[index]
        if domain is None:
            return Status(Code.UNRESOLVABLE, REASON_LABEL, detail=constraint.topology_key)
        least = self.least[index]
        if least is None:
            enough = len(totals) >= max(1, constraint.min_domains)
            least = self.least[index] = min(totals.values()) if enough else 0
        skew = totals.get(domain, 0) + self.own[index] - least
        if skew <= constraint.max_skew:
            return None
        detail = f"{constraint.topology_key}={domain}: skew {skew} > {constraint.max_skew}"
        return Status(Code.UNSCHEDULABLE, REASON, detail=detail)

    def change(self, pod: PodInfo, node: NodeInfo, difference: int) -> None:
        """A pod was added to a node or removed from it."""
        for index, constraint in enumerate(self.constraints):
            domain = self.domains[index][node.index]
            if domain is not None and not pod.terminating and selects(constraint, pod.labels):
                self.totals[index][domain] += difference
                self.verdicts[index].clear()
                self.least[index] = None

    def clone(self) -> "_FilterState":
        return _FilterState(self.constraints, self.domains, [dict(totals) for totals in self.totals], self.own)


class _ScoreState:
    """For each soft constraint what a node is judged by, and how much pods around it cost."""

    def __init__(self, ignored: frozenset[int], offset: int) -> None:
        self.ignored = ignored
        self.columns: list[list[Any]] = []  #: per constraint and node: the number of pods on it, or its domain
        self.costs: list[dict[Any, float] | float] = []  #: per pod, or by domain
        self.offset = offset

    def raw(self, row: tuple[Any, ...]) -> int:
        total = float(self.offset)
        for at, cost in zip(row, self.costs, strict=True):
            if isinstance(cost, dict):
                total += cost.get(at, 0.0)
            elif at is not None:
                total += at * cost
        return floor(total + 0.5)


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
            return None, SKIP
        domains = self._domains.of(pod, constraints, require_all=True)
        totals = []
        for constraint, nodes in zip(constraints, domains, strict=True):
            totals.append(dict(self.handle.cache.totals(_query(constraint, pod), nodes)))
        own = [selects(constraint, pod.labels) for constraint in constraints]
        state.data[self.name] = _FilterState(constraints, domains, totals, own)
        return None, None

    def add_pod(self, state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo) -> None:
        if added.namespace == pod.namespace:
            state.data[self.name].change(added, node, 1)

    def remove_pod(self, state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> None:
        if removed.namespace == pod.namespace:
            state.data[self.name].change(removed, node, -1)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        known: _FilterState = state.data[self.name]
        labels = node.labels
        for index, key in enumerate(known.keys):
            domain, verdicts = labels.get(key), known.verdicts[index]
            if domain not in verdicts:
                verdicts[domain] = known.verdict(index, domain)
            verdict = verdicts[domain]
            if verdict is not None:
                return verdict
        return None

    # --- score ---

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Status | None:
        own = bool(pod.spec.get("topologySpreadConstraints"))
        constraints = own_constraints(pod, "ScheduleAnyway") if own else system_defaults(self._default_selector(pod))
        if not constraints:
            return SKIP
        cache = self.handle.cache
        ignored = frozenset(node.index for node in (nodes if own else ()) if not has_all_keys(node, constraints))
        taking_part = NodeList(cache.nodes, [i for i in nodes.indexes if i not in ignored]) if ignored else nodes
        known = _ScoreState(ignored, sum(c.max_skew - 1 for c in constraints))
        for constraint, domains in zip(constraints, self._domains.of(pod, constraints, require_all=own), strict=True):
            query, values = _query(constraint, pod), cache.label_values(constraint.topology_key)
            if constraint.topology_key == HOSTNAME:
                counts = cache.counts(query)
                known.columns.append(counts if cache.all_have_label(HOSTNAME) else _where(counts, values))
                known.costs.append(log(len(taking_part) + 2))
                continue
            wanted = set(taking_part.pick(values)) - {None}
            weight, totals = log(len(wanted) + 2), cache.totals(query, domains)
            known.columns.append(values)
            known.costs.append({domain: totals.get(domain or "", 0) * weight for domain in wanted})
        state.data[self.name + "/score"] = known
        return None

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """Return the weighted number of matching pods around the node; fewer is better."""
        known: _ScoreState = state.data[self.name + "/score"]
        if node.index in known.ignored:
            return _IGNORED
        return known.raw(tuple(column[node.index] for column in known.columns))

    def scores(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Sequence[int]:
        """As `score`; nodes with the same pods around them are judged once."""
        known: _ScoreState = state.data[self.name + "/score"]
        rows = list(zip(*(nodes.pick(column) for column in known.columns), strict=True))
        table = {row: known.raw(row) for row in set(rows)}
        if known.ignored:
            return [_IGNORED if i in known.ignored else table[row] for i, row in zip(nodes.indexes, rows, strict=True)]
        return list(map(table.__getitem__, rows))

    def normalize(self, scores: Sequence[int]) -> Sequence[int]:
        """Turn "fewer is better" into "more is better"; nodes without the labels get 0."""
        valid = set(scores) - {_IGNORED}
        highest, lowest = max(valid, default=0), min(valid, default=0)
        if highest == 0:
            table = dict.fromkeys(valid, MAX_NODE_SCORE)
        else:
            table = {score: MAX_NODE_SCORE * (highest + lowest - score) // highest for score in valid}
        table[_IGNORED] = 0
        return list(map(table.__getitem__, scores))

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


def _where(counts: list[int], values: list[str | None]) -> list[Any]:
    """Return the counts, None for nodes without the label."""
    return [count if value is not None else None for count, value in zip(counts, values, strict=True)]
