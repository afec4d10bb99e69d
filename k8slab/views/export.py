"""A scene as one HTML file that opens offline, made with pyvis: to keep, to mail, to put on a web page."""

import re
from pathlib import Path

from pyvis.network import Network

from k8slab.views.look import LOOK
from k8slab.views.scene import Scene

__all__ = ["to_html"]

#: pyvis links a style sheet and scripts of Bootstrap from a CDN even when asked for everything in line.
_REMOTE = re.compile(r"<(?:link|script)[^>]*?(?:href|src)=\"https?://[^>]*>(?:\s*</script>)?", re.DOTALL)


def to_html(scene: Scene, path: str | Path | None = None) -> str:
    """Return the scene as a page that needs nothing else, and write it to ``path`` if one is given."""
    height = int(scene["height"]) + 60
    net = Network(height=f"{height}px", width="100%", directed=True, cdn_resources="in_line", heading="")
    net.toggle_physics(False)
    for key, item in scene["items"].items():
        net.add_node(key, **_node(item))
    for link in scene["links"].values():
        if link["from"] not in scene["items"] or link["to"] not in scene["items"]:
            continue
        net.add_edge(link["from"], link["to"], title=link["label"], physics=False)
    page = _REMOTE.sub("", net.generate_html(notebook=False))
    page = page.replace("<body>", f"<body><h1>{scene['title']}</h1><p>{scene['alt']}</p>", 1)
    if path is not None:
        Path(path).write_text(page, encoding="utf-8")
    return page


def _node(item: Scene) -> dict[str, object]:
    values = item.get("values")
    facts = [["Namespace", values[0]], ["Status", values[1]]] if values else item["facts"]
    title = "\n".join(f"{name}: {value}" for name, value in facts)
    base: dict[str, object] = {"label": item["label"], "title": title, "x": item["x"], "y": item["y"], "physics": False}
    if item["type"] == "mark":
        look = LOOK[item["state"]]
        return {**base, "shape": look.vis, "color": look.light, "size": item["r"]}
    if item["type"] == "head":
        return {**base, "shape": "text"}
    size = {"minimum": item["w"]}, {"minimum": item["h"], "valign": "top" if item["type"] in ("box", "frame") else "middle"}
    return {**base, "shape": "box", "color": "#f3f5f7", "widthConstraint": size[0], "heightConstraint": size[1]}
