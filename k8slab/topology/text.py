"""The placement graph as text: a tree and a table, for terminals, screen readers and tests."""

from collections import Counter
from collections.abc import Mapping

from k8slab.topology.placement import Graph, node_order, pods_of

__all__ = ["PLACEMENT_COLUMNS", "placement_rows", "placement_summary", "placement_tree", "summary_of"]

PLACEMENT_COLUMNS = ("NODE", "NAMESPACE", "POD", "READY", "STATUS", "RESTARTS")


def placement_tree(graph: Graph) -> str:
    """Return the nodes with their pods beneath them; pods that wait for a node come last.

    >>> from k8slab.topology.placement import placement
    >>> print(placement_tree(placement([{"kind": "Node", "metadata": {"name": "n1"}}],
    ...     [{"kind": "Pod", "metadata": {"name": "web", "namespace": "chat"}, "spec": {"nodeName": "n1", "containers": [{}]}}])))
    n1  Unknown
    └── chat/web  0/1  Unknown
    """
    lines = []
    for node in [*node_order(graph), None]:
        pods = pods_of(graph, node)
        if node or pods:
            lines.append(_heading(graph, node))
        for pod in pods:
            a = graph.nodes[pod]
            branch = "└──" if pod == pods[-1] else "├──"
            lines.append(f"{branch} {a['namespace']}/{a['name']}  {a['ready']}  {a['status']}")
    return "\n".join(lines)


def _heading(graph: Graph, node: str | None) -> str:
    if node is None:
        return "waiting for a node"
    a = graph.nodes[node]
    extra = ", ".join([*a["roles"], *([f"zone {a['zone']}"] if a["zone"] else [])])
    return f"{a['name']}  {a['status']}" + (f"  ({extra})" if extra else "")


def placement_rows(graph: Graph) -> list[tuple[str, ...]]:
    """Return one row per pod, in the columns `PLACEMENT_COLUMNS`; a node without pods has a row of its own."""
    rows: list[tuple[str, ...]] = []
    for node in [*node_order(graph), None]:
        name = graph.nodes[node]["name"] if node else "<none>"
        pods = pods_of(graph, node)
        if node and not pods:
            rows.append((name, "", "<no pods>", "", graph.nodes[node]["status"], ""))
        for pod in pods:
            a = graph.nodes[pod]
            rows.append((name, a["namespace"], a["name"], a["ready"], a["status"], str(a["restarts"])))
    return rows


def placement_summary(graph: Graph) -> str:
    """Return one sentence for an image's alternative text.

    >>> import networkx
    >>> placement_summary(networkx.DiGraph())
    '0 nodes, 0 pods.'
    """
    kinds = [a["kind"] for _, a in graph.nodes(data=True)]
    return summary_of(kinds.count("Node"), Counter(a["status"] for _, a in graph.nodes(data=True) if a["kind"] == "Pod"))


def summary_of(nodes: int, states: Mapping[str, int]) -> str:
    """Return the sentence of `placement_summary` from counts: nodes, and pods by their status."""
    detail = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{_count(nodes, 'node')}, {_count(sum(states.values()), 'pod')}{': ' + detail if detail else ''}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
