"""Runs a parsed script as a kernel coroutine.

A small POSIX shell: what the labs' scripts, probes and hooks need. Each command costs simulated CPU time, and whoever used up
50 ms of it sleeps for as long, so that a busy loop neither hangs the simulation nor heats the host.
Simplified: no job control, no aliases, no arrays; all parts of a pipeline run in subshells.
"""

from k8slab.sim.kernel import Future
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.lookup import find_program
from k8slab.sim.runtime.process import SIGNALS, Process
from k8slab.sim.runtime.shell.ast import (
    Command,
    Node,
    Script,
)  # fmt: skip
from k8slab.sim.runtime.shell.expand import ExpansionError, expand_fields, expand_text
from k8slab.sim.runtime.shell.grammar import ShellSyntaxError
from k8slab.sim.runtime.shell.parse import parse
from k8slab.sim.runtime.shell.redirect import Streams, redirected

__all__ = ["Break", "Continue", "Exit", "Return", "Shell"]

BUILTIN_COST, _COMMAND_COST, _CPU_BUDGET = 0.0001, 0.0005, 0.05
_MAX_DEPTH, _MAX_PROCESSES, _MAX_TEXT = 100, 512, 4 << 20
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
        self.tested = 0
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
        from k8slab.sim.runtime.shell.compound import RUNNERS

        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpansionError("maximum function nesting level exceeded")
        try:
            self.status = await RUNNERS[type(node)](self, node)
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
        self._debt[0] += seconds
        if self._debt[0] >= _CPU_BUDGET:
            owed, self._debt[0] = self._debt[0], 0.0
            await self.process.kernel.sleep(self.process.container.charge(owed))

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
        if len(self.process.container.processes) >= _MAX_PROCESSES:
            raise ExpansionError("can't fork: Resource temporarily unavailable")
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
        if any(len(text) > _MAX_TEXT for text in assigned.values()):
            raise ExpansionError("out of memory")
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
            await self.spend(BUILTIN_COST)
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
        return await child.run(program)

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
        await self.spend(BUILTIN_COST)
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


def _substitutes(node: Command) -> bool:
    from k8slab.sim.runtime.shell.ast import Substitution

    return any(isinstance(part, Substitution) for _, word in node.assignments for part in word)
