"""Who may talk to whom: what is intended, what policies declare, what was observed, between every two pods.

Nodes: as `relations` has them. Each pair is asked about the target's own port, the first that its containers declare, unless one
port is given for all. Edges source → target with ``declared`` (the policies allow it), ``intended`` and ``observed``
(True, False, or None if nothing was said), ``text`` and ``policy`` (of the deciding verdict). Judged by the very function that
the embedded cluster's network runs. `change_reachability` takes watch events of Pods, NetworkPolicies, Namespaces and of the
embedded cluster's Flows in place: a pod costs its row and column, a policy or a Namespace the pairs that touch its namespace.
"""

from collections.abc import Collection, Iterable

import networkx as nx

from k8slab.apimachinery.types import Object, key_of, labels, name_of, namespace_of
from k8slab.sim.network.policy import Peer, judge
from k8slab.topology.placement import Graph, object_id
from k8slab.topology.words import words_of

__all__ = ["address", "allowed", "change_reachability", "own_port", "peer_of", "reach_differences", "reachability"]

Flow = tuple[str, str]


def peer_of(pod: Object, namespaces: Iterable[Object] = ()) -> Peer:
    """Return a pod as an end of a connection; a namespace that was not fetched has only the label of its name."""
    name = namespace_of(pod)
    found = next((n for n in namespaces if name_of(n) == name), None)
    known = labels(found) if found else {"kubernetes.io/metadata.name": name}
    return Peer((pod.get("status") or {}).get("podIP") or key_of(pod), pod, known, (pod.get("spec") or {}).get("nodeName", ""))


def address(ip: str) -> Peer:
    """Return an end of a connection that is no pod."""
    return Peer(ip)


def own_port(pod: Object) -> int:
    """Return the first port that a pod's containers declare, 80 if they declare none.

    >>> own_port({"spec": {"containers": [{"ports": [{"containerPort": 8080}]}]}}), own_port({"spec": {}})
    (8080, 80)
    """
    declared = [p for c in (pod.get("spec") or {}).get("containers") or () for p in c.get("ports") or ()]
    return int(declared[0]["containerPort"]) if declared else 80


def allowed(policies: Iterable[Object], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether policies allow a connection, in both directions.

    >>> deny = {"metadata": {"name": "deny", "namespace": "a"}, "spec": {"podSelector": {}}}
    >>> pod = {"metadata": {"name": "p", "namespace": "a"}, "spec": {}}
    >>> allowed([deny], address("192.0.2.1"), peer_of(pod), 80), allowed([deny], peer_of(pod), address("192.0.2.1"), 80)
    (False, True)
    """
    return all(verdict.allowed for verdict in judge(policies, source, target, port, protocol))


def reachability(
    pods: Iterable[Object], policies: Iterable[Object], namespaces: Iterable[Object] = (), *, port: int = 0,
    protocol: str = "TCP", intended: Collection[Flow] | None = None, observed: Collection[Flow] | None = None,
) -> Graph:  # fmt: skip
    """Return the graph of every ordered pair of pods; ``intended`` and ``observed`` are pairs of ids that should or did talk.

    ``port`` 0 asks for each target's own port.
    """
    graph: Graph = nx.DiGraph(
        port=port, protocol=protocol, peers={}, policies={}, namespaces={}, intended=None if intended is None else set(intended),
        observed=None if observed is None else set(observed),
    )  # fmt: skip
    for kind, objects in (("Namespace", namespaces), ("NetworkPolicy", policies), ("Pod", pods)):
        for obj in objects:
            change_reachability(graph, "ADDED", {"kind": kind, **obj})
    return graph


def change_reachability(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event into the graph in place; return the id it concerned."""
    gone, namespace = change == "DELETED", namespace_of(obj)
    key = object_id(obj["kind"], name_of(obj), namespace)
    match obj["kind"]:
        case "Pod":
            _change_pod(graph, key, None if gone else obj)
        case "NetworkPolicy":
            _keep(graph.graph["policies"].setdefault(namespace, {}), key, None if gone else obj)
            _judge_namespace(graph, namespace)
        case "Namespace":
            _keep(graph.graph["namespaces"], name_of(obj), None if gone else obj)
            for pod in _pods_in(graph, name_of(obj)):
                graph.graph["peers"][pod] = _peer(graph, graph.nodes[pod]["object"])
            _judge_namespace(graph, name_of(obj))
        case "Flow" if not gone:
            _observe(graph, obj)
    return key


def _keep(where: dict[str, Object], key: str, obj: Object | None) -> None:
    if obj is None:
        where.pop(key, None)
    else:
        where[key] = obj


def _peer(graph: Graph, pod: Object) -> Peer:
    found = graph.graph["namespaces"].get(namespace_of(pod))
    return peer_of(pod, () if found is None else (found,))


def _change_pod(graph: Graph, key: str, pod: Object | None) -> None:
    peers = graph.graph["peers"]
    if pod is None:
        peers.pop(key, None)
        if key in graph:
            graph.remove_node(key)
        return
    before, now, words = peers.get(key), _peer(graph, pod), words_of(pod)
    peers[key] = now
    graph.add_node(
        key, kind="Pod", name=name_of(pod), namespace=namespace_of(pod), object=pod, missing=False, virtual=False,
        status=words.status, state=words.state,
    )  # fmt: skip
    if before is None or _essence(before) != _essence(now):
        for other in peers:
            if other != key:
                _judge(graph, key, other)
                _judge(graph, other, key)


def _essence(peer: Peer) -> tuple[object, ...]:
    """Return what a verdict can depend on; a pod that only becomes ready needs no new one."""
    pod = peer.pod or {}
    host = (pod.get("spec") or {}).get("hostNetwork")
    ports = [c.get("ports") for c in (pod.get("spec") or {}).get("containers") or ()]
    return peer.ip, labels(pod), peer.namespace_labels, peer.node, host, ports


def _pods_in(graph: Graph, namespace: str) -> list[str]:
    return [key for key, a in graph.nodes(data=True) if a["namespace"] == namespace]


def _judge_namespace(graph: Graph, namespace: str) -> None:
    inside = _pods_in(graph, namespace)
    for key in inside:
        for other in graph:
            if other != key:
                _judge(graph, key, other)
                _judge(graph, other, key)


def _judge(graph: Graph, source: str, target: str) -> None:
    g = graph.graph
    spaces = {graph.nodes[source]["namespace"], graph.nodes[target]["namespace"]}
    policies = [p for space in sorted(spaces) for p in g["policies"].get(space, {}).values()]
    port = g["port"] or own_port(graph.nodes[target]["object"])
    last = judge(policies, g["peers"][source], g["peers"][target], port, g["protocol"])[-1]
    graph.add_edge(
        source, target, relation="talks to", declared=last.allowed, text=last.text, policy=last.policy,
        intended=None if g["intended"] is None else (source, target) in g["intended"],
        observed=None if g["observed"] is None else (source, target) in g["observed"],
    )  # fmt: skip


def _observe(graph: Graph, flow: Object) -> None:
    """Take a Flow (``sim.k8slab.dev/v1alpha1``): a connection that came about is one that was observed, on whatever port."""
    source, target = (flow["spec"].get("source") or {}), flow["spec"].get("target") or ""
    if graph.graph["observed"] is None:
        graph.graph["observed"] = set()
        for _, _, edge in graph.edges(data=True):
            edge["observed"] = False
    namespace, separator, name = target.partition("/")
    verdict = str((flow.get("status") or {}).get("verdict"))
    if source.get("kind") != "Pod" or not separator or not verdict.startswith(("answered", "connected")):
        return
    pair = object_id("Pod", source["name"], source["namespace"]), object_id("Pod", name, namespace)
    graph.graph["observed"].add(pair)
    if graph.has_edge(*pair):
        graph.edges[pair]["observed"] = True


def reach_differences(graph: Graph) -> list[tuple[str, str, str]]:
    """Return (source, target, sentence) where intention, declaration and observation differ."""
    found = []
    for source, target, a in graph.edges(data=True):
        if a["intended"] is not None and a["intended"] != a["declared"]:
            found.append((source, target, "intended, but refused" if a["intended"] else "allowed, but not intended"))
        if a["observed"] and not a["declared"]:
            found.append((source, target, "observed, though policies refuse it: are they enforced?"))
    return found
