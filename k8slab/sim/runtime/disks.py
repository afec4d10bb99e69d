"""Where the contents of volumes are: on a node's own disk, or on disks and file servers that many nodes can reach.

Real components: the file systems behind hostPath and local volumes (a node's own), and a cloud's disks and an NFS server
(everybody's). What a volume is follows from its PersistentVolume. Contents are kept in memory; `k8slab.sim.runtime.saving`
writes them beside the store.
"""

import posixpath
from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.runtime.filesystem import Directory, FileError, FileSystem

__all__ = ["Disks", "host_path_of"]

_HOSTNAME = "kubernetes.io/hostname"
_PROVISIONED = "pv.kubernetes.io/provisioned-by"


def host_path_of(volume: Object) -> str:
    """Return the path on a node that a volume is, "" if it is not on a node."""
    spec = volume["spec"]
    return str((spec.get("hostPath") or spec.get("local") or {}).get("path", ""))


def _identity(volume: Object) -> str:
    """Return what two PersistentVolumes with the same content have in common."""
    spec = volume["spec"]
    if spec.get("csi"):
        return f"csi/{spec['csi']['driver']}/{spec['csi']['volumeHandle']}"
    if spec.get("nfs"):
        return f"nfs/{spec['nfs']['server']}{spec['nfs']['path']}"
    return f"volume/{volume['metadata']['name']}"


class Disks:
    """The disks of the cluster.

    Parameters
    ----------
    host
        Gives a node's own file tree.
    now
        The clock.
    """

    def __init__(self, host: Callable[[str], Directory], now: Callable[[], float]) -> None:
        self._host, self._now = host, now
        self.remote: dict[str, Directory] = {}  #: by identity

    def open(self, volume: Object, node: str) -> Directory:
        """Return the content of a volume as a node sees it; a path on the node is made if need be.

        Raises
        ------
        FileError
            If the path on the node is no directory.
        """
        path = host_path_of(volume)
        if not path:
            mode = 0o777 if volume["spec"].get("nfs") else 0o755
            return self.remote.setdefault(_identity(volume), Directory(mtime=self._now(), mode=mode))
        tree = FileSystem(self._host(node), self._now)
        if not tree.exists(path):
            tree.make_directory(path, parents=True)
            if _PROVISIONED in (volume["metadata"].get("annotations") or {}):
                tree.change_mode(path, lambda mode: 0o777)
        found = tree.find(path)
        if not isinstance(found, Directory):
            raise FileError("Not a directory")
        return found

    def discard(self, volume: Object) -> None:
        """Delete the content of a volume."""
        path = host_path_of(volume)
        if not path:
            self.remote.pop(_identity(volume), None)
            return
        for node in _nodes_of(volume):
            tree = FileSystem(self._host(node), self._now)
            if tree.exists(path):
                tree.remove(posixpath.normpath(path), recursive=True)


def _nodes_of(volume: Object) -> list[str]:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    expressions = [e for term in required.get("nodeSelectorTerms") or () for e in term.get("matchExpressions") or ()]
    return [node for e in expressions if e["key"] == _HOSTNAME for node in e["values"]]
