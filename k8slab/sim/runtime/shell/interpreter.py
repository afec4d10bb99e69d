"""Runs a parsed script as a kernel coroutine.

A small POSIX shell: what the labs' scripts, probes and hooks need. Each command costs simulated CPU time, and whoever used up
50 ms of it sleeps for as long, so that a busy loop neither hangs the simulation nor heats the host.
Simplified: no job control, no aliases, no arrays; all parts of a pipeline run in subshells.
"""

from collections.abc import Callable
from typing import Any

from k8slab.sim.kernel import Cancelled, Future
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.lookup import find_program
from k8slab.sim.runtime.process import SIGNALS, BadUsage, Input, Process
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
from k8slab.sim.runtime.shell.parse import ShellSyntaxError, parse
from k8slab.sim.runtime.shell.redirect import Streams, redirected
from k8slab.sim.streams import Pipe

__all__ = ["Break", "Continue", "Exit", "Return", "Shell"]

_BUILTIN_COST, _COMMAND_COST, _CPU_BUDGET = 0.0001, 0.0005, 0.05
_MAX_DEPTH = 100
_SIGNAL_NAMES = {number: name for name, number in SIGNALS.items()}


class Exit(Exception):
    """``exit``."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Return(Exit):
    """``return``."""


class Break(Exception):
    """``break n``."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels


class Continue(Break):
    """``continue n``."""


class Shell:
    """One shell.

    Parameters
    ----------
    process
        The process it runs in.
    name
        ``$0``.
    positional
        ``$1`` and so on.
    """

    def __init__(self, process: Process, name: str = "sh", positional: list[str] | None = None) -> None:
        self.process, self.name, self.positional = process, name, positional or []
        self.variables: dict[str, str] = dict(process.env)
        self.exported: set[str] = set(process.env)
        self.functions: dict[str, Node] = {}
        self.options: set[str] = set()
        self.traps: dict[str, str] = {}
        self.locals: list[dict[str, str | None]] = []  #: per function being run: what ``local`` names were before
        self.jobs: dict[int, Future[int]] = {}
        self.last_job = 0
        self.pid = process.pid
        self.status = 0
        self.streams: Streams = {0: process.stdin, 1: process.stdout, 2: process.stderr}
        self.woken: Future[None] | None = None
        self._pending: list[str] = []
        self._tested = 0
        self._depth = 0
        self._debt = [0.0]
        process.on_signal = self._signal

    # --- running ---

    async def run_text(self, text: str) -> int:
        """Run a script to its end; return the exit code of the shell."""
        try:
            await self.run(parse(text))
        except ShellSyntaxError as error:
            self.complain(str(error))
            self.status = 2
        except Exit as exit:
            self.status = exit.code
        except ExpansionError as error:
            self.complain(str(error))
            self.status = 2
        except Break:
            pass
        return await self.leave()

    async def leave(self) -> int:
        """Run the EXIT trap; return the exit code."""
        action = self.traps.pop("EXIT", None)
        status = self.status
        if action:
            try:
                await self.run(parse(action))
            except Exit as exit:
                status = exit.code
        return status

    async def run(self, node: Node) -> int:
        """Run a command; return its status, which is also ``$?``."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpansionError("maximum function nesting level exceeded")
        try:
            self.status = await _RUNNERS[type(node)](self, node)
        finally:
            self._depth -= 1
        if self._pending:
            await self._run_traps()
        return self.status

    def complain(self, text: str) -> None:
        """Write a message of the shell itself."""
        self.streams[2](f"{self.name}: {text}\n".encode("utf-8", "surrogateescape"))

    async def spend(self, seconds: float) -> None:
        """Use CPU time; sleep it off once there is enough of it."""
        self._debt[0] += self.process.container.charge(seconds)
        if self._debt[0] >= _CPU_BUDGET:
            owed, self._debt[0] = self._debt[0], 0.0
            await self.process.kernel.sleep(owed)

    def subshell(self, streams: Streams | None = None) -> "Shell":
        """Return a copy that runs in a process of its own."""
        given = streams or self.streams
        child = self.process.child(list(self.process.argv), stdin=given[0], stdout=given[1], stderr=given[2])
        copy = Shell(child, self.name, list(self.positional))
        copy.variables, copy.exported, copy.functions = dict(self.variables), set(self.exported), dict(self.functions)
        copy.options, copy.status, copy.last_job, copy.streams = set(self.options), self.status, self.last_job, dict(given)
        copy._depth, copy._debt, copy.pid = self._depth, self._debt, self.pid
        return copy

    def start(self, node: Node, streams: Streams) -> Process:
        """Start a command in a subshell of its own task."""
        shell = self.subshell(streams)

        async def program(_: Process) -> int:
            return await shell.finish(node)

        return shell.process.start(program)

    async def finish(self, node: Node) -> int:
        """Run a command as the whole life of this shell."""
        try:
            await self.run(node)
        except Exit as exit:
            self.status = exit.code
        except ExpansionError as error:
            self.complain(str(error))
            self.status = 2
        except Break:
            pass
        except BrokenPipeError:
            self.status = 141
        return await self.leave()

    async def substitute(self, script: Script) -> str:
        """Return what commands write, without the newlines at its end."""
        chunks: list[bytes] = []
        shell = self.subshell({**self.streams, 1: chunks.append})
        self.status = await shell.finish(script)
        return b"".join(chunks).decode("utf-8", "surrogateescape").rstrip("\n")

    # --- parameters ---

    def parameter(self, name: str) -> str | None:
        """Return the value of ``$name``, None if it is not set."""
        if name.isdigit():
            number = int(name)
            values = [self.name, *self.positional]
            return values[number] if number < len(values) else None
        match name:
            case "@" | "*":
                return " ".join(self.positional) if self.positional else None
            case "#":
                return str(len(self.positional))
            case "?":
                return str(self.status)
            case "$":
                return str(self.pid)
            case "!":
                return str(self.last_job) if self.last_job else None
            case "-":
                return "".join(sorted(self.options))
        return self.variables.get(name)

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        """Return what commands get as their environment."""
        return {**{k: self.variables[k] for k in self.variables if k in self.exported}, **(extra or {})}

    # --- signals ---

    def _signal(self, number: int) -> bool:
        action = self.traps.get(_SIGNAL_NAMES.get(number, ""))
        if action is None:
            return False
        if action:
            self._pending.append(action)
            if self.woken is not None:
                self.woken.set_result(None)
        return True

    async def _run_traps(self) -> None:
        while self._pending:
            status = self.status
            await self.run(parse(self._pending.pop(0)))
            self.status = status

    # --- simple commands ---

    async def command(self, node: Command) -> int:
        """Run a simple command: a function, a builtin or a program."""
        from k8slab.sim.runtime.shell.builtins import BUILTINS

        words = [field for word in node.words for field in await expand_fields(self, word)]
        assigned = {name: await expand_text(self, value) for name, value in node.assignments}
        try:
            streams = await redirected(self, node.redirects) if node.redirects else self.streams
        except FileError as error:
            self.complain(str(error))
            return 1
        if not words:
            self.variables |= assigned
            return self.status if any(n for n in node.assignments) and _substitutes(node) else 0
        if "x" in self.options:
            self.streams[2](f"+ {' '.join(words)}\n".encode())
        if words[0] in self.functions:
            return await self._call(words, streams, assigned)
        builtin = BUILTINS.get(words[0])
        if builtin is not None:
            self.variables |= assigned
            await self.spend(_BUILTIN_COST)
            return await builtin(self, words, streams)
        return await self.execute(words, streams, assigned)

    async def execute(self, words: list[str], streams: Streams, extra: dict[str, str] | None = None) -> int:
        """Run a program in the foreground."""
        await self.spend(_COMMAND_COST)
        program = find_program(self.process.container, words[0])
        if program is None:
            self.not_found(words[0], streams)
            return 127
        child = self.process.child(words, env=self.environment(extra), stdin=streams[0], stdout=streams[1], stderr=streams[2])
        try:
            return await child.run(program)
        except BadUsage as error:
            return child.fail(str(error), error.code)
        except FileError as error:
            return child.fail(str(error))

    def not_found(self, name: str, streams: Streams) -> None:
        """Say that there is no such command, as the image's shell does."""
        if "busybox" in self.process.container.config.image.tools:
            text = f"{self.name}: {name}: not found\n"
        elif self.name == "bash":
            text = f"bash: line 1: {name}: command not found\n"
        else:
            text = f"{self.name}: 1: {name}: not found\n"
        streams[2](text.encode("utf-8", "surrogateescape"))

    async def _call(self, words: list[str], streams: Streams, assigned: dict[str, str]) -> int:
        outer, outer_streams = self.positional, self.streams
        self.positional, self.streams = words[1:], streams
        self.variables |= assigned
        self.locals.append({})
        try:
            return await self.run(self.functions[words[0]])
        except Return as back:
            return back.code
        finally:
            self.positional, self.streams = outer, outer_streams
            for name, value in self.locals.pop().items():
                self._restore(name, value)

    def _restore(self, name: str, value: str | None) -> None:
        if value is None:
            self.variables.pop(name, None)
        else:
            self.variables[name] = value

    # --- compound commands ---

    async def script(self, node: Script) -> int:
        """Run commands one after the other; with ``set -e`` up to the first that fails."""
        for command in node.commands:
            await self.run(command)
            if self.status and "e" in self.options and not self._tested and not _spared(command):
                raise Exit(self.status)
        return self.status if node.commands else 0

    async def test(self, node: Node) -> int:
        """Run a command whose failure is an answer, not an error."""
        self._tested += 1
        try:
            return await self.run(node)
        finally:
            self._tested -= 1

    async def pipeline(self, node: Pipeline) -> int:
        """Run commands side by side, each reading what the one before writes."""
        if len(node.commands) == 1:
            return int(not await self.test(node.commands[0]))
        stdin, processes, pipes = self.streams[0], [], []
        for command in node.commands[:-1]:
            pipe = Pipe(self.process.kernel)
            process = self.start(command, {**self.streams, 0: stdin, 1: _writer(pipe)})
            process.exited.add_done_callback(lambda _, ended=pipe: ended.close())  # type: ignore[misc]
            processes.append(process)
            pipes.append(pipe)
            stdin = Input(pipe=pipe)
        last = self.start(node.commands[-1], {**self.streams, 0: stdin})
        try:
            status = await last.exited
        except (Cancelled, Exception):
            for process in [*processes, last]:
                process.signal(9)
            raise
        for pipe in pipes:
            pipe.close()
        return int(not status) if node.negated else status

    async def and_or(self, node: AndOr) -> int:
        """``&&`` and ``||``."""
        left = await self.test(node.left)
        return left if (left == 0) != (node.operator == "&&") else await self.run(node.right)

    async def background(self, node: Background) -> int:
        """``&``: its standard input is empty."""
        process = self.start(node.command, {**self.streams, 0: Input()})
        self.last_job = process.pid
        self.jobs[process.pid] = process.exited
        return 0

    async def if_(self, node: If) -> int:
        """``if``."""
        for condition, body in node.branches:
            if condition is None or await self.test(condition) == 0:
                return await self.run(body)
        return 0

    async def while_(self, node: While) -> int:
        """``while`` and ``until``."""
        status = 0
        while (await self.test(node.condition) == 0) != node.until:
            stop, status = await self._round(node.body)
            if stop:
                break
        return status

    async def for_(self, node: For) -> int:
        """``for name in words``."""
        words = self.positional if node.words is None else [f for word in node.words for f in await expand_fields(self, word)]
        status = 0
        for word in list(words):
            self.variables[node.name] = word
            stop, status = await self._round(node.body)
            if stop:
                break
        return status

    async def for_arithmetic(self, node: ForArithmetic) -> int:
        """``for ((a; b; c))``."""
        first, condition, step = node.parts
        status = 0
        await self._compute(first)
        while await self._compute(condition):
            stop, status = await self._round(node.body)
            if stop:
                break
            await self._compute(step)
        return status

    async def _round(self, body: Script) -> tuple[bool, int]:
        """Run a loop's body once; return whether the loop ends, and the status."""
        await self.spend(_BUILTIN_COST)
        try:
            return False, await self.run(body)
        except Break as jump:
            if jump.levels > 1:
                raise type(jump)(jump.levels - 1) from None
            return not isinstance(jump, Continue), 0

    async def _compute(self, word: Any) -> int:
        try:
            return compute(await expand_text(self, word), self.variables)
        except ArithmeticError_ as error:
            raise ExpansionError(str(error)) from None

    async def case(self, node: Case) -> int:
        """``case``."""
        from fnmatch import fnmatchcase

        word = await expand_text(self, node.word)
        for patterns, body in node.items:
            for pattern in patterns:
                if fnmatchcase(word, await expand_pattern(self, pattern)):
                    return await self.run(body)
        return 0

    async def function(self, node: Function) -> int:
        """Define a function."""
        self.functions[node.name] = node.body
        return 0

    async def arithmetic(self, node: Arithmetic) -> int:
        """``(( ))``."""
        return int(await self._compute(node.expression) == 0)

    async def nested(self, node: Subshell) -> int:
        """``( )``."""
        return await self.subshell().finish(node.script)

    async def with_(self, node: With) -> int:
        """A compound command with redirections."""
        outer = self.streams
        try:
            self.streams = await redirected(self, node.redirects)
        except FileError as error:
            self.complain(str(error))
            return 1
        try:
            return await self.run(node.command)
        finally:
            self.streams = outer


def _substitutes(node: Command) -> bool:
    from k8slab.sim.runtime.shell.ast import Substitution

    return any(isinstance(part, Substitution) for _, word in node.assignments for part in word)


def _spared(node: Node) -> bool:
    """Whether ``set -e`` looks away: the left sides of lists, negated pipelines."""
    return isinstance(node, AndOr) or (isinstance(node, Pipeline) and node.negated)


def _writer(pipe: Pipe) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        if pipe.closed:
            raise BrokenPipeError
        pipe.write(data)

    return write


_RUNNERS: dict[type, Callable[[Shell, Any], Any]] = {
    Script: Shell.script, Command: Shell.command, Pipeline: Shell.pipeline, AndOr: Shell.and_or, Background: Shell.background,
    If: Shell.if_, While: Shell.while_, For: Shell.for_, ForArithmetic: Shell.for_arithmetic, Case: Shell.case,
    Function: Shell.function, Arithmetic: Shell.arithmetic, Subshell: Shell.nested, With: Shell.with_,
}  # fmt: skip
