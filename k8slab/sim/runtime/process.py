"""Processes of a simulated container: arguments, environment, standard streams, signals, an exit code.

A program is a coroutine function that gets its `Process` and returns the exit code. It runs in the kernel and can do nothing
but what a `Process` offers: the container's files, the simulated network, the simulated clock.
"""

import posixpath
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from k8slab.sim.kernel import Cancelled, Future, Kernel, Task
from k8slab.sim.runtime.credentials import Credentials
from k8slab.sim.runtime.filesystem import FileError, FileSystem
from k8slab.sim.streams import Pipe, WindowSize

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container

__all__ = ["SIGNALS", "BadUsage", "Input", "Output", "Process", "Program"]

SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15, "CONT": 18, "STOP": 19, "WINCH": 28}

#: What writes somewhere: a pipe, a log, a file.
Output = Callable[[bytes], object]
Program = Callable[["Process"], Coroutine[Future[Any], None, int]]


class BadUsage(Exception):
    """A command was called wrongly; the text goes to standard error, the exit code is 1 or as given."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Input:
    """Standard input: lines or everything, from a pipe or from bytes; shared by the commands that read it in turn."""

    __slots__ = ("_data", "_pipe")

    def __init__(self, data: bytes = b"", pipe: Pipe | None = None) -> None:
        self._data, self._pipe = data, pipe

    async def read_line(self) -> bytes:
        """Return the next line with its end, ``b""`` at the end of the input."""
        while b"\n" not in self._data and self._pipe is not None:
            await self._more()
        line, newline, self._data = self._data.partition(b"\n")
        return line + newline

    async def read_some(self) -> bytes:
        """Return what is there, waiting for the first byte."""
        if not self._data and self._pipe is not None:
            await self._more()
        data, self._data = self._data, b""
        return data

    async def read_all(self) -> bytes:
        """Return everything up to the end."""
        while self._pipe is not None:
            await self._more()
        data, self._data = self._data, b""
        return data

    async def _more(self) -> None:
        assert self._pipe is not None
        chunk = await self._pipe.read()
        self._data += chunk
        if not chunk:
            self._pipe = None


class Process:
    """One process.

    Parameters
    ----------
    container
        Where it runs.
    argv, env, cwd, credentials
        As for a real one.
    stdin, stdout, stderr
        Streams.
    parent
        Process id of the parent.
    """

    __slots__ = ("argv", "container", "credentials", "cwd", "env", "exited", "on_signal", "parent", "pid", "stderr", "stdin",
                 "stdout", "task", "tty", "window")  # fmt: skip

    def __init__(
        self, container: "Container", argv: list[str], env: dict[str, str], cwd: str, credentials: Credentials,
        stdin: Input, stdout: Output, stderr: Output, parent: int = 0,
    ) -> None:  # fmt: skip
        self.container, self.argv, self.env, self.cwd, self.credentials = container, argv, env, cwd, credentials
        self.stdin, self.stdout, self.stderr, self.parent = stdin, stdout, stderr, parent
        self.pid = container.new_pid()
        self.task: Task[int] | None = None
        self.exited: Future[int] = container.kernel.future()
        self.on_signal: Callable[[int], bool] | None = None
        self.tty = False  #: whether its standard input is a terminal
        self.window: WindowSize | None = None  #: of the terminal it was started from

    @property
    def kernel(self) -> Kernel:
        """The kernel the process runs in."""
        return self.container.kernel

    @property
    def files(self) -> FileSystem:
        """The container's files, as far as this process may use them."""
        return self.container.files_for(self.credentials, self.pid)

    @property
    def uid(self) -> int:
        """The numeric user."""
        return self.credentials.uid

    @property
    def args(self) -> list[str]:
        """Arguments without the command's own name."""
        return self.argv[1:]

    @property
    def name(self) -> str:
        """The command's own name, for messages."""
        return posixpath.basename(self.argv[0])

    def path(self, text: str) -> str:
        """Return the absolute path that a text names for this process."""
        return posixpath.normpath(posixpath.join(self.cwd, text))

    def out(self, text: str) -> None:
        """Write to standard output."""
        self.stdout(text.encode("utf-8", "surrogateescape"))

    def err(self, text: str) -> None:
        """Write a line to standard error."""
        self.stderr(f"{text}\n".encode("utf-8", "surrogateescape"))

    def fail(self, text: str, code: int = 1) -> int:
        """Write ``name: text`` to standard error and return the exit code."""
        self.err(f"{self.name}: {text}")
        return code

    def child(self, argv: list[str], **changes: Any) -> "Process":
        """Return a process like this one for another command; ``changes`` replace what differs."""
        given: dict[str, Any] = {"env": self.env, "cwd": self.cwd, "credentials": self.credentials, "stdin": self.stdin}
        given |= {"stdout": self.stdout, "stderr": self.stderr, **changes}
        child = Process(self.container, argv, parent=self.pid, **given)
        child.tty, child.window = self.tty and child.stdin is self.stdin, self.window
        return child

    def start(self, program: Program) -> "Process":
        """Run a program in a task of its own."""
        self.container.processes[self.pid] = self
        self.task = self.kernel.spawn(self.guarded(program), self.argv[0])
        self.task.add_done_callback(self._ended)
        return self

    async def run(self, program: Program) -> int:
        """Run a program inside the task of whoever awaits this."""
        processes = self.container.processes
        processes[self.pid] = self
        try:
            return await self.guarded(program)
        finally:
            processes.pop(self.pid, None)

    async def guarded(self, program: Program) -> int:
        """Run a program, turning what goes wrong into its message and exit code."""
        try:
            return await program(self)
        except BadUsage as error:
            return self.fail(str(error), error.code)
        except FileError as error:
            return self.fail(str(error))
        except BrokenPipeError:
            return 141
        except (IndexError, KeyError, RecursionError, ValueError):
            return self.fail("missing or invalid argument (or one that is not simulated)", 2)

    def signal(self, number: int) -> None:
        """Deliver a signal: KILL always ends it, others go to its handler, then to the default action.

        The first process of a container has no default action, as in any PID namespace: without a handler it goes on.
        """
        if self.exited.done:
            return
        handled = number != 9 and self.on_signal is not None and self.on_signal(number)
        if not handled and (number == 9 or (self.pid != 1 and number in (1, 2, 3, 10, 12, 15))):
            self.exit(128 + number)

    def exit(self, code: int) -> None:
        """End with an exit code; its coroutine is thrown out of its next wait."""
        self.container.processes.pop(self.pid, None)
        self.exited.set_result(code)
        if self.task is not None and not self.task.done:
            self.kernel.call_soon(self.task.cancel)

    def _ended(self, task: Future[int]) -> None:
        self.container.processes.pop(self.pid, None)
        try:
            code = task.result()
        except Cancelled:
            code = 137
        self.exited.set_result(code)
