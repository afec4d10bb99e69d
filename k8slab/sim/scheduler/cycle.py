"""One scheduling cycle: which node should this pod go to, and how did we get there?

Upstream: pkg/scheduler/schedule_one.go (schedulePod, findNodesThatFitPod, prioritizeNodes, selectHost). Pure: it reads the
cache and decides; `scheduler` acts. In a large cluster the search stops when enough feasible nodes are found, and the next
cycle starts where this one stopped. Among the nodes with the highest score one is drawn at random, each with the same
chance; upstream draws by reservoir sampling, here it is one draw.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, compress, islice
from operator import add
from random import Random

from k8slab.sim.scheduler.batch import UNKNOWN, Batches, NodeResults
from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.diagnosis import NO_NODES, Diagnosis
from k8slab.sim.scheduler.interface import Code, CycleState, FilterPlugin, NodeList, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.nominator import Nominator
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.profile import Profile
from k8slab.sim.scheduler.record import CycleRecord

__all__ = ["Algorithm", "Decision", "nodes_to_find"]

_ALWAYS_FIND = 100
_LEAST_PERCENTAGE = 5
#: So many nodes may be filtered although the search might not get to them.
_FEW = 16


def nodes_to_find(nodes: int, percentage: int = 0) -> int:
    """Return after how many feasible nodes the search stops.

    >>> [nodes_to_find(n) for n in (99, 100, 500, 1000, 5000)]
    [99, 100, 230, 420, 500]
    """
    if nodes < _ALWAYS_FIND or percentage >= 100:
        return nodes
    if percentage == 0:
        percentage = max(50 - nodes // 125, _LEAST_PERCENTAGE)
    return max(nodes * percentage // 100, _ALWAYS_FIND)


class Decision:
    """The outcome of a cycle: a node, or a diagnosis."""

    __slots__ = ("diagnosis", "error", "node", "record", "state")

    def __init__(self, state: CycleState, record: CycleRecord) -> None:
        self.state, self.record = state, record
        self.node: str = ""
        self.diagnosis: Diagnosis | None = None
        self.error = ""


class Algorithm:
    """Decides about pods, one after the other.

    Parameters
    ----------
    profile, cache, nominator
        The plugins, the snapshot, and who waits for preempted pods to leave.
    random
        Breaks ties.
    """

    def __init__(self, profile: Profile, cache: Cache, nominator: Nominator, random: Random) -> None:
        self._profile, self._cache, self._nominator, self._random = profile, cache, nominator, random
        self._batches = Batches(profile, cache)
        self._filter_names = tuple(p.name for p in profile.filter)
        self._global_filters = [p for p in profile.filter if not p.local]
        self._next_start = 0

    def decide(self, pod: PodInfo) -> Decision:
        """Return where the pod should go."""
        nodes = self._cache.nodes
        state = CycleState()
        record = CycleRecord(pod, nodes, self._filter_names)
        decision = Decision(state, record)
        if not nodes:
            decision.error = NO_NODES
            return decision
        left, named_by, status = self._profile.run_pre_filter(state, pod)
        record.skipped_filters = state.skip_filter
        diagnosis = Diagnosis(len(nodes))
        if left is not None and not left:
            status = Status(Code.UNRESOLVABLE, f"node(s) didn't satisfy plugin(s) {_listed(named_by)} simultaneously")
            diagnosis.plugins.update(named_by)
        if status is not None:
            return self._refused(decision, diagnosis, status)
        if left is not None:
            diagnosis.absent = Status(Code.UNRESOLVABLE, f"node(s) didn't satisfy plugin(s) {_listed(named_by)}")
            diagnosis.plugins.update(named_by)
            record.absent = diagnosis.absent
        results = self._batches.results(pod)
        feasible = self._nominated(decision, pod, left) or self._find(record, state, pod, results, left)
        if not feasible:
            return self._unfit(decision, diagnosis)
        chosen = feasible[0] if len(feasible) == 1 else self._best(record, state, pod, results, feasible)
        record.chosen = chosen
        decision.node = nodes[chosen].name
        return decision

    @staticmethod
    def _refused(decision: Decision, diagnosis: Diagnosis, status: Status) -> Decision:
        """A PreFilter plugin said no to the pod as such."""
        decision.record.pre_filter = status
        if status.code is Code.ERROR:
            decision.error = status.message
            return decision
        diagnosis.absent, diagnosis.pre_filter_message = status, status.message
        diagnosis.plugins.update({status.plugin} - {""})
        decision.diagnosis = diagnosis
        return decision

    @staticmethod
    def _unfit(decision: Decision, diagnosis: Diagnosis) -> Decision:
        nodes = decision.record.nodes
        for index, status in decision.record.rejected.items():
            diagnosis.statuses[nodes[index].name] = status
            diagnosis.plugins.add(status.plugin)
        decision.diagnosis = diagnosis
        return decision

    # --- filter ---

    def _nominated(self, decision: Decision, pod: PodInfo, left: set[str] | None) -> list[int]:
        """A pod for which others were preempted goes to that node if it fits now."""
        node = self._cache.node(pod.nominated_node) if pod.nominated_node else None
        if node is None or (left is not None and node.name not in left):
            return []
        if self.filter_with_nominated(decision.state, pod, node) is not None:
            return []
        record = decision.record
        record.feasible, record.order, record.visited = [node.index], [node.index], 1
        return [node.index]

    def _find(
        self, record: CycleRecord, state: CycleState, pod: PodInfo, results: NodeResults, left: set[str] | None
    ) -> list[int]:
        """Look for feasible nodes, from where the last cycle stopped, until there are enough."""
        nodes = record.nodes
        order: Sequence[int] = range(len(nodes))
        if left is not None:
            order = sorted(node.index for name in left if (node := self._cache.node(name)))
        if not order:
            return []
        start = self._next_start % len(order)
        limit = nodes_to_find(len(order), self._profile.configuration.percentage_of_nodes_to_score)
        others = [p for p in self._global_filters if p.name not in state.skip_filter]
        record.order, record.start = order, start
        if others or left is not None or self._nominator or len(results.unfiltered) > _FEW:
            visited = self._visit(record, state, pod, results, others, limit)
        else:
            for index in sorted(results.unfiltered):
                self._batches.filter(results, state, pod, nodes[index])
            visited = _pass_through(record, results, limit)
        record.visited = visited
        self._next_start = (start + visited) % len(order)
        return record.feasible

    def _visit(
        self,
        record: CycleRecord,
        state: CycleState,
        pod: PodInfo,
        results: NodeResults,
        others: list[FilterPlugin],
        limit: int,
    ) -> int:
        """Filter nodes into ``record.feasible`` and ``record.rejected``; return how many were looked at."""
        nodes, verdicts = record.nodes, results.verdicts
        feasible, rejected = record.feasible, record.rejected
        contested = {n.index for name in self._nominator.nodes if (n := self._cache.node(name))} if self._nominator else set()
        visited = 0
        for index in chain(record.order[record.start :], record.order[: record.start]):
            visited += 1
            if contested and index in contested:
                verdict = self.filter_with_nominated(state, pod, nodes[index])
            else:
                verdict = verdicts[index]
                if verdict is UNKNOWN:
                    verdict = self._batches.filter(results, state, pod, nodes[index])
                if verdict is None:
                    for plugin in others:
                        verdict = plugin.filter(state, pod, nodes[index])
                        if verdict is not None:
                            verdict.plugin = plugin.name
                            break
            if verdict is not None:
                rejected[index] = verdict
                continue
            feasible.append(index)
            if len(feasible) == limit:
                break
        return visited

    def filter_with_nominated(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        """Filter a node as if pods of equal or higher priority nominated to it were there already, then as it is.

        Both must hold: affinity may need the nominated pods, which may never come.
        """
        coming = [p for p in self._nominator.on(node.name) if p.priority >= pod.priority and p.uid != pod.uid]
        if coming:
            what_if, crowded = state.clone(), node.clone()
            for other in coming:
                self._profile.add_pod(what_if, pod, other, crowded)
            status = self._profile.run_filters(what_if, pod, crowded)
            if status is not None:
                return status
        return self._profile.run_filters(state, pod, node)

    # --- score ---

    def _best(self, record: CycleRecord, state: CycleState, pod: PodInfo, results: NodeResults, feasible: list[int]) -> int:
        """Score the feasible nodes and return one with the highest total."""
        nodes, indexes = NodeList(record.nodes, feasible), set(feasible)
        for plugin in self._profile.pre_score:
            status = plugin.pre_score(state, pod, nodes)
            if status is not None and status.code is Code.SKIP:
                state.skip_score.add(plugin.name)
        record.skipped_scores = state.skip_score
        totals: list[int] = [0] * len(nodes)
        for scorer, weight in self._profile.score:
            if scorer.name in state.skip_score:
                continue
            if scorer.local:
                raw = self._batches.score(results, scorer, state, pod, nodes, indexes)
            else:
                raw = scorer.scores(state, pod, nodes)
            normal = scorer.normalize(raw) if scorer.normalizes else raw
            record.add_scores(scorer.name, weight, raw, normal)
            if normal.count(normal[0]) == len(normal):
                record.common_score += normal[0] * weight
                continue
            weighted = normal if weight == 1 else [score * weight for score in normal]
            totals = list(map(add, totals, weighted))
        record.totals = totals
        return feasible[self._draw(totals)]

    def _draw(self, totals: list[int]) -> int:
        highest = max(totals)
        ties = totals.count(highest)
        position = totals.index(highest)
        for _ in range(self._random.randrange(ties) if ties > 1 else 0):
            position = totals.index(highest, position + 1)
        return position


def _pass_through(record: CycleRecord, results: NodeResults, limit: int) -> int:
    """Do as `Algorithm._visit` does where every verdict is known: nothing but copying."""
    start, order = record.start, record.order
    fits = results.fits[start:] + results.fits[:start]
    rotated = [*order[start:], *order[:start]]
    feasible = record.feasible = list(islice(compress(rotated, fits), limit))
    visited = len(rotated)
    if len(feasible) == limit:
        visited = (feasible[-1] - start) % len(rotated) + 1
    position = fits.find(0, 0, visited)
    while position >= 0:
        record.rejected[rotated[position]] = results.verdicts[rotated[position]]  # type: ignore[assignment]
        position = fits.find(0, position + 1, visited)
    return visited


def _listed(names: Iterable[str]) -> str:
    """Return names as Go prints a sorted list."""
    return f"[{' '.join(sorted(names))}]"
