"""Where everything stands in a picture: fixed, and the same for the same cluster.

A pod keeps its place as long as it lives; a new one takes the first free place in its box. So a picture never jumps: what
moves in it has moved in the cluster.
"""

from k8slab.topology import Graph, node_order, placement_summary, pods_of
from k8slab.views.look import LOOK
from k8slab.views.scene import Scene

__all__ = ["PlacementLayout", "control_plane_scene", "ownership_scene", "short_name"]

CELL_W, CELL_H, HEAD, PAD, GAP, RADIUS = 76, 56, 40, 10, 14, 13
COLUMNS = 3  # pods side by side in a node's box
BOX_W = COLUMNS * CELL_W + 2 * PAD
WAITING = "waiting"


def short_name(name: str, limit: int = 12) -> str:
    """Return a pod's name cut to fit under its mark; of generated names the distinct end stays.

    >>> short_name("web"), short_name("web-7d9c6b8f5-x2x4l"), short_name("a-long-name-of-a-pod")
    ('web', 'web…x2x4l', 'a-lon…-a-pod')
    """
    if len(name) <= limit:
        return name
    first, _, last = name.partition("-")[0], "", name.rpartition("-")[2]
    if len(last) == 5 and len(first) + 6 <= limit:
        return f"{first}…{last}"
    return f"{name[:5]}…{name[-(limit - 6) :]}"


class PlacementLayout:
    """Draws a placement graph: a box per node with its pods in a grid, and a row of those that wait for a node.

    Parameters
    ----------
    namespace : str, optional
        Show only the pods of this namespace.
    """

    def __init__(self, namespace: str = "") -> None:
        self._namespace = namespace
        self._slots: dict[str, tuple[str, int]] = {}

    def scene(self, graph: Graph) -> Scene:
        """Return the scene of the graph as it is now."""
        nodes = node_order(graph)
        pods = {box: self._shown(graph, box) for box in [*nodes, WAITING]}
        self._assign(pods)
        across = _across(len(nodes))
        rows = max([2, *(self._rows(pods[n], COLUMNS) for n in nodes)])
        width = max(1, min(across, len(nodes))) * (BOX_W + GAP) - GAP
        waiting_columns = max(1, (width - 2 * PAD) // CELL_W)
        waiting_h = HEAD + self._rows(pods[WAITING], waiting_columns) * CELL_H
        box_h = HEAD + rows * CELL_H + PAD
        items = _waiting_box(width, waiting_h, len(pods[WAITING]))
        self._put_pods(items, graph, pods[WAITING], 0, 0, waiting_columns)
        for index, node in enumerate(nodes):
            left = (index % across) * (BOX_W + GAP)
            top = waiting_h + GAP + (index // across) * (box_h + GAP)
            items[node] = _node_box(graph.nodes[node], left, top, box_h)
            self._put_pods(items, graph, pods[node], left, top, COLUMNS)
        height = waiting_h + -(-len(nodes) // across) * (box_h + GAP)
        visible = graph.subgraph([*nodes, *(p for names in pods.values() for p in names)])
        return {
            "title": "Nodes and their pods",
            "alt": placement_summary(visible),
            "width": width,
            "height": height,
            "states": list(LOOK),
            "items": items,
            "links": {},
        }

    def _shown(self, graph: Graph, box: str) -> list[str]:
        pods = pods_of(graph, None if box == WAITING else box)
        return [p for p in pods if not self._namespace or graph.nodes[p]["namespace"] == self._namespace]

    def _assign(self, pods: dict[str, list[str]]) -> None:
        """Give every pod a place: its old one if it is still in the same box, else the first free one."""
        now = {pod: box for box, names in pods.items() for pod in names}
        self._slots = {pod: slot for pod, slot in self._slots.items() if now.get(pod) == slot[0]}
        taken = set(self._slots.values())
        for box, names in pods.items():
            free = 0
            for pod in names:
                if pod in self._slots:
                    continue
                while (box, free) in taken:
                    free += 1
                self._slots[pod] = (box, free)
                taken.add((box, free))

    def _rows(self, pods: list[str], columns: int) -> int:
        return max([1, *(self._slots[p][1] // columns + 1 for p in pods)])

    def _put_pods(self, items: Scene, graph: Graph, pods: list[str], left: float, top: float, columns: int) -> None:
        for pod in pods:
            row, column = divmod(self._slots[pod][1], columns)
            x = left + PAD + column * CELL_W + CELL_W / 2
            y = top + HEAD + row * CELL_H + RADIUS + 4
            items[pod] = _pod_mark(graph.nodes[pod], x, y)


def _across(nodes: int) -> int:
    """Return how many boxes stand side by side: a row of four, more for big clusters so that they stay readable.

    >>> [_across(n) for n in (1, 4, 9, 100)]
    [1, 4, 4, 13]
    """
    return max(1, min(nodes, 4) if nodes <= 12 else round((nodes * 1.6) ** 0.5))


def _waiting_box(width: float, height: float, count: int) -> Scene:
    label = "Waiting for a node" + ("" if count else ": none")
    box = {"type": "box", "x": width / 2, "y": height / 2, "w": width, "h": height, "label": label, "sub": "", "dashed": True}
    return {WAITING: {**box, "facts": [["Pods", count]]}}


def _node_box(a: Scene, left: float, top: float, height: float) -> Scene:
    sub = ", ".join([*a["roles"], *([a["zone"]] if a["zone"] else []), *([] if a["status"] == "Ready" else [a["status"]])])
    facts = [
        ["Kind", "Node"],
        ["Status", a["status"]],
        ["Roles", ", ".join(a["roles"]) or "<none>"],
        ["Zone", a["zone"] or "<none>"],
    ]
    place = {"x": left + BOX_W / 2, "y": top + height / 2, "w": BOX_W, "h": height}
    return {"type": "box", **place, "label": a["name"], "sub": sub, "dashed": a["status"] != "Ready", "facts": facts}


def _pod_mark(a: Scene, x: float, y: float) -> Scene:
    facts = [
        ["Kind", "Pod"],
        ["Namespace", a["namespace"]],
        ["Status", a["status"]],
        ["Ready", a["ready"]],
        ["Restarts", a["restarts"]],
        ["Node", a["node"] or "<none>"],
        ["IP", a["ip"] or "<none>"],
    ]
    mark = {"type": "mark", "x": x, "y": y, "r": RADIUS, "label": short_name(a["name"]), "name": a["name"], "state": a["state"]}
    return {**mark, "facts": facts}


PART_W, PART_H, COLUMN_W, ROW_H = 190, 44, 250, 58


def ownership_scene(graph: Graph) -> Scene:
    """Return the scene of an ownership graph: owners left, what they own right of them, top-aligned."""
    items: Scene = {}
    row = 0

    def place(key: str, depth: int) -> None:
        nonlocal row
        items[key] = _owner_part(graph.nodes[key], depth * COLUMN_W, row * ROW_H)
        children = [c for c in sorted(graph.successors(key), key=lambda c: _age(graph, c)) if c not in items]
        for child in children:
            place(child, depth + 1)
        row += not children

    for root in sorted((n for n in graph if graph.in_degree(n) == 0), key=lambda n: _age(graph, n)):
        place(root, 0)
    width = max([PART_W, *(i["x"] + PART_W / 2 for i in items.values())])
    links = {f"{a}>{b}": {"from": a, "to": b, "label": ""} for a, b in graph.edges if a in items and b in items}
    kinds = sorted({graph.nodes[n]["kind"] for n in graph})
    alt = f"{len(items)} objects ({', '.join(kinds)}), {len(links)} owner references." if items else "No objects."
    states = [s for s in LOOK if any(i["state"] == s for i in items.values())]
    return {"title": "Who owns whom", "alt": alt, "width": width, "height": max(1, row) * ROW_H, "states": states,
            "items": items, "links": links}  # fmt: skip


def _age(graph: Graph, key: str) -> tuple[str, str]:
    return (graph.nodes[key]["object"].get("metadata", {}).get("creationTimestamp", ""), key)


def _owner_part(a: Scene, left: float, top: float) -> Scene:
    facts = [["Kind", a["kind"]], ["Name", a["name"]], ["Namespace", a["namespace"]], ["Status", a["status"]]]
    place = {"x": left + PART_W / 2, "y": top + PART_H / 2, "w": PART_W, "h": PART_H}
    sub = f"{a['kind']}  {a['status']}".rstrip()
    return {"type": "part", **place, "label": short_name(a["name"], 24), "sub": sub, "state": a["state"], "facts": facts}


def control_plane_scene(graph: Graph) -> Scene:
    """Return the scene of the control plane: the API server in the middle, the kubelets in a row below."""
    kubelets = [n for n, a in graph.nodes(data=True) if a["kind"] == "kubelet"]
    width = max(3 * COLUMN_W, len(kubelets) * (PART_W + GAP)) - (COLUMN_W - PART_W)
    middle = width / 2
    spots = {
        "you": (middle, 0),
        "kube-apiserver": (middle, 2.2),
        "etcd": (width - PART_W / 2, 2.2),
        "kube-scheduler": (PART_W / 2, 1.6),
        "kube-controller-manager": (PART_W / 2, 2.8),
    }
    step = width / max(1, len(kubelets))
    spots |= {name: (step * (i + 0.5), 4.6) for i, name in enumerate(kubelets)}
    items = {}
    for name, (x, row) in spots.items():
        a = graph.nodes[name]
        kind = {"component": "control plane", "kubelet": "node agent", "client": "outside"}[a["kind"]]
        place = {"x": x, "y": row * ROW_H + PART_H / 2, "w": PART_W, "h": PART_H}
        facts = [["Does", a["role"]], ["Connects to", ", ".join(graph.successors(name)) or "nobody"]]
        items[name] = {"type": "part", **place, "label": name, "sub": kind, "state": "object", "facts": facts}
    links = {f"{a}>{b}": {"from": a, "to": b, "label": e["relation"]} for a, b, e in graph.edges(data=True)}
    alt = f"{len(items)} parts; every one of them connects to kube-apiserver, and only kube-apiserver connects to etcd."
    return {"title": "The parts of the cluster", "alt": alt, "width": width, "height": 5.5 * ROW_H, "states": [],
            "items": items, "links": links}  # fmt: skip
