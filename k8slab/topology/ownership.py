"""Who made whom: Deployment → ReplicaSet → Pod, read from ``metadata.ownerReferences``.

Nodes of the graph: ``kind``, ``name``, ``namespace``, ``status`` (a pod's STATUS; "2/3 ready" of what counts replicas),
``state`` (a `PodClass` of a pod, else "object"), ``object``. Ids are `object_id`. Edges: owner → owned with
``relation="owns"`` and ``controller`` (whether it is the one owner that manages the object). An owner that was not
fetched is still there, with ``status="not fetched"``.
"""

from collections.abc import Iterable, Iterator

import networkx as nx

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.topology.placement import Graph, object_id
from k8slab.topology.status import pod_class, pod_status

__all__ = ["change_ownership", "owners_tree", "ownership", "replicas_text"]

_CLUSTER_SCOPED_OWNERS = ("Node", "Namespace")


def ownership(objects: Iterable[Object]) -> Graph:
    """Return the graph of owner references among the objects.

    >>> web = {"kind": "Pod", "metadata": {"name": "web-1", "namespace": "chat",
    ...     "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}]}}
    >>> list(ownership([web]).edges)
    [('ReplicaSet/chat/web', 'Pod/chat/web-1')]
    """
    graph: Graph = nx.DiGraph()
    for obj in objects:
        change_ownership(graph, "ADDED", obj)
    return graph


def change_ownership(graph: Graph, change: str, obj: Object) -> str:
    """Take one watch event into the graph in place; return the id it concerned."""
    namespace = namespace_of(obj)
    key = object_id(obj["kind"], name_of(obj), namespace)
    if change == "DELETED":
        if key in graph:
            graph.remove_node(key)
        return key
    graph.add_node(key, **_attributes(obj))
    owners = {}
    for ref in obj["metadata"].get("ownerReferences") or ():
        scope = "" if ref["kind"] in _CLUSTER_SCOPED_OWNERS else namespace
        owner = object_id(ref["kind"], ref["name"], scope)
        owners[owner] = bool(ref.get("controller"))
        if owner not in graph:
            graph.add_node(
                owner, kind=ref["kind"], name=ref["name"], namespace=scope, status="not fetched", state="object", object={}
            )
    graph.remove_edges_from([(o, key) for o in graph.predecessors(key) if o not in owners])
    graph.add_edges_from((owner, key, {"relation": "owns", "controller": manages}) for owner, manages in owners.items())
    return key


def _attributes(obj: Object) -> Object:
    is_pod = obj["kind"] == "Pod"
    return {
        "kind": obj["kind"],
        "name": name_of(obj),
        "namespace": namespace_of(obj),
        "status": pod_status(obj) if is_pod else replicas_text(obj),
        "state": pod_class(obj) if is_pod else "object",
        "object": obj,
    }


def replicas_text(obj: Object) -> str:
    """Return "2/3 ready" of an object that counts replicas, else "".

    >>> replicas_text({"spec": {"replicas": 3}, "status": {"readyReplicas": 2}})
    '2/3 ready'
    """
    wanted = (obj.get("spec") or {}).get("replicas")
    return "" if wanted is None else f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{wanted} ready"


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
