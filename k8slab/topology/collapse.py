"""Many pods as one: a graph in which the pods of a workload (and the nodes of a zone) stand together, so that it can be read.

`collapse` makes a picture graph of a part of another: nodes that stand for one object keep their id and attributes and have
``group`` (the id of the group they would stand in, or ""). A group has ``kind="Pods"`` (or "Nodes"), ``name``, ``namespace``,
``of`` (the kind of the workload, "" for a label), ``members`` (ids), ``member_states``, ``states`` (how many in which state),
``status`` ("3 pods"), ``state`` (of the member that needs attention first), ``open`` (whether its many members are to be shown
inside) and an empty ``object``. Edges have ``relation`` and ``count`` (how many edges they stand for), and the attributes of
the edge if it is one.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

import networkx as nx

from k8slab.topology.placement import Graph
from k8slab.topology.words import workload_of

__all__ = ["APART", "collapse", "group_of"]

_ZONE = "topology.kubernetes.io/zone"
#: An expanded group of more than this stays one thing that shows its members inside.
APART = 12
#: More nodes than this stand together, by zone.
_NODES = 12


def group_of(a: dict[str, Any], bare: bool = False) -> str:
    """Return the id of the group that a pod belongs to: "Pods/<namespace>/<kind>/<name>", "" if it stands alone.

    Parameters
    ----------
    a
        The attributes of the pod in a graph.
    bare
        Whether pods without a controller stand together too, by their label or namespace.
    """
    work = workload_of(a["object"]) if a["object"] else None
    if work is None or not (work.kind or bare):
        return ""
    return f"Pods/{a['namespace']}/{work.kind or 'Pod'}/{work.name}"


def collapse(
    graph: Graph, keep: Iterable[str], expanded: Collection[str] = (), worst: Callable[[Iterable[str]], str] = min,
    apart: int = APART,
) -> Graph:  # fmt: skip
    """Return the picture graph of the kept nodes; groups that are expanded stay apart.

    Parameters
    ----------
    graph
        Any graph of this package but placement.
    keep
        Ids, as `select` gives them.
    expanded
        Ids of groups whose members are shown: each by itself if they are few, else inside the group.
    worst
        Chooses the state of a group from the states of its members.
    apart
        Up to so many members stand each by itself when their group is expanded.
    """
    kept = list(keep)
    homes = _homes(graph, kept)
    sizes = Counter(homes.values())
    picture: Graph = nx.DiGraph()
    members: dict[str, list[str]] = {}
    home_of: dict[str, str] = {}
    for key in kept:
        group = homes.get(key, "")
        if group and (group not in expanded or sizes[group] > apart):
            members.setdefault(group, []).append(key)
            home_of[key] = group
        else:
            picture.add_node(key, **graph.nodes[key], group=group)
            home_of[key] = key
    for group, inside in members.items():
        picture.add_node(group, **_group(graph, group, inside, worst), open=group in expanded)
    for key in kept:
        for other, edge in graph.adj[key].items():
            if other in home_of:
                _merge(picture, home_of[key], home_of[other], edge)
    return picture


def _homes(graph: Graph, kept: list[str]) -> dict[str, str]:
    pods = [(k, graph.nodes[k]) for k in kept if graph.nodes[k]["kind"] == "Pod"]
    bare = sum(not workload_of(a["object"]).kind for _, a in pods if a["object"]) > 30
    homes = {k: group_of(a, bare) for k, a in pods}
    nodes = [k for k in kept if graph.nodes[k]["kind"] == "Node"]
    if len(nodes) > _NODES:
        homes |= {k: f"Nodes/{_zone(graph.nodes[k]['object'])}" for k in nodes}
    return homes


def _zone(node: dict[str, Any]) -> str:
    tags = (node.get("metadata") or {}).get("labels") or {}
    return str(tags.get(_ZONE, "no zone"))


def _group(graph: Graph, group: str, members: list[str], worst: Callable[[Iterable[str]], str]) -> dict[str, Any]:
    kind, _, rest = group.partition("/")
    each = [graph.nodes[m]["state"] for m in members]
    states = Counter(each)
    namespace, of, name = rest.split("/", 2) if kind == "Pods" else ("", "Zone", rest)
    what = "pod" if kind == "Pods" else "node"
    return {
        "kind": kind, "name": name or "pods", "namespace": namespace, "of": "" if of == "Pod" else of,
        "members": tuple(members),
        "member_states": each, "states": states, "state": worst(states),
        "status": f"{len(members)} {what}" + ("" if len(members) == 1 else "s"),
        "object": {}, "missing": False, "virtual": False, "group": "",
    }  # fmt: skip


def _merge(picture: Graph, source: str, target: str, edge: dict[str, Any]) -> None:
    if source == target:
        return
    if picture.has_edge(source, target):
        merged = picture.edges[source, target]
        merged["count"] += 1
        if "declared" in edge:  # of a connection between groups: allowed to all of them, seen on any
            merged["declared"] = merged["declared"] and edge["declared"]
            merged["observed"] = merged["observed"] or edge["observed"]
        if "ready" in edge:
            merged["ready"] = merged.get("ready", False) or edge["ready"]
    else:
        picture.add_edge(source, target, **{**edge, "count": 1})
