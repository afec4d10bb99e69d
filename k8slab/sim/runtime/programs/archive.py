"""tar, as ``kubectl cp`` and other clients call it in containers, in memory; gzip, gunzip and zcat.

What gzip writes has no name and no time in its head, so that the same content always gives the same bytes.
"""

import gzip
import io
import posixpath
import tarfile
import zlib

from k8slab.sim.runtime.filesystem import Directory, File, FileError, Node, Symlink
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]


_TYPES = {Directory: tarfile.DIRTYPE, Symlink: tarfile.SYMTYPE, File: tarfile.REGTYPE}


async def tar(p: Process) -> int:
    """Pack files (c), unpack them (x) or list them (t); z compresses, f names the archive, - is standard input or output."""
    words = [a for a in p.args if a != "--"]
    flags = words.pop(0).lstrip("-") if words else ""
    if not flags or set(flags) - set("cxtzfvCmop") or len(set(flags) & set("cxt")) != 1:
        raise BadUsage("only tar c, x and t with the flags z, f, v and C are simulated")
    archive = words.pop(0) if "f" in flags and words else "-"
    directory = p.path(words.pop(0)) if "C" in flags and words else p.cwd
    while (at := next((n for n, w in enumerate(words) if w.startswith("-C")), None)) is not None:
        directory = p.path(words[at][2:] or "".join(words[at + 1 : at + 2]))
        del words[at : at + (1 if words[at][2:] else 2)]
    if "c" in flags:
        return _pack(p, directory, words, archive, "z" in flags)
    try:
        data = await p.stdin.read_all() if archive == "-" else p.files.read(p.path(archive))
    except FileError as error:
        return p.fail(f"can't open '{archive}': {error}")
    return _unpack(p, directory, data, "t" in flags, "v" in flags)


def _pack(p: Process, directory: str, paths: list[str], archive: str, compress: bool) -> int:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for path in paths:
            top = posixpath.normpath(posixpath.join(directory, path))
            if not p.files.exists(top):
                return p.fail(f"can't open '{path}': No such file or directory")
            for full in p.files.walk(top):
                node = p.files.find(full, follow=False)
                content = p.files.read(full) if isinstance(node, File) else b""
                packed.addfile(_member(path.lstrip("/") + full.removeprefix(top), node, len(content)), io.BytesIO(content))
    data = gzip.compress(buffer.getvalue(), mtime=0) if compress else buffer.getvalue()
    if archive == "-":
        p.stdout(data)
    else:
        p.files.write(p.path(archive), data)
    return 0


def _member(name: str, node: Node, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.uid, info.gid, info.size = node.uid, node.gid, size
    info.mode = 0o777 if isinstance(node, Symlink) else node.mode
    info.linkname = node.target if isinstance(node, Symlink) else ""
    info.type = next((kind for known, kind in _TYPES.items() if isinstance(node, known)), tarfile.REGTYPE)
    return info


def _unpack(p: Process, directory: str, data: bytes, only_list: bool, verbose: bool) -> int:
    try:
        archive = tarfile.open(fileobj=io.BytesIO(data))  # noqa: SIM115 - in memory
    except tarfile.TarError:
        return p.fail("short read")
    for member in archive.getmembers():
        if only_list or verbose:
            p.out(f"{member.name}/\n" if member.isdir() else f"{member.name}\n")
        path = posixpath.normpath(posixpath.join(directory, member.name.lstrip("/")))
        if only_list:
            continue
        if member.isdir():
            p.files.make_directory(path, parents=True)
        elif member.isfile():
            p.files.make_directory(posixpath.dirname(path), parents=True)
            source = archive.extractfile(member)
            p.files.write(path, source.read() if source is not None else b"")
    return 0


async def gzip_(p: Process) -> int:
    """Compress files in their place, or standard input; gunzip, zcat and ``-d`` the other way round."""
    options, paths = parse_options(p.args, "cdfk123456789")
    unpack = "d" in options or p.name in ("gunzip", "zcat")
    whole = "c" in options or p.name == "zcat"
    code = 0
    for path in paths or ["-"]:
        try:
            if path == "-":
                p.stdout(_pressed(await p.stdin.read_all(), unpack))
            elif whole:
                p.stdout(_pressed(p.files.read(p.path(path)), unpack))
            else:
                code |= _in_place(p, path, unpack, options)
        except FileError as error:
            code = p.fail(f"{path}: {error}")
        except (OSError, EOFError, zlib.error):
            code = p.fail("invalid magic")
    return code


def _pressed(data: bytes, unpack: bool) -> bytes:
    return gzip.decompress(data) if unpack else gzip.compress(data, mtime=0)


def _in_place(p: Process, path: str, unpack: bool, options: dict[str, str]) -> int:
    if unpack and not path.endswith(".gz"):
        return p.fail(f"{path}: unknown suffix - ignored")
    target = p.path(path.removesuffix(".gz") if unpack else f"{path}.gz")
    if p.files.exists(target) and "f" not in options:
        return p.fail(f"can't open '{target}': File exists")
    p.files.write(target, _pressed(p.files.read(p.path(path)), unpack))
    if "k" not in options:
        p.files.remove(p.path(path))
    return 0


COMMANDS: dict[str, Program] = {"tar": tar, "gzip": gzip_, "gunzip": gzip_, "zcat": gzip_}
