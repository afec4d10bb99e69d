"""What the API server does by itself from time to time: age out Events, compact the store.

Upstream: ``--event-ttl`` (one hour; etcd leases there) and ``--etcd-compaction-interval`` (five minutes).
"""

from k8slab.apimachinery.timestamps import parse_time
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Kernel, Timer

__all__ = ["Housekeeping"]

EVENT_TTL = 3600.0
COMPACTION_INTERVAL = 300.0
_EVENTS = "/registry/events/"


class Housekeeping:
    """Runs every five minutes of the cluster's time."""

    def __init__(self, store: Store, kernel: Kernel) -> None:
        self._store, self._kernel = store, kernel
        self._revision_then = store.revision
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin."""
        self._timer = self._kernel.call_later(COMPACTION_INTERVAL, self._run)

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        self._expire_events()
        self._store.compact(self._revision_then)
        self._revision_then = self._store.revision
        self.start()

    def _expire_events(self) -> None:
        oldest = self._kernel.now() - EVENT_TTL
        for entry in list(self._store.range(_EVENTS)):
            event = entry.value
            seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
            if parse_time(seen) < oldest:
                self._store.delete(_EVENTS, entry.name, entry.revision)
