"""A picture graph as a scene: cards in columns, or marks on a circle; places come from the layouts."""

from collections import Counter
from typing import Any, Protocol

from k8slab.topology import Graph
from k8slab.topology.catalogue import Topology
from k8slab.views.cards import CARD_H, CARD_W, card, facts_of, short_name
from k8slab.views.layered import LayeredLayout
from k8slab.views.look import LOOK
from k8slab.views.ring import RingLayout
from k8slab.views.scene import Scene

__all__ = ["Drawing", "LayeredDrawing", "RingDrawing", "drawing_of", "in_words"]

_CELL, _INSET, _ACROSS, _MOST = 20, 7, 8, 240


class Drawing(Protocol):
    """What makes scenes of picture graphs and remembers where things stand."""

    def scene(self, picture: Graph, title: str) -> Scene:
        """Return the scene of a picture graph."""

    def tidy(self) -> None:
        """Forget all places."""


def drawing_of(topology: Topology) -> Drawing:
    """Return the drawing that suits a topology."""
    return RingDrawing() if topology.name == "reachability" else LayeredDrawing(topology)


class LayeredDrawing:
    """Cards in columns with lines from left to right."""

    def __init__(self, topology: Topology) -> None:
        self._layout = LayeredLayout(topology.columns or ((),))

    def tidy(self) -> None:
        """Forget all places."""
        self._layout.tidy()

    def scene(self, picture: Graph, title: str) -> Scene:
        """Return the scene of a picture graph."""
        heights = {k: _open_height(a) for k, a in picture.nodes(data=True) if a.get("open")}
        places = self._layout.place(picture, heights)
        items: Scene = {}
        for x, kinds in self._layout.heads(picture):
            label = " · ".join(dict.fromkeys(_plural(kind) for kind in kinds if kind != "Client"))
            if label:
                items[f"head {x:g}"] = {"type": "head", "x": x, "y": 10, "w": CARD_W, "h": 16, "label": label, "facts": []}
        for key, a in picture.nodes(data=True):
            x, y, w, h = places[key]
            items[key] = {**card(a), "x": x, "y": y, "w": w, "h": h}
            if a.get("open"):
                items[key]["open"] = True
                items |= _inside(a, x - w / 2, y - h / 2)
        links = {f"{u}>{v}": _link(u, v, e) for u, v, e in picture.edges(data=True) if not _told(picture, u, v, e)}
        width, height = self._layout.size
        return {"title": title, "alt": in_words(picture), "width": width, "height": height, "states": _states(items),
                "curved": True, "items": items, "links": links}  # fmt: skip


class RingDrawing:
    """Marks on a circle, with a line for every pair that may talk and a loud one where declaration and life differ."""

    def __init__(self) -> None:
        self._layout = RingLayout()

    def tidy(self) -> None:
        """Forget all places."""
        self._layout.tidy()

    def scene(self, picture: Graph, title: str) -> Scene:
        """Return the scene of a picture graph."""
        places = self._layout.place(picture)
        items: Scene = {}
        for key, a in picture.nodes(data=True):
            x, y = places[key]
            inner = (
                card(a) if a["kind"] == "Pods" else {"name": a["name"], "kind": "Pod", "state": a["state"], "facts": facts_of(a)}
            )
            items[key] = {**inner, "type": "mark", "x": x, "y": y, "r": 13, "halo": True,
                          "label": short_name(a["name"], 16)}  # fmt: skip
        links = dict(self._lines(picture))
        width, height = self._layout.size
        allowed = sum(e["declared"] for _, _, e in picture.edges(data=True))
        refused = picture.number_of_edges() - allowed
        alt = f"{in_words(picture).split(';')[0].rstrip('.')}; {allowed} pairs may talk, {refused} may not."
        return {"title": title, "alt": alt, "width": width, "height": height, "states": _states(items), "curved": False,
                "items": items, "links": links}  # fmt: skip

    @staticmethod
    def _lines(picture: Graph) -> Any:
        for u, v, e in picture.edges(data=True):
            back = picture.edges[v, u] if picture.has_edge(v, u) else None
            tone = _reach_tone(e)
            if not tone:
                continue
            both = back is not None and _reach_tone(back) == tone
            if both and u > v:
                continue
            yield f"{u}>{v}", {"from": u, "to": v, "label": e["text"], "both": both, "tone": tone}


def _reach_tone(edge: dict[str, Any]) -> str:
    if edge["observed"]:
        return "seen" if edge["declared"] else "bad"
    if edge["intended"] is not None and edge["intended"] != edge["declared"]:
        return "bad"
    return "quiet" if edge["declared"] else ""


def _link(u: str, v: str, edge: dict[str, Any]) -> Scene:
    tone = "off" if edge.get("ready") is False else "quiet" if edge["relation"] == "selects" else ""
    link = {"from": u, "to": v, "label": edge["relation"] + (f" ×{edge['count']}" if edge["count"] > 1 else "")}
    return {**link, "tone": tone} if tone else link


def _told(picture: Graph, u: str, v: str, edge: dict[str, Any]) -> bool:
    """Whether a Service's selector says nothing that its endpoints do not say already."""
    return edge["relation"] == "selects" and any(picture.has_edge(slice_, v) for slice_ in picture.successors(u) if slice_ != v)


def _open_height(a: dict[str, Any]) -> float:
    rows = -(-min(len(a["members"]), _MOST) // _ACROSS)
    return CARD_H + rows * _CELL + 10


def _inside(a: dict[str, Any], left: float, top: float) -> Scene:
    """Return the members of an opened group as marks in its card."""
    marks: Scene = {}
    states = a["member_states"]
    for i, member in enumerate(a["members"][:_MOST]):
        row, column = divmod(i, _ACROSS)
        x = left + _INSET + column * _CELL + _CELL / 2
        y = top + CARD_H + row * _CELL + _CELL / 2
        name = member.rpartition("/")[2]
        marks[member] = {"type": "mark", "x": round(x, 1), "y": y, "r": 8, "label": "", "name": name, "kind": "Pod",
                         "state": states[i], "facts": [["Kind", "Pod"], ["State", LOOK[states[i]].label]]}  # fmt: skip
    return marks


def _states(items: Scene) -> list[str]:
    seen = {i.get("state") for i in items.values() if i.get("kind") in ("Pod", "Pods")}
    seen |= {s for i in items.values() for s, _ in i.get("states") or ()}
    return [state for state in LOOK if state in seen]


def _plural(kind: str) -> str:
    if kind in ("Pods", "Nodes", "Endpoints"):
        return kind
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}{'es' if kind.endswith('s') else 's'}"


def in_words(picture: Graph) -> str:
    """Return one sentence: how many of which kind, how many connections."""
    kinds: Counter[str] = Counter()
    for _, a in picture.nodes(data=True):
        kinds[{"Pods": "Pod", "Nodes": "Node"}.get(a["kind"], a["kind"])] += len(a.get("members") or (1,))
    kinds.pop("Client", None)
    if not kinds:
        return "Nothing here yet."
    counted = ", ".join(f"{n} {kind if n == 1 else _plural(kind)}" for kind, n in sorted(kinds.items()))
    edges = sum(e.get("count", 1) for _, _, e in picture.edges(data=True))
    return f"{counted}; {edges} connection{'' if edges == 1 else 's'}."
