"""Which pod is on which node, as a graph.

Nodes of the graph (ids are `object_id`):

- a cluster node: ``kind="Node"``, ``name``, ``status`` ("Ready" …), ``roles``, ``zone``, ``taints`` (count), ``object``
- a pod: ``kind="Pod"``, ``name``, ``namespace``, ``status`` (as kubectl prints it), ``state`` (a `PodClass`), ``ready``
  ("1/1"), ``restarts``, ``ip``, ``node`` ("" while it waits for one), ``created``, ``owner``, ``object``

Edges: node → pod with ``relation="runs"``. A pod without a node, or whose node is not known, has no edge.

``graph.graph["named"]`` is an index for ourselves: name of a node that is not there → the pods that name it.
"""

import re
from collections.abc import Iterable
from typing import TypeAlias

import networkx as nx

from k8slab.apimachinery.types import Object, controller_of, name_of, namespace_of
from k8slab.topology.status import container_counts, node_roles, node_status, pod_class, pod_status, restart_count

__all__ = ["Graph", "change_placement", "node_order", "object_id", "placement", "pods_of"]

Graph: TypeAlias = "nx.DiGraph[str]"

_ZONE = "topology.kubernetes.io/zone"


def object_id(kind: str, name: str, namespace: str = "") -> str:
    """Return the id of an object in a graph: "Pod/chat/web", "Node/worker-1"."""
    return f"{kind}/{namespace}/{name}" if namespace else f"{kind}/{name}"


def placement(nodes: Iterable[Object], pods: Iterable[Object]) -> Graph:
    """Return the graph of nodes and the pods on them.

    >>> graph = placement([{"kind": "Node", "metadata": {"name": "n1"}}],
    ...     [{"kind": "Pod", "metadata": {"name": "web", "namespace": "chat"}, "spec": {"nodeName": "n1"}}])
    >>> list(graph.edges(data="relation"))
    [('Node/n1', 'Pod/chat/web', 'runs')]
    """
    graph: Graph = nx.DiGraph(named={})
    for obj in (*nodes, *pods):
        change_placement(graph, "ADDED", obj)
    return graph


def change_placement(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event ("ADDED", "MODIFIED", "DELETED") into the graph in place; return the id it concerned."""
    key = object_id(obj["kind"], name_of(obj), namespace_of(obj))
    if change == "DELETED":
        _remove(graph, key)
    elif obj["kind"] == "Node":
        new = key not in graph
        graph.add_node(key, **_node_attributes(obj))
        if new:
            graph.add_edges_from(((key, pod) for pod in graph.graph["named"].pop(name_of(obj), ())), relation="runs")
    else:
        before = graph.nodes[key]["node"] if key in graph else None
        graph.add_node(key, **_pod_attributes(obj))
        if graph.nodes[key]["node"] != before:
            _unplace(graph, key, before)
            _place(graph, key)
    return key


def _remove(graph: Graph, key: str) -> None:
    if key not in graph:
        return
    a, pods = graph.nodes[key], list(graph.successors(key))
    if a["kind"] == "Pod":
        _unplace(graph, key, a["node"])
    elif pods:
        graph.graph["named"][a["name"]] = dict.fromkeys(pods)
    graph.remove_node(key)


def _place(graph: Graph, pod: str) -> None:
    name = graph.nodes[pod]["node"]
    node = object_id("Node", name)
    if node in graph:
        graph.add_edge(node, pod, relation="runs")
    elif name:
        graph.graph["named"].setdefault(name, {})[pod] = None


def _unplace(graph: Graph, pod: str, name: str | None) -> None:
    graph.remove_edges_from([(node, pod) for node in graph.predecessors(pod)])
    if name in graph.graph["named"]:
        graph.graph["named"][name].pop(pod, None)
        if not graph.graph["named"][name]:
            del graph.graph["named"][name]


def _node_attributes(node: Object) -> Object:
    return {
        "kind": "Node",
        "name": name_of(node),
        "status": node_status(node),
        "roles": node_roles(node),
        "zone": (node["metadata"].get("labels") or {}).get(_ZONE, ""),
        "taints": len((node.get("spec") or {}).get("taints") or ()),
        "object": node,
    }


def _pod_attributes(pod: Object) -> Object:
    owner = controller_of(pod)
    ready, total = container_counts(pod)
    status = pod_status(pod)
    return {
        "kind": "Pod",
        "name": name_of(pod),
        "namespace": namespace_of(pod),
        "status": status,
        "state": pod_class(pod, status),
        "ready": f"{ready}/{total}",
        "restarts": restart_count(pod),
        "ip": (pod.get("status") or {}).get("podIP", ""),
        "node": (pod.get("spec") or {}).get("nodeName", ""),
        "created": pod["metadata"].get("creationTimestamp", ""),
        "owner": f"{owner['kind']}/{owner['name']}" if owner else "",
        "object": pod,
    }


def node_order(graph: Graph) -> list[str]:
    """Return the ids of the cluster's nodes as they stand in a picture: control plane first, then by name (2 before 10)."""
    nodes = [(key, a) for key, a in graph.nodes(data=True) if a["kind"] == "Node"]
    return [key for key, _ in sorted(nodes, key=lambda n: ("control-plane" not in n[1]["roles"], _natural(n[1]["name"])))]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def pods_of(graph: Graph, node: str | None) -> list[str]:
    """Return the ids of the pods on a node (None: of those that wait for a node), oldest first."""
    if node is not None:
        pods = list(graph.successors(node))
    else:
        pods = [k for k, a in graph.nodes(data=True) if a["kind"] == "Pod" and not graph.in_degree(k)]
    return sorted(pods, key=lambda p: (graph.nodes[p]["created"], p))
