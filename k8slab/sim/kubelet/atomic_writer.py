"""Replaces the content of a ConfigMap, Secret, projected or downwardAPI volume all at once.

Upstream: pkg/volume/util/atomic_writer.go. The files are in a directory named by the time; ``..data`` leads to it, and a link
for each name at the top leads through ``..data``. An update makes a new directory and turns the one link ``..data``, so that
nobody ever sees half of it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from k8slab.sim.runtime.filesystem import Directory, File, Node, Symlink

__all__ = ["DATA", "write_payload"]

DATA = "..data"

#: Relative path, content and permission bits of a file.
Payload = tuple[str, bytes, int]


def write_payload(
    target: Directory, payload: Iterable[Payload], now: float, own: Callable[[Directory], object] = lambda fresh: None
) -> bool:
    """Make a volume hold exactly these files; return whether anything was to be done.

    ``own`` gives the new files their owners before they are seen.

    >>> volume = Directory()
    >>> write_payload(volume, [("a", b"1", 0o644)], 0)
    True
    >>> sorted(volume.entries), volume.entries["a"].target
    (['..1970_01_01_00_00_00.000000000', '..data', 'a'], '..data/a')
    >>> write_payload(volume, [("a", b"1", 0o644)], 60)
    False
    """
    fresh = Directory(mtime=now)
    for path, content, mode in payload:
        fresh.put(path, File(content, mode, now))
    own(fresh)
    before = target.entries.get(DATA)
    old = before.target if isinstance(before, Symlink) else None
    if old is not None and _content(target.entries[old]) == _content(fresh):
        return False
    name = _timestamp(now)
    while name in target.entries:
        name += "0"
    links: dict[str, Node] = {top: Symlink(f"{DATA}/{top}") for top in fresh.entries}
    target.entries.clear()
    target.entries.update({name: fresh, DATA: Symlink(name), **links})
    return True


def _timestamp(now: float) -> str:
    when = datetime.fromtimestamp(now, UTC)
    return when.strftime("..%Y_%m_%d_%H_%M_%S.") + f"{when.microsecond * 1000:09d}"


def _content(node: Node) -> object:
    """What is compared: names, bytes and permissions, not times."""
    if isinstance(node, Directory):
        return {name: _content(child) for name, child in node.entries.items()}
    return (node.read(), node.mode, node.uid, node.gid) if isinstance(node, File) else None
