"""Lists, pipelines, loops and the other compound commands: one function per kind of node."""

from collections.abc import Callable, Coroutine
from typing import Any

from k8slab.sim.kernel import Cancelled, Future
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import Input
from k8slab.sim.runtime.shell.arithmetic import ArithmeticError_, compute
from k8slab.sim.runtime.shell.ast import (
    AndOr,
    Arithmetic,
    Background,
    Case,
    Command,
    For,
    ForArithmetic,
    Function,
    If,
    Node,
    Pipeline,
    Script,
    Subshell,
    While,
    With,
)  # fmt: skip
from k8slab.sim.runtime.shell.expand import ExpansionError, expand_fields, expand_pattern, expand_text
from k8slab.sim.runtime.shell.interpreter import BUILTIN_COST, Break, Continue, Exit, Shell
from k8slab.sim.runtime.shell.redirect import redirected
from k8slab.sim.streams import Pipe

__all__ = ["RUNNERS"]


async def _script(shell: Shell, node: Script) -> int:
    """Run commands one after the other; with ``set -e`` up to the first that fails."""
    for command in node.commands:
        await shell.run(command)
        if shell.status and "e" in shell.options and not shell.tested and not _spared(command):
            raise Exit(shell.status)
    return shell.status if node.commands else 0


async def _test(shell: Shell, node: Node) -> int:
    """Run a command whose failure is an answer, not an error."""
    shell.tested += 1
    try:
        return await shell.run(node)
    finally:
        shell.tested -= 1


async def _pipeline(shell: Shell, node: Pipeline) -> int:
    """Run commands side by side, each reading what the one before writes."""
    if len(node.commands) == 1:
        return int(not await _test(shell, node.commands[0]))
    await shell.spend(BUILTIN_COST)
    stdin, processes, pipes = shell.streams[0], [], []
    for command in node.commands[:-1]:
        pipe = Pipe(shell.process.kernel)
        process = shell.start(command, {**shell.streams, 0: stdin, 1: _writer(pipe)})
        process.exited.add_done_callback(lambda _, ended=pipe: ended.close())  # type: ignore[misc]
        processes.append(process)
        pipes.append(pipe)
        stdin = Input(pipe=pipe)
    last = shell.start(node.commands[-1], {**shell.streams, 0: stdin})
    try:
        status = await last.exited
    except (Cancelled, Exception):
        for process in [*processes, last]:
            process.signal(9)
        raise
    for pipe in pipes:
        pipe.close()
    return int(not status) if node.negated else status


async def _and_or(shell: Shell, node: AndOr) -> int:
    """``&&`` and ``||``."""
    left = await _test(shell, node.left)
    return left if (left == 0) != (node.operator == "&&") else await shell.run(node.right)


async def _background(shell: Shell, node: Background) -> int:
    """``&``: its standard input is empty."""
    await shell.spend(BUILTIN_COST)
    process = shell.start(node.command, {**shell.streams, 0: Input()})
    shell.last_job = process.pid
    shell.jobs[process.pid] = process.exited
    return 0


async def _if(shell: Shell, node: If) -> int:
    """``if``."""
    for condition, body in node.branches:
        if condition is None or await _test(shell, condition) == 0:
            return await shell.run(body)
    return 0


async def _while(shell: Shell, node: While) -> int:
    """``while`` and ``until``."""
    status = 0
    while (await _test(shell, node.condition) == 0) != node.until:
        stop, status = await _round(shell, node.body)
        if stop:
            break
    return status


async def _for(shell: Shell, node: For) -> int:
    """``for name in words``."""
    words = shell.positional if node.words is None else [f for word in node.words for f in await expand_fields(shell, word)]
    status = 0
    for word in list(words):
        shell.variables[node.name] = word
        stop, status = await _round(shell, node.body)
        if stop:
            break
    return status


async def _for_arithmetic(shell: Shell, node: ForArithmetic) -> int:
    """``for ((a; b; c))``."""
    first, condition, step = node.parts
    status = 0
    await _compute(shell, first)
    while await _compute(shell, condition):
        stop, status = await _round(shell, node.body)
        if stop:
            break
        await _compute(shell, step)
    return status


async def _round(shell: Shell, body: Script) -> tuple[bool, int]:
    """Run a loop's body once; return whether the loop ends, and the status."""
    await shell.spend(BUILTIN_COST)
    try:
        return False, await shell.run(body)
    except Break as jump:
        if jump.levels > 1:
            raise type(jump)(jump.levels - 1) from None
        return not isinstance(jump, Continue), 0


async def _compute(shell: Shell, word: Any) -> int:
    try:
        return compute(await expand_text(shell, word), shell.variables)
    except ArithmeticError_ as error:
        raise ExpansionError(str(error)) from None


async def _case(shell: Shell, node: Case) -> int:
    """``case``."""
    from fnmatch import fnmatchcase

    word = await expand_text(shell, node.word)
    for patterns, body in node.items:
        for pattern in patterns:
            if fnmatchcase(word, await expand_pattern(shell, pattern)):
                return await shell.run(body)
    return 0


async def _function(shell: Shell, node: Function) -> int:
    """Define a function."""
    shell.functions[node.name] = node.body
    return 0


async def _arithmetic(shell: Shell, node: Arithmetic) -> int:
    """``(( ))``."""
    return int(await _compute(shell, node.expression) == 0)


async def _nested(shell: Shell, node: Subshell) -> int:
    """``( )``."""
    return await shell.subshell().finish(node.script)


async def _with(shell: Shell, node: With) -> int:
    """A compound command with redirections."""
    outer = shell.streams
    try:
        shell.streams = await redirected(shell, node.redirects)
    except FileError as error:
        shell.complain(str(error))
        return 1
    try:
        return await shell.run(node.command)
    finally:
        shell.streams = outer


def _spared(node: Node) -> bool:
    """Whether ``set -e`` looks away: the left sides of lists, negated pipelines."""
    return isinstance(node, AndOr) or (isinstance(node, Pipeline) and node.negated)


def _writer(pipe: Pipe) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        if pipe.closed:
            raise BrokenPipeError
        pipe.write(data)

    return write


RUNNERS: dict[type, Callable[[Shell, Any], Coroutine[Future[Any], None, int]]] = {
    Command: Shell.command,
    Script: _script,
    Pipeline: _pipeline,
    AndOr: _and_or,
    Background: _background,
    If: _if,
    While: _while,
    For: _for,
    ForArithmetic: _for_arithmetic,
    Case: _case,
    Function: _function,
    Arithmetic: _arithmetic,
    Subshell: _nested,
    With: _with,
}
