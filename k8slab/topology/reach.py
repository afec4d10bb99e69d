"""Who may talk to whom: what is intended, what policies declare, what was observed, between every two pods.

Nodes: as `relations`. Edges source → target with ``declared`` (the policies allow it), ``intended`` and ``observed`` (True,
False, or None if nothing was said), ``text`` and ``policy`` (of the deciding verdict). Judged by the very function that the
embedded cluster's network runs.
"""

from collections.abc import Collection, Iterable

import networkx as nx

from k8slab.apimachinery.types import Object, key_of, labels, name_of, namespace_of
from k8slab.sim.network.policy import Peer, judge
from k8slab.topology.placement import Graph, object_id

__all__ = ["peer_of", "reach_differences", "reachability"]

Flow = tuple[str, str]


def peer_of(pod: Object, namespaces: Iterable[Object] = ()) -> Peer:
    """Return a pod as an end of a connection; a namespace that was not fetched has only the label of its name."""
    name = namespace_of(pod)
    found = next((n for n in namespaces if name_of(n) == name), None)
    known = labels(found) if found else {"kubernetes.io/metadata.name": name}
    return Peer((pod.get("status") or {}).get("podIP") or key_of(pod), pod, known, (pod.get("spec") or {}).get("nodeName", ""))


def reachability(
    pods: Iterable[Object], policies: Iterable[Object], namespaces: Iterable[Object] = (), *, port: int = 80,
    protocol: str = "TCP", intended: Collection[Flow] | None = None, observed: Collection[Flow] | None = None,
) -> Graph:  # fmt: skip
    """Return the graph of every ordered pair of pods; ``intended`` and ``observed`` are pairs of ids that should or did talk."""
    known, rules = list(namespaces), list(policies)
    ends = {object_id("Pod", name_of(p), namespace_of(p)): peer_of(p, known) for p in pods}
    graph: Graph = nx.DiGraph()
    for key, peer in ends.items():
        pod = peer.pod or {}
        graph.add_node(key, kind="Pod", name=name_of(pod), namespace=namespace_of(pod), object=pod, missing=False, virtual=False)
    for source, one in ends.items():
        for target, other in ends.items():
            if source != target:
                last = judge(rules, one, other, port, protocol)[-1]
                graph.add_edge(
                    source, target, relation="talks to", declared=last.allowed, text=last.text, policy=last.policy,
                    intended=None if intended is None else (source, target) in intended,
                    observed=None if observed is None else (source, target) in observed,
                )  # fmt: skip
    return graph


def reach_differences(graph: Graph) -> list[tuple[str, str, str]]:
    """Return (source, target, sentence) where intention, declaration and observation differ."""
    found = []
    for source, target, a in graph.edges(data=True):
        if a["intended"] is not None and a["intended"] != a["declared"]:
            found.append((source, target, "intended, but refused" if a["intended"] else "allowed, but not intended"))
        if a["observed"] and not a["declared"]:
            found.append((source, target, "observed, though policies refuse it: are they enforced?"))
    return found
