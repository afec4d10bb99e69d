"""File systems in memory: an emptyDir of medium Memory. What is written there counts as memory of the container that wrote it.

Real component: Linux's tmpfs, whose pages belong to the cgroup that touched them first. Simplified: when a container ends, its
pages are nobody's (upstream: the pod's), though the files stay.
"""

from typing import Protocol

from k8slab.sim.runtime.filesystem import Directory, FileError, size_of

__all__ = ["MemoryVolume"]


class Writer(Protocol):
    """A container, as far as its memory goes."""

    def claim_memory(self, size: int) -> None:
        """Use more."""

    def release_memory(self, size: int) -> None:
        """Use less."""


class MemoryVolume:
    """A directory in memory.

    Parameters
    ----------
    directory
        What is in it.
    limit
        How many bytes fit; 0 for as many as there are.
    """

    __slots__ = ("_charged", "directory", "limit", "size")

    def __init__(self, directory: Directory, limit: int = 0) -> None:
        self.directory, self.limit = directory, limit
        self.size = size_of(directory)
        self._charged: dict[Writer, int] = {}

    def settle(self, writer: Writer) -> None:
        """Charge a container for what it has written since the last time, or give back what it has removed.

        Raises
        ------
        FileError
            If it does not fit; the caller takes the write back.
        """
        size = size_of(self.directory)
        more = size - self.size
        if more > 0 and self.limit and size > self.limit:
            raise FileError("No space left on device")
        self.size = size
        charged = self._charged.get(writer, 0)
        self._charged[writer] = max(0, charged + more)
        if more > 0:
            writer.claim_memory(more)
        elif more < 0 and charged:
            writer.release_memory(min(-more, charged))
