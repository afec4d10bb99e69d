"""Graphs as files: GraphML, DOT, JSON, and a page (pyvis) that opens without a network."""

import json
import re
from typing import Any

import networkx as nx

from k8slab.topology.placement import Graph

__all__ = ["plain", "to_dot", "to_graphml", "to_html", "to_json"]

#: pyvis links a style and a script that its drawing does not need, even with everything else in line.
_REMOTE = re.compile(r"<link[^>]*href=\"http[^>]*>|<script[^>]*src=\"http[^>]*>\s*</script>", re.DOTALL)


def plain(graph: Graph) -> Graph:
    """Return a copy with text and numbers only; objects are left out."""
    out: Graph = nx.DiGraph()
    for key, a in graph.nodes(data=True):
        out.add_node(key, **_flat(a))
    for u, v, a in graph.edges(data=True):
        out.add_edge(u, v, **_flat(a))
    return out


def _flat(attributes: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in attributes.items() if k != "object" and v is not None}
    return {
        k: v if isinstance(v, str | int | float) else ",".join(map(str, v)) if isinstance(v, list | tuple) else str(v)
        for k, v in kept.items()
    }


def to_graphml(graph: Graph) -> str:
    """Return GraphML."""
    return "\n".join(nx.generate_graphml(plain(graph)))


def to_json(graph: Graph) -> str:
    """Return networkx's node-link form."""
    return json.dumps(nx.node_link_data(plain(graph), edges="edges"), indent=1)


def to_dot(graph: Graph) -> str:
    """Return Graphviz's language.

    >>> import networkx
    >>> print(to_dot(networkx.DiGraph([("a", "b")])))
    digraph {
      "a" [label="a"];
      "b" [label="b"];
      "a" -> "b" [label=""];
    }
    """
    quote = json.dumps
    lines = [f"  {quote(k)} [label={quote(_label(k, a))}];" for k, a in graph.nodes(data=True)]
    lines += [f"  {quote(u)} -> {quote(v)} [label={quote(a.get('relation', ''))}];" for u, v, a in graph.edges(data=True)]
    return "\n".join(["digraph {", *lines, "}"])


def _label(key: str, attributes: dict[str, Any]) -> str:
    return f"{attributes['kind']} {attributes['name']}" if "kind" in attributes else key


def to_html(graph: Graph, title: str = "k8slab") -> str:
    """Return a page with all its scripts inside."""
    from pyvis.network import Network

    net = Network(directed=True, cdn_resources="in_line", height="90vh", width="100%", heading=title)
    for key, a in graph.nodes(data=True):
        net.add_node(key, label=_label(key, a), title=key, group=a.get("kind", ""))
    for u, v, a in graph.edges(data=True):
        net.add_edge(u, v, label=a.get("relation", ""))
    return _REMOTE.sub("", str(net.generate_html(notebook=False)))
