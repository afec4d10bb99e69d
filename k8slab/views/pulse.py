"""The thread that brings changes to the browser: soon, but never more often than the eye can follow.

Mirrors tell views that something changed; a view only marks itself. The pulse then asks it to draw, at once after a quiet
time and at most ten times a second under load, so a thousand changes cost one drawing. A drawing that takes long is done
less often: views must leave more than half of the kernel to the learner.
"""

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Pulse"]

_log = logging.getLogger(__name__)

_GATHER = 0.02  # seconds to let changes that belong together come in
_PERIOD = 0.098  # seconds between two drawings
_SHARE = 0.4  # of a core that drawings may take


class Pulse:
    """Calls ``draw`` soon after `mark`, and every so many seconds if asked to, in its own thread, until `stop`."""

    def __init__(self, draw: Callable[[], None], every: float | None = None) -> None:
        self._draw, self.every = draw, every
        self._marked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="k8slab-view", daemon=True)
        self._thread.start()

    def mark(self) -> None:
        """Say that there is something new to draw."""
        self._marked.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._marked.set()

    def _run(self) -> None:
        while True:
            self._marked.wait(self.every)
            if self._stopping.is_set():
                return
            time.sleep(_GATHER)
            self._marked.clear()
            begin, work = time.monotonic(), time.thread_time()
            try:
                self._draw()
            except Exception:  # one picture that fails must not be the last
                _log.exception("a view could not be drawn")
            took, worked = time.monotonic() - begin, time.thread_time() - work
            time.sleep(max(0.0, _PERIOD - _GATHER - took, worked / _SHARE - took))
