"""Questions to a graph, answered on the picture: what falls with what, which way a request takes, what nobody uses.

A focus is plain data: ``title``, ``lines`` (the answer in words), ``items`` and ``links`` (id → tone). Tones: ``cause`` (what
fails, or what was asked about), ``lost`` (goes with it), ``down`` (a Service that loses all), ``path``, ``spare`` (nothing uses
it). What is not named is drawn faint. The answers are `k8slab.topology.queries`; here they are only put into words and colours.
"""

from collections.abc import Iterable
from itertools import pairwise

from k8slab.apimachinery.types import Object
from k8slab.topology import Graph, blast_radius, orphans, request_path, single_points, traffic, unreachable_services
from k8slab.views.scene import Scene

__all__ = ["KINDS", "QUESTIONS", "focus", "on_picture"]

#: name -> (as a menu has it, whether something must be chosen first)
QUESTIONS: dict[str, tuple[str, bool]] = {
    "single-points": ("Single points of failure", False),
    "blast": ("Blast radius of the chosen one", True),
    "path": ("Path of a request through the chosen one", True),
    "unreachable": ("Services without a ready endpoint", False),
    "orphans": ("What nothing uses", False),
}

#: What pods stand on.
_CARRIES = ("Zone/", "Node/", "Pod/", "Secret/", "ConfigMap/", "PersistentVolumeClaim/", "PersistentVolume/")

#: What must be known to answer.
KINDS = ("Node", "Pod", "Service", "EndpointSlice", "Ingress", "Gateway", "HTTPRoute", "ConfigMap", "Secret",
         "PersistentVolumeClaim", "PersistentVolume", "ReplicaSet")  # fmt: skip


def focus(question: str, objects: Iterable[Object], chosen: str = "") -> Scene:
    """Return the answer to one of the `QUESTIONS`, in ids of objects."""
    known = list(objects)
    title, needs = QUESTIONS[question]
    if needs and not chosen:
        return _answer(title, ["Choose something in the picture first, then ask again."], {}, faint=False)
    match question:
        case "single-points":
            return _single_points(title, known)
        case "blast":
            return _blast(known, chosen)
        case "path":
            return _path(known, chosen)
        case "unreachable":
            dead = unreachable_services(traffic(known))
            lines = [f"{service} has no ready endpoint." for service in dead] or ["Every Service has a ready endpoint."]
            return _answer(title, lines, dict.fromkeys(dead, "down"), faint=bool(dead))
        case _:
            spare = orphans(known)
            lines = [f"{key}: {why}." for key, why in sorted(spare.items())] or ["Everything is used by something."]
            return _answer(title, lines, dict.fromkeys(spare, "spare"), faint=bool(spare))


def _answer(
    title: str, lines: list[str], items: dict[str, str], links: dict[str, str] | None = None, *, faint: bool = True
) -> Scene:
    return {"title": title, "lines": lines, "items": items, "links": links or {}, "faint": faint}


def _single_points(title: str, known: list[Object]) -> Scene:
    points = single_points(known)
    items = {service: "down" for _, services in points for service in services}
    items |= {point: "cause" for point, _ in points}
    lines = [f"{point} alone carries {', '.join(services)}." for point, services in points]
    return _answer(title, lines or ["No zone, node or pod alone carries a Service."], items, faint=bool(points))


def _blast(known: list[Object], chosen: str) -> Scene:
    if not chosen.startswith(_CARRIES):
        kinds = ", ".join(kind.strip("/") for kind in _CARRIES)
        return _answer(f"If {chosen} were lost", [f"No pod depends on it to run. Ask about one of: {kinds}."], {}, faint=False)
    blast = blast_radius(known, chosen)
    items = dict.fromkeys(blast.pods, "lost")
    items |= {service: "down" if lost == total else "lost" for service, lost, total in blast.services}
    items |= {owner: "lost" for owner, _, _ in blast.owners}
    items[chosen] = "cause"
    lines = [f"{len(blast.pods)} pod{' depends' if len(blast.pods) == 1 else 's depend'} on {chosen}."]
    lines += [f"{key} loses {lost} of {total} pods." for key, lost, total in blast.owners]
    lines += [
        f"{key} {'goes down' if lost == total else f'keeps {total - lost} of {total} pods'}."
        for key, lost, total in blast.services
    ]
    if chosen.startswith(("Secret/", "ConfigMap/")):
        lines.append("Running pods keep what they have read; it hurts when they start again.")
    return _answer(f"If {chosen} were lost", lines, items)


def _path(known: list[Object], chosen: str) -> Scene:
    graph = traffic(known)
    title = f"A request through {chosen}"
    if chosen not in graph:
        return _answer(title, [f"{chosen} is no part of the way of a request."], {}, faint=False)
    arriving = request_path(graph, "Client/outside", chosen) if "Client/outside" in graph else []
    if not arriving and chosen.startswith("Pod/"):
        ways = (request_path(graph, s, chosen) for s in graph if s.startswith("Service/"))
        arriving = min((w for w in ways if w), key=len, default=[])
    ends = (request_path(graph, chosen, node) for node in graph if graph.nodes[node]["kind"] == "Node")
    leaving = min((way for way in ends if way), key=len, default=[])
    way = [*(arriving or [chosen]), *leaving[1:]]
    if len(way) < 2:
        return _answer(title, [f"No request can come through {chosen}: it leads to no ready endpoint."], {chosen: "cause"})
    links = {f"{a}>{b}": "path" for a, b in pairwise(way)}
    lines = [" → ".join(way)]
    lines += [] if arriving else ["From outside the cluster no way leads here; this is the way from inside."]
    return _answer(title, lines, dict.fromkeys(way, "path"), links)


def on_picture(answer: Scene, picture: Graph) -> Scene:
    """Return the answer in ids of the picture: what stands in a group marks the group."""
    home = {member: group for group, a in picture.nodes(data=True) for member in a.get("members") or ()}
    order = ("cause", "down", "lost", "spare", "path")
    items: dict[str, str] = {}
    for key, tone in answer["items"].items():
        where = home.get(key, key)
        items[where] = min((tone, items.get(where, tone)), key=order.index)
    pairs = ((*link.split(">", 1), tone) for link, tone in answer["links"].items())
    links = {f"{home.get(a, a)}>{home.get(b, b)}": tone for a, b, tone in pairs}
    return {**answer, "items": items, "links": links}
