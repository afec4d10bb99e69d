"""What a parsed script is made of.

A word is a list of parts; each part knows whether it was quoted, because only unquoted expansions are split and globbed.
"""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "AndOr",
    "Arithmetic",
    "Background",
    "Case",
    "Command",
    "Expansion",
    "For",
    "ForArithmetic",
    "Function",
    "If",
    "Literal_",
    "Node",
    "Part",
    "Pipeline",
    "Redirect",
    "Script",
    "Subshell",
    "Substitution",
    "Value",
    "While",
    "With",
    "Word",
]  # fmt: skip


@dataclass(frozen=True)
class Literal_:  # noqa: N801 - "Literal" is typing's
    """Plain text."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Expansion:
    """``$name`` or ``${name...}``: ``operator`` is one of ``:- - := = :? ? :+ + # ## % %% / // : length`` or ""."""

    name: str
    quoted: bool
    operator: str = ""
    argument: "Word | None" = None


@dataclass(frozen=True)
class Substitution:
    """``$(commands)``."""

    script: "Script"
    quoted: bool


@dataclass(frozen=True)
class Value:
    """``$((expression))``; the expression is expanded as in double quotes, then computed."""

    expression: "Word"
    quoted: bool


Part = Literal_ | Expansion | Substitution | Value
Word = tuple[Part, ...]


@dataclass(frozen=True)
class Redirect:
    """``[fd]operator target``; operators: ``< > >> >& <& &> &>> << <<<`` (for the last two the target is the text)."""

    operator: str
    target: Word
    fd: int | None = None


@dataclass(frozen=True)
class Command:
    """A simple command, with assignments before it."""

    assignments: tuple[tuple[str, Word], ...] = ()
    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """``a | b``, perhaps negated."""

    commands: tuple["Node", ...]
    negated: bool = False


@dataclass(frozen=True)
class AndOr:
    """``left && right`` or ``left || right``."""

    operator: Literal["&&", "||"]
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Background:
    """``command &``."""

    command: "Node"


@dataclass(frozen=True)
class If:
    """Branches of (condition, body); the last condition is None for ``else``."""

    branches: tuple[tuple["Script | None", "Script"], ...]


@dataclass(frozen=True)
class While:
    """``while`` or, inverted, ``until``."""

    condition: "Script"
    body: "Script"
    until: bool


@dataclass(frozen=True)
class For:
    """``for name in words``; no words means the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: "Script"


@dataclass(frozen=True)
class ForArithmetic:
    """``for ((first; condition; step))``."""

    parts: tuple[Word, Word, Word]
    body: "Script"


@dataclass(frozen=True)
class Case:
    """``case word in``: (patterns, body) in order."""

    word: Word
    items: tuple[tuple[tuple[Word, ...], "Script"], ...]


@dataclass(frozen=True)
class Function:
    """``name() body``."""

    name: str
    body: "Node"


@dataclass(frozen=True)
class Arithmetic:
    """``((expression))`` as a command."""

    expression: Word


@dataclass(frozen=True)
class Subshell:
    """``( commands )``."""

    script: "Script"


@dataclass(frozen=True)
class With:
    """A compound command with redirections."""

    command: "Node"
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Script:
    """Commands one after the other; also ``{ ...; }``."""

    commands: tuple["Node", ...] = field(default=())


Node = (
    Command
    | Pipeline
    | AndOr
    | Background
    | If
    | While
    | For
    | ForArithmetic
    | Case
    | Function
    | Arithmetic
    | Subshell
    | With
    | Script
)
