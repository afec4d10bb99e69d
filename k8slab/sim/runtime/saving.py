"""Keeps the contents of volumes and of nodes' own directories in a file beside the store, so that they outlive the process.

Real component: the disks themselves. What was written in the last ten seconds before a crash (kill -9, power) may be lost, as
with a real page cache that nobody has synced; an orderly stop loses nothing. A container's own file system is not kept: as
after a reboot, containers start from their image.
"""

import json
import logging
import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from k8slab.errors import K8slabError
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.runtime.filesystem import Directory, File, Node, Symlink
from k8slab.sim.runtime.runtime import Runtime

__all__ = ["DiskKeeper", "decode", "encode"]

PERIOD = 10.0
log = logging.getLogger(__name__)


def encode(node: Node) -> Any:
    """Return a tree as JSON can hold it.

    >>> encode(Directory({"f": File(b"x", uid=1000)}))
    ['d', 493, 0, {'f': ['f', 420, 0, 'eA==', 0, 1000, 0]}]
    """
    owner = [node.uid, node.gid] if node.uid or node.gid else []
    if isinstance(node, Symlink):
        return ["l", node.target, *owner]
    if isinstance(node, File):
        content, owner = bytes(node.data) if node.zeros else node.read(), owner or [0, 0]
        more = [node.zeros, *owner] if node.zeros or any(owner) else []
        return ["f", node.mode, node.mtime, b64encode(content).decode(), *more]
    return ["d", node.mode, node.mtime, {name: encode(child) for name, child in node.entries.items()}, *owner]


def decode(data: Any) -> Node:
    """Return the tree that `encode` wrote."""
    if data[0] == "l":
        return Symlink(data[1], *data[2:])
    if data[0] == "f":
        return File(b64decode(data[3]), data[1], data[2], None, *data[4:])
    return _directory(data)


def _directory(data: Any) -> Directory:
    return Directory({name: decode(child) for name, child in data[3].items()}, data[1], data[2], *data[4:])


class DiskKeeper:
    """Saves what is on the disks every ten seconds of the cluster's time, if it has changed, and when it stops.

    Parameters
    ----------
    path
        The file; None keeps nothing.
    runtime, kernel
        Whose disks, and the clock.
    """

    def __init__(self, path: Path | None, runtime: Runtime, kernel: Kernel) -> None:
        self._path, self._runtime, self._kernel = path, runtime, kernel
        self._saved = b""
        self._timer: Timer | None = None

    def start(self) -> None:
        """Fill the disks with what the file holds.

        Raises
        ------
        K8slabError
            If the file cannot be read.
        """
        if self._path is None:
            return
        if self._path.exists():
            self._load(self._path)
        self._timer = self._kernel.call_later(PERIOD, self._tick)

    def stop(self) -> None:
        """Save for the last time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._save()

    def _tick(self) -> None:
        self._save()
        self._timer = self._kernel.call_later(PERIOD, self._tick)

    def _load(self, path: Path) -> None:
        try:
            self._saved = path.read_bytes()
            content = json.loads(self._saved)
            self._runtime.disks.remote.update({name: _directory(tree) for name, tree in content["remote"].items()})
            for name, tree in content["nodes"].items():
                self._runtime.node(name).host = _directory(tree)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise K8slabError(
                f'the contents of volumes in "{path}" cannot be read ({error}); move the file away to start without them'
            ) from error

    def _save(self) -> None:
        assert self._path is not None
        content = {
            "nodes": {name: encode(tree) for name, tree in self._runtime.host_trees()},
            "remote": {name: encode(tree) for name, tree in self._runtime.disks.remote.items()},
        }
        data = json.dumps(content, separators=(",", ":")).encode()
        if data == self._saved or (not self._saved and not any(content.values())):
            return
        beside = self._path.with_suffix(".new")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self._path)
        except OSError as error:
            log.error("the contents of volumes could not be saved: %s", error)
            return
        self._saved = data
