"""The cluster's clock, where it has one that can be read and moved (``sim.k8slab.dev``), and waiting on any cluster.

Only the embedded cluster serves this API group. Elsewhere the mode is "real", time is the computer's, and waiting is
waiting. On a stepped clock nothing happens by itself: waiting *moves* the clock to the next thing that is due.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.errors import K8slabError

__all__ = ["Clock", "Tick"]

Mode = Literal["real", "accelerated", "stepped"]

_PATH = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster"
_POLL = 0.05  # real seconds between two looks at a cluster whose clock runs by itself
_NAP = 0.5  # real seconds between two looks at the clock alone

#: Called again and again while real time passes, with the seconds of the cluster's time that are still to come at most.
Tick = Callable[[float], None]


class Clock:
    """Time as the cluster sees it."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request

    def __repr__(self) -> str:
        """Show the mode."""
        return f"Clock(mode={self.mode!r})"

    @cached_property
    def adjustable(self) -> bool:
        """Whether this cluster serves its clock."""
        return self._read() is not None

    @property
    def mode(self) -> Mode:
        """``real``, ``accelerated`` or ``stepped``."""
        clock = self._read() if self.adjustable else None
        mode: Mode = clock["status"]["mode"] if clock else "real"
        return mode

    def now(self) -> float:
        """Return the cluster's time in seconds since 1970."""
        return self._look()[0]

    def set(self, mode: Mode, rate: float = 1.0) -> None:
        """Change the mode: ``set("accelerated", 10)`` lets ten seconds pass in one."""
        if not self.adjustable:
            raise K8slabError("This cluster's clock is the real one and cannot be changed; only the embedded cluster's can.")
        headers = {"Content-Type": "application/merge-patch+json"}
        self._request("PATCH", _PATH, body={"spec": {"mode": mode, "rate": rate}}, headers=headers)

    def sleep(self, seconds: float, tick: Tick | None = None) -> None:
        """Let so many seconds of the cluster's time pass; on a stepped clock that is done at once."""
        if self.mode == "stepped":
            self._advance({"seconds": seconds})
            return
        now, rate = self._look()
        end = now + seconds
        while (left := end - now) > 0:
            if tick is not None:
                tick(left)
            time.sleep(min(_NAP, left / rate))
            now, rate = self._look()

    def until(self, holds: Callable[[], bool], timeout: float, tick: Tick | None = None) -> bool:
        """Let time pass until something holds; return False if it still does not after ``timeout`` seconds."""
        stepped = self.mode == "stepped"
        end = self.now() + timeout
        while not holds():
            left = end - self.now()
            if left <= 0:
                return False
            if stepped:
                self._advance({"untilNextEvent": True})
                continue
            if tick is not None:
                tick(left)
            time.sleep(_POLL)
        return True

    def _look(self) -> tuple[float, float]:
        """Return the cluster's time, and how many seconds of it pass in one."""
        clock = self._read() if self.adjustable else None
        if clock is None:
            return time.time(), 1.0
        status = clock["status"]
        return parse_time(status["now"]), float(status["rate"]) or 1.0  # 0: stopped meanwhile

    def _advance(self, spec: Object) -> None:
        body = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "ClockAdvance", "spec": spec}
        self._request("POST", f"{_PATH}/advance", body=body)

    def _read(self) -> Object | None:
        try:
            clock: Object = self._request("GET", _PATH)
        except ApiException as error:
            if error.status in (403, 404):
                return None
            raise
        return clock
