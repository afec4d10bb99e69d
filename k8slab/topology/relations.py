"""Graphs from references and selectors, kept true by watch events: the engine below the graphs of this package.

A `Schema` says for one graph which kinds it takes, what an object refers to by name (`Link`) and which pairs of kinds
belong together by a test (`Pair`). Ids are `object_id`; objects must be of the same cluster.

Nodes have ``kind``, ``name``, ``namespace``, ``object`` (``{}`` if it was not fetched), ``missing`` (something refers to it and
it was not fetched or does not exist), ``virtual`` (no API object: a user, a permission, the outside world), ``status`` ("not
fetched" of what is missing) and ``state`` (`words`). Edges have ``relation``, ``fields`` (a tuple: where the reference stands)
and ``by`` (the object that says so, "" for a pair).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.topology.placement import Graph, object_id
from k8slab.topology.words import words_of

__all__ = ["Link", "Pair", "Schema", "build", "change_graph"]

_NOT_FETCHED = "not fetched"


@dataclass(frozen=True)
class Link:
    """A reference of an object to another one; ``forward=False`` turns the edge round; ``extra`` are its attributes."""

    kind: str
    name: str
    namespace: str
    relation: str
    path: str = ""
    forward: bool = True
    virtual: bool = False
    extra: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two kinds that belong together, within a namespace, if ``test(source, target)`` says so."""

    source: str
    target: str
    relation: str
    path: str
    test: Callable[[Object, Object], bool]


@dataclass(frozen=True)
class Schema:
    """What one graph is made of; no ``kinds`` means any."""

    name: str
    kinds: frozenset[str]
    links: Callable[[Object], Iterable[Link]]
    pairs: tuple[Pair, ...] = field(default=())


def build(schema: Schema, objects: Iterable[Object]) -> Graph:
    """Return the graph of the objects; kinds that the schema does not know are left out."""
    graph: Graph = nx.DiGraph(schema=schema, by_kind={})
    for obj in objects:
        change_graph(graph, "ADDED", obj)
    return graph


def change_graph(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event into a graph of `build` in place; return the id it concerned."""
    schema: Schema = graph.graph["schema"]
    kind, namespace = obj["kind"], namespace_of(obj)
    key = object_id(kind, name_of(obj), namespace)
    if schema.kinds and kind not in schema.kinds:
        return key
    _forget(graph, key)
    same = graph.graph["by_kind"].setdefault((kind, namespace), {})
    if change == "DELETED":
        same.pop(key, None)
        if key in graph:
            graph.nodes[key].update(object={}, missing=True, status=_NOT_FETCHED, state="object")
            _drop_unused(graph, [key])
        return key
    same[key] = obj
    words = words_of(obj)
    graph.add_node(
        key, kind=kind, name=name_of(obj), namespace=namespace, object=obj, missing=False, virtual=False,
        status=words.status, state=words.state,
    )  # fmt: skip
    for link in schema.links(obj):
        _link(graph, key, link)
    for pair in schema.pairs:
        _pair(graph, pair, key, obj)
    return key


def _forget(graph: Graph, key: str) -> None:
    """Take out all edges that the object's earlier state made."""
    if key not in graph:
        return
    edges = [*graph.out_edges(key, data=True), *graph.in_edges(key, data=True)]
    gone = [(u, v) for u, v, a in edges if a["by"] in (key, "")]
    graph.remove_edges_from(gone)
    _drop_unused(graph, {end for edge in gone for end in edge} - {key})


def _drop_unused(graph: Graph, keys: Iterable[str]) -> None:
    unused = [k for k in keys if (graph.nodes[k]["missing"] or graph.nodes[k]["virtual"]) and graph.degree(k) == 0]
    graph.remove_nodes_from(unused)


def _link(graph: Graph, key: str, link: Link) -> None:
    other = object_id(link.kind, link.name, link.namespace)
    if other not in graph:
        graph.add_node(
            other, kind=link.kind, name=link.name, namespace=link.namespace, object={}, missing=not link.virtual,
            virtual=link.virtual, status="" if link.virtual else _NOT_FETCHED, state="object",
        )  # fmt: skip
    edge = (key, other) if link.forward else (other, key)
    before = graph.edges[edge]["fields"] if graph.has_edge(*edge) else ()
    fields = before if link.path in before else (*before, link.path)
    graph.add_edge(*edge, relation=link.relation, fields=fields, by=key, **dict(link.extra))


def _pair(graph: Graph, pair: Pair, key: str, obj: Object) -> None:
    by_kind, namespace = graph.graph["by_kind"], namespace_of(obj)
    if obj["kind"] == pair.source:
        found = [(key, k) for k, other in by_kind.get((pair.target, namespace), {}).items() if pair.test(obj, other)]
    elif obj["kind"] == pair.target:
        found = [(k, key) for k, other in by_kind.get((pair.source, namespace), {}).items() if pair.test(other, obj)]
    else:
        return
    graph.add_edges_from(found, relation=pair.relation, fields=(pair.path,), by="")
