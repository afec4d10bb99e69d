"""A thread that looks at something again and again, for what cannot be watched: metrics, the clock, logs."""

import logging
import threading
from collections.abc import Callable

__all__ = ["Ticker"]

_log = logging.getLogger(__name__)


class Ticker:
    """Calls ``look`` every ``period`` real seconds in a thread of its own, until `stop`."""

    def __init__(self, period: float, look: Callable[[], object]) -> None:
        self._period, self._look = period, look
        self._stopping = threading.Event()
        threading.Thread(target=self._run, name="k8slab-ticker", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._period):
            try:
                self._look()
            except Exception:  # it is tried again; a view must not end for one bad look
                _log.exception("a look at the cluster failed")
