"""The two copies of a lab's notebook, made from the same cells: one for learners, one with the solutions."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from k8slab.errors import K8slabError
from k8slab.lessons.exercise import LabContent
from k8slab.lessons.writing.markdown import Block

__all__ = ["Cell", "as_json", "learner_copy", "plain_cells", "solved_copy"]

_IGNORE = "nbval-ignore-output"
_CHECK = re.compile(r'lab\.check\("(.+)"\)')
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: Markdown or code, with its tags."""

    kind: str
    source: str
    tags: tuple[str, ...] = ()


def plain_cells(blocks: Iterable[Block]) -> list[Cell]:
    """Return the cells of a source that has nothing but text and code.

    Raises
    ------
    K8slabError
        If it has another block.
    """
    return list(_plain(blocks))


def _plain(blocks: Iterable[Block]) -> Iterator[Cell]:
    for block in blocks:
        if block.kind == "text":
            yield Cell("markdown", block.body)
        elif block.kind == "code-cell":
            yield Cell("code", block.body, block.tags)
        elif block.kind != "header":
            raise block.place.error(f"unknown block {{{block.kind}}}; here are text and {{code-cell}} only")


def learner_copy(cells: Sequence[Cell]) -> list[Cell]:
    """Return what a learner opens: exercises empty; without outputs, so nbval has nothing to compare."""
    return [
        replace(cell, tags=(*cell.tags, _IGNORE)) if cell.kind == "code" and _IGNORE not in cell.tags else cell for cell in cells
    ]


def solved_copy(cells: Sequence[Cell], content: LabContent) -> list[Cell]:
    """Return the cells with the solution of each exercise in its cell; the check comes next and names it."""
    code = [cell for cell in cells if cell.kind == "code"]
    following = {id(cell): after.source for cell, after in pairwise(code)}
    return [_solved(cell, following.get(id(cell), ""), content) if "exercise" in cell.tags else cell for cell in cells]


def _solved(cell: Cell, following: str, content: LabContent) -> Cell:
    check = _CHECK.fullmatch(following)
    if check is None:
        raise K8slabError(f"Lab {content.id}: an exercise cell is followed by its check, not by {following!r}")
    return replace(cell, source=content.exercise(check[1]).solution.strip("\n"))


def as_json(cells: Iterable[Cell]) -> str:
    """Return the text of a notebook, without outputs, as nbformat would write it; cells are numbered, not named by chance."""
    notebook = {
        "cells": [_cell(number, cell) for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(number: int, cell: Cell) -> dict[str, object]:
    common: dict[str, object] = {
        "cell_type": cell.kind,
        "id": f"cell-{number:03}",
        "metadata": {"tags": list(cell.tags)} if cell.tags else {},
        "source": cell.source.splitlines(keepends=True),
    }
    return {**common, "outputs": [], "execution_count": None} if cell.kind == "code" else common
