"""Which pod is on which node, as a graph.

Nodes of the graph (ids are `object_id`):

- a cluster node: ``kind="Node"``, ``name``, ``status`` ("Ready" …), ``roles``, ``zone``, ``taints`` (count), ``object``
- a pod: ``kind="Pod"``, ``name``, ``namespace``, ``status`` (as kubectl prints it), ``state`` (a `PodClass`), ``ready``
  ("1/1"), ``restarts``, ``ip``, ``node`` ("" while it waits for one), ``created``, ``owner``, ``object``

Edges: node → pod with ``relation="runs"``. A pod without a node, or whose node is not known, has no edge.
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
    graph: Graph = nx.DiGraph()
    for obj in (*nodes, *pods):
        change_placement(graph, "ADDED", obj)
    return graph


def change_placement(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event ("ADDED", "MODIFIED", "DELETED") into the graph in place; return the id it concerned."""
    kind = obj["kind"]
    key = object_id(kind, name_of(obj), namespace_of(obj))
    if change == "DELETED":
        if key in graph:
            graph.remove_node(key)
        return key
    graph.add_node(key, **(_node_attributes(obj) if kind == "Node" else _pod_attributes(obj)))
    if kind == "Node":
        waiting = [p for p, a in graph.nodes(data=True) if a["kind"] == "Pod" and a["node"] == name_of(obj)]
        graph.add_edges_from(((key, p) for p in waiting), relation="runs")
    else:
        _place(graph, key)
    return key


def _place(graph: Graph, pod: str) -> None:
    node = object_id("Node", graph.nodes[pod]["node"])
    for old in [n for n in graph.predecessors(pod) if n != node]:
        graph.remove_edge(old, pod)
    if node in graph:
        graph.add_edge(node, pod, relation="runs")


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
    return {
        "kind": "Pod",
        "name": name_of(pod),
        "namespace": namespace_of(pod),
        "status": pod_status(pod),
        "state": pod_class(pod),
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
    placed = {pod for _, pod in graph.edges}
    pods = graph.successors(node) if node else (k for k, a in graph.nodes(data=True) if a["kind"] == "Pod" and k not in placed)
    return sorted(pods, key=lambda p: (graph.nodes[p]["created"], p))
