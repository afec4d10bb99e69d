"""dd and truncate: files of a given size, for whoever wants to see a disk or a memory file system fill up."""

from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_UNITS = {"": 1, "c": 1, "b": 512, "k": 1 << 10, "kB": 1000, "M": 1 << 20, "MB": 10**6, "G": 1 << 30, "GB": 10**9}
_STEPS = 64  #: so many writes are made of one dd, however many blocks it has


def _bytes(text: str) -> int:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(digits) :]
    unit = unit.upper() if unit in ("m", "g", "K") and unit != "K" else "k" if unit == "K" else unit
    if not digits.isdigit() or unit not in _UNITS:
        raise BadUsage(f"invalid number '{text}'")
    return int(digits) * _UNITS[unit]


async def dd(p: Process) -> int:
    """Copy a file block by block; if= of= bs= count=, from /dev/zero too."""
    given = dict(word.partition("=")[::2] for word in p.args)
    unknown = given.keys() - {"if", "of", "bs", "count", "conv", "oflag", "status"}
    if unknown:
        raise BadUsage(f"unrecognized operand '{min(unknown)}' (or not simulated)")
    size, target = _bytes(given.get("bs", "512")), given.get("of")
    if given.get("if") in ("/dev/zero", "/dev/urandom", "/dev/random"):
        if "count" not in given or target is None:
            raise BadUsage("from a device only with of= and count=, or there would be no end")
        return _fill(p, p.path(target), size, _bytes(given["count"]), target)
    data = p.files.read(p.path(given["if"])) if "if" in given else await p.stdin.read_all()
    data = data[: size * _bytes(given["count"])] if "count" in given else data
    if target is None:
        p.stdout(data)
    else:
        p.files.write(p.path(target), data)
    _report(p, len(data) // size, len(data) % size, len(data))
    return 0


def _fill(p: Process, path: str, size: int, count: int, shown: str) -> int:
    written = 0
    p.files.write(path, b"")
    if path.startswith("/dev/"):
        written = count
    while written < count:
        blocks = min(max(1, count // _STEPS), count - written)
        try:
            p.files.extend(path, size * blocks, append=True)
        except FileError as error:
            p.err(f"dd: error writing '{shown}': {error}")
            _report(p, written, 0, written * size)
            return 1
        written += blocks
    _report(p, written, 0, written * size)
    return 0


def _report(p: Process, whole: int, part: int, size: int) -> None:
    records = f"{whole}+{1 if part else 0}"
    p.err(f"{records} records in\n{records} records out\n{size} bytes ({size / 2**20:.1f}MB) copied")


async def truncate(p: Process) -> int:
    """Set the size of files; -s."""
    options, paths = parse_options(p.args, "s:c")
    if "s" not in options:
        raise BadUsage("you must specify -s")
    for path in paths:
        p.files.extend(p.path(path), _bytes(options["s"]))
    return 0


COMMANDS: dict[str, Program] = {"dd": dd, "truncate": truncate}
