"""Questions to the graphs: single points of failure, blast radius, path of a request, unreachable services, orphans."""

from collections.abc import Iterable
from typing import NamedTuple

import networkx as nx

from k8slab.apimachinery.types import Object, controller_of, labels, name_of, namespace_of
from k8slab.topology.kinds import configuration, storage, traffic, zones
from k8slab.topology.placement import Graph, object_id

__all__ = ["Blast", "blast_radius", "orphans", "request_path", "single_points", "unreachable_services"]


class Blast(NamedTuple):
    """What goes when something goes: pods, the owners of pods and Services, each with (id, lost, all)."""

    pods: tuple[str, ...]
    owners: tuple[tuple[str, int, int], ...]
    services: tuple[tuple[str, int, int], ...]

    @property
    def down(self) -> tuple[str, ...]:
        """Services that lose every pod that is there."""
        return tuple(key for key, lost, total in self.services if lost == total)


def blast_radius(objects: Iterable[Object], key: str) -> Blast:
    """Return what depends on a node, zone, Secret, ConfigMap, claim or pod.

    Dependence on a Secret or ConfigMap is what pods name; a running pod keeps running until it must start again.
    """
    known = list(objects)
    hit: set[str] = {key} if key.startswith("Pod/") else set()
    place = zones(known)
    if key in place:
        hit |= nx.descendants(place, key)
    for graph in (configuration(known), storage(known)):
        if key in graph and not key.startswith("Node/"):
            hit |= nx.ancestors(graph, key)
    pods = {object_id("Pod", name_of(p), namespace_of(p)): p for p in known if p["kind"] == "Pod"}
    hit &= pods.keys()
    owners: dict[str, list[str]] = {}
    for pod_id, pod in pods.items():
        owner = controller_of(pod)
        if owner:
            owners.setdefault(object_id(owner["kind"], owner["name"], namespace_of(pod)), []).append(pod_id)
    ways = traffic(known)
    services = {s: [p for p in ways.successors(s) if p in pods] for s in ways if s.startswith("Service/")}
    return Blast(tuple(sorted(hit)), _losses(owners, hit), _losses(services, hit))


def _losses(groups: dict[str, list[str]], hit: set[str]) -> tuple[tuple[str, int, int], ...]:
    counted = ((key, sum(p in hit for p in members), len(members)) for key, members in sorted(groups.items()))
    return tuple((key, lost, total) for key, lost, total in counted if lost)


def single_points(objects: Iterable[Object]) -> list[tuple[str, tuple[str, ...]]]:
    """Return (zone, node or pod, Services it takes down): articulation points between the outside and each Service's last pod.

    A Service that stands on one zone falls with the zone, whatever number of nodes it has there.
    """
    known = list(objects)
    place, ways = zones(known), traffic(known)
    found: dict[str, list[str]] = {}
    for service in (s for s in ways if s.startswith("Service/")):
        pods = [p for p in ways.successors(service) if p.startswith("Pod/") and p in place]
        if not pods:
            continue
        above: Graph = nx.DiGraph(place.subgraph({*pods, *(a for p in pods for a in nx.ancestors(place, p))}).copy())
        above.add_edges_from((pod, "sink") for pod in pods)
        roots = [n for n in above if above.in_degree(n) == 0]
        above.add_edges_from(("source", root) for root in roots)
        for point in nx.articulation_points(above.to_undirected()):
            if point not in ("source", "sink") and not nx.has_path(above.subgraph(set(above) - {point}), "source", "sink"):
                found.setdefault(point, []).append(service)
    return sorted((point, tuple(sorted(services))) for point, services in found.items())


def request_path(graph: Graph, source: str, target: str) -> list[str]:
    """Return the shortest way of a request in the traffic graph through ready endpoints, [] if there is none."""
    usable = nx.subgraph_view(
        graph,
        filter_edge=lambda u, v: graph.edges[u, v].get("ready", True) and graph.edges[u, v]["relation"] != "selects",
        filter_node=lambda n: not graph.nodes[n]["missing"],
    )
    try:
        return list(nx.shortest_path(usable, source, target))
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return []


def unreachable_services(graph: Graph) -> list[str]:
    """Return Services of the traffic graph that have no ready endpoint; one that only is another name is left out."""
    services = [
        s for s, a in graph.nodes(data=True)
        if a["kind"] == "Service" and (a["object"].get("spec") or {}).get("type") != "ExternalName"
    ]  # fmt: skip
    return sorted(s for s in services if not any(_has_ready(graph, e) for e in graph.successors(s)))


def _has_ready(graph: Graph, key: str) -> bool:
    if graph.nodes[key]["kind"] != "EndpointSlice":
        return False
    endpoints = graph.nodes[key]["object"].get("endpoints") or ()
    return any((e.get("conditions") or {}).get("ready", True) is not False for e in endpoints)


def orphans(objects: Iterable[Object]) -> dict[str, str]:
    """Return id -> sentence of what nothing uses, owns or selects."""
    known = list(objects)
    found = {}
    for graph, kinds in ((configuration(known), ("ConfigMap", "Secret")), (storage(known), ("PersistentVolumeClaim",))):
        for key, a in graph.nodes(data=True):
            if a["kind"] in kinds and not a["missing"] and not graph.in_degree(key) and a["name"] != "kube-root-ca.crt":
                found[key] = "no pod uses it"
    for obj in known:
        key = object_id(obj["kind"], name_of(obj), namespace_of(obj))
        if obj["kind"] == "Pod" and not controller_of(obj):
            found[key] = "no controller would replace it"
        if obj["kind"] == "PersistentVolume" and (obj.get("status") or {}).get("phase") == "Released":
            found[key] = "its claim is gone"
        if obj["kind"] == "ReplicaSet" and not controller_of(obj) and labels(obj).get("pod-template-hash"):
            found[key] = "its Deployment is gone"
    return found
