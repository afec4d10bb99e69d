"""A Markdown file as blocks: a header of YAML, text, and directives (MyST), which are fenced blocks with a name in braces.

A line ``+++`` parts a text into two cells. What the blocks mean is decided elsewhere. Simpler than MyST: directives do not nest,
and ``:tags:`` is their only option.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8slab.errors import K8slabError

__all__ = ["Block", "Place", "read"]

_FENCE = re.compile(r"(`{3,}|~{3,})(?:\{([\w-]+)\})?[ \t]*(.*?)[ \t]*$")
_TAGS = re.compile(r":tags:[ \t]*\[(.*)\][ \t]*$")


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def error(self, text: str) -> K8slabError:
        """Return an error that says where it is."""
        return K8slabError(f"{self.file}, line {self.line}: {text}")

    def below(self, lines: int) -> "Place":
        """Return the place so many lines further down."""
        return Place(self.file, self.line + lines)


@dataclass(frozen=True)
class Block:
    """A part of the file.

    Attributes
    ----------
    kind
        The directive's name; "text" for what is between directives, "header" for the header.
    argument
        What stands behind the name.
    body
        The text, without empty lines around it.
    place
        Where the body begins.
    tags
        The directive's tags.
    """

    kind: str
    argument: str
    body: str
    place: Place
    tags: tuple[str, ...] = ()


def read(path: Path) -> list[Block]:
    """Return the blocks of a file.

    Raises
    ------
    K8slabError
        If it cannot be read, or a fence is not closed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise K8slabError(f'"{path}" cannot be read: {getattr(error, "strerror", None) or "it is no UTF-8 text"}') from error
    return list(blocks(text, path.name))


def blocks(text: str, file: str) -> Iterator[Block]:
    """Yield the blocks of a text.

    Examples
    --------
    >>> for block in blocks("# A lab\\n\\n```{code-cell} ipython3\\n:tags: [setup]\\n\\n1 + 1\\n```\\n", "lab.md"):
    ...     print(block.kind, block.tags, repr(block.body), block.place.line)
    text () '# A lab' 1
    code-cell ('setup',) '1 + 1' 6
    """
    lines = text.splitlines()
    at = 0
    if lines[:1] == ["---"]:
        at = _closing(lines, 0, "---", Place(file, 1), "the header") + 1
        yield _block("header", "", lines[1 : at - 1], Place(file, 2))
    begun = at
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            at += 1
            continue
        end = _closing(lines, at, fence[1], Place(file, at + 1), f"the block {fence[2] or fence[1]}")
        if fence[2]:
            yield from _text(lines[begun:at], Place(file, begun + 1))
            yield _block(fence[2], fence[3], lines[at + 1 : end], Place(file, at + 2))
            begun = end + 1
        at = end + 1
    yield from _text(lines[begun:], Place(file, begun + 1))


def _closing(lines: list[str], at: int, fence: str, place: Place, what: str) -> int:
    for number in range(at + 1, len(lines)):
        if lines[number].rstrip() == fence:
            return number
        if lines[number].startswith(f"{fence}{{"):
            break
    raise place.error(f"{what} begins here and is not closed by {fence}")


def _text(lines: list[str], place: Place) -> Iterator[Block]:
    """Yield a text, in pieces if lines of ``+++`` part it."""
    while "+++" in lines:
        cut = lines.index("+++")
        yield from _text(lines[:cut], place)
        lines, place = lines[cut + 1 :], place.below(cut + 1)
    if any(line.strip() for line in lines):
        yield _block("text", "", lines, place)


def _block(kind: str, argument: str, lines: list[str], place: Place) -> Block:
    tags: tuple[str, ...] = ()
    if kind not in ("text", "header") and lines and (found := _TAGS.match(lines[0])):
        tags = tuple(tag.strip() for tag in found[1].split(","))
        lines, place = lines[1:], place.below(1)
    while lines and not lines[0].strip():
        lines, place = lines[1:], place.below(1)
    return Block(kind, argument, "\n".join(lines).rstrip(), place, tags)
