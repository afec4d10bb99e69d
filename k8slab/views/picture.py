"""A scene as a still picture: SVG text, for notebooks that are read without a kernel.

It goes into the notebook as an image (``<img src="data:…">``), because JupyterLab removes inline SVG from notebooks that
the reader has not run, but shows images. The shapes are those of ``js/src/paint.js``. A very large scene is drawn without the
names that could not be read anyway, so that a saved notebook stays small.
"""

import base64
import html
from collections.abc import Callable, Iterable

from k8slab.views.cards import short_end, short_name
from k8slab.views.icons import KIND_ICONS
from k8slab.views.look import LOOK
from k8slab.views.scene import Scene

__all__ = ["picture_html", "svg"]

_INK, _SOFT, _LINE, _EDGE, _PAPER, _CARD, _WASH = "#1f2328", "#57606a", "#9aa4ae", "#d3d9df", "#ffffff", "#f6f8fa", "#fbfcfd"
_MARGIN = 12
_LINKS = {"path": "#0072b2", "seen": "#00805d", "bad": "#c24e00", "off": "#b37a00"}
_TONES = {"cause": "#c24e00", "down": "#c24e00", "lost": "#b37a00", "path": "#0072b2", "spare": "#b37a00"}
#: With more marks than this each is a square of two pixels' worth of text.
_MANY = 1500


def svg(scene: Scene) -> str:
    """Return the scene as SVG, with its title and alternative text inside."""
    w, h = scene["width"] + 2 * _MARGIN, scene["height"] + 2 * _MARGIN + 28
    items = scene["items"]
    marks = [i for i in items.values() if i["type"] == "mark"]
    layers = [_draw(i) for t in ("frame", "box") for i in items.values() if i["type"] == t]
    layers += _links(scene)
    layers += [_draw(i) for i in items.values() if i["type"] in ("head", "part", "group")]
    layers += _specks(marks) if len(marks) > _MANY else [_mark(i) for i in marks]
    layers += _rings(scene)
    body = "".join([*layers, _legend(scene)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_MARGIN} {-_MARGIN} {w:g} {h:g}" width="{w:g}" height="{h:g}" '
        f'role="img" font-family="system-ui, sans-serif"><title>{_text(scene["title"])}</title><desc>{_text(scene["alt"])}</desc>'
        f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="{w:g}" height="{h:g}" rx="10" fill="{_PAPER}"/>{body}</svg>'
    )


def picture_html(scene: Scene, twin: str = "", marker: str = "") -> str:
    """Return HTML with the picture and, folded away, its twin in words (HTML or text)."""
    data = base64.b64encode(svg(scene).encode()).decode()
    image = f'<img alt="{html.escape(scene["title"])}: {html.escape(scene["alt"])}" src="data:image/svg+xml;base64,{data}">'
    words = f"<details><summary>The same as text</summary>{twin}</details>" if twin else ""
    return f'<div class="k8slab-picture" data-k8slab="{html.escape(marker)}">{image}{words}</div>'


def _text(text: object) -> str:
    return html.escape(str(text), quote=False)


def _label(x: float, y: float, text: str, size: float, colour: str = _INK, anchor: str = "middle", weight: int = 400) -> str:
    if not text:
        return ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{_text(text)}</text>'
    )


def _glyph(state: str, x: float, y: float, r: float) -> str:
    look = LOOK.get(state, LOOK["unknown"])
    paint = f'fill="none" stroke="{look.light}" stroke-width=".28"' if look.hollow else f'fill="{look.light}"'
    dash = ' stroke-dasharray=".35 .25"' if look.dashed else ""
    return f'<path d="{look.path}" transform="translate({x:g},{y:g}) scale({r:g})" {paint}{dash}/>'


def _rect(i: Scene, radius: int, fill: str = _CARD, *, dashed: bool = False, shift: float = 0) -> str:
    left, top = i["x"] - i["w"] / 2 + shift, i["y"] - i["h"] / 2 + shift
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{i["w"]:g}" height="{i["h"]:g}" rx="{radius}" fill="{fill}" '
        f'stroke="{_EDGE}"{dash}/>'
    )


def _frame(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    return _rect(i, 12, _WASH) + _label(left + 12, top + 20, i["label"], 13, _SOFT, "start", 600)


def _box(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    if i.get("tight"):
        return _rect(i, 6, dashed=i["dashed"]) + _label(left + 9, top + 17, i["label"], 11, _INK, "start", 600)
    return (
        _rect(i, 8, dashed=i["dashed"])
        + _label(left + 10, top + 19, i["label"], 13, _INK, "start", 600)
        + _label(left + 10, top + 33, i["sub"], 10.5, _SOFT, "start")
    )


def _mark(i: Scene) -> str:
    glyph = _glyph(i["state"], i["x"], i["y"], i["r"] - 1)
    if i.get("count"):
        many = _label(i["x"] + i["r"] - 1, i["y"] - i["r"] + 6, f"×{i['count']}", 9.5, _INK, "start", 600)
        return glyph + many + _label(i["x"], i["y"] + i["r"] + 12, i["name"][:8], 9.5)
    return glyph + _label(i["x"], i["y"] + i["r"] + 13, i["label"], 10.5)


def _specks(marks: list[Scene]) -> list[str]:
    """Return a square for every mark, all of one colour in one path: thousands of pods in some ten kilobytes."""
    states: dict[str, list[str]] = {}
    for i in marks:
        side = 2 * i["r"] - 3
        states.setdefault(i["state"], []).append(f"M{i['x'] - side / 2:g},{i['y'] - side / 2:g}h{side:g}v{side:g}h-{side:g}z")
    return [f'<path d="{"".join(d)}" fill="{LOOK.get(state, LOOK["unknown"]).light}"/>' for state, d in states.items()]


def _part(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    tile, inset = _tile(i, left, top)
    pod = i.get("kind") in ("Pod", None)
    state = "" if pod or i.get("state") not in LOOK else _glyph(i["state"], left + i["w"] - 14, top + 15, 5)
    return _rect(i, 8, dashed=bool(i.get("dashed"))) + tile + state + _words(i, left + inset, top)


def _words(i: Scene, left: float, top: float) -> str:
    room = i["x"] + i["w"] / 2 - left - 8
    sub = _label(left, top + 34, short_end(i["sub"], int(room / 5.4)), 10.5, _SOFT, "start")
    return _label(left, top + 19, short_name(i["label"], int(room / 7.1)), 12.5, _INK, "start", 600) + sub


def _tile(i: Scene, left: float, top: float) -> tuple[str, int]:
    icon = KIND_ICONS.get(i.get("kind", ""))
    pod = i.get("kind") == "Pod" and i.get("state") in LOOK
    if not (icon or pod):
        return "", 10
    colour = LOOK[i["state"]].light if pod else icon.light if icon else _SOFT
    wash = f'<rect x="{left + 8:g}" y="{top + 8:g}" width="28" height="28" rx="7" fill="{colour}" fill-opacity=".12"/>'
    if pod:
        return wash + _glyph(i["state"], left + 22, top + 22, 8), 44
    path, at = icon.path if icon else "", f"translate({left + 22:g},{top + 22:g}) scale(8)"
    return f'{wash}<path d="{path}" fill-rule="evenodd" transform="{at}" fill="{colour}"/>', 44


def _group(i: Scene) -> str:
    left, top = i["x"] - i["w"] / 2, i["y"] - i["h"] / 2
    behind = "" if i.get("open") else _rect(i, 8, _PAPER, shift=5) + _rect(i, 8, _PAPER, shift=2.5)
    tile, inset = _tile({**i, "kind": "Pod"} if i["state"] in LOOK else i, left, top)
    return behind + _rect(i, 8) + tile + _words(i, left + inset, top) + _bar(i, left + inset, top + 38, i["w"] - inset - 10)


def _bar(i: Scene, left: float, top: float, width: float) -> str:
    known = [(state, n) for state, n in i.get("states") or () if state in LOOK]
    total, parts = sum(n for _, n in known) or 1, []
    for state, n in known:
        share = width * n / total
        parts.append(f'<rect x="{left:g}" y="{top:g}" width="{max(1, share - 1):g}" height="3" fill="{LOOK[state].light}"/>')
        left += share
    return "".join(parts)


def _head(i: Scene) -> str:
    return _label(i["x"] - i["w"] / 2 + 2, i["y"] + 4, i["label"].upper(), 10.5, _SOFT, "start", 600)


_DRAW: dict[str, Callable[[Scene], str]] = {
    "frame": _frame, "box": _box, "mark": _mark, "part": _part, "group": _group, "head": _head,
}  # fmt: skip


def _draw(item: Scene) -> str:
    return _DRAW[item["type"]](item)


def _links(scene: Scene) -> Iterable[str]:
    answer = (scene.get("focus") or {}).get("links", {})
    for key, link in scene["links"].items():
        a, b = scene["items"].get(link["from"]), scene["items"].get(link["to"])
        if not (a and b):
            continue
        tone = answer.get(key) or link.get("tone", "")
        colour, width = _LINKS.get(tone, _LINE), 2.2 if tone in ("path", "seen", "bad") else 1.2
        dash = ' stroke-dasharray="5 4"' if tone in ("off", "bad") else ""
        faint = ' stroke-opacity=".45"' if tone == "quiet" else ""
        way = _way(a, b, bool(scene.get("curved")))
        yield f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}{faint}/>'


def _way(a: Scene, b: Scene, curved: bool) -> str:
    """Return the line from one item to another, as js/src/links.js routes it, without arrow head."""
    if not curved or abs(b["x"] - a["x"]) <= 60 or "w" not in a or "w" not in b:
        return f"M{a['x']:g},{a['y']:g}L{b['x']:g},{b['y']:g}"
    side = 1 if b["x"] > a["x"] else -1
    x1, x2 = a["x"] + side * a["w"] / 2, b["x"] - side * b["w"] / 2
    pull = side * max(24, abs(x2 - x1) * 0.45)
    return f"M{x1:g},{a['y']:g}C{x1 + pull:g},{a['y']:g},{x2 - pull:g},{b['y']:g},{x2:g},{b['y']:g}"


def _rings(scene: Scene) -> Iterable[str]:
    for key, tone in ((scene.get("focus") or {}).get("items") or {}).items():
        i = scene["items"].get(key)
        if i:
            w, h = (i["w"], i["h"]) if "w" in i else (2 * i["r"] + 6, 2 * i["r"] + 4)
            yield (
                f'<rect x="{i["x"] - w / 2 - 3:g}" y="{i["y"] - h / 2 - 3:g}" width="{w + 6:g}" height="{h + 6:g}" rx="9" '
                f'fill="none" stroke="{_TONES.get(tone, _INK)}" stroke-width="2.5"/>'
            )


def _legend(scene: Scene) -> str:
    x, y, parts = 8.0, scene["height"] + 22, []
    for state in scene["states"]:
        look = LOOK[state]
        parts.append(_glyph(state, x, y - 4, 6) + _label(x + 11, y, look.label, 10, _SOFT, "start"))
        x += 24 + 5.4 * len(look.label)
    return "".join(parts)
