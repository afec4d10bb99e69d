"""Nodes as boxes filled with their pods: where every pod stands, and stays.

A pod keeps its place as long as it lives; a new one takes the first free place in its box, so what moves in the picture has
moved in the cluster. Boxes grow in whole rows and do not shrink again. Small clusters are drawn roomy, every pod with its name;
above `DENSE` pods or nodes the marks stand close together and names come when one zooms in. Grouped, one mark stands for all
pods of a workload in a box.

A whole scene costs time in proportion to the cluster; `PlacementLayout.change` gives only what a few events change, which is
what keeps 10,000 pods in motion affordable.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from k8slab.topology import Graph, node_order, workload_of
from k8slab.topology.text import summary_of
from k8slab.views.cards import short_name
from k8slab.views.look import LOOK, worst
from k8slab.views.scene import Scene

__all__ = ["PlacementLayout", "Size"]

WAITING = "waiting"
_WIDE = 1.6  # width of a picture of many nodes, in its height
#: More pods or more nodes than this are drawn close together.
DENSE = (160, 16)
#: Rows of the box of waiting pods at most; what has no place there is counted in its heading.
_WAITING_ROWS = {False: 6, True: 8}


@dataclass(frozen=True)
class Size:
    """Measures of one way to draw boxes."""

    cell_w: int
    cell_h: int
    head: int
    pad: int
    gap: int
    radius: int
    columns: int
    rows: int

    @property
    def box_w(self) -> int:
        """Width of a node's box."""
        return self.columns * self.cell_w + 2 * self.pad


ROOMY = Size(76, 56, 42, 10, 14, 13, 3, 2)
TIGHT = Size(20, 20, 28, 8, 10, 8, 6, 2)
_GROUPED = Size(44, 44, 28, 8, 10, 13, 3, 1)


class PlacementLayout:
    """The places of a placement graph.

    Parameters
    ----------
    namespace : str, optional
        Show only the pods of this namespace.
    zones : bool
        Draw a frame around the nodes of each zone.
    shows : callable, optional
        Which pods are shown, by their attributes in the graph.
    grouped : bool
        Draw one mark for all pods of a workload in a box.
    """

    def __init__(
        self, namespace: str = "", *, zones: bool = False, shows: Callable[[Scene], bool] | None = None, grouped: bool = False
    ) -> None:
        self._shows = shows or (lambda a: not namespace or a["namespace"] == namespace)
        self._zones, self._grouped = zones, grouped
        self._cell_of: dict[str, str] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._slots: dict[str, tuple[str, int]] = {}
        self._places: dict[str, _Places] = {}
        self._highest = {"node": -1, "waiting": -1}
        self._rows = {"node": 0, "waiting": 0}
        self._status: dict[str, str] = {}
        self._dense = False
        self._boxes: dict[str, tuple[float, float]] = {}
        self._stands: dict[str, tuple[str, bool]] = {}
        self._items: Scene = {}
        self._shape: tuple[object, ...] = ()

    # -- the whole of it -----------------------------------------------------------------------------------------------

    def scene(self, graph: Graph) -> Scene:
        """Return the scene of the graph as it is now."""
        nodes = node_order(graph)
        pods = sorted(
            (k for k, a in graph.nodes(data=True) if a["kind"] == "Pod" and self._shows(a)),
            key=lambda p: (graph.nodes[p]["created"], p),
        )
        self._dense = self._dense or len(pods) > DENSE[0] or len(nodes) > DENSE[1]
        wanted = set(pods)
        for pod in [p for p in self._cell_of if p not in wanted]:
            self._release(pod)
        for pod in pods:
            self._settle(graph, pod)
        self._shape = self._measure(nodes)
        frames, width, height = self._arrange(graph, nodes)
        items: Scene = dict(frames)
        items[WAITING] = self._waiting_box(width)
        for node in nodes:
            items[node] = self._node_box(graph.nodes[node], node)
        items |= {cell: item for cell in self._slots if (item := self._mark(graph, cell)) is not None}
        self._items = dict(items)
        return {**self._words(), "width": width, "height": height, "states": list(LOOK), "items": items, "links": {}}

    def _words(self) -> Scene:
        return {
            "title": "Zones, nodes and their pods" if self._zones else "Nodes and their pods",
            "alt": summary_of(len(self._boxes) - 1, Counter(self._status.values())),
        }

    # -- a few events --------------------------------------------------------------------------------------------------

    def change(self, graph: Graph, touched: Iterable[str]) -> Scene | None:
        """Return what the events of these ids change (``put``, ``drop``, ``set``), None if the whole must be drawn anew."""
        cells: set[str] = set()
        for key in touched:
            if key.startswith("Node/"):
                if (key in graph) != (key in self._boxes) or (key in graph and self._standing(graph, key) != self._stands[key]):
                    return None
                cells.add(key)
            elif key in graph and self._shows(graph.nodes[key]):
                cells |= self._settle(graph, key)
            elif key in self._cell_of:
                cells |= {self._release(key)}
        nodes = [key for key in self._boxes if key != WAITING]
        if self._measure(nodes) != self._shape or (not self._dense and len(self._status) > DENSE[0]):
            return None
        put: Scene = {}
        drop = []
        for cell in cells:
            item = self._node_box(graph.nodes[cell], cell) if cell in self._boxes else self._mark(graph, cell)
            if item is None:
                if self._items.pop(cell, None) is not None:
                    drop.append(cell)
            elif self._items.get(cell) != item:
                put[cell] = self._items[cell] = item
        box = self._waiting_box(self._items[WAITING]["w"])
        if self._items[WAITING] != box:
            put[WAITING] = self._items[WAITING] = box
        delta: Scene = {"set": self._words()}
        delta |= {"put": {"items": put}} if put else {}
        return delta | ({"drop": {"items": drop}} if drop else {})

    # -- places --------------------------------------------------------------------------------------------------------

    def _settle(self, graph: Graph, pod: str) -> set[str]:
        """Give a pod its place: its old one if it is still in the same box; return the cells that this concerns."""
        a = graph.nodes[pod]
        self._status[pod] = a["status"]
        box = next(iter(graph.predecessors(pod)), WAITING)
        cell = self._key(a, box) if self._grouped else pod
        before = self._cell_of.get(pod)
        if before == cell and self._slots[cell][0] == box:
            return {cell}
        concerned = {cell}
        if before is not None:
            concerned.add(self._release(pod))
            self._status[pod] = a["status"]
        self._cell_of[pod] = cell
        self._members.setdefault(cell, {})[pod] = None
        if cell not in self._slots:
            self._take(cell, box)
        return concerned

    @staticmethod
    def _key(a: Scene, box: str) -> str:
        work = workload_of(a["object"])
        return f"Pods/{a['namespace']}/{work.kind or 'Pod'}/{work.name}@{box}"

    def _take(self, cell: str, box: str) -> None:
        index = self._places.setdefault(box, _Places()).take()
        self._slots[cell] = (box, index)
        which = "waiting" if box == WAITING else "node"
        self._highest[which] = max(self._highest[which], index)

    def _release(self, pod: str) -> str:
        cell = self._cell_of.pop(pod)
        self._status.pop(pod, None)
        members = self._members[cell]
        members.pop(pod, None)
        if not members:
            del self._members[cell]
            box, index = self._slots.pop(cell)
            self._places[box].give(index)
        return cell

    # -- measures ------------------------------------------------------------------------------------------------------

    @property
    def _size(self) -> Size:
        return _GROUPED if self._grouped else TIGHT if self._dense else ROOMY

    def _measure(self, nodes: list[str]) -> tuple[object, ...]:
        """Return what the geometry depends on; rows only ever grow."""
        size, across = self._size, _across(len(nodes), self._size)
        self._rows["node"] = max(size.rows, -(-(self._highest["node"] + 1) // size.columns))
        wide = max(1, (max(1, min(across, len(nodes))) * (size.box_w + size.gap) - size.gap - 2 * size.pad) // size.cell_w)
        waiting = -(-(self._highest["waiting"] + 1) // wide)
        self._rows["waiting"] = min(_WAITING_ROWS[self._dense], max(1, waiting))
        return (self._dense, len(nodes), self._rows["node"], self._rows["waiting"], wide)

    def _arrange(self, graph: Graph, nodes: list[str]) -> tuple[Scene, float, float]:
        """Place the boxes of the nodes; return frames of zones, width and height."""
        size, top = self._size, self._size.head + self._rows["waiting"] * self._size.cell_h + self._size.gap
        box_h = size.head + self._rows["node"] * size.cell_h + size.pad
        self._boxes = {WAITING: (0.0, 0.0)}
        self._stands = {node: self._standing(graph, node) for node in nodes}
        if not self._zones:
            self._grid(nodes, 0, top, _across(len(nodes), self._size), box_h)
            across = max(1, min(_across(len(nodes), self._size), len(nodes)))
            return {}, across * (size.box_w + size.gap) - size.gap, top + -(-len(nodes) // across) * (box_h + size.gap)
        zones: dict[str, list[str]] = {}
        for node in nodes:
            zones.setdefault(graph.nodes[node]["zone"], []).append(node)
        frames: Scene = {}
        left, deepest, inset = 0.0, 0.0, 10
        across = max(1, round(_across(len(nodes), self._size) / max(1, len(zones))))
        for zone in sorted(zones):
            inside = zones[zone]
            columns = min(across, len(inside))
            w = columns * (size.box_w + size.gap) - size.gap + 2 * inset
            h = -(-len(inside) // columns) * (box_h + size.gap) - size.gap + 30 + inset
            self._grid(inside, left + inset, top + 30, columns, box_h)
            frames[f"Zone/{zone or 'none'}"] = _zone_frame(zone, inside, left, top, w, h)
            left, deepest = left + w + 16, max(deepest, h)
        return frames, max(left - 16, size.box_w), top + deepest + size.gap

    def _standing(self, graph: Graph, node: str) -> tuple[str, bool]:
        """Return what a node's place depends on."""
        a = graph.nodes[node]
        return a["zone"] if self._zones else "", "control-plane" in a["roles"]

    def _grid(self, nodes: list[str], left: float, top: float, across: int, box_h: float) -> None:
        for index, node in enumerate(nodes):
            x = left + (index % across) * (self._size.box_w + self._size.gap)
            self._boxes[node] = (x, top + (index // across) * (box_h + self._size.gap))

    # -- items ---------------------------------------------------------------------------------------------------------

    def _mark(self, graph: Graph, cell: str) -> Scene | None:
        """Return the mark of a cell, None if it has none (any more, or no room)."""
        slot = self._slots.get(cell)
        if slot is None or slot[0] not in self._boxes:
            return None
        size, (left, top) = self._size, self._boxes[slot[0]]
        row, column = divmod(slot[1], self._columns(slot[0]))
        if slot[0] == WAITING and row >= self._rows["waiting"]:
            return None
        x = left + size.pad + column * size.cell_w + size.cell_w / 2
        y = top + size.head + row * size.cell_h + size.radius + (2 if self._dense and not self._grouped else 4)
        members = self._members[cell]
        a = graph.nodes[next(iter(members))]
        mark = {"type": "mark", "x": x, "y": y, "r": size.radius, "state": a["state"]}
        if self._grouped:
            return {**mark, **_group_words(graph, members, a)}
        mark["label"] = "" if self._dense else short_name(a["name"])
        values = [a["namespace"], a["status"], a["ready"], a["restarts"], a["node"] or "<none>", a["ip"] or "<none>"]
        return {**mark, "name": a["name"], "kind": "Pod", "values": values}

    def _columns(self, box: str) -> int:
        wide = self._shape[4] if box == WAITING else self._size.columns
        assert isinstance(wide, int)
        return wide

    def _waiting_box(self, width: float) -> Scene:
        size, count = self._size, len(self._places.get(WAITING) or ())
        height = size.head + self._rows["waiting"] * size.cell_h
        hidden = count - self._rows["waiting"] * self._columns(WAITING)
        more = f" ({count}, {hidden} of them not drawn)" if hidden > 0 else f" ({count})" if self._dense and count else ""
        label = "Waiting for a node" + (more if count else ": none")
        box = {"type": "box", "x": width / 2, "y": height / 2, "w": width, "h": height, "label": label, "sub": "", "dashed": True}
        return {**box, "facts": [["Pods", count]]}

    def _node_box(self, a: Scene, key: str) -> Scene:
        size, (left, top) = self._size, self._boxes[key]
        height = size.head + self._rows["node"] * size.cell_h + size.pad
        zone = [] if self._zones else [a["zone"]]
        sub = ", ".join(word for word in [*a["roles"], *zone, "" if a["status"] == "Ready" else a["status"]] if word)
        facts = [["Kind", "Node"], ["Status", a["status"]], ["Roles", ", ".join(a["roles"]) or "<none>"],
                 ["Zone", a["zone"] or "<none>"]]  # fmt: skip
        place = {"x": left + size.box_w / 2, "y": top + height / 2, "w": size.box_w, "h": height}
        tight = {"tight": True} if self._dense or self._grouped else {}
        return {"type": "box", "kind": "Node", **place, **tight, "label": a["name"], "name": a["name"], "sub": sub,
                "dashed": a["status"] != "Ready", "facts": facts}  # fmt: skip


class _Places:
    """The numbers given out in one box: the lowest free one first."""

    def __init__(self) -> None:
        self._next, self._free = 0, list[int]()

    def __len__(self) -> int:
        return self._next - len(self._free)

    def take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self._next += 1
        return self._next - 1

    def give(self, index: int) -> None:
        heapq.heappush(self._free, index)


def _group_words(graph: Graph, members: Iterable[str], a: Scene) -> Scene:
    states = Counter(graph.nodes[m]["state"] for m in members)
    work = workload_of(a["object"])
    name, count = work.name or "pods", sum(states.values())
    facts = [["Kind", f"Pods of a {work.kind}" if work.kind else "Pods"], ["Namespace", a["namespace"]], ["Pods", count],
             ["States", ", ".join(f"{n} {LOOK[s].label.lower()}" for s, n in states.most_common())]]  # fmt: skip
    return {"label": f"{count} {short_name(name, 6)}", "name": name, "kind": "Pods", "state": worst(states), "count": count,
            "facts": facts}  # fmt: skip


def _zone_frame(zone: str, nodes: list[str], left: float, top: float, w: float, h: float) -> Scene:
    place = {"x": left + w / 2, "y": top + h / 2, "w": w, "h": h}
    facts = [["Kind", "Zone"], ["Nodes", len(nodes)]]
    label = f"Zone {zone}" if zone else "No zone"
    return {"type": "frame", "kind": "Zone", **place, "label": label, "name": zone or "none", "sub": "", "facts": facts}


def _across(nodes: int, size: Size) -> int:
    """Return how many boxes stand side by side: a row of four, more for big clusters, in the shape of a screen.

    >>> [_across(n, ROOMY) for n in (1, 4, 9)], _across(1000, TIGHT)
    ([1, 4, 4], 31)
    """
    height = size.head + size.rows * size.cell_h + size.pad + size.gap
    return max(1, min(nodes, 4) if nodes <= 12 else round((nodes * _WIDE * height / (size.box_w + size.gap)) ** 0.5))
