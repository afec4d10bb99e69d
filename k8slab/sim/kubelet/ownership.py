"""fsGroup: a pod's volumes are given to its group before its containers start (upstream: pkg/volume/volume_linux.go).

The group gets every file, may read it (and write it, unless the volume is read-only), and new files in a directory belong to
it by the set-gid bit. Volumes whose files belong to others are left alone: hostPath and NFS.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.runtime.filesystem import Directory, Symlink

__all__ = ["file_user", "fs_group", "give_to_group", "takes_fs_group"]

_READ_WRITE, _READ_ONLY, _ENTER, _SET_GID = 0o660, 0o440, 0o110, 0o2000


def fs_group(pod: Object) -> int | None:
    """Return the group that owns the pod's volumes, None if there is none."""
    group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return group


def takes_fs_group(volume: Object) -> bool:
    """Whether the files of a PersistentVolume are given to the pod's group: block storage, not shares and host paths."""
    spec = volume["spec"]
    if spec.get("csi"):
        modes = spec.get("accessModes") or ()
        return "ReadWriteOnce" in modes or "ReadWriteOncePod" in modes
    return not (spec.get("hostPath") or spec.get("nfs"))


def give_to_group(directory: Directory, gid: int, read_only: bool = False, only_on_mismatch: bool = False) -> None:
    """Give a volume to a group.

    >>> from k8slab.sim.runtime.filesystem import File
    >>> volume = Directory({"f": File(b"")}, 0o777)
    >>> give_to_group(volume, 2000)
    >>> f"{volume.mode:o}", volume.gid, f"{volume.entries['f'].mode:o}"
    ('2777', 2000, '664')
    """
    if only_on_mismatch and directory.gid == gid and directory.mode & _SET_GID:
        return
    mask = _READ_ONLY if read_only else _READ_WRITE
    directory.gid, directory.mode = gid, directory.mode | mask | _SET_GID | _ENTER
    for node in directory.entries.values():
        if isinstance(node, Directory):
            give_to_group(node, gid, read_only)
        elif isinstance(node, Symlink):
            node.gid = gid
        else:
            node.gid, node.mode = gid, node.mode | mask


def file_user(pod: Object) -> int | None:
    """Return the user that all containers of a pod run as, to whom its tokens are given; None if they differ."""
    spec = pod["spec"]
    default = (spec.get("securityContext") or {}).get("runAsUser")
    containers = [*(spec.get("initContainers") or ()), *spec["containers"], *(spec.get("ephemeralContainers") or ())]
    users = {(c.get("securityContext") or {}).get("runAsUser", default) for c in containers}
    return users.pop() if len(users) == 1 else None
