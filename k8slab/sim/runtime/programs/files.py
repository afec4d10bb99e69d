"""ls, mkdir, rm, cp, mv, stat, find and other commands about files."""

import posixpath
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from k8slab.sim.runtime.filesystem import Directory, File, FileError, Node, Symlink
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.procfs import MASKED
from k8slab.sim.runtime.programs.identity import owner_names
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]


def _size(node: Node) -> int:
    return node.size if isinstance(node, File) else len(node.target) if isinstance(node, Symlink) else 4096


def _mode(node: Node) -> str:
    kind = "d" if isinstance(node, Directory) else "l" if isinstance(node, Symlink) else "-"
    shown = [letter if node.mode >> (8 - i) & 1 else "-" for i, letter in enumerate("rwxrwxrwx")]
    for bit, place, letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if node.mode & bit:
            shown[place] = letter if shown[place] == "x" else letter.upper()
    return kind + "".join(shown)


def _line(p: Process, name: str, node: Node, numeric: bool) -> str:
    now = p.kernel.now()
    mtime = now if isinstance(node, Symlink) else node.mtime
    when = datetime.fromtimestamp(mtime, UTC).strftime("%b %e %H:%M")
    arrow = f" -> {node.target}" if isinstance(node, Symlink) else ""
    user, group = (str(node.uid), str(node.gid)) if numeric else owner_names(p, node.uid, node.gid)
    return f"{_mode(node)}    1 {user:8.8s} {group:8.8s} {_size(node):9d} {when} {name}{arrow}\n"


async def ls(p: Process) -> int:
    """List files; -l -L -n -a -1 -d -A -h -R."""
    options, paths = parse_options(p.args, "lLna1dAhRtr", ("color=",))
    if "n" in options:
        options["l"] = ""
    status, several = 0, len(paths) > 1
    for path in paths or ["."]:
        try:
            node = p.files.find(p.path(path), follow="l" not in options or "L" in options or path.endswith("/"))
            if isinstance(node, Directory) and "d" not in options:
                p.files.require(node, "r")
        except FileError as error:
            opening = "can't open '{}'" if "Permission" in str(error) else "{}"
            status = p.fail(f"{opening.format(path)}: {error}")
            continue
        if not isinstance(node, Directory) or "d" in options:
            p.out(_line(p, path, node, "n" in options) if "l" in options else f"{path}\n")
            continue
        p.out(f"{path}:\n" if several or "R" in options else "")
        _list(p, node, dict(options))
    return status


def _list(p: Process, directory: Directory, options: dict[str, str]) -> None:
    names = [n for n in sorted(directory.entries) if not n.startswith(".") or "a" in options or "A" in options]
    if "l" in options:
        p.out(f"total {len(names) * 4}\n")
        dots = [(".", directory), ("..", directory)] if "a" in options else []
        for name, node in [*dots, *((n, directory.entries[n]) for n in names)]:
            p.out(_line(p, name, node, "n" in options))
    else:
        p.out("".join(f"{n}\n" for n in names))


async def touch(p: Process) -> int:
    """Make files, or set their time."""
    status = 0
    for path in parse_options(p.args, "c")[1]:
        try:
            p.files.write(p.path(path), b"", append=True)
        except FileError as error:
            status = p.fail(f"{path}: {error}")
    return status


async def mkdir(p: Process) -> int:
    """Make directories; -p."""
    options, paths = parse_options(p.args, "pm:")
    for path in paths:
        try:
            p.files.make_directory(p.path(path), "p" in options)
        except FileError as error:
            return p.fail(f"can't create directory '{path}': {error}")
    return 0


async def rmdir(p: Process) -> int:
    """Remove empty directories."""
    for path in p.args:
        if p.files.names(p.path(path)):
            return p.fail(f"'{path}': Directory not empty")
        p.files.remove(p.path(path), recursive=True)
    return 0


async def rm(p: Process) -> int:
    """Remove files; -r -f."""
    options, paths = parse_options(p.args, "rRfv")
    status = 0
    for path in paths:
        try:
            p.files.remove(p.path(path), recursive=bool(options.keys() & {"r", "R"}))
        except FileError as error:
            if "f" not in options or "No such" not in str(error):
                status = p.fail(f"can't remove '{path}': {error}")
    return status


def _into(p: Process, source: str, target: str) -> str:
    """Return where a copy of source to target goes: into it, if it is a directory."""
    path = p.path(target)
    is_directory = p.files.exists(path) and isinstance(p.files.find(path), Directory)
    return posixpath.join(path, posixpath.basename(p.path(source))) if is_directory else path


def _copy(p: Process, node: Node) -> Node:
    p.files.require(node, "rx" if isinstance(node, Directory) else "r")
    if isinstance(node, File):
        return File(bytes(node.data) if node.zeros else node.read(), node.mode, node.mtime, zeros=node.zeros)
    if isinstance(node, Symlink):
        return Symlink(node.target)
    return Directory({name: _copy(p, child) for name, child in node.entries.items()}, node.mode, node.mtime)


async def cp(p: Process) -> int:
    """Copy files; -r."""
    options, paths = parse_options(p.args, "rRafpv")
    if len(paths) < 2:
        raise BadUsage("missing file operand")
    for source in paths[:-1]:
        try:
            node = p.files.find(p.path(source))
            if isinstance(node, Directory) and not options.keys() & {"r", "R", "a"}:
                return p.fail(f"omitting directory '{source}'")
            p.files.place(_into(p, source, paths[-1]), _copy(p, node))
        except FileError as error:
            return p.fail(f"can't stat '{source}': {error}")
    return 0


async def mv(p: Process) -> int:
    """Move files."""
    _, paths = parse_options(p.args, "fv")
    if len(paths) < 2:
        raise BadUsage("missing file operand")
    for source in paths[:-1]:
        try:
            node = p.files.find(p.path(source), follow=False)
            target = _into(p, source, paths[-1])
            if f"{target}/".startswith(f"{p.path(source).rstrip('/')}/"):
                return p.fail(f"can't move '{source}' into itself")
            p.files.place(target, node, keep_owner=True)
            p.files.remove(p.path(source), recursive=True)
        except FileError as error:
            return p.fail(f"can't rename '{source}': {error}")
    return 0


async def ln(p: Process) -> int:
    """Make symbolic links."""
    options, paths = parse_options(p.args, "sfn")
    if "s" not in options or len(paths) != 2:
        raise BadUsage("only ln -s TARGET NAME is simulated")
    p.files.place(_into(p, paths[0], paths[1]), Symlink(paths[0]))
    return 0


async def stat(p: Process) -> int:
    """Print what is known of files; -c with %n %s %a %A %F %U %u %G %g."""
    options, paths = parse_options(p.args, "c:L")
    for path in paths:
        node = p.files.find(p.path(path))
        kind = "directory" if isinstance(node, Directory) else "regular file"
        mode, (user, group) = f"{node.mode:o}", owner_names(p, node.uid, node.gid)
        if "c" in options:
            fields = {"%n": path, "%s": str(_size(node)), "%a": mode, "%F": kind, "%A": _mode(node)}
            fields |= {"%U": user, "%u": str(node.uid), "%G": group, "%g": str(node.gid)}
            text = options["c"]
            for field, value in fields.items():
                text = text.replace(field, value)
            p.out(f"{text}\n")
        else:
            owner = f"Uid: ({node.uid:5d}/{user:>8s})   Gid: ({node.gid:5d}/{group:>8s})"
            p.out(f"  File: {path}\n  Size: {_size(node)}\t{kind}\nAccess: ({mode:0>4s}/{_mode(node)})  {owner}\n")
    return 0


async def readlink(p: Process) -> int:
    """Print where links lead; -f follows them to the end."""
    options, paths = parse_options(p.args, "f")
    for path in paths:
        if "f" in options:
            p.out(p.files.resolve(p.path(path)) + "\n")
            continue
        node = p.files.find(p.path(path), follow=False)
        if not isinstance(node, Symlink):
            return 1
        p.out(node.target + "\n")
    return 0


async def find(p: Process) -> int:
    """List files below directories; -name, -type."""
    paths = [a for i, a in enumerate(p.args) if not a.startswith("-") and all(not b.startswith("-") for b in p.args[:i])]
    rest = p.args[len(paths) :]
    tests = dict(zip(rest[::2], rest[1::2], strict=False))
    if set(tests) - {"-name", "-type"} or len(rest) % 2:
        raise BadUsage("only -name and -type are simulated")
    for top in paths or ["."]:
        base = p.path(top)
        for path in p.files.walk(base):
            node = p.files.find(path, follow=False)
            kind = "d" if isinstance(node, Directory) else "l" if isinstance(node, Symlink) else "f"
            if fnmatchcase(posixpath.basename(path), tests.get("-name", "*")) and tests.get("-type", kind) == kind:
                p.out(top + path.removeprefix(base.rstrip("/")) + "\n" if path != base else f"{top}\n")
    return 0


async def mktemp(p: Process) -> int:
    """Make a temporary file, or with -d a directory."""
    path = f"/tmp/tmp.{p.kernel.random.getrandbits(24):06x}"
    p.files.make_directory(path) if "-d" in p.args else p.files.write(path, b"")
    p.out(f"{path}\n")
    return 0


async def df(p: Process) -> int:
    """Print file systems: the root and the mounted volumes."""
    p.out("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    p.out("overlay              104857600   8388608  96468992   8% /\n")
    for m in sorted(p.container.config.mounts(), key=lambda m: m.path):
        if m.memory is None:
            p.out(f"/dev/sda1            104857600   8388608  96468992   8% {m.path}\n")
        else:
            total = (m.memory.limit or p.container.config.node_memory.capacity) >> 10
            used = -(-m.memory.size >> 10)
            p.out(f"{'tmpfs':<20} {total:9d} {used:9d} {total - used:9d} {-(-100 * used // total):3d}% {m.path}\n")
    return 0


async def mount(p: Process) -> int:
    """Print what is mounted; ``-t tmpfs tmpfs DIRECTORY`` mounts one, with CAP_SYS_ADMIN."""
    config = p.container.config
    if p.args:
        return _mount(p)
    p.out(f"overlay on / type overlay ({'ro' if config.read_only_root else 'rw'},relatime)\n")
    p.out("proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n")
    if not config.privileged:
        p.out("proc on /proc/sys type proc (ro,nosuid,nodev,noexec,relatime)\n")
        p.out("".join(f"tmpfs on /proc/{name} type tmpfs (ro,relatime)\n" for name in MASKED))
    for m in p.container.config.mounts():
        access = "ro" if m.read_only else "rw"
        if m.memory is None:
            p.out(f"/dev/sda1 on {m.path} type ext4 ({access},relatime)\n")
        else:
            size = f",size={m.memory.limit >> 10}k" if m.memory.limit else ""
            p.out(f"tmpfs on {m.path} type tmpfs ({access},relatime{size})\n")
    return 0


def _mount(p: Process) -> int:
    if not p.credentials.can("SYS_ADMIN"):
        return p.fail("permission denied (are you root?)")
    options, rest = parse_options(p.args, "t:o:")
    if options.get("t") != "tmpfs" or len(rest) != 2:
        raise BadUsage("only mount -t tmpfs NAME DIRECTORY is simulated")
    target = p.files.find(p.path(rest[1]))
    if not isinstance(target, Directory):
        raise FileError("Not a directory")
    target.entries = {}
    return 0


async def du(p: Process) -> int:
    """Print how much is in files and directories."""
    _, paths = parse_options(p.args, "shk")
    for path in paths or ["."]:
        total = sum(_size(p.files.find(f, follow=False)) for f in p.files.walk(p.path(path)))
        p.out(f"{max(4, total // 1024)}\t{path}\n")
    return 0


COMMANDS: dict[str, Program] = {
    "ls": ls, "touch": touch, "mkdir": mkdir, "rmdir": rmdir, "rm": rm, "cp": cp, "mv": mv, "ln": ln, "stat": stat,
    "readlink": readlink, "find": find, "mktemp": mktemp, "df": df, "mount": mount, "du": du,
}  # fmt: skip
