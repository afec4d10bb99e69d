"""From text to `ast`, by way of tree-sitter's grammar for bash.

tree-sitter gives a concrete syntax tree; here it becomes the small tree the interpreter walks. What the interpreter does not
have (arrays, process substitution, coprocesses) is a syntax error that says so.
"""

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
    Pipeline,
    Redirect,
    Script,
    Subshell,
    While,
    With,
    Word,
)  # fmt: skip
from k8slab.sim.runtime.shell.grammar import ShellSyntaxError, text_of, tree_of
from k8slab.sim.runtime.shell.words import double_quoted, quote, word_of

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

__all__ = ["parse", "script_of"]

_WORDS = {
    "word", "number", "string", "raw_string", "ansi_c_string", "simple_expansion", "expansion", "command_substitution",
    "arithmetic_expansion", "concatenation", "extglob_pattern", "regex", "brace_expression", "test_operator", "variable_name",
    "translated_string", "special_variable_name",
}  # fmt: skip


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
    return script_of(tree_of(text).children)


def script_of(nodes: "list[Tree]") -> Script:
    """Return the commands among some nodes."""
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
        raise ShellSyntaxError(f'syntax error: "{text_of(node).splitlines()[0][:40]}" is not supported by this shell')
    return builder(node)  # type: ignore[no-any-return]


def _simple(node: "Tree") -> Node:
    assignments, words, redirects = [], [], []
    for child in node.children:
        if child.type == "variable_assignment":
            assignments.append(_assignment(child))
        elif child.type == "command_name":
            words.append(word_of(child.children[0]) if child.children else (Literal_(text_of(child), False),))
        elif child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
            redirects += _redirect(child)
        else:
            words.append(word_of(child))
    return Command(tuple(assignments), tuple(words), tuple(redirects))


def _assignment(node: "Tree") -> tuple[str, Word]:
    name, *rest = node.children
    if name.type != "variable_name" or any(c.type == "array" for c in rest):
        raise ShellSyntaxError("syntax error: arrays are not supported by this shell")
    value: Word = word_of(rest[-1]) if len(rest) > 1 else ()
    if rest[0].type == "+=":
        value = (Expansion(text_of(name), True), *value)
    return text_of(name), value


def _declaration(node: "Tree") -> Node:
    words: list[Word] = []
    for child in node.children:
        if child.type == "variable_assignment":
            name, value = _assignment(child)
            words.append((Literal_(f"{name}=", True), *(quote(part) for part in value)))
        else:
            words.append(word_of(child))
    return Command(words=tuple(words))


def _test(node: "Tree") -> Node:
    words: list[Word] = []

    def collect(child: "Tree") -> None:
        if child.type in _WORDS or not child.is_named:
            words.append(word_of(child))
        else:
            for grandchild in child.children:
                collect(grandchild)

    for child in node.children:
        collect(child)
    return Command(words=tuple(words))


def _pipeline(node: "Tree") -> Node:
    commands = [_command(c) for c in node.children if c.is_named and c.type != "comment"]
    first, negated = commands[0], False
    if isinstance(first, Pipeline) and first.negated:
        commands[0], negated = first.commands[0], True
    return Pipeline(tuple(commands), negated)


def _negated(node: "Tree") -> Node:
    return Pipeline((_command(node.children[-1]),), negated=True)


def _list(node: "Tree") -> Node:
    left, operator, right = (c for c in node.children if c.type != "comment")
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
        return [Redirect("<<<", word_of(node.children[-1]))]
    if node.type == "heredoc_redirect":
        return [_heredoc(node), *(r for c in node.children if c.type == "file_redirect" for r in _redirect(c))]
    fd = next((int(text_of(c)) for c in node.children if c.type == "file_descriptor"), None)
    operator = next(c.type for c in node.children if not c.is_named)
    return [Redirect(operator, word_of(node.children[-1]), fd)]


def _heredoc(node: "Tree") -> Redirect:
    start = next(text_of(c) for c in node.children if c.type == "heredoc_start")
    body = next((text_of(c) for c in node.children if c.type == "heredoc_body"), "")
    if node.children[0].type == "<<-":
        body = "".join(line.lstrip("\t") for line in body.splitlines(True))
    if start[0] in "'\"\\":
        return Redirect("<<", (Literal_(body, True),))
    return Redirect("<<", double_quoted(body))


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
    condition, body = (script_of(nodes) for _, nodes in _split_at(own, {"if", "then", "fi"})[:2])
    branches.append((condition, body))
    for clause in node.children:
        if clause.type == "elif_clause":
            condition, body = (script_of(nodes) for _, nodes in _split_at(clause.children, {"elif", "then"}))
            branches.append((condition, body))
        elif clause.type == "else_clause":
            branches.append((None, script_of(clause.children[1:])))
    return If(tuple(branches))


def _body(node: "Tree") -> Script:
    return script_of(node.children[1:-1])


def _while(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    condition = [c for c in node.children[1:] if c.id != body.id]
    return While(script_of(condition), _body(body), until=node.children[0].type == "until")


def _for(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    name = next(text_of(c) for c in node.children if c.type == "variable_name")
    pieces = _split_at([c for c in node.children if c.id != body.id], {"in"})
    words = tuple(word_of(c) for c in pieces[0][1] if c.is_named) if pieces else None
    return For(name, words, _body(body))


def _c_for(node: "Tree") -> Node:
    body = node.child_by_field_name("body")
    assert body is not None
    header = text_of(node)[: body.start_byte - node.start_byte]
    inner = header[header.index("((") + 2 : header.rindex("))")]
    first, condition, step = inner.split(";")
    return ForArithmetic((double_quoted(first), double_quoted(condition), double_quoted(step)), _body(body))


def _case(node: "Tree") -> Node:
    word = node.child_by_field_name("value")
    assert word is not None
    return Case(word_of(word), tuple(_case_item(c) for c in node.children if c.type == "case_item"))


def _case_item(node: "Tree") -> tuple[tuple[Word, ...], Script]:
    close = next(i for i, c in enumerate(node.children) if c.type == ")")
    patterns = tuple(word_of(c) for c in node.children[:close] if c.is_named)
    return patterns, script_of([c for c in node.children[close + 1 :] if c.type not in (";;", ";&", ";;&")])


def _function(node: "Tree") -> Node:
    body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
    assert body is not None
    assert name is not None
    return Function(text_of(name), _command(body))


def _group(node: "Tree") -> Node:
    if node.children[0].type == "((":
        return Arithmetic(double_quoted(text_of(node)[2:-2]))
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
