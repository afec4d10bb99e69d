"""The line discipline of a terminal (``kubectl exec -t``): echo, editing, Ctrl-C, Ctrl-D, line ends.

Real component: the tty driver of the Linux kernel, in canonical mode.
"""

from collections.abc import Callable

from k8slab.sim.runtime.process import Output
from k8slab.sim.streams import Pipe

__all__ = ["Terminal"]


class Terminal:
    """Between the bytes of the other end and a program.

    Parameters
    ----------
    typed
        What the user types.
    shown
        What the user sees.
    lines
        Where finished lines go: the program's standard input.
    interrupt
        Called on Ctrl-C.
    """

    def __init__(self, typed: Pipe | None, shown: Output, lines: Pipe, interrupt: Callable[[], object]) -> None:
        self._shown, self._lines, self._interrupt = shown, lines, interrupt
        self._line = b""
        if typed is None:
            lines.close()
        else:
            typed.listen(self._typed)

    def output(self, data: bytes) -> None:
        """Show what the program writes."""
        self._shown(data.replace(b"\n", b"\r\n"))

    def _typed(self, data: bytes) -> None:
        if not data:
            self._lines.close()
        for byte in data:
            self._key(byte)

    def _key(self, byte: int) -> None:
        if byte in (10, 13):
            self._shown(b"\r\n")
            self._lines.write(self._line + b"\n")
            self._line = b""
        elif byte in (8, 127):
            if self._line:
                self._line = self._line[:-1]
                self._shown(b"\b \b")
        elif byte == 3:
            self._line = b""
            self._shown(b"^C\r\n")
            self._interrupt()
        elif byte == 4 and not self._line:
            self._lines.close()
        elif byte >= 32:
            self._line += bytes([byte])
            self._shown(bytes([byte]))
