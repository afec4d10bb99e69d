"""From text to `ast`, by way of tree-sitter's grammar for bash.

tree-sitter gives a concrete syntax tree; here it becomes the small tree the interpreter walks. What the interpreter does not
have (arrays, process substitution, coprocesses) is a syntax error that says so.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from k8slab.sim.runtime.shell.ast import (
    AndOr,
    Arithmetic,
    Background,
    Case,
    Command,
    Expansion,
    For,
    ForArithmetic,
    Function,
    If,
    Literal_,
    Node,
    Part,
    Pipeline,
    Redirect,
    Script,
    Subshell,
    Substitution,
    Value,
    While,
    With,
    Word,
)  # fmt: skip

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

__all__ = ["ShellSyntaxError", "parse"]

_EXPANSION = re.compile(r"([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(:?[-=?+]|##?|%%?|//?|:)?(.*)", re.DOTALL)
_WORDS = {
    "word", "number", "string", "raw_string", "ansi_c_string", "simple_expansion", "expansion", "command_substitution",
    "arithmetic_expansion", "concatenation", "extglob_pattern", "regex", "brace_expression", "test_operator", "variable_name",
    "translated_string", "special_variable_name",
}  # fmt: skip


class ShellSyntaxError(Exception):
    """The script cannot be read; the text is what ash says after ``sh: ``."""


@lru_cache(maxsize=1)
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@lru_cache(maxsize=512)
def parse(text: str) -> Script:
    """Return the tree of a script.

    Raises
    ------
    ShellSyntaxError
        If it is not a script, or uses what this shell does not have.

    Examples
    --------
    >>> parse("echo hi").commands[0].words[0][0].text
    'echo'
    """
    root = _parser().parse(text.encode("utf-8", "surrogateescape")).root_node
    if root.has_error:
        raise ShellSyntaxError(_describe_error(root))
    return _script(root.children)


def _describe_error(node: "Tree") -> str:
    pending = [node]
    while pending:
        found = pending.pop(0)
        if found.is_missing:
            return f'syntax error: unexpected end of file (expecting "{found.type}")'
        if found.type == "ERROR":
            text = _text(found).strip().splitlines()
            return f'syntax error: unexpected "{text[0][:40]}"' if text else "syntax error: unexpected end of file"
        pending += found.children
    return "syntax error"


def _text(node: "Tree") -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")


# --- commands ---


def _script(nodes: "list[Tree]") -> Script:
    commands: list[Node] = []
    for node in nodes:
        if node.type == "&" and commands:
            commands[-1] = _background(commands[-1])
        elif node.is_named and node.type not in ("comment", "heredoc_body"):
            commands.append(_command(node))
    return Script(tuple(commands))


def _background(command: Node) -> Node:
    return Background(command)


def _command(node: "Tree") -> Node:
    builder = _COMMANDS.get(node.type)
    if builder is None:
        raise ShellSyntaxError(f'syntax error: "{_text(node).splitlines()[0][:40]}" is not supported by this shell')
    return builder(node)  # type: ignore[no-any-return]


def _simple(node: "Tree") -> Node:
    assignments, words, redirects = [], [], []
    for child in node.children:
        if child.type == "variable_assignment":
            assignments.append(_assignment(child))
        elif child.type == "command_name":
            words.append(_word(child.children[0]) if child.children else (Literal_(_text(child), False),))
        elif child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
            redirects += _redirect(child)
        else:
            words.append(_word(child))
    return Command(tuple(assignments), tuple(words), tuple(redirects))


def _assignment(node: "Tree") -> tuple[str, Word]:
    name, *rest = node.children
    if name.type != "variable_name" or any(c.type == "array" for c in rest):
        raise ShellSyntaxError("syntax error: arrays are not supported by this shell")
    value: Word = _word(rest[-1]) if len(rest) > 1 else ()
    if rest[0].type == "+=":
        value = (Expansion(_text(name), True), *value)
    return _text(name), value


def _declaration(node: "Tree") -> Node:
    words: list[Word] = []
    for child in node.children:
        if child.type == "variable_assignment":
            name, value = _assignment(child)
            words.append((Literal_(f"{name}=", True), *(_quote(part) for part in value)))
        else:
            words.append(_word(child))
    return Command(words=tuple(words))


def _quote(part: Part) -> Part:
    """An assignment's value is not split."""
    return type(part)(**{**part.__dict__, "quoted": True})


def _test(node: "Tree") -> Node:
    words: list[Word] = []

    def collect(child: "Tree") -> None:
        if child.type in _WORDS or not child.is_named:
            words.append(_word(child))
        else:
            for grandchild in child.children:
                collect(grandchild)

    for child in node.children:
        collect(child)
    return Command(words=tuple(words))


def _pipeline(node: "Tree") -> Node:
    commands = [_command(c) for c in node.children if c.is_named]
    first, negated = commands[0], False
    if isinstance(first, Pipeline) and first.negated:
        commands[0], negated = first.commands[0], True
    return Pipeline(tuple(commands), negated)


def _negated(node: "Tree") -> Node:
    return Pipeline((_command(node.children[-1]),), negated=True)


def _list(node: "Tree") -> Node:
    left, operator, right = node.children
    return AndOr("&&" if operator.type == "&&" else "||", _command(left), _command(right))


def _redirected(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    redirects: list[Redirect] = []
    command: Node = _command(body) if body is not None else Command()
    for child in node.children:
        if body is None or child.id != body.id:
            command, more = _trailing(child, command)
            redirects += more
    return _attach(command, tuple(redirects))


def _trailing(node: "Tree", command: Node) -> tuple[Node, list[Redirect]]:
    """Read a redirect; what follows a here-document's start on its line (a pipe, &&) belongs to the command."""
    redirects = _redirect(node)
    if node.type == "heredoc_redirect":
        for child in node.children:
            if child.type == "pipeline":
                rest = [_command(c) for c in child.children if c.is_named]
                return Pipeline((_attach(command, tuple(redirects)), *rest)), []
            if child.type in ("&&", "||"):
                right = _command(node.children[node.children.index(child) + 1])
                return AndOr("&&" if child.type == "&&" else "||", _attach(command, tuple(redirects)), right), []
    return command, redirects


def _attach(command: Node, redirects: tuple[Redirect, ...]) -> Node:
    """Give redirections to the command they belong to: the last one of a pipeline or list, as the shell reads it."""
    if not redirects:
        return command
    if isinstance(command, Command):
        return Command(command.assignments, command.words, (*command.redirects, *redirects))
    if isinstance(command, Pipeline):
        return Pipeline((*command.commands[:-1], _attach(command.commands[-1], redirects)), command.negated)
    if isinstance(command, AndOr):
        return AndOr(command.operator, command.left, _attach(command.right, redirects))
    return With(command, redirects)


def _redirect(node: "Tree") -> list[Redirect]:
    if node.type == "herestring_redirect":
        return [Redirect("<<<", _word(node.children[-1]))]
    if node.type == "heredoc_redirect":
        return [_heredoc(node), *(r for c in node.children if c.type == "file_redirect" for r in _redirect(c))]
    fd = next((int(_text(c)) for c in node.children if c.type == "file_descriptor"), None)
    operator = next(c.type for c in node.children if not c.is_named)
    return [Redirect(operator, _word(node.children[-1]), fd)]


def _heredoc(node: "Tree") -> Redirect:
    start = next(_text(c) for c in node.children if c.type == "heredoc_start")
    body = next((_text(c) for c in node.children if c.type == "heredoc_body"), "")
    if node.children[0].type == "<<-":
        body = "".join(line.lstrip("\t") for line in body.splitlines(True))
    if start[0] in "'\"\\":
        return Redirect("<<", (Literal_(body, True),))
    return Redirect("<<", _double_quoted(body))


def _split_at(children: "list[Tree]", keywords: set[str]) -> "list[tuple[str, list[Tree]]]":
    """Cut a list of nodes into (keyword, nodes up to the next keyword)."""
    pieces: list[tuple[str, list[Tree]]] = []
    for child in children:
        if child.type in keywords and not child.is_named:
            pieces.append((child.type, []))
        elif pieces:
            pieces[-1][1].append(child)
    return pieces


def _if(node: "Tree") -> Node:
    branches: list[tuple[Script | None, Script]] = []
    own = [c for c in node.children if c.type not in ("elif_clause", "else_clause")]
    condition, body = (_script(nodes) for _, nodes in _split_at(own, {"if", "then", "fi"})[:2])
    branches.append((condition, body))
    for clause in node.children:
        if clause.type == "elif_clause":
            condition, body = (_script(nodes) for _, nodes in _split_at(clause.children, {"elif", "then"}))
            branches.append((condition, body))
        elif clause.type == "else_clause":
            branches.append((None, _script(clause.children[1:])))
    return If(tuple(branches))


def _body(node: "Tree") -> Script:
    return _script(node.children[1:-1])


def _while(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    condition = [c for c in node.children[1:] if c.id != body.id]
    return While(_script(condition), _body(body), until=node.children[0].type == "until")


def _for(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    name = next(_text(c) for c in node.children if c.type == "variable_name")
    pieces = _split_at([c for c in node.children if c.id != body.id], {"in"})
    words = tuple(_word(c) for c in pieces[0][1] if c.is_named) if pieces else None
    return For(name, words, _body(body))


def _c_for(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    header = _text(node)[: body.start_byte - node.start_byte]
    inner = header[header.index("((") + 2 : header.rindex("))")]
    first, condition, step = inner.split(";")
    return ForArithmetic((_double_quoted(first), _double_quoted(condition), _double_quoted(step)), _body(body))


def _case(node: "Tree") -> Node:
    word = node.child_by_field_name("value")
    assert word is not None
    return Case(_word(word), tuple(_case_item(c) for c in node.children if c.type == "case_item"))


def _case_item(node: "Tree") -> tuple[tuple[Word, ...], Script]:
    close = next(i for i, c in enumerate(node.children) if c.type == ")")
    patterns = tuple(_word(c) for c in node.children[:close] if c.is_named)
    return patterns, _script([c for c in node.children[close + 1 :] if c.type not in (";;", ";&", ";;&")])


def _function(node: "Tree") -> Node:
    body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
    assert body is not None
    assert name is not None
    return Function(_text(name), _command(body))


def _group(node: "Tree") -> Node:
    if node.children[0].type == "((":
        return Arithmetic(_double_quoted(_text(node)[2:-2]))
    return _body(node)


_COMMANDS: dict[str, Any] = {
    "command": _simple,
    "declaration_command": _declaration,
    "unset_command": _declaration,
    "test_command": _test,
    "variable_assignment": lambda n: Command((_assignment(n),)),
    "variable_assignments": lambda n: Command(tuple(_assignment(c) for c in n.children)),
    "pipeline": _pipeline,
    "negated_command": _negated,
    "list": _list,
    "redirected_statement": _redirected,
    "if_statement": _if,
    "while_statement": _while,
    "for_statement": _for,
    "c_style_for_statement": _c_for,
    "case_statement": _case,
    "function_definition": _function,
    "compound_statement": _group,
    "subshell": lambda n: Subshell(_body(n)),
}


# --- words ---


def _word(node: "Tree", quoted: bool = False) -> Word:
    match node.type:
        case "word" | "extglob_pattern" | "regex" | "number" | "test_operator" | "variable_name":
            return _unescaped(_text(node), quoted) if not node.children else _concatenated(node)
        case "raw_string":
            return (Literal_(_text(node)[1:-1], True),)
        case "ansi_c_string":
            return (Literal_(_c_escapes(_text(node)[2:-1]), True),)
        case "string" | "translated_string":
            return _string(node)
        case "concatenation":
            return _concatenated(node)
        case "simple_expansion":
            return (Expansion(_text(node).lstrip()[1:], quoted),)
        case "expansion":
            return (_expansion(_text(node).lstrip()[2:-1], quoted),)
        case "command_substitution":
            return (_substitution(node, quoted),)
        case "arithmetic_expansion":
            text = _text(node).lstrip()
            inner = text[3:-2] if text.startswith("$((") else text[2:-1]
            return (Value(_double_quoted(inner), quoted),)
        case "process_substitution" | "array" | "subscript":
            raise ShellSyntaxError(f'syntax error: "{_text(node)[:40]}" is not supported by this shell')
        case _:
            return (Literal_(_text(node), quoted),)


def _concatenated(node: "Tree") -> Word:
    return tuple(part for child in node.children for part in _word(child))


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
        parts += _word(child, quoted=True)
        position = child.end_byte
    parts += _quoted_text(raw[position - node.start_byte : end - node.start_byte])
    return tuple(parts) or (Literal_("", True),)


def _quoted_text(raw: bytes) -> list[Part]:
    text = re.sub(r'\\([$`"\\]|\n)', lambda m: "" if m[1] == "\n" else m[1], raw.decode("utf-8", "surrogateescape"))
    return [Literal_(text, True)] if text else []


def _double_quoted(text: str) -> Word:
    """Read text as if it stood in double quotes (a here-document, an arithmetic expression)."""
    root = _parser().parse(f'echo "{_protected(text)}"'.encode("utf-8", "surrogateescape")).root_node
    if root.has_error:
        raise ShellSyntaxError(_describe_error(root))
    command = root.children[0]
    return _word(command.children[-1])


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
    text = _double_quoted(bare)
    if operator[0] in "#%" and bare == argument:
        text = tuple(Literal_(part.text, False) if isinstance(part, Literal_) else part for part in text)
    return Expansion(name, quoted, operator, text)


def _substitution(node: "Tree", quoted: bool) -> Part:
    text = _text(node).lstrip()
    if text.startswith("`"):
        return Substitution(parse(re.sub(r"\\([$`\\])", r"\1", text[1:-1])), quoted)
    return Substitution(_script(node.children[1:-1]), quoted)


def _c_escapes(text: str) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "e": "\x1b"}
    return re.sub(r"\\(.)", lambda m: simple.get(m[1], m[0]), text, flags=re.DOTALL)
