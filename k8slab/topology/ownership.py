"""Who made whom: Deployment → ReplicaSet → Pod, read from ``metadata.ownerReferences``.

A schema of `relations`, of whatever kinds are given. Nodes and edges are as described there; an owner that was not fetched is
still there, ``missing`` and with ``status="not fetched"``. Edges: owner → owned with ``relation="owns"`` and ``controller``
(whether it is the one owner that manages the object).
"""

from collections.abc import Iterable, Iterator

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.topology.placement import Graph
from k8slab.topology.relations import Link, Schema, build, change_graph

__all__ = ["OWNERSHIP", "change_ownership", "owners_tree", "ownership"]

_CLUSTER_SCOPED_OWNERS = ("Node", "Namespace", "APIService", "CustomResourceDefinition", "PersistentVolume")


def _owners(obj: Object) -> Iterator[Link]:
    for i, ref in enumerate(obj["metadata"].get("ownerReferences") or ()):
        scope = "" if ref["kind"] in _CLUSTER_SCOPED_OWNERS else namespace_of(obj)
        manages = (("controller", bool(ref.get("controller"))),)
        path = f"metadata.ownerReferences[{i}]"
        yield Link(ref["kind"], ref["name"], scope, "owns", path, forward=False, extra=manages)


OWNERSHIP = Schema("ownership", frozenset(), _owners)


def ownership(objects: Iterable[Object]) -> Graph:
    """Return the graph of owner references among the objects.

    >>> web = {"kind": "Pod", "metadata": {"name": "web-1", "namespace": "chat",
    ...     "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]}}
    >>> list(ownership([web]).edges)
    [('ReplicaSet/chat/web', 'Pod/chat/web-1')]
    """
    return build(OWNERSHIP, objects)


def change_ownership(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event into the graph in place; return the id it concerned."""
    return change_graph(graph, change, obj)


def owners_tree(graph: Graph) -> str:
    """Return the graph as indented text, one object per line, owners above what they own.

    >>> web = {"kind": "Pod", "metadata": {"name": "web-1", "namespace": "chat",
    ...     "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]}}
    >>> print(owners_tree(ownership([web])))
    ReplicaSet/web  not fetched
    └── Pod/web-1  Unknown
    """
    roots = sorted(n for n in graph if graph.in_degree(n) == 0)
    return "\n".join(line for root in roots for line in _branch(graph, root, "", ""))


def _branch(graph: Graph, key: str, first: str, rest: str) -> Iterator[str]:
    a = graph.nodes[key]
    yield f"{first}{a['kind']}/{a['name']}  {a['status']}".rstrip()
    children = sorted(graph.successors(key))
    for child in children:
        last = child == children[-1]
        yield from _branch(graph, child, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   "))
