"""Panels: views made of blocks, each plain data: notes, grids, drawings, controls, lines of text, kubectl commands.

A view's own code only says which blocks there are; js/src/panel.js shows them, changes them in place and makes them operable
by keyboard, and this module writes the same blocks as HTML for readers without a kernel and as text for everyone else.

Blocks (made by the functions below) stand in ``scene["blocks"]`` by name, in the order in which they are given. A grid's
cell is text or a dictionary from `cell`. ``scene["frames"]`` are the captions of a replay: cells and shapes with ``at``
appear when the replay has come that far.
"""

import base64
import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from k8slab.client.tables import text_table
from k8slab.views.drawing import shapes_svg
from k8slab.views.look import TONES
from k8slab.views.scene import Scene

__all__ = ["button", "cell", "commands", "controls", "drawing", "field", "grid", "lines", "note", "panel", "panel_html",
           "panel_text", "select", "slider"]  # fmt: skip

Cell = str | Scene

_ORDER = "order"


def panel(title: str, alt: str, blocks: Mapping[str, Scene | None], **more: Any) -> Scene:
    """Return a panel's scene; blocks that are None are left out."""
    shown = {key: {**block, _ORDER: i} for i, (key, block) in enumerate(blocks.items()) if block is not None}
    return {"title": title, "alt": alt, "tones": {k: list(v) for k, v in TONES.items()}, "blocks": shown, **more}


def note(words: str, tone: str = "") -> Scene:
    """Return a paragraph; ``tone`` ok, no, warn or info frames it."""
    return {"kind": "note", "t": words, "tone": tone}


def cell(words: object, tone: str = "", **more: Any) -> Scene:
    """Return a grid's cell.

    ``more`` are words that a click shows, ``act`` (name, value) is asked of the kernel, ``label`` is read out, ``at`` is a step
    of the replay, ``bar`` (0 to 1) a line beneath, ``middle`` centres it.
    """
    return {"t": str(words), "tone": tone, **{k: v for k, v in more.items() if v not in (None, "")}}


def grid(columns: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "", **more: Any) -> Scene:
    """Return a table; ``mono`` for code, ``upright`` for headings from below (a matrix), ``tall`` to let it scroll late."""
    return {"kind": "grid", "columns": list(columns), "rows": [list(r) for r in rows], "caption": caption, **more}


def drawing(
    w: float, h: float, alt: str, shapes: Sequence[Scene], twin: tuple[Sequence[str], Sequence[Sequence[object]]],
    readings: Sequence[tuple[float, str]] = (),
) -> Scene:  # fmt: skip
    """Return a drawing with its twin (columns, rows); ``readings`` are (x, words) that the arrow keys go through."""
    table = {"columns": list(twin[0]), "rows": [[str(c) for c in row] for row in twin[1]]}
    return {
        "kind": "drawing",
        "w": w,
        "h": h,
        "alt": alt,
        "shapes": list(shapes),
        "twin": table,
        "readings": [*map(list, readings)],
    }


def controls(*items: Scene) -> Scene:
    """Return a row of controls; each tells the kernel its name and value."""
    return {"kind": "controls", "items": list(items)}


def button(name: str, label: str, value: Any = None, *, off: bool = False, pressed: bool | None = None) -> Scene:
    """Return a button; ``pressed`` makes it one of several to choose from."""
    return {"c": "button", "name": name, "label": label, "value": value, "off": off, "pressed": pressed}


def select(name: str, label: str, options: Iterable[tuple[str, str]], value: str = "") -> Scene:
    """Return a list to choose from: (value, words)."""
    return {"c": "select", "name": name, "label": label, "options": [list(o) for o in options], "value": value}


def slider(name: str, label: str, value: int, most: int, words: str = "") -> Scene:
    """Return a slider from 0 to ``most``."""
    return {"c": "slider", "name": name, "label": label, "value": value, "most": most, "words": words}


def field(name: str, label: str, value: str = "", hint: str = "") -> Scene:
    """Return a line to type into; it is told when Enter is pressed or the field is left."""
    return {"c": "field", "name": name, "label": label, "value": value, "hint": hint}


def lines(label: str, empty: str) -> Scene:
    """Return the place where ``scene["rows"]`` are shown as lines of text; each has ``order``, ``who``, ``tone``, ``t``."""
    return {"kind": "lines", "label": label, "empty": empty}


def commands(*items: tuple[str, str]) -> Scene | None:
    """Return kubectl commands that do the same in a terminal: (what it does, command); None if there are none."""
    return {"kind": "commands", "items": [list(i) for i in items]} if items else None


# the same without a browser


def panel_text(scene: Scene) -> str:
    """Return a panel as text.

    >>> print(panel_text(panel("Clock", "It stands.", {"n": note("Noon."), "c": commands(("Look", "kubectl get clock"))})))
    Clock: It stands.
    <BLANKLINE>
    Noon.
    <BLANKLINE>
    Look:
      kubectl get clock
    """
    parts = [_TEXT[b["kind"]](b, scene) for b in _blocks(scene)]
    return "\n\n".join(p for p in [f"{scene['title']}: {scene['alt']}", *parts] if p)


def panel_html(scene: Scene) -> str:
    """Return a panel as HTML that needs no script: tables, and images of the drawings."""
    parts = [_HTML[b["kind"]](b, scene) for b in _blocks(scene)]
    head = f"<p><strong>{html.escape(scene['title'])}</strong> {html.escape(scene['alt'])}</p>"
    return f'<div class="k8slab-picture">{head}{"".join(parts)}</div>'


def _blocks(scene: Scene) -> list[Scene]:
    return sorted(scene["blocks"].values(), key=lambda b: b[_ORDER])


def _cell_text(value: Cell) -> str:
    return value if isinstance(value, str) else str(value["t"])


def _rows(scene: Scene) -> list[Scene]:
    return sorted(scene.get("rows", {}).values(), key=lambda r: r[_ORDER])


def _grid_text(b: Scene, _: Scene) -> str:
    table = text_table(b["columns"], [[_cell_text(c) for c in row] for row in b["rows"]]) if b["rows"] else "None."
    return f"{b['caption']}\n{table}" if b["caption"] else table


def _line_texts(scene: Scene) -> list[str]:
    return [f"[{r['who']}] {r['t']}" if r.get("who") else r["t"] for r in _rows(scene)]


def _drawing_text(b: Scene, _: Scene) -> str:
    twin = b["twin"]
    return f"{b['alt']}\n{text_table(twin['columns'], twin['rows'])}" if twin["rows"] else str(b["alt"])


_TEXT: dict[str, Callable[[Scene, Scene], str]] = {
    "note": lambda b, _: b["t"],
    "grid": _grid_text,
    "drawing": _drawing_text,
    "controls": lambda b, _: "",
    "lines": lambda b, scene: "\n".join(_line_texts(scene)) or b["empty"],
    "commands": lambda b, _: "\n".join(f"{says}:\n  {command}" for says, command in b["items"]),
}


def _cell_html(value: Cell, mono: bool) -> str:
    tone = "" if isinstance(value, str) else value["tone"]
    colour = f"; color: {TONES[tone][0]}" if tone else ""
    font = "; white-space: pre; font-family: monospace" if mono else ""
    return f'<td style="text-align: left{colour}{font}">{html.escape(_cell_text(value))}</td>'


def _grid_html(b: Scene, _: Scene) -> str:
    head = "".join(f'<th scope="col" style="text-align: left">{html.escape(c)}</th>' for c in b["columns"])
    body = "".join(f"<tr>{''.join(_cell_html(c, bool(b.get('mono'))) for c in row)}</tr>" for row in b["rows"])
    title = f"<caption>{html.escape(b['caption'])}</caption>" if b["caption"] else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _drawing_html(b: Scene, _: Scene) -> str:
    data = base64.b64encode(shapes_svg(b).encode()).decode()
    twin = _grid_html({**b["twin"], "caption": ""}, {})
    image = f'<img alt="{html.escape(b["alt"])}" src="data:image/svg+xml;base64,{data}">'
    return f"{image}<details><summary>The same as a table</summary>{twin}</details>"


def _note_html(b: Scene, _: Scene) -> str:
    colour = f' style="color: {TONES[b["tone"]][0]}"' if b["tone"] else ""
    return f"<p{colour}>{html.escape(b['t'])}</p>"


def _commands_html(b: Scene, _: Scene) -> str:
    return f"<pre>{html.escape(chr(10).join(f'# {says}{chr(10)}{command}' for says, command in b['items']))}</pre>"


_HTML: dict[str, Callable[[Scene, Scene], str]] = {
    "note": _note_html,
    "grid": _grid_html,
    "drawing": _drawing_html,
    "controls": lambda b, _: "",
    "lines": lambda b, scene: f"<pre>{html.escape(chr(10).join(_line_texts(scene)) or b['empty'])}</pre>",
    "commands": _commands_html,
}
