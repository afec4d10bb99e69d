"""Words of a script: from syntax tree nodes to parts that know whether they were quoted."""

import re
from typing import TYPE_CHECKING

from k8slab.sim.runtime.shell.ast import Expansion, Literal_, Part, Substitution, Value, Word
from k8slab.sim.runtime.shell.grammar import ShellSyntaxError, text_of, tree_of

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

__all__ = ["double_quoted", "quote", "word_of"]

_EXPANSION = re.compile(r"([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(:?[-=?+]|##?|%%?|//?|:)?(.*)", re.DOTALL)


def quote(part: Part) -> Part:
    """Return a part as if quoted: an assignment's value is not split."""
    return type(part)(**{**part.__dict__, "quoted": True})


def word_of(node: "Tree", quoted: bool = False) -> Word:
    """Return the parts of a word."""
    match node.type:
        case "word" | "extglob_pattern" | "regex" | "number" | "test_operator" | "variable_name":
            return _unescaped(text_of(node), quoted) if not node.children else _concatenated(node)
        case "raw_string":
            return (Literal_(text_of(node)[1:-1], True),)
        case "ansi_c_string":
            return (Literal_(_c_escapes(text_of(node)[2:-1]), True),)
        case "string" | "translated_string":
            return _string(node)
        case "concatenation":
            return _concatenated(node)
        case "simple_expansion":
            return (Expansion(text_of(node).lstrip()[1:], quoted),)
        case "expansion":
            return (_expansion(text_of(node).lstrip()[2:-1], quoted),)
        case "command_substitution":
            return (_substitution(node, quoted),)
        case "arithmetic_expansion":
            text = text_of(node).lstrip()
            inner = text[3:-2] if text.startswith("$((") else text[2:-1]
            return (Value(double_quoted(inner), quoted),)
        case "process_substitution" | "array" | "subscript":
            raise ShellSyntaxError(f'syntax error: "{text_of(node)[:40]}" is not supported by this shell')
        case _:
            return (Literal_(text_of(node), quoted),)


def _concatenated(node: "Tree") -> Word:
    return tuple(part for child in node.children for part in word_of(child))


def _unescaped(text: str, quoted: bool) -> Word:
    """Take the backslashes out of an unquoted word; what they protected counts as quoted."""
    if "\\" not in text:
        return (Literal_(text, quoted),)
    parts: list[Part] = []
    for match in re.finditer(r"\\(\n?)(.?)|([^\\]+)", text, re.DOTALL):
        if match[3] is not None:
            parts.append(Literal_(match[3], quoted))
        elif not match[1]:
            parts.append(Literal_(match[2], True))
        elif match[2]:
            parts.append(Literal_(match[2], quoted))
    return tuple(parts)


def _string(node: "Tree") -> Word:
    """Read a double-quoted string.

    White space before an expansion counts as part of it, or of nothing; so the text between expansions is taken from the source.
    """
    raw = node.text or b""
    parts: list[Part] = []
    opening = raw.index(b'"') + 1
    position = node.start_byte + opening
    end = node.end_byte - 1
    for child in node.children:
        if child.start_byte < position or child.end_byte > end or child.type in ("string_content", '"', '$"', "$"):
            continue
        blank = len(child.text or b"") - len((child.text or b"").lstrip())
        parts += _quoted_text(raw[position - node.start_byte : child.start_byte + blank - node.start_byte])
        parts += word_of(child, quoted=True)
        position = child.end_byte
    parts += _quoted_text(raw[position - node.start_byte : end - node.start_byte])
    return tuple(parts) or (Literal_("", True),)


def _quoted_text(raw: bytes) -> list[Part]:
    text = re.sub(r'\\([$`"\\]|\n)', lambda m: "" if m[1] == "\n" else m[1], raw.decode("utf-8", "surrogateescape"))
    return [Literal_(text, True)] if text else []


def double_quoted(text: str) -> Word:
    """Read text as if it stood in double quotes (a here-document, an arithmetic expression)."""
    command = tree_of(f'echo "{_protected(text)}"').children[0]
    return word_of(command.children[-1])


def _protected(text: str) -> str:
    """Put a backslash before the double quotes of a text, but not before those inside a command substitution."""
    result, depth, backquoted, escaped = [], 0, False, False
    for i, char in enumerate(text):
        if not escaped:
            if char == "(" and (depth or text[i - 1 : i] == "$"):
                depth += 1
            elif char == ")" and depth:
                depth -= 1
            elif char == "`":
                backquoted = not backquoted
        bare = char == '"' and not depth and not backquoted and not escaped
        result.append('\\"' if bare else char)
        escaped = char == "\\" and not escaped
    return "".join(result)


def _expansion(inner: str, quoted: bool) -> Expansion:
    if inner.startswith("#") and len(inner) > 1:
        return Expansion(inner[1:], quoted, "length")
    match = _EXPANSION.fullmatch(inner)
    if match is None or (match[3] and not match[2]):
        raise ShellSyntaxError("syntax error: bad substitution")
    name, operator, argument = match.groups()
    if not operator:
        return Expansion(name, quoted)
    bare = argument[1:-1] if len(argument) > 1 and argument[0] == argument[-1] and argument[0] in "'\"" else argument
    text = double_quoted(bare)
    if operator[0] in "#%" and bare == argument:
        text = tuple(Literal_(part.text, False) if isinstance(part, Literal_) else part for part in text)
    return Expansion(name, quoted, operator, text)


def _substitution(node: "Tree", quoted: bool) -> Part:
    from k8slab.sim.runtime.shell.parse import parse, script_of

    text = text_of(node).lstrip()
    if text.startswith("`"):
        return Substitution(parse(re.sub(r"\\([$`\\])", r"\1", text[1:-1])), quoted)
    return Substitution(script_of(node.children[1:-1]), quoted)


def _c_escapes(text: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "e": "\x1b"}
    return re.sub(r"\\(.)", lambda m: simple.get(m[1], m[0]), text, flags=re.DOTALL)
