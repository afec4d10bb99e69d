"""How an answer looks: plain text for a terminal, and HTML for a notebook that says the same in the same order.

The HTML has no script and no colours of its own: it takes JupyterLab's, light or dark, and reads well without them. Its
headings and lists are what a screen reader walks through.
"""

import textwrap
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from k8slab.client.tables import html_table, text_table

if TYPE_CHECKING:
    from k8slab.explain.answer import Answer

__all__ = ["answer_html", "answer_text"]

_WIDTH = 100
_SURENESS = {
    "known": "",
    "likely": "Likely, not certain.",
    "unknown": "Not known.",
}


def answer_text(answer: "Answer") -> str:
    """Return the answer as lines of at most 100 columns, except for what is to be copied."""
    lines = [textwrap.fill(answer.sentence, _WIDTH)]
    if _SURENESS[answer.confidence]:
        lines.append(_SURENESS[answer.confidence])
    for heading, texts in _sections(answer):
        lines += ["", f"{heading}:", *(line for text in texts for line in _item(text))]
    if answer.table is not None:
        lines += ["", text_table(answer.table.columns, answer.table.rows)]
    if answer.command:
        lines += ["", f"next: {answer.command}"]
    return "\n".join(lines)


def _item(text: str) -> list[str]:
    first, *others = text.splitlines() or [""]
    return [*_wrapped(first, "  "), *(line for other in others for line in _wrapped(other, "    "))]


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line, _WIDTH, initial_indent=indent, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _sections(answer: "Answer") -> Iterator[tuple[str, list[str]]]:
    if answer.object:
        yield "about" if answer.healthy else "responsible", [responsible(answer)]
    if answer.evidence:
        yield "seen", [f"{e.where}: {e.text}" if e.where else e.text for e in answer.evidence]
    if answer.change:
        yield "to change", [answer.change]
    if answer.gaps:
        yield "not seen", list(answer.gaps)


def responsible(answer: "Answer") -> str:
    """Return object and field: ``deployment/web (namespace chat), spec.replicas``."""
    where = f"{answer.object} (namespace {answer.namespace})" if answer.namespace else answer.object
    return f"{where}, {answer.field}" if answer.field else where


_UNFLOATED = "float: none; width: auto;"  # JupyterLab floats the terms of a list


def answer_html(answer: "Answer") -> str:
    """Return the answer as one ``<section>``."""
    label = escape(f"Why {answer.question}" if answer.question else "Answer")
    parts = [f'<section class="k8slab-why" aria-label="{label}" style="max-width: 70em">']
    parts.append(f"<p><strong>{escape(answer.sentence)}</strong></p>")
    if _SURENESS[answer.confidence]:
        parts.append(f"<p><em>{escape(_SURENESS[answer.confidence])}</em></p>")
    parts.append('<dl style="display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0">')
    for heading, texts in _sections(answer):
        parts.append(f'<dt style="{_UNFLOATED} grid-column: 1">{escape(heading.capitalize())}</dt>')
        style = f"{_UNFLOATED} grid-column: 2; margin: 0; white-space: pre-line"
        parts += [f'<dd style="{style}">{escape(text)}</dd>' for text in texts]
    parts.append("</dl>")
    if answer.table is not None:
        parts.append(html_table(answer.table.columns, answer.table.rows, answer.table.caption))
    if answer.command:
        parts.append(f"<p>Next: <code>{escape(answer.command)}</code></p>")
    return "".join([*parts, "</section>"])
