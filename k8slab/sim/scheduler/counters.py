"""How many pods match a question, per node and per topology domain, kept up to date as pods come and go.

Upstream counts the pods of every node anew in each cycle that has topology spread or pod affinity, in sixteen
goroutines. Here a question that was asked once is answered from numbers that every added or removed pod corrects; and the
affinity terms of the pods that are there are kept by term, because the pods of a workload all have the same ones.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8slab.apimachinery.labels import Selector, matches
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import AffinityTerm, PodInfo

__all__ = ["PodCounters", "PodQuery", "TermIndex"]

#: Questions remembered at most; the one unused for longest goes first.
_LIMIT = 128
_GROUPINGS = 8


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


class _Count:
    """The answer to one question: per node, and per domain for each way to group nodes that was asked for."""

    def __init__(self, query: PodQuery, nodes: Sequence[NodeInfo]) -> None:
        self.per_node = [sum(1 for pod in node.pods.values() if query.matches(pod)) for node in nodes]
        self._groupings: dict[int, tuple[list[str | None], dict[str, int]]] = {}

    def per_domain(self, domains: list[str | None]) -> dict[str, int]:
        known = self._groupings.get(id(domains))
        if known is None:
            totals: dict[str, int] = {}
            for domain, count in zip(domains, self.per_node, strict=True):
                if domain is not None:
                    totals[domain] = totals.get(domain, 0) + count
            if len(self._groupings) >= _GROUPINGS:
                self._groupings.clear()
            known = self._groupings[id(domains)] = (domains, totals)
        return known[1]

    def change(self, index: int, by: int) -> None:
        self.per_node[index] += by
        for domains, totals in self._groupings.values():
            domain = domains[index]
            if domain is not None:
                totals[domain] += by


class PodCounters:
    """The answers to recent questions."""

    def __init__(self) -> None:
        self._counts: OrderedDict[PodQuery, _Count] = OrderedDict()

    def count(self, query: PodQuery, nodes: Sequence[NodeInfo]) -> _Count:
        """Return the answer, valid until the next pod moves."""
        found = self._counts.get(query)
        if found is None:
            found = self._counts[query] = _Count(query, nodes)
            if len(self._counts) > _LIMIT:
                self._counts.popitem(last=False)
        else:
            self._counts.move_to_end(query)
        return found

    def pod_changed(self, node: NodeInfo, pod: PodInfo, by: int) -> None:
        """Correct the answers after a pod was added (+1) or removed (-1)."""
        for query, count in self._counts.items():
            if query.matches(pod):
                count.change(node.index, by)

    def clear(self) -> None:
        """Forget everything, because the order of the nodes changed."""
        self._counts.clear()


class _TermCount:
    """On which nodes pods with a term are, and in which domains of its topology."""

    __slots__ = ("by_node", "by_value", "epoch")

    def __init__(self) -> None:
        self.by_node: dict[str, int] = {}
        self.by_value: dict[str, int] = {}
        self.epoch = -1


class TermIndex:
    """The affinity terms of one kind (required or preferred, for or against) of all pods on nodes."""

    def __init__(self) -> None:
        self._terms: dict[AffinityTerm, _TermCount] = {}

    def __bool__(self) -> bool:
        return bool(self._terms)

    def change(self, terms: Sequence[AffinityTerm], node: NodeInfo, epoch: int, by: int) -> None:
        """A pod with these terms was added to a node (+1) or removed (-1)."""
        for term in terms:
            count = self._terms.setdefault(term, _TermCount())
            count.by_node[node.name] = count.by_node.get(node.name, 0) + by
            if not count.by_node[node.name]:
                del count.by_node[node.name]
                if not count.by_node:
                    del self._terms[term]
            value = node.labels.get(term.topology_key)
            if count.epoch == epoch and node.node is not None and value is not None:
                count.by_value[value] = count.by_value.get(value, 0) + by

    def domains(self, nodes: dict[str, NodeInfo], epoch: int) -> Iterator[tuple[AffinityTerm, dict[str, int]]]:
        """Return each term with the number of pods that have it per value of its topology key.

        Parameters
        ----------
        nodes
            All nodes by name.
        epoch
            Rises when a node's labels change.
        """
        for term, count in self._terms.items():
            if count.epoch != epoch:
                count.epoch, count.by_value = epoch, {}
                for name, pods in count.by_node.items():
                    value = nodes[name].labels.get(term.topology_key) if name in nodes else None
                    if value is not None:
                        count.by_value[value] = count.by_value.get(value, 0) + pods
            yield term, count.by_value
