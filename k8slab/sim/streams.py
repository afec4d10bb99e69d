"""Byte streams between simulated processes, log followers and HTTP connections; and how large a terminal is.

A pipe has one reader at a time and any number of writers; reading waits on the kernel, writing never blocks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from k8slab.sim.kernel import Future, Kernel

__all__ = ["Pipe", "WindowSize"]


@dataclass
class WindowSize:
    """A terminal's size, which whoever looks at it may change."""

    rows: int = 24
    columns: int = 80


class Pipe:
    """An unbounded byte stream inside the kernel.

    Parameters
    ----------
    kernel
        Whose coroutines read.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._chunks: list[bytes] = []
        self._waiter: Future[None] | None = None
        self._listener: Callable[[bytes], object] | None = None
        self.closed = False
        self.passed = 0  #: bytes written so far

    def write(self, data: bytes) -> None:
        """Append bytes; ignored once the pipe is closed."""
        if self.closed or not data:
            return
        self.passed += len(data)
        if self._listener is not None:
            self._listener(data)
        else:
            self._chunks.append(data)
            self._wake()

    def close(self) -> None:
        """End the stream: readers get what is left, then ``b""``."""
        if not self.closed:
            self.closed = True
            if self._listener is not None:
                self._listener(b"")
            self._wake()

    async def read(self) -> bytes:
        """Return what has been written, waiting for it if need be; ``b""`` at the end."""
        while not self._chunks and not self.closed:
            self._waiter = self._kernel.future()
            await self._waiter
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for what will be written next."""
        return self._waiter is not None and not self.closed

    def listen(self, listener: Callable[[bytes], object]) -> None:
        """Hand every chunk, past and future, to a callback instead of a reader; ``b""`` says the end."""
        self._listener = listener
        for chunk in self._chunks:
            listener(chunk)
        self._chunks.clear()
        if self.closed:
            listener(b"")

    def _wake(self) -> None:
        if self._waiter is not None:
            self._waiter.set_result(None)
            self._waiter = None
