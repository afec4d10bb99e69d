"""The files a simulated container sees: a tree of directories in memory, with volumes mounted into it.

Real component: the overlay and bind mounts that containerd sets up. Volumes are `Directory` objects that several containers
(emptyDir), or the kubelet (ConfigMap, Secret), hold too, so that a change shows everywhere at once.
Simplified: no hard links, no ownership apart from what `ls -l` prints, permission bits are kept but root may do everything.
Nothing here ever touches the host's files.
"""

import posixpath
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

__all__ = ["FILE_LIMIT", "Directory", "File", "FileError", "FileSystem", "Node", "Symlink", "size_of"]


#: Bytes that one file may hold.
FILE_LIMIT = 16 << 20


class FileError(Exception):
    """A failed file operation; the text is what the C library says for the errno."""


class File:
    """A regular file; ``source`` makes its content on each read instead (``/etc/hosts``, a token).

    ``zeros`` bytes follow after ``data``: what ``dd if=/dev/zero`` writes counts, but takes no memory here.
    """

    __slots__ = ("data", "mode", "mtime", "source", "zeros")

    def __init__(
        self, data: bytes = b"", mode: int = 0o644, mtime: float = 0, source: Callable[[], bytes] | None = None, zeros: int = 0
    ) -> None:
        self.data: bytes | bytearray = data
        self.mode, self.mtime, self.source, self.zeros = mode, mtime, source, zeros

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


class Symlink:
    """A symbolic link."""

    __slots__ = ("target",)

    def __init__(self, target: str) -> None:
        self.target = target


class Directory:
    """A directory; one with ``mounted`` set is where another file system begins."""

    __slots__ = ("entries", "mode", "mounted", "mtime", "read_only")

    def __init__(self, entries: "dict[str, Node] | None" = None, mode: int = 0o755, mtime: float = 0) -> None:
        self.entries: dict[str, Node] = entries if entries is not None else {}
        self.mode, self.mtime = mode, mtime
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
            view = Directory(node.entries, node.mode, node.mtime)
            view.mounted, view.read_only = True, read_only
            node = view
        self.put(path, node)


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
    """

    def __init__(self, root: Directory, now: Callable[[], float], changed: Callable[[], object] | None = None) -> None:
        self.root, self._now, self._changed = root, now, changed

    def find(self, path: str, follow: bool = True, _depth: int = 0) -> Node:
        """Return the node at an absolute path."""
        if _depth > 20:
            raise FileError("Too many levels of symbolic links")
        node: Node = self.root
        parts = [p for p in posixpath.normpath(path).split("/") if p]
        for i, part in enumerate(parts):
            if not isinstance(node, Directory):
                raise FileError("Not a directory")
            found = node.entries.get(part)
            if found is None:
                raise FileError("No such file or directory")
            if isinstance(found, Symlink) and (follow or i < len(parts) - 1):
                target = posixpath.join("/", *parts[:i], found.target)
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
        return node.read()

    def names(self, path: str) -> list[str]:
        """Return the sorted names in a directory."""
        node = self.find(path)
        if not isinstance(node, Directory):
            raise FileError("Not a directory")
        return sorted(node.entries)

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        """Write a file, made if need be."""
        node = self._file(path)
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
        parent = self._parent(path)
        try:
            node = self.find(path)
        except FileError:
            node = parent.entries[posixpath.basename(path)] = File(mtime=self._now())
        if isinstance(node, Directory):
            raise FileError("Is a directory")
        assert isinstance(node, File)
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
        self._parent(path).entries[posixpath.basename(posixpath.normpath(path))] = Directory(mtime=self._now())

    def remove(self, path: str, recursive: bool = False) -> None:
        """Remove a file, a link, or, recursively, a directory."""
        node = self.find(path, follow=False)
        if isinstance(node, Directory):
            if node.mounted:
                raise FileError("Resource busy")
            if not recursive:
                raise FileError("Is a directory")
        del self._parent(path).entries[posixpath.basename(posixpath.normpath(path))]
        if self._changed is not None:
            self._changed()

    def place(self, path: str, node: Node) -> None:
        """Put a node at a path, over what is there (mv, ln)."""
        self._parent(path).entries[posixpath.basename(posixpath.normpath(path))] = node
        if self._changed is not None:
            self._changed()

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

    def _parent(self, path: str) -> Directory:
        """Return the directory that a path is in, if it may be written to."""
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
        return node
