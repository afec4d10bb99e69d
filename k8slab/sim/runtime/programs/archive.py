"""tar, as far as ``kubectl cp`` needs it: ``tar cf - PATH`` and ``tar xf - -C DIRECTORY``, in memory; gzip, gunzip and zcat.

What gzip writes has no name and no time in its head, so that the same content always gives the same bytes.
"""

import gzip
import io
import posixpath
import tarfile
import zlib

from k8slab.sim.runtime.filesystem import Directory, File, FileError, Symlink
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]


_TYPES = {Directory: tarfile.DIRTYPE, Symlink: tarfile.SYMTYPE, File: tarfile.REGTYPE}


async def tar(p: Process) -> int:
    """Pack files to standard output, or unpack standard input."""
    words = [a for a in p.args if a not in ("-", "--") and not a.startswith("--")]
    flags = words.pop(0).lstrip("-") if words else ""
    directory = p.cwd
    for option in [w for w in words if w.startswith("-C")]:
        at = words.index(option)
        directory = p.path(option[2:] or words[at + 1])
        del words[at : at + (1 if option[2:] else 2)]
    if "C" in flags and words:
        directory = p.path(words.pop(0))
    if "z" in flags or "c" in flags == "x" in flags or ("f" in flags and "-" not in p.args):
        raise BadUsage("only tar cf - PATH and tar xf - [-C DIRECTORY] are simulated")
    return _pack(p, directory, words) if "c" in flags else await _unpack(p, directory)


def _pack(p: Process, directory: str, paths: list[str]) -> int:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in paths:
            top = posixpath.normpath(posixpath.join(directory, path))
            if not p.files.exists(top):
                return p.fail(f"can't open '{path}': No such file or directory")
            for full in p.files.walk(top):
                name = path.lstrip("/") + full.removeprefix(top)
                node = p.files.find(full, follow=False)
                info = tarfile.TarInfo(name)
                content = p.files.read(full) if isinstance(node, File) else b""
                info.uid, info.gid = node.uid, node.gid
                info.size, info.mode = len(content), 0o777 if isinstance(node, Symlink) else node.mode
                info.type = (
                    tarfile.DIRTYPE
                    if isinstance(node, Directory)
                    else tarfile.SYMTYPE
                    if isinstance(node, Symlink)
                    else tarfile.REGTYPE
                )
                info.linkname = node.target if isinstance(node, Symlink) else ""
                archive.addfile(info, io.BytesIO(content))
    p.stdout(buffer.getvalue())
    return 0


async def _unpack(p: Process, directory: str) -> int:
    try:
        archive = tarfile.open(fileobj=io.BytesIO(await p.stdin.read_all()))  # noqa: SIM115 - in memory
    except tarfile.TarError:
        return p.fail("short read")
    for member in archive.getmembers():
        path = posixpath.normpath(posixpath.join(directory, member.name.lstrip("/")))
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
