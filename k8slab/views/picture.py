"""A scene as a still picture: SVG text, for notebooks that are read without a kernel.

It goes into the notebook as an image (``<img src="data:…">``), because JupyterLab removes inline SVG from notebooks that
the reader has not run, but shows images.
"""

import base64
import html
from collections.abc import Iterable

from k8slab.views.look import LOOK
from k8slab.views.scene import Scene

__all__ = ["picture_html", "svg"]

_INK, _SOFT, _LINE, _PAPER, _CARD = "#1f2328", "#57606a", "#9aa4ae", "#ffffff", "#f3f5f7"
_MARGIN = 12


def svg(scene: Scene) -> str:
    """Return the scene as SVG, with its title and alternative text inside."""
    w, h = scene["width"] + 2 * _MARGIN, scene["height"] + 2 * _MARGIN + 28
    body = "".join([*_links(scene), *(_DRAW[i["type"]](i) for i in scene["items"].values()), _legend(scene)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_MARGIN} {-_MARGIN} {w:g} {h:g}" width="{w:g}" height="{h:g}" '
        f'role="img" font-family="system-ui, sans-serif"><title>{_text(scene["title"])}</title><desc>{_text(scene["alt"])}</desc>'
        f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="{w:g}" height="{h:g}" rx="6" fill="{_PAPER}"/>{body}</svg>'
    )


def picture_html(scene: Scene, twin: str = "", marker: str = "") -> str:
    """Return HTML with the picture and, folded away, its twin in words (HTML or text)."""
    data = base64.b64encode(svg(scene).encode()).decode()
    image = f'<img alt="{html.escape(scene["title"])}: {html.escape(scene["alt"])}" src="data:image/svg+xml;base64,{data}">'
    words = f"<details><summary>The same as text</summary>{twin}</details>" if twin else ""
    return f'<div class="k8slab-picture" data-k8slab="{html.escape(marker)}">{image}{words}</div>'


def _text(text: object) -> str:
    return html.escape(str(text), quote=False)


def _label(x: float, y: float, text: str, size: int, colour: str = _INK, anchor: str = "middle", weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{_text(text)}</text>'
    )


def _glyph(state: str, x: float, y: float, r: float) -> str:
    look = LOOK[state]
    paint = f'fill="none" stroke="{look.light}" stroke-width=".28"' if look.hollow else f'fill="{look.light}"'
    dash = ' stroke-dasharray=".35 .25"' if look.dashed else ""
    return f'<path d="{look.path}" transform="translate({x:g},{y:g}) scale({r:g})" {paint}{dash}/>'


def _box(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    dash = ' stroke-dasharray="5 4"' if i["dashed"] else ""
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{i["w"]:g}" height="{i["h"]:g}" rx="6" fill="{_CARD}" stroke="{_LINE}"{dash}/>'
        + _label(left + 10, top + 17, i["label"], 13, anchor="start", weight=600)
        + _label(left + 10, top + 31, i["sub"], 10, _SOFT, anchor="start")
    )


def _mark(i: Scene) -> str:
    return _glyph(i["state"], i["x"], i["y"], i["r"]) + _label(i["x"], i["y"] + i["r"] + 13, i["label"], 10)


def _part(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    frame = f'<rect x="{left:g}" y="{top:g}" width="{i["w"]:g}" height="{i["h"]:g}" rx="8" fill="{_CARD}" stroke="{_LINE}"/>'
    known = i["state"] in LOOK
    inset = 30 if known else 10
    words = _label(left + inset, top + 18, i["label"], 12, anchor="start", weight=600)
    words += _label(left + inset, top + 34, i["sub"], 10, _SOFT, anchor="start")
    return frame + (_glyph(i["state"], left + 16, i["y"], 8) if known else "") + words


_DRAW = {"box": _box, "mark": _mark, "part": _part}


def _links(scene: Scene) -> Iterable[str]:
    for link in scene["links"].values():
        a, b = scene["items"][link["from"]], scene["items"][link["to"]]
        yield f'<line x1="{a["x"]:g}" y1="{a["y"]:g}" x2="{b["x"]:g}" y2="{b["y"]:g}" stroke="{_LINE}" stroke-width="1.3"/>'


def _legend(scene: Scene) -> str:
    x, y, parts = 8.0, scene["height"] + 22, []
    for state in scene["states"]:
        look = LOOK[state]
        parts.append(_glyph(state, x, y - 4, 6) + _label(x + 11, y, look.label, 10, _SOFT, anchor="start"))
        x += 24 + 5.4 * len(look.label)
    return "".join(parts)
