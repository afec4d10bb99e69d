"""Filter verdicts and scores per node, kept for the next pod with the same signature.

Upstream calls the idea opportunistic batching (KEP-5598, beta since 1.35): pods that ask for the same get the same answers,
so what was found out for the first need not be found out again for the second. Upstream reuses the sorted list of nodes
for the directly following pod; here the answers of each plugin are kept per node, and only the nodes that changed since
(usually the one that took the last pod) are asked again. That may be done with plugins that are ``local``: whose answers
depend on their signature of the pod and on the node alone. The results are the same as without it (a property test).
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.interface import Code, CycleState, NodeList, ScorePlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.profile import Profile

__all__ = ["UNKNOWN", "Batches", "NodeResults"]

#: Signatures remembered at most; the one unused for longest goes first.
_LIMIT = 64


#: No verdict yet.
UNKNOWN: Final = Status(Code.WAIT)


class NodeResults:
    """What the local plugins found about each node for one signature.

    Attributes
    ----------
    verdicts
        A refusal, None (fits) or `UNKNOWN` for each node.
    fits
        1 for each node whose verdict is None.
    unfiltered
        Nodes without a verdict.
    scores, unscored
        Raw scores by plugin, and nodes that have none yet.
    """

    __slots__ = ("epoch", "fits", "position", "scores", "unfiltered", "unscored", "verdicts")

    def __init__(self, nodes: int, scorers: Sequence[str], epoch: int, position: int) -> None:
        self.verdicts: list[Status | None] = [UNKNOWN] * nodes
        self.fits = bytearray(nodes)
        self.unfiltered = set(range(nodes))
        self.scores = {name: [0] * nodes for name in scorers}
        self.unscored = {name: set(range(nodes)) for name in scorers}
        self.epoch, self.position = epoch, position

    def forget(self, changed: set[int]) -> None:
        """Nodes changed: ask again."""
        for index in changed:
            self.verdicts[index] = UNKNOWN
            self.fits[index] = 0
        self.unfiltered |= changed
        for unscored in self.unscored.values():
            unscored |= changed


class Batches:
    """The results of recent signatures, brought up to date when they are asked for."""

    def __init__(self, profile: Profile, cache: Cache) -> None:
        self._cache = cache
        self._reuse = profile.configuration.reuse_results
        self._filters = [p for p in profile.filter if p.local]
        self._scorers = [p.name for p, _ in profile.score if p.local]
        self._signers = [p for p in profile.plugins if p.local]
        self._known: OrderedDict[bytes, NodeResults] = OrderedDict()

    def _signature(self, pod: PodInfo) -> list[Any]:
        return [plugin.signature(pod) for plugin in self._signers]

    def results(self, pod: PodInfo) -> NodeResults:
        """Return what is known for pods like this one."""
        cache = self._cache
        nodes, now = len(cache.nodes), cache.journal_start + len(cache.journal)
        if not self._reuse:
            return NodeResults(nodes, self._scorers, cache.order_epoch, now)
        key = pod.sign(self._signature)
        known = self._known.get(key)
        if known is None or known.epoch != cache.order_epoch or known.position < cache.journal_start:
            known = self._known[key] = NodeResults(nodes, self._scorers, cache.order_epoch, now)
            if len(self._known) > _LIMIT:
                self._known.popitem(last=False)
        elif known.position < now:
            known.forget(set(cache.journal[known.position - cache.journal_start :]))
            known.position = now
        self._known.move_to_end(key)
        return known

    def filter(self, results: NodeResults, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        """Ask the local filters about a node and remember the answer."""
        verdict = None
        for plugin in self._filters:
            if plugin.name not in state.skip_filter and (verdict := plugin.filter(state, pod, node)) is not None:
                verdict.plugin = plugin.name
                break
        results.verdicts[node.index] = verdict
        results.fits[node.index] = verdict is None
        results.unfiltered.discard(node.index)
        return verdict

    def score(
        self, results: NodeResults, plugin: ScorePlugin, state: CycleState, pod: PodInfo, nodes: NodeList, indexes: set[int]
    ) -> Sequence[int]:
        """Return the raw scores of a local plugin, asking it only about nodes it has not scored yet."""
        known, unscored = results.scores[plugin.name], results.unscored[plugin.name]
        missing = unscored & indexes
        if missing:
            everyone = self._cache.nodes
            for index in sorted(missing):
                known[index] = plugin.score(state, pod, everyone[index])
            unscored -= missing
        return nodes.pick(known)
