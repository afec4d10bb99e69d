"""A drawing as a list of plain shapes: the same list becomes SVG in the browser (js/src/drawing.js) and in a still picture.

A shape is a dictionary: ``s`` says what it is (path, text, rect, glyph), colours are names of `k8slab.views.look.TONES`.
Any shape may have ``more`` (words that a click, Enter or a screen reader gives), ``act`` (name and value of what a click asks
the kernel for) and ``at`` (the step of a replay at which it appears).
"""

import html
from collections.abc import Iterable
from typing import Any

from k8slab.views.look import LOOK, TONES
from k8slab.views.scene import Scene

__all__ = ["glyph", "path", "polyline", "rect", "shapes_svg", "text"]

_FONT = "system-ui, sans-serif"


def path(d: str, tone: str = "ink", *, fill: str = "", width: float = 1.5, dash: str = "", **more: Any) -> Scene:
    """Return a line, or with ``fill`` an area, along an SVG path; ``place`` (x, y, r) puts and scales a shape of size one."""
    return {"s": "path", "d": d, "tone": tone, "fill": fill, "width": width, "dash": dash, **more}


def polyline(points: Iterable[tuple[float, float]], tone: str = "ink", **more: Any) -> Scene:
    """Return a line through points.

    >>> polyline([(0, 1), (2.5, 3)])["d"]
    'M0,1L2.5,3'
    """
    return path("M" + "L".join(f"{x:g},{y:g}" for x, y in points), tone, **more)


def text(
    x: float, y: float, words: str, size: int = 11, tone: str = "ink", anchor: str = "start", weight: int = 400, **more: Any
) -> Scene:
    """Return words; ``anchor`` is start, middle or end."""
    return {"s": "text", "x": x, "y": y, "t": words, "size": size, "tone": tone, "anchor": anchor, "weight": weight, **more}


def rect(x: float, y: float, w: float, h: float, fill: str = "card", *, stroke: str = "", r: float = 4, **more: Any) -> Scene:
    """Return a rectangle by its upper left corner and size."""
    return {"s": "rect", "x": x, "y": y, "w": w, "h": h, "fill": fill, "tone": stroke, "r": r, **more}


def glyph(state: str, x: float, y: float, r: float = 7, **more: Any) -> Scene:
    """Return the shape of a state of `LOOK` about a point."""
    return {"s": "glyph", "state": state, "x": x, "y": y, "r": r, **more}


def shapes_svg(block: Scene) -> str:
    """Return a drawing as SVG text in the light theme."""
    body = "".join(_DRAW[shape["s"]](shape) for shape in block["shapes"])
    w, h = block["w"], block["h"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:g} {h:g}" width="{w:g}" height="{h:g}" role="img" '
        f'font-family="{_FONT}"><title>{_words(block["alt"])}</title>'
        f'<rect width="{w:g}" height="{h:g}" fill="#ffffff"/>{body}</svg>'
    )


def _words(words: object) -> str:
    return html.escape(str(words), quote=False)


def _colour(tone: str) -> str:
    return TONES[tone][0] if tone else "none"


def _path(s: Scene) -> str:
    dash = f' stroke-dasharray="{s["dash"]}"' if s["dash"] else ""
    x, y, r = s.get("place", (0, 0, 1))
    place = f' transform="translate({x:g},{y:g}) scale({r:g})"' if "place" in s else ""
    opacity = ' fill-opacity=".18"' if s["fill"] and s["tone"] else ""
    return (
        f'<path d="{s["d"]}" fill="{_colour(s["fill"])}"{opacity} stroke="{_colour(s["tone"])}" stroke-width="{s["width"]:g}" '
        f'stroke-linejoin="round"{dash}{place}/>'
    )


def _text(s: Scene) -> str:
    return (
        f'<text x="{s["x"]:g}" y="{s["y"]:g}" font-size="{s["size"]}" font-weight="{s["weight"]}" text-anchor="{s["anchor"]}" '
        f'fill="{_colour(s["tone"])}">{_words(s["t"])}</text>'
    )


def _rect(s: Scene) -> str:
    return (
        f'<rect x="{s["x"]:g}" y="{s["y"]:g}" width="{s["w"]:g}" height="{s["h"]:g}" rx="{s["r"]:g}" fill="{_colour(s["fill"])}" '
        f'stroke="{_colour(s["tone"])}"/>'
    )


def _glyph(s: Scene) -> str:
    look = LOOK[s["state"]]
    paint = f'fill="none" stroke="{look.light}" stroke-width=".28"' if look.hollow else f'fill="{look.light}"'
    return f'<path d="{look.path}" transform="translate({s["x"]:g},{s["y"]:g}) scale({s["r"]:g})" {paint}/>'


_DRAW = {"path": _path, "text": _text, "rect": _rect, "glyph": _glyph}
