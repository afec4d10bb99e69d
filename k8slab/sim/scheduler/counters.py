"""How many pods on each node match a question, kept up to date as pods come and go.

Upstream counts the pods of every node anew in each cycle that has topology spread or pod affinity, in sixteen
goroutines. Here a question that was asked once is answered from a list that every added or removed pod corrects.
"""

from collections import OrderedDict
from typing import NamedTuple

from k8slab.apimachinery.labels import Selector, matches
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["PodCounters", "PodQuery"]

#: Questions remembered at most; the one unused for longest goes first.
_LIMIT = 128


class PodQuery(NamedTuple):
    """Pods in one of the namespaces that match every selector; None as a selector matches nothing."""

    namespaces: frozenset[str]
    selectors: tuple[Selector | None, ...]
    skip_terminating: bool

    def matches(self, pod: PodInfo) -> bool:
        """Whether the pod counts."""
        if pod.namespace not in self.namespaces or (self.skip_terminating and pod.terminating):
            return False
        return all(selector is not None and matches(selector, pod.labels) for selector in self.selectors)


class PodCounters:
    """The answers, one number per node in the order of the snapshot."""

    def __init__(self) -> None:
        self._counts: OrderedDict[PodQuery, list[int]] = OrderedDict()

    def counts(self, query: PodQuery, nodes: list[NodeInfo]) -> list[int]:
        """Return the matching pods on each node; read only, valid until the next pod moves."""
        found = self._counts.get(query)
        if found is None:
            found = [sum(1 for pod in node.pods.values() if query.matches(pod)) for node in nodes]
            self._counts[query] = found
            if len(self._counts) > _LIMIT:
                self._counts.popitem(last=False)
        else:
            self._counts.move_to_end(query)
        return found

    def pod_changed(self, node: NodeInfo, pod: PodInfo, sign: int) -> None:
        """Correct the answers after a pod was added (+1) or removed (-1)."""
        for query, counts in self._counts.items():
            if query.matches(pod):
                counts[node.index] += sign

    def clear(self) -> None:
        """Forget everything, because the order of the nodes changed."""
        self._counts.clear()
