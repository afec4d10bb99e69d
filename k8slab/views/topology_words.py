"""What a topology's picture says, in rows: for its table, its words and the details of what is clicked. Pure."""

from collections import Counter
from typing import Any

from k8slab.client.cluster import ALL
from k8slab.topology import Graph, node_order

__all__ = ["LINES", "is_large", "node_rows", "relations", "relations_of", "with_nodes"]

#: So many rows at most; the last one says how many more there are.
LINES = 200
_RELATIONS = 60


def relations(picture: Graph) -> list[tuple[str, str, str, str]]:
    """Return a row for every connection: from, relation, to, and which field or rule says so.

    >>> import networkx
    >>> graph = networkx.DiGraph()
    >>> graph.add_edge("Service web", "Pod web-1", relation="sends to", fields=["spec.selector"])
    >>> relations(graph)
    [('Service web', 'sends to', 'Pod web-1', 'spec.selector')]
    """
    rows = [(source, _verb(edge), target, _said(edge)) for source, target, edge in picture.edges(data=True)]
    more = len(rows) - LINES
    return [*rows[:LINES], *([("…", f"and {more} more", "", "")] if more > 0 else [])]


def relations_of(picture: Graph, item: str) -> list[list[str]]:
    """Return the connections of one thing: relation, the other end, and what says so; those that come in have an arrow."""
    if item not in picture:
        return []
    out = [[_verb(e), v, _said(e)] for _, v, e in picture.out_edges(item, data=True)]
    back = [[f"← {_verb(e)}", u, _said(e)] for u, _, e in picture.in_edges(item, data=True)]
    return [*out, *back][:_RELATIONS]


def is_large(graph: Graph) -> bool:
    """Whether a placement has too many pods for a row each."""
    return len(graph) > 5 * LINES


def node_rows(graph: Graph) -> list[tuple[str, str, str]]:
    """Return what fits into a notebook of a large placement: for each node how many pods in which status."""
    nodes = node_order(graph)
    rows = []
    for node in nodes[:LINES]:
        states = Counter(graph.nodes[pod]["status"] for pod in graph.successors(node))
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "<no pods>"
        rows.append((graph.nodes[node]["name"], graph.nodes[node]["status"], told))
    return [*rows, *([("…", "", f"and {len(nodes) - LINES} more nodes")] if len(nodes) > LINES else [])]


def with_nodes(graph: Graph, namespace: str) -> Graph:
    """Return a placement with the pods of one namespace ("": of all), and all nodes."""
    keep = [k for k, a in graph.nodes(data=True) if a["kind"] == "Node" or namespace in (ALL, a["namespace"])]
    return graph.subgraph(keep)


def _verb(edge: dict[str, Any]) -> str:
    return str(edge["relation"]) if edge.get("declared", True) else "may not talk to"


def _said(edge: dict[str, Any]) -> str:
    if edge.get("count", 1) > 1:
        return f"{edge['count']} times"
    return str(edge.get("text") or ", ".join(edge.get("fields") or ()))
