"""The files a simulated container sees: a tree of directories in memory, with volumes mounted into it.

Real component: the overlay and bind mounts that containerd sets up. Volumes are `Directory` objects that several containers
(emptyDir), or the kubelet (ConfigMap, Secret), hold too, so that a change shows everywhere at once.
Simplified: no hard links, no access control lists, the umask is always 022. Nothing here ever touches the host's files.
"""

import posixpath
from collections.abc import Callable, Iterator, MutableMapping
from fnmatch import fnmatchcase

from k8slab.sim.runtime.credentials import ROOT, Credentials
from k8slab.sim.runtime.permissions import allowed, may_change_group, may_change_mode, may_change_owner, may_remove

__all__ = ["FILE_LIMIT", "Device", "Directory", "File", "FileError", "FileSystem", "Node", "OwnLink", "Symlink", "size_of"]


#: Bytes that one file may hold.
FILE_LIMIT = 16 << 20


class FileError(Exception):
    """A failed file operation; the text is what the C library says for the errno."""


class File:
    """A regular file; ``source`` makes its content on each read instead (``/etc/hosts``, a token).

    ``zeros`` bytes follow after ``data``: what ``dd if=/dev/zero`` writes counts, but takes no memory here.
    """

    __slots__ = ("data", "gid", "mode", "mtime", "source", "uid", "zeros")

    def __init__(
        self, data: bytes = b"", mode: int = 0o644, mtime: float = 0, source: Callable[[], bytes] | None = None,
        zeros: int = 0, uid: int = 0, gid: int = 0,
    ) -> None:  # fmt: skip
        self.data: bytes | bytearray = data
        self.mode, self.mtime, self.source, self.zeros, self.uid, self.gid = mode, mtime, source, zeros, uid, gid

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self.source()) if self.source is not None else len(self.data) + self.zeros

    def read(self) -> bytes:
        """Return the content."""
        if self.zeros > FILE_LIMIT:
            raise FileError("Cannot allocate memory")
        return self.source() if self.source is not None else bytes(self.data) + bytes(self.zeros)

    def append(self, data: bytes) -> None:
        """Add to the end."""
        if self.source is not None or self.zeros or not isinstance(self.data, bytearray):
            self.data, self.source, self.zeros = bytearray(self.read()), None, 0
        if len(self.data) + len(data) > FILE_LIMIT:
            raise FileError("No space left on device")
        self.data += data


class Device(File):
    """A device that takes everything and gives nothing (/dev/null)."""

    __slots__ = ()


class Symlink:
    """A symbolic link."""

    __slots__ = ("gid", "target", "uid")
    mode = 0o777

    def __init__(self, target: str, uid: int = 0, gid: int = 0) -> None:
        self.target, self.uid, self.gid = target, uid, gid


class OwnLink(Symlink):
    """A link that leads every process to its own directory: /proc/self."""

    __slots__ = ()


class Directory:
    """A directory; one with ``mounted`` set is where another file system begins."""

    __slots__ = ("entries", "gid", "mode", "mounted", "mtime", "read_only", "uid")

    def __init__(
        self, entries: "MutableMapping[str, Node] | None" = None, mode: int = 0o755, mtime: float = 0, uid: int = 0, gid: int = 0
    ) -> None:
        self.entries: MutableMapping[str, Node] = entries if entries is not None else {}
        self.mode, self.mtime, self.uid, self.gid = mode, mtime, uid, gid
        self.mounted, self.read_only = False, False

    def put(self, path: str, node: "Node") -> None:
        """Place a node at a relative path, making the directories on the way."""
        directory = self
        *parents, name = [p for p in path.split("/") if p]
        for part in parents:
            child = directory.entries.get(part)
            if not isinstance(child, Directory):
                child = directory.entries[part] = Directory(mtime=self.mtime)
            directory = child
        directory.entries[name] = node

    def mount(self, path: str, node: "Node", read_only: bool = False) -> None:
        """Place a volume at a path; a directory is shared, not copied."""
        if isinstance(node, Directory):
            node = MountPoint(node, read_only)
        self.put(path, node)


class MountPoint(Directory):
    """Where a volume is mounted: content, owner and mode are the volume's."""

    __slots__ = ("volume",)

    def __init__(self, volume: Directory, read_only: bool) -> None:
        self.volume = volume
        self.entries, self.mtime = volume.entries, volume.mtime
        self.mounted, self.read_only = True, read_only

    @property
    def mode(self) -> int:
        """Permission bits of the volume's root."""
        return self.volume.mode

    @mode.setter
    def mode(self, mode: int) -> None:
        self.volume.mode = mode

    @property
    def uid(self) -> int:
        """Owner of the volume's root."""
        return self.volume.uid

    @uid.setter
    def uid(self, uid: int) -> None:
        self.volume.uid = uid

    @property
    def gid(self) -> int:
        """Group of the volume's root."""
        return self.volume.gid

    @gid.setter
    def gid(self, gid: int) -> None:
        self.volume.gid = gid


Node = File | Directory | Symlink


def size_of(node: Node) -> int:
    """Return the bytes that were written to files at and below a node, other file systems aside.

    >>> size_of(Directory({"a": File(b"xyz"), "d": Directory({"b": File(zeros=10)})}))
    13
    """
    if isinstance(node, Directory):
        return sum(size_of(child) for child in list(node.entries.values()) if not _is_mount(child))
    return node.size if isinstance(node, File) and node.source is None else 0


def _is_mount(node: Node) -> bool:
    return isinstance(node, Directory) and node.mounted


class FileSystem:
    """Path operations on a tree, as one process does them.

    Parameters
    ----------
    root
        The tree.
    now
        The clock, for modification times.
    changed
        Called after each change; what it raises (there is no space left) undoes a write.
    who, pid
        The process; without it everything is allowed.
    """

    def __init__(
        self, root: Directory, now: Callable[[], float], changed: Callable[[], object] | None = None,
        who: Credentials = ROOT, pid: int = 1,
    ) -> None:  # fmt: skip
        self.root, self._now, self._changed, self.who, self._pid = root, now, changed, who, pid

    def require(self, node: "Node", want: str) -> None:
        """Refuse what the permission bits do not allow.

        Raises
        ------
        FileError
            "Permission denied".
        """
        if not isinstance(node, Symlink) and not allowed(node, want, self.who, isinstance(node, Directory)):
            raise FileError("Permission denied")

    def find(self, path: str, follow: bool = True, _depth: int = 0) -> Node:
        """Return the node at an absolute path."""
        if _depth > 20:
            raise FileError("Too many levels of symbolic links")
        node: Node = self.root
        parts = [p for p in posixpath.normpath(path).split("/") if p]
        for i, part in enumerate(parts):
            if not isinstance(node, Directory):
                raise FileError("Not a directory")
            self.require(node, "x")
            found = node.entries.get(part)
            if found is None:
                raise FileError("No such file or directory")
            if isinstance(found, Symlink) and (follow or i < len(parts) - 1):
                target = str(self._pid) if isinstance(found, OwnLink) else found.target
                target = posixpath.join("/", *parts[:i], target)
                found = self.find(target, True, _depth + 1)
            node = found
        return node

    def resolve(self, path: str) -> str:
        """Return a path without links in it; its last part need not exist."""
        done = "/"
        for part in [p for p in posixpath.normpath(path).split("/") if p]:
            done = posixpath.join(done, part)
            if not self.exists(done):
                continue  # a loop of links is not there either
            node = self.find(done, follow=False)
            if isinstance(node, Symlink):
                done = self.resolve(posixpath.join(posixpath.dirname(done), node.target))
        return done

    def exists(self, path: str) -> bool:
        """Whether there is something at the path."""
        try:
            self.find(path)
        except FileError:
            return False
        return True

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        node = self.find(path)
        if isinstance(node, Directory):
            raise FileError("Is a directory")
        assert isinstance(node, File)
        self.require(node, "r")
        return node.read()

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a directory."""
        node = self.find(path)
        if not isinstance(node, Directory):
            raise FileError("Not a directory")
        self.require(node, "r")
        return sorted(node.entries)

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        """Write a file, made if need be."""
        node = self._file(path)
        if isinstance(node, Device):
            return
        before = (bytes(node.data), node.source, node.zeros)
        if append:
            node.append(data)
        else:
            node.data, node.source, node.zeros = data, None, 0
        self._settle(node, before)

    def extend(self, path: str, zeros: int, append: bool = False) -> None:
        """Write zeros to a file, made if need be; with ``append`` behind what is in it."""
        node = self._file(path)
        before = (bytes(node.data), node.source, node.zeros)
        if not append:
            node.data, node.source, node.zeros = b"", None, 0
        node.zeros += zeros
        self._settle(node, before)

    def _file(self, path: str) -> File:
        """Return the file at a path that may be written to, made if need be."""
        directory = self._parent(path, "")
        try:
            node = self.find(path)
        except FileError as error:
            if "No such" not in str(error):
                raise
            self.require(directory, "wx")
            node = directory.entries[posixpath.basename(path)] = File(mtime=self._now())
            self._own(node, directory)
        if isinstance(node, Directory):
            raise FileError("Is a directory")
        assert isinstance(node, File)
        self.require(node, "w")
        return node

    def _settle(self, node: File, before: tuple[bytes, Callable[[], bytes] | None, int]) -> None:
        """Note a write; if there is no room for it, take it back."""
        node.mtime = self._now()
        if self._changed is not None:
            try:
                self._changed()
            except FileError:
                node.data, node.source, node.zeros = before
                raise

    def make_directory(self, path: str, parents: bool = False) -> None:
        """Make a directory; with ``parents`` also those above it, and it may be there already."""
        if self.exists(path):
            if parents and isinstance(self.find(path), Directory):
                return
            raise FileError("File exists")
        above = posixpath.dirname(posixpath.normpath(path))
        if parents and above != "/":
            self.make_directory(above, True)
        self.place(path, Directory(mtime=self._now()))

    def remove(self, path: str, recursive: bool = False) -> None:
        """Remove a file, a link, or, recursively, a directory."""
        node = self.find(path, follow=False)
        if isinstance(node, Directory):
            if node.mounted:
                raise FileError("Resource busy")
            if not recursive:
                raise FileError("Is a directory")
        directory = self._parent(path)
        if not may_remove(directory, node, self.who):
            raise FileError("Operation not permitted")
        del directory.entries[posixpath.basename(posixpath.normpath(path))]
        if self._changed is not None:
            self._changed()

    def place(self, path: str, node: Node, keep_owner: bool = False) -> None:
        """Put a node at a path, over what is there; a new one (cp, ln, not mv) belongs to who makes it."""
        directory, name = self._parent(path), posixpath.basename(posixpath.normpath(path))
        old = directory.entries.get(name)
        if old is not None and not may_remove(directory, old, self.who):
            raise FileError("Operation not permitted")
        if not keep_owner:
            self._own(node, directory)
        directory.entries[name] = node
        if self._changed is not None:
            self._changed()

    def _own(self, node: Node, directory: Directory) -> None:
        """Give a new node its owner; in a set-gid directory it takes the directory's group, as fsGroup wants it."""
        inherits = bool(directory.mode & 0o2000)
        node.uid, node.gid = self.who.uid, directory.gid if inherits else self.who.gid
        if isinstance(node, Directory):
            node.mode |= 0o2000 if inherits else 0
            for child in node.entries.values():
                self._own(child, node)

    def change_mode(self, path: str, mode: Callable[[int], int]) -> None:
        """Set permission bits (chmod)."""
        node = self._changeable(path)
        if not may_change_mode(node, self.who):
            raise FileError("Operation not permitted")
        if not isinstance(node, Symlink):
            node.mode = mode(node.mode)

    def change_owner(self, path: str, uid: int | None = None, gid: int | None = None) -> None:
        """Set owner or group (chown, chgrp)."""
        node = self._changeable(path)
        if uid is not None and not may_change_owner(node, uid, self.who):
            raise FileError("Operation not permitted")
        if gid is not None and not may_change_group(node, gid, self.who):
            raise FileError("Operation not permitted")
        node.uid, node.gid = node.uid if uid is None else uid, node.gid if gid is None else gid

    def _changeable(self, path: str) -> Node:
        node = self.find(path)
        self._parent(path, "")
        return node

    def walk(self, path: str) -> Iterator[str]:
        """Yield the path and everything below it."""
        yield path
        try:
            node = self.find(path, follow=False)
        except FileError:
            return
        if isinstance(node, Directory):
            for name in sorted(node.entries):
                yield from self.walk(posixpath.join(path, name))

    def glob(self, pattern: str, cwd: str) -> list[str]:
        """Return the paths that match, spelled relative if the pattern is, in order; none if nothing does."""
        found = [""] if not pattern.startswith("/") else ["/"]
        for part in [p for p in pattern.split("/") if p]:
            found = [posixpath.join(base, name) for base in found for name in self._matching(posixpath.join(cwd, base), part)]
        return found

    def _matching(self, directory: str, part: str) -> list[str]:
        if not any(c in part for c in "*?["):
            return [part] if self.exists(posixpath.join(directory, part)) else []
        try:
            names = self.names(directory)
        except FileError:
            return []
        return [n for n in names if fnmatchcase(n, part) and (part.startswith(".") or not n.startswith("."))]

    def _parent(self, path: str, want: str = "wx") -> Directory:
        """Return the directory that a path is in, if it may be written to: not read-only, and the bits allow what is wanted."""
        parts = [p for p in posixpath.normpath(path).split("/")[:-1] if p]
        node, read_only = self.root, self.root.read_only
        for i in range(len(parts)):
            found = self.find("/" + "/".join(parts[: i + 1]))
            if not isinstance(found, Directory):
                raise FileError("Not a directory")
            node = found
            read_only = node.read_only if node.mounted else read_only
        if read_only:
            raise FileError("Read-only file system")
        self.require(node, want)
        return node
