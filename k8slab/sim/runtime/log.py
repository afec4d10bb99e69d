"""What a container wrote to standard output and error, as the node keeps it for ``kubectl logs``.

Upstream: the CRI log format, kubelet's log rotation and pkg/kubelet/kuberuntime/logs. Each chunk keeps the time and the
stream; the oldest chunks go once the log is over its limit (upstream keeps rotated files, but reads only the newest as well).
"""

from collections import deque
from collections.abc import Iterator

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.kernel import Kernel
from k8slab.sim.streams import Pipe

__all__ = ["LOG_LIMIT", "ContainerLog"]

#: Bytes of log kept per container.
LOG_LIMIT = 1 << 20


class ContainerLog:
    """The log of one run of a container."""

    __slots__ = ("_chunks", "_followers", "_kernel", "_partial", "_size", "closed")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._chunks: deque[tuple[float, str, str]] = deque()
        self._partial: dict[str, str] | None = None
        self._followers: list[tuple[Pipe, bool]] = []
        self._size = 0
        self.closed = False

    def write(self, text: str, stream: str = "stdout") -> None:
        """Append text; an incomplete line waits for its end, a closed log takes nothing more."""
        if self.closed or not text:
            return
        if self._partial and stream in self._partial:
            text = self._partial.pop(stream) + text
        if not text.endswith("\n"):
            text, newline, rest = text.rpartition("\n")
            text += newline
            self._partial = {**(self._partial or {}), stream: rest}
        if text:
            self._append(self._kernel.now(), stream, text)

    @property
    def size(self) -> int:
        """Bytes on the node's disk."""
        return self._size

    def _append(self, time: float, stream: str, text: str) -> None:
        self._chunks.append((time, stream, text))
        self._size += len(text)
        while self._size > LOG_LIMIT and len(self._chunks) > 1:
            self._size -= len(self._chunks.popleft()[2])
        for pipe, timestamps in self._followers:
            pipe.write("".join(_render(time, line, timestamps) for line in text.splitlines(True)).encode())

    def close(self) -> None:
        """End the log; followers are told."""
        for stream, rest in (self._partial or {}).items():
            if rest:
                self._append(self._kernel.now(), stream, rest + "\n")
        self._partial, self.closed = None, True
        for pipe, _ in self._followers:
            pipe.close()
        self._followers = []

    def text(self) -> str:
        """Return everything kept."""
        return "".join(chunk[2] for chunk in self._chunks)

    def tail(self, lines: int, limit: int) -> str:
        """Return the last lines, at most so many bytes of them (for terminationMessagePolicy)."""
        return "".join(self.text().splitlines(True)[-lines:])[-limit:]

    def read(
        self,
        follow: bool = False,
        tail_lines: int | None = None,
        since: float | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> Pipe:
        """Return a stream of the lines asked for; it stays open for more if ``follow`` is set and the container runs."""
        pipe = Pipe(self._kernel)
        lines = [_render(time, line, timestamps) for time, line in self._lines() if since is None or time >= since]
        if tail_lines is not None:
            lines = lines[-tail_lines:] if tail_lines > 0 else []
        data = "".join(lines).encode()
        pipe.write(data if limit_bytes is None else data[:limit_bytes])
        if follow and not self.closed and (limit_bytes is None or len(data) < limit_bytes):
            self._followers.append((pipe, timestamps))
        else:
            pipe.close()
        return pipe

    def _lines(self) -> Iterator[tuple[float, str]]:
        for time, _, text in self._chunks:
            for line in text.splitlines(True):
                yield time, line


def _render(time: float, line: str, timestamps: bool) -> str:
    return f"{rfc3339(time)[:-1]}.{int(time % 1 * 1e9):09d}Z {line}" if timestamps else line
