"""The queue in front of every controller: what to look at next, once, and again later if that failed.

Upstream: k8s.io/client-go/util/workqueue (rate-limiting queue; exponential back-off of 5 ms to 1000 s per item, and
delayed adds). Here the queue drives the worker itself, one key per kernel callback, so that a long queue never holds up
the rest of the cluster. There is one worker: a key added while it is being processed is simply processed again.
"""

from collections import deque
from collections.abc import Callable

from k8slab.sim.kernel import Kernel, Timer

__all__ = ["BASE_DELAY", "MAX_DELAY", "WorkQueue", "backoff"]

BASE_DELAY = 0.005
MAX_DELAY = 1000.0


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row.

    >>> backoff(0), backoff(3), backoff(60)
    (0.005, 0.04, 1000.0)
    """
    return min(BASE_DELAY * 2.0 ** min(failures, 30), MAX_DELAY)


_SOON = 1.0  #: the longest that changes of a large group gather


class WorkQueue:
    """De-duplicating work queue with delayed adds and back-off per key.

    Parameters
    ----------
    kernel
        Whose callbacks process the keys and whose clock the delays follow.
    process
        Called with one key at a time.
    """

    def __init__(self, kernel: Kernel, process: Callable[[str], object]) -> None:
        self._kernel, self._process = kernel, process
        self._ready: deque[str] = deque()
        self._queued: set[str] = set()
        self._waiting: dict[str, Timer] = {}
        self._failures: dict[str, int] = {}
        self._scheduled = False
        self.adds = self.retries = 0  #: how often a key was added; how often after a failure

    def __len__(self) -> int:
        return len(self._ready)

    def __contains__(self, key: str) -> bool:
        """Whether the key is processed within a second anyway; one that waits for a back-off or a deadline is not."""
        timer = self._waiting.get(key)
        return key in self._queued or (timer is not None and timer.when <= self._kernel.now() + _SOON)

    def add(self, key: str) -> None:
        """Process the key soon; no effect if it is queued already."""
        if key in self._queued:
            return
        self.adds += 1
        self._queued.add(key)
        self._ready.append(key)
        if not self._scheduled:
            self._scheduled = True
            self._kernel.call_soon(self._run)

    def add_after(self, key: str, seconds: float) -> None:
        """Process the key after a delay; of several delays of one key the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        when = self._kernel.now() + seconds
        timer = self._waiting.get(key)
        if timer is not None:
            if timer.when <= when:
                return
            timer.cancel()
        self._waiting[key] = self._kernel.call_at(when, self._due, key)

    def add_rate_limited(self, key: str) -> None:
        """Process the key again after its back-off, which doubles with each failure until `forget`."""
        self.retries += 1
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, backoff(failures))

    def forget(self, key: str) -> None:
        """Start the key's back-off from the beginning."""
        self._failures.pop(key, None)

    def clear(self) -> None:
        """Drop everything that is queued or waits."""
        for timer in self._waiting.values():
            timer.cancel()
        self._ready.clear()
        self._queued.clear()
        self._waiting.clear()
        self._failures.clear()

    def _due(self, key: str) -> None:
        del self._waiting[key]
        self.add(key)

    def _run(self) -> None:
        self._scheduled = False
        if not self._ready:
            return
        key = self._ready.popleft()
        self._queued.discard(key)
        try:
            self._process(key)
        finally:
            if self._ready and not self._scheduled:
                self._scheduled = True
                self._kernel.call_soon(self._run)
