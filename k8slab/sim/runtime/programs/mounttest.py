"""agnhost mounttest: what the end-to-end tests of volumes run to see a mount, a file, its mode and its content.

Upstream: test/images/agnhost/mounttest. The steps come in a fixed order, whatever the order of the flags.
"""

from collections.abc import Callable

from k8slab.sim.runtime.filesystem import Directory, FileError, Symlink
from k8slab.sim.runtime.process import Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_CREATED = {"new_file_0644": 0o644, "new_file_0666": 0o666, "new_file_0660": 0o660, "new_file_0777": 0o777}
_CONTENT = b"mount-tester new file\n"
_FLAGS = ("fs_type", "file_mode", "file_perm", "file_owner", "file_content", "file_content_in_loop", "retry_time",
          "break_on_expected_content", *_CREATED)  # fmt: skip
_RETRY_TIME, _PERIOD = 180, 2.0


async def mounttest(p: Process) -> int:
    """Look at a mount and its files as the flags say; 1 if anything failed."""
    options, _ = parse_options(p.args[1:], "", tuple(f"{flag}=" for flag in _FLAGS))
    failed = 0
    for flag, step in _STEPS.items():
        path = options.get(flag)
        if path is None:
            continue
        try:
            p.out(step(p, path))
        except FileError as error:
            p.out(f"error at {path!r}: {error}\n".replace("'", '"'))
            failed = 1
    if "file_content_in_loop" in options:
        once = options.get("break_on_expected_content", "true") != "false"
        await _watch(p, options["file_content_in_loop"], options.number("retry_time", _RETRY_TIME), once)
    return failed


def _fs_type(p: Process, path: str) -> str:
    p.files.find(p.path(path))
    here = next((m for m in p.container.config.mounts() if m.path == p.path(path)), None)
    kind = "ext2/ext3" if here is None or here.memory is None else "tmpfs"
    return f'mount type of "{path}": {kind}\n'


def _created(mode: int) -> Callable[[Process, str], str]:
    def step(p: Process, path: str) -> str:
        p.files.write(p.path(path), _CONTENT)
        p.files.change_mode(p.path(path), lambda old: mode)
        return _file_content(p, path)

    return step


def _file_mode(p: Process, path: str) -> str:
    node = p.files.find(p.path(path))
    kind = "d" if isinstance(node, Directory) else "L" if isinstance(node, Symlink) else ""
    special = "".join(letter for letter, bit in (("u", 0o4000), ("g", 0o2000), ("t", 0o1000)) if node.mode & bit)
    return f'mode of file "{path}": {kind + special or "-"}{_letters(node.mode)}\n'


def _file_perm(p: Process, path: str) -> str:
    return f'perms of file "{path}": -{_letters(p.files.find(p.path(path)).mode)}\n'


def _letters(mode: int) -> str:
    return "".join(letter if mode >> (8 - n) & 1 else "-" for n, letter in enumerate("rwxrwxrwx"))


def _file_owner(p: Process, path: str) -> str:
    node = p.files.find(p.path(path))
    return f'owner UID of "{path}": {node.uid}\nowner GID of "{path}": {node.gid}\n'


def _file_content(p: Process, path: str) -> str:
    return f'content of file "{path}": {p.files.read(p.path(path)).decode("utf-8", "replace")}\n'


async def _watch(p: Process, path: str, seconds: int, once: bool) -> None:
    """Print the content again and again, so that a change can be seen in the log; ``once``: until it can be read."""
    end = p.kernel.now() + seconds
    while p.kernel.now() < end:
        try:
            p.out(_file_content(p, path))
            if once:
                return
        except FileError as error:
            p.out(f"Error reading file {path}: {error}, retrying\n")
        await p.kernel.sleep(_PERIOD)


_STEPS: dict[str, Callable[[Process, str], str]] = {
    "fs_type": _fs_type,
    **{flag: _created(mode) for flag, mode in _CREATED.items()},
    "file_mode": _file_mode,
    "file_perm": _file_perm,
    "file_owner": _file_owner,
    "file_content": _file_content,
}
COMMANDS: dict[str, Program] = {"agnhost mounttest": mounttest}
