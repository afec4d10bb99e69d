"""tree-sitter's grammar for bash, loaded when the first script runs: text in, concrete syntax tree out."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

__all__ = ["ShellSyntaxError", "text_of", "tree_of"]

_NAME = re.compile(rb"[A-Za-z_]\w*")


class ShellSyntaxError(Exception):
    """The script cannot be read; the text is what ash says after ``sh: ``."""


@lru_cache(maxsize=1)
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def tree_of(text: str) -> "Tree":
    """Return the syntax tree of a script.

    Raises
    ------
    ShellSyntaxError
        If it has errors.
    """
    source = text.encode("utf-8", "surrogateescape")
    root: Tree = _parser().parse(source).root_node
    while (name := _cut_expansion(root, source)) is not None:
        source = b"%s{%s}%s" % (source[: name.start()], name[0], source[name.end() :])
        root = _parser().parse(source).root_node
    if root.has_error:
        raise ShellSyntaxError(_describe_error(root))
    return root


def _cut_expansion(root: "Tree", source: bytes) -> "re.Match[bytes] | None":
    """Return the name of a variable that the grammar cut off its dollar sign, as it does in ``$A:$B/c``; None if it is fine."""
    pending = [root]
    while pending:
        node = pending.pop()
        pending += node.children
        if node.type == "concatenation" and node.children[-1].type == "$":
            name = _NAME.match(source, node.end_byte)
            if name is not None:
                return name
    return None


def _describe_error(node: "Tree") -> str:
    pending = [node]
    while pending:
        found = pending.pop(0)
        if found.is_missing:
            return f'syntax error: unexpected end of file (expecting "{found.type}")'
        if found.type == "ERROR":
            text = text_of(found).strip().splitlines()
            return f'syntax error: unexpected "{text[0][:40]}"' if text else "syntax error: unexpected end of file"
        pending += found.children
    return "syntax error"


def text_of(node: "Tree") -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode("utf-8", "surrogateescape")
