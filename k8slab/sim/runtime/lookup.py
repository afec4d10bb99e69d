"""Which command names an image understands, and what runs behind each.

An image file names its tool sets (``busybox``, ``debian`` ...); the sets are lists of the programs in ``programs/``. A path
such as /bin/sh is found by its last part; a text file that the image or a volume holds is run by the shell.
"""

import posixpath
from functools import cache
from typing import TYPE_CHECKING, Any

from k8slab.apimachinery.types import Object
from k8slab.sim.runtime.credentials import ROOT
from k8slab.sim.runtime.filesystem import File
from k8slab.sim.runtime.images import Image
from k8slab.sim.runtime.process import Process, Program

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container

__all__ = ["commands_of", "entry_server", "find_program", "unwrapped"]

_CORE = (
    "sh", "[", "[[", "awk", "base64", "basename", "cat", "chgrp", "chmod", "chown", "cp", "cut", "date", "dd", "df",
    "dirname", "du", "echo", "env", "expr", "false", "find", "free", "grep", "groups", "gunzip", "gzip", "head", "hostname", "id",
    "kill", "ln", "ls", "md5sum",
    "mkdir", "mktemp", "mount", "mv", "nproc", "printenv", "printf", "ps", "pwd", "readlink", "rm", "rmdir", "sed",
    "seq", "sha256sum", "sleep", "sort", "stat", "stty", "su", "sync", "tail", "tar", "tee", "test", "timeout", "top",
    "sysctl", "touch", "tr", "true", "truncate",
    "tty", "uname", "uniq", "uptime", "wc", "which", "whoami", "xargs", "yes", "zcat",
)  # fmt: skip
_KERNEL = ("chroot", "dmesg", "mknod")
_NET = ("nc", "nslookup", "ping", "telnet", "wget", "httpd", "ifconfig", "ip", "netstat", "traceroute")
_SETS = {
    "busybox": [*_CORE, *_KERNEL, *_NET, "ash", "busybox"],
    "iproute": ["ip", "ping", "traceroute"],
    "debian": [*(c for c in _CORE if c not in ("ps", "top", "free")), "bash", "getent", "dash", "tput"],
    "curl": ["curl"],
    "dig": ["dig", "host", "nslookup"],
    "getent": ["getent"],
    "stress": ["stress", "stress-ng"],
    "redis-cli": ["redis-cli"],
    "psql": ["psql", "pg_isready"],
    "python": ["python", "python3"],
    "procps": ["ps", "top", "free"],
}
_WRAPPERS = {"docker-entrypoint.sh", "tini", "dumb-init", "--"}


@cache
def _set_of(tools: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for tool in tools for name in _SETS[tool])


def commands_of(image: Image) -> frozenset[str]:
    """Return every command name an image has."""
    return _set_of(image.tools) | frozenset(image.programs)


def unwrapped(argv: list[str], image: Image) -> list[str]:
    """Return a command line without the scripts that only exec what follows them."""
    while argv and posixpath.basename(argv[0]) in _WRAPPERS and posixpath.basename(argv[0]) not in image.programs:
        argv = argv[1:]
    return argv


def entry_server(image: Image, argv: list[str]) -> Object | None:
    """Return the server description a command line starts, None if it starts something else."""
    words = [posixpath.basename(w) for w in unwrapped(argv, image)]
    spec = image.programs.get(" ".join(words[:2])) or (image.programs.get(words[0]) if words else None)
    if spec is None or "app" not in spec or any(w in spec.get("answers", ()) for w in words[1:]):
        return None
    return spec


def find_program(container: "Container", name: str) -> Program | None:
    """Return what runs behind a command name in a container, None if there is no such command."""
    base = posixpath.basename(name)
    if base in container.config.image.programs:
        return _serve
    if base in _set_of(container.config.image.tools) and (name == base or _is_system_path(name)):
        return _builtin(base)
    files = container.files_for(ROOT)
    if "/" in name and files.exists(name):
        node = files.find(name)
        if isinstance(node, File) and node.mode & 0o111 and container.config.image.tools:
            return _run_script
    return None


def _is_system_path(name: str) -> bool:
    return posixpath.dirname(name) in ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin")


def _builtin(name: str) -> Program:
    from k8slab.sim.runtime.programs import PROGRAMS

    return PROGRAMS[name]


async def _run_script(process: Process) -> int:
    return await _builtin("sh")(process.child(["sh", *process.argv]))


async def _serve(process: Process) -> int:
    """Run a server of the image until it ends, as a command of a shell or of exec."""
    from k8slab.sim.runtime.server import SimulatedServer

    image = process.container.config.image
    spec: dict[str, Any] | None = entry_server(image, process.argv)
    if spec is None:
        return await _plain(process)
    server = SimulatedServer(process.container, spec, process.argv, process.stdout, process.stderr, process.exited.set_result)
    process.on_signal = server.signal_handler
    process.container.server = process.container.server or server
    server.start()
    try:
        return await _exit_of(process)
    finally:
        server.close()


async def _exit_of(process: Process) -> int:
    return await process.exited


async def _plain(process: Process) -> int:
    """Run what a server binary does and ends (``agnhost connect``), or answer its options that print something (``nginx -v``)."""
    from k8slab.sim.runtime.programs import PROGRAMS

    if mode := PROGRAMS.get(" ".join([process.name, *process.args[:1]])):
        return await mode(process)
    spec = process.container.config.image.programs[process.name]
    answers = spec.get("answers", {})
    for word in process.args:
        if word in answers:
            process.err(answers[word]) if spec.get("answers-on-stderr") else process.out(answers[word] + "\n")
            return 0
    return process.fail("this option is not simulated")
