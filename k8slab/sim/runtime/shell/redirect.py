"""Redirections: which stream is what, for one command.

``/dev/stdout`` and its like, and ``/proc/1/fd/1`` (the container's log), are streams, not files.
"""

from typing import TYPE_CHECKING, Any

from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import Input, Output
from k8slab.sim.runtime.shell.ast import Redirect
from k8slab.sim.runtime.shell.expand import expand_text

if TYPE_CHECKING:
    from k8slab.sim.runtime.shell.interpreter import Shell

__all__ = ["Streams", "redirected"]

#: By file descriptor: an `Input` or an `Output`.
Streams = dict[int, Any]


async def redirected(shell: "Shell", redirects: tuple[Redirect, ...]) -> Streams:
    """Return the streams of a command with these redirections.

    Raises
    ------
    FileError
        If a file cannot be opened.
    """
    streams = dict(shell.streams)
    for redirect in redirects:
        target = await expand_text(shell, redirect.target)
        match redirect.operator:
            case "<":
                streams[redirect.fd or 0] = _reader(shell, streams, target)
            case "<<":
                streams[redirect.fd or 0] = Input(target.encode("utf-8", "surrogateescape"))
            case "<<<":
                streams[redirect.fd or 0] = Input(f"{target}\n".encode("utf-8", "surrogateescape"))
            case ">" | ">|":
                streams[1 if redirect.fd is None else redirect.fd] = _writer(shell, streams, target, append=False)
            case ">>":
                streams[1 if redirect.fd is None else redirect.fd] = _writer(shell, streams, target, append=True)
            case "&>" | "&>>":
                streams[1] = streams[2] = _writer(shell, streams, target, append=redirect.operator == "&>>")
            case ">&" | "<&":
                _duplicate(shell, streams, redirect, target)
            case _:
                raise FileError(f"{redirect.operator}: redirection not supported")
    return streams


def _duplicate(shell: "Shell", streams: Streams, redirect: Redirect, target: str) -> None:
    fd = (1 if redirect.operator == ">&" else 0) if redirect.fd is None else redirect.fd
    if target == "-":
        streams[fd] = _nowhere if fd else Input()
    elif target.isdigit():
        if int(target) not in streams:
            raise FileError(f"{target}: Bad file descriptor")
        streams[fd] = streams[int(target)]
    else:
        streams[1] = streams[2] = _writer(shell, streams, target, append=False)


def _nowhere(data: bytes) -> None:
    """What /dev/null does with bytes."""


def _reader(shell: "Shell", streams: Streams, target: str) -> Input:
    path = shell.process.path(target)
    if path == "/dev/stdin":
        found: Input = streams[0]
        return found
    if path == "/dev/null":
        return Input()
    try:
        return Input(shell.process.files.read(path))
    except FileError as error:
        raise FileError(f"can't open {target}: {_plain(error)}") from None


def _plain(error: FileError) -> str:
    return "no such file" if str(error) == "No such file or directory" else str(error)


def _writer(shell: "Shell", streams: Streams, target: str, append: bool) -> Output:
    path, container = shell.process.path(target), shell.process.container
    special: dict[str, Output] = {
        "/dev/null": _nowhere, "/dev/stdout": streams[1], "/dev/stderr": streams[2], "/proc/self/fd/1": streams[1],
        "/proc/self/fd/2": streams[2], "/proc/1/fd/1": container.stdout, "/proc/1/fd/2": container.stderr,
    }  # fmt: skip
    if path in special:
        return special[path]
    files = shell.process.files
    try:
        files.write(path, b"", append)
    except FileError as error:
        reason = {"No such file or directory": "nonexistent directory"}.get(str(error), str(error))
        raise FileError(f"can't create {target}: {reason}") from None
    return lambda data: files.write(path, data, append=True)
