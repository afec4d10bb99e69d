"""What a lab says: prose in lines for a terminal and in paragraphs for a notebook, and a word while it waits.

JupyterLab breaks plain text in the middle of words, so whole sentences are shown as HTML, too.
"""

import html
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from k8slab.client.clock import Tick

__all__ = ["Program", "Told", "Words", "patience", "said_while_waiting"]

_SILENCE = 2.0  # seconds of waiting without a word


class Program(str):
    """A paragraph that is code."""

    __slots__ = ()


class Told(str):
    """A sentence that a cell shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the sentence."""
        return str(self)


class Words:
    """Some paragraphs."""

    def __init__(self, *paragraphs: str) -> None:
        self._paragraphs = paragraphs

    def __repr__(self) -> str:
        """Return the paragraphs; code stands by itself."""
        parts = [f"\n{p}\n" if isinstance(p, Program) else p for p in self._paragraphs]
        return "\n".join(parts).strip("\n")

    def _repr_html_(self) -> str:
        parts = "".join(_paragraph(p) for p in self._paragraphs)
        return f'<div style="max-width: 70em">{parts}</div>'


def _paragraph(text: str) -> str:
    if isinstance(text, Program):
        return f'<pre style="overflow-x: auto; white-space: pre">{html.escape(text)}</pre>'
    return f"<p>{html.escape(text)}</p>"


def said_while_waiting(clock: Callable[[], float], show: Callable[[str], None], words: str) -> Tick:
    """Return what is called while time passes: after two silent seconds it tells, once a second, how much is left.

    >>> times, said = iter([0.0, 1.0, 3.0, 3.5, 4.1]), []
    >>> tick = said_while_waiting(lambda: next(times), said.append, "time passes: {} s to go")
    >>> for left in (30, 28, 27.5, 26.9):
    ...     tick(left)
    >>> said
    ['time passes: 28 s to go', 'time passes: 27 s to go']
    """
    due = clock() + _SILENCE

    def tick(left: float) -> None:
        nonlocal due
        now = clock()
        if now >= due:
            due = now + 1
            show(words.format(round(left)))

    return tick


@contextmanager
def patience(words: str) -> Iterator[Tick | None]:
    """Yield what says so while a cell waits on a clock that runs by itself; nothing of it stays. ``{}`` is the time left.

    Only a notebook can show it: elsewhere there is nothing to call, nor where a test has set ``$K8SLAB_PATIENCE``.
    """
    if getattr(get_ipython(), "kernel", None) is None or os.environ.get("K8SLAB_PATIENCE"):
        yield None
        return
    handle: Any = None

    def show(text: str) -> None:
        nonlocal handle
        said = {"text/plain": text, "text/html": f"<em>{html.escape(text)}</em>"}
        if handle is None:
            handle = display(said, raw=True, display_id=True)
        else:
            handle.update(said, raw=True)

    try:
        yield said_while_waiting(time.monotonic, show, words)
    finally:
        if handle is not None:
            handle.update({"text/plain": "", "text/html": ""}, raw=True)
