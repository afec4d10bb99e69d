"""The fixed picture of the first lab: the parts of the control plane.

Where everything stands is given, not computed: the API server in the middle, the kubelets in a row below.
"""

from k8slab.topology import Graph
from k8slab.views.scene import Scene

__all__ = ["control_plane_scene"]

PART_W, PART_H, COLUMN_W, ROW_H, GAP = 206, 44, 272, 58, 14


def control_plane_scene(graph: Graph) -> Scene:
    """Return the scene of the control plane: the API server in the middle, the kubelets in a row below."""
    kubelets = [n for n, a in graph.nodes(data=True) if a["kind"] == "kubelet"]
    width = max(2 * COLUMN_W + PART_W, len(kubelets) * (PART_W + GAP) - GAP)
    middle = width / 2
    spots = {
        "you": (middle, 0),
        "kube-apiserver": (middle, 2.2),
        "etcd": (width - PART_W / 2, 2.2),
        "kube-scheduler": (PART_W / 2, 1.6),
        "kube-controller-manager": (PART_W / 2, 2.8),
    }
    step = (width + GAP) / max(1, len(kubelets))
    spots |= {name: (step * (i + 0.5) - GAP / 2, 4.6) for i, name in enumerate(kubelets)}
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
