"""The parts of a cluster and who talks to whom: the picture of the first lab.

The arrows are the point: every one of them ends at the API server, which alone talks to etcd. The graph is drawn from
the cluster's nodes; the parts of the control plane are named as every Kubernetes cluster has them.

Nodes of the graph: ``kind`` ("component", "kubelet", "client"), ``name``, ``role`` (one sentence), ``node`` (where a
kubelet runs). Edges: who opens the connection → to whom, with ``relation``.
"""

from collections.abc import Iterable

import networkx as nx

from k8slab.apimachinery.types import Object, name_of
from k8slab.topology.placement import Graph, node_order, placement

__all__ = ["ROLES", "control_plane", "control_plane_text"]

API_SERVER, ETCD = "kube-apiserver", "etcd"

#: What each part does, in one sentence.
ROLES = {
    "you": "ask the API server, by kubectl, the Python client or this notebook",
    API_SERVER: "checks every request, stores objects, tells watchers: the only door",
    ETCD: "stores every object under its key, every change as a new revision",
    "kube-scheduler": "chooses a node for every pod that has none",
    "kube-controller-manager": "runs the loops that move what is towards what is wanted",
    "kubelet": "starts and watches the containers of its node's pods",
}


def control_plane(nodes: Iterable[Object]) -> Graph:
    """Return the graph of the control plane's parts and one kubelet per node.

    >>> graph = control_plane([{"kind": "Node", "metadata": {"name": "worker-1"}}])
    >>> sorted(graph.predecessors("kube-apiserver"))
    ['kube-controller-manager', 'kube-scheduler', 'kubelet worker-1', 'you']
    """
    graph: Graph = nx.DiGraph()
    for name, role in ROLES.items():
        if name != "kubelet":
            graph.add_node(name, kind="client" if name == "you" else "component", name=name, role=role, node="")
    placed = placement(nodes, ())
    for key in node_order(placed):
        node = name_of(placed.nodes[key]["object"])
        graph.add_node(f"kubelet {node}", kind="kubelet", name=f"kubelet {node}", role=ROLES["kubelet"], node=node)
    for name, a in graph.nodes(data=True):
        if a["kind"] in ("client", "kubelet") or name in ("kube-scheduler", "kube-controller-manager"):
            graph.add_edge(name, API_SERVER, relation="asks and watches")
    graph.add_edge(API_SERVER, ETCD, relation="reads and writes")
    return graph


def control_plane_text(graph: Graph) -> str:
    """Return the parts as lines of text, each with what it does and to whom it connects."""
    width = max(len(name) for name in graph)
    lines = []
    for name, a in graph.nodes(data=True):
        to = ", ".join(graph.successors(name))
        lines.append(f"{name.ljust(width)}  {a['role']}" + (f"  (connects to {to})" if to else ""))
    return "\n".join(lines)
