"""The one clock of the embedded cluster.

Every delay, back-off, lease, probe and timestamp follows it. It runs in one of three modes:

* ``real``: one second is one second;
* ``accelerated``: ``rate`` simulated seconds pass in a real one;
* ``stepped``: time stands still until somebody advances it, so that a run with a seed is reproducible.

Nothing else in ``k8slab.sim`` reads the host's time (TLS certificates aside: the host's programs check those).
"""

import time
from collections.abc import Callable
from typing import Literal

__all__ = ["STEPPED_EPOCH", "Clock", "Mode"]

Mode = Literal["real", "accelerated", "stepped"]

#: Where a stepped clock starts, unless told otherwise: 2026-01-01T00:00:00Z.
STEPPED_EPOCH = 1767225600.0


class Clock:
    """Maps the host's monotonic time to simulated seconds since the Unix epoch.

    Parameters
    ----------
    mode
        ``real``, ``accelerated`` or ``stepped``.
    rate
        Simulated seconds per real second; only ``accelerated`` uses it.
    start
        Simulated time to start from; default is the host's time, or `STEPPED_EPOCH` for ``stepped``.
    wall
        Source of real seconds, replaceable in tests.
    """

    def __init__(
        self,
        mode: Mode = "real",
        rate: float = 1.0,
        start: float | None = None,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._base = start if start is not None else STEPPED_EPOCH if mode == "stepped" else time.time()
        self._wall_base = wall()
        self._mode: Mode = mode
        self._rate = rate

    @property
    def mode(self) -> Mode:
        """The current mode."""
        return self._mode

    @property
    def rate(self) -> float:
        """Simulated seconds per real second: 0 when stepped, 1 when real."""
        return {"real": 1.0, "stepped": 0.0, "accelerated": self._rate}[self._mode]

    def now(self) -> float:
        """Return simulated seconds since the Unix epoch."""
        return self._base + (self._wall() - self._wall_base) * self.rate

    def set(self, mode: Mode, rate: float = 1.0) -> None:
        """Change the mode; the simulated time goes on from where it is."""
        self._base, self._wall_base = self.now(), self._wall()
        self._mode, self._rate = mode, rate

    def jump(self, seconds: float) -> None:
        """Move the simulated time forward at once."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back: {seconds} s")
        self._base += seconds

    def wall_delay(self, until: float) -> float | None:
        """Return the real seconds until a simulated time, None if the clock stands still."""
        return max(0.0, until - self.now()) / self.rate if self.rate else None
