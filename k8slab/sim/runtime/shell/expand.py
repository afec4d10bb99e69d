"""From words to arguments: parameters, command substitution, arithmetic, field splitting, file names.

Upstream: POSIX.1, Shell Command Language, 2.6 Word Expansions.
"""

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from k8slab.sim.runtime.shell.arithmetic import ArithmeticError_, compute
from k8slab.sim.runtime.shell.ast import Expansion, Literal_, Part, Substitution, Value, Word

if TYPE_CHECKING:
    from k8slab.sim.runtime.shell.interpreter import Shell

__all__ = ["ExpansionError", "expand_fields", "expand_pattern", "expand_text"]

#: A piece of a field, and whether it was quoted (then it is neither split nor a file name pattern).
Piece = tuple[str, bool]


class ExpansionError(Exception):
    """A word cannot be expanded; the shell ends with this text."""


async def expand_fields(shell: "Shell", word: Word) -> list[str]:
    """Return the arguments a word becomes: none, one or several."""
    fields: list[list[Piece]] = [[]]
    for part in word:
        if isinstance(part, Expansion) and part.name in ("@", "*") and not part.operator:
            _add_positional(shell, part, fields)
        elif isinstance(part, Literal_):
            fields[-1].append((_tilde(shell, part, not fields[-1]), part.quoted))
        elif part.quoted:
            fields[-1].append((await _value(shell, part), True))
        else:
            _add_split(fields, await _value(shell, part), shell.variables.get("IFS", " \t\n"))
    return [name for field in fields if field for name in _names(shell, field)]


async def expand_text(shell: "Shell", word: Word) -> str:
    """Return a word as one string, neither split nor matched against files."""
    texts = []
    for i, part in enumerate(word):
        texts.append(_tilde(shell, part, i == 0) if isinstance(part, Literal_) else await _value(shell, part))
    return "".join(texts)


async def expand_pattern(shell: "Shell", word: Word) -> str:
    """Return a word as a pattern, in which what was quoted stands for itself."""
    texts = []
    for part in word:
        text = part.text if isinstance(part, Literal_) else await _value(shell, part)
        texts.append(_escape(text) if part.quoted else text)
    return "".join(texts)


def _escape(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _tilde(shell: "Shell", part: Literal_, first: bool) -> str:
    if first and not part.quoted and re.match(r"~(/|$)", part.text):
        return shell.variables.get("HOME", "/") + part.text[1:]
    return part.text


def _add_positional(shell: "Shell", part: Expansion, fields: list[list[Piece]]) -> None:
    values = shell.positional
    if part.quoted and part.name == "*":
        fields[-1].append((" ".join(values), True))
        return
    for i, value in enumerate(values):
        if i:
            fields.append([])
        if part.quoted:
            fields[-1].append((value, True))
        else:
            _add_split(fields, value, " \t\n")


def _add_split(fields: list[list[Piece]], text: str, separators: str) -> None:
    if not separators:
        fields[-1].append((text, False))
        return
    parts = re.split(f"[{re.escape(separators)}]+", text)
    for i, part in enumerate(parts):
        if i and fields[-1]:
            fields.append([])
        if part:
            fields[-1].append((part, False))


def _names(shell: "Shell", field: list[Piece]) -> list[str]:
    """Return the file names a field matches, or its text."""
    text = "".join(piece for piece, _ in field)
    if not any(not quoted and any(c in piece for c in "*?[") for piece, quoted in field) or "f" in shell.options:
        return [text]
    pattern = "".join(_escape(piece) if quoted else piece for piece, quoted in field)
    return shell.process.files.glob(pattern, shell.process.cwd) or [text]


async def _value(shell: "Shell", part: Part) -> str:
    if isinstance(part, Literal_):
        return part.text
    if isinstance(part, Substitution):
        return await shell.substitute(part.script)
    if isinstance(part, Value):
        try:
            return str(compute(await expand_text(shell, part.expression), shell.variables))
        except ArithmeticError_ as error:
            raise ExpansionError(str(error)) from None
    return await _parameter(shell, part)


async def _parameter(shell: "Shell", part: Expansion) -> str:
    value = shell.parameter(part.name)
    operator = part.operator
    if operator == "length":
        return str(len(value or "")) if part.name not in ("@", "*") else str(len(shell.positional))
    if not operator:
        if value is None and "u" in shell.options:
            raise ExpansionError(f"{part.name}: parameter not set")
        return value or ""
    if operator[-1] in "-=?+":
        return await _conditional(shell, part, value)
    assert part.argument is not None
    if operator == ":":
        return _slice(value or "", await expand_text(shell, part.argument), shell)
    if operator[0] == "/":
        return _replace(value or "", await expand_text(shell, part.argument), operator == "//")
    return _trim(value or "", await expand_pattern(shell, part.argument), operator)


async def _conditional(shell: "Shell", part: Expansion, value: str | None) -> str:
    present = value is not None and (value != "" or part.operator[0] != ":")
    action, argument = part.operator[-1], part.argument or ()
    if action == "+":
        return await expand_text(shell, argument) if present else ""
    if present:
        return value or ""
    text = await expand_text(shell, argument)
    if action == "?":
        raise ExpansionError(f"{part.name}: {text or 'parameter not set'}")
    if action == "=":
        shell.variables[part.name] = text
    return text


def _slice(value: str, argument: str, shell: "Shell") -> str:
    offset, _, length = argument.partition(":")
    start = compute(offset, shell.variables)
    start = start if start >= 0 else max(0, len(value) + start)
    return value[start : start + compute(length, shell.variables)] if length else value[start:]


def _replace(value: str, argument: str, everywhere: bool) -> str:
    old, _, new = argument.partition("/")
    return value.replace(old, new) if everywhere else value.replace(old, new, 1)


def _trim(value: str, pattern: str, operator: str) -> str:
    """Remove the shortest (or longest) match from the beginning (#) or the end (%)."""
    cuts = range(len(value) + 1)
    if operator[0] == "#":
        order = cuts if operator == "#" else reversed(cuts)
        return next((value[i:] for i in order if fnmatchcase(value[:i], pattern)), value)
    order = reversed(cuts) if operator == "%" else cuts
    return next((value[:i] for i in order if fnmatchcase(value[i:], pattern)), value)
