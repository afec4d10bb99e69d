"""What the mirrors of a cluster have seen, change by change, so that all views can show an earlier state together.

Nothing upstream keeps this: a watch is forgotten when it has been delivered. Every `Mirror` writes here what it tells its
listeners. `History.go` moves all views of the cluster to the state after some change, or back to the present.

What was there when a recording began is taken to have been there before. A change's ``moment`` is read from the object itself
(the latest timestamp in it, on the cluster's clock), and never goes back. The oldest changes are forgotten first.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, key_of

__all__ = ["Entry", "History", "moment_of"]

Key = tuple[str, str]  # full name of a resource, namespace
_LIMIT = 5000


@dataclass(frozen=True)
class Entry:
    """One change: its number (from 1, over all resources), when, of which mirror, what."""

    number: int
    moment: str
    key: Key
    type: str
    object: Object


def moment_of(obj: Object) -> str:
    """Return when an object was last written, as far as it says itself.

    >>> moment_of({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "lastTimestamp": "2026-01-01T00:00:09Z"})
    '2026-01-01T00:00:09Z'
    """
    meta, status = obj.get("metadata") or {}, obj.get("status") or {}
    found = [meta.get("creationTimestamp"), obj.get("lastTimestamp"), obj.get("eventTime")]
    found += [entry.get("time") for entry in meta.get("managedFields") or ()]
    if meta.get("deletionTimestamp"):  # when it must be gone; it was asked for the grace period earlier
        asked = parse_time(meta["deletionTimestamp"]) - (meta.get("deletionGracePeriodSeconds") or 0)
        found.append(rfc3339(asked))
    conditions = status.get("conditions") if isinstance(status, dict) else None
    found += [c.get("lastTransitionTime") for c in conditions or () if isinstance(c, dict)]
    return max((str(t) for t in found if t), default="")


class History:
    """The recorded changes of a cluster, and the one after which its views stand (None: the present).

    Parameters
    ----------
    limit
        How many changes are kept.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self.at: int | None = None
        self._limit = limit
        self._entries: deque[Entry] = deque()
        self._base: dict[Key, dict[str, Object]] = {}
        self._now: dict[Key, dict[str, Object]] = {}
        self._count = 0
        self._moment = ""
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.RLock()

    def begin(self, key: Key, objects: Iterable[Object]) -> None:
        """Note what a mirror found when it began."""
        with self._lock:
            self._now[key] = {key_of(obj): obj for obj in objects}
            self._base[key] = dict(self._now[key])

    def record(self, key: Key, changes: Iterable[tuple[str, Object]]) -> None:
        """Note what a mirror saw, as (type, object)."""
        with self._lock:
            for type_, obj in changes:
                self._count += 1
                self._moment = max(self._moment, moment_of(obj))
                self._entries.append(Entry(self._count, self._moment, key, type_, obj))
                _apply(self._now.setdefault(key, {}), type_, obj)
            while len(self._entries) > self._limit:
                old = self._entries.popleft()
                _apply(self._base.setdefault(old.key, {}), old.type, old.object)

    def entries(self) -> list[Entry]:
        """Return the changes that are kept, oldest first."""
        with self._lock:
            return list(self._entries)

    @property
    def last(self) -> int:
        """The number of the latest change."""
        return self._count

    @property
    def first(self) -> int:
        """The number before the oldest change that is kept: the earliest state there is."""
        with self._lock:
            return self._entries[0].number - 1 if self._entries else self._count

    def objects(self, key: Key, at: int | None = None) -> dict[str, Object]:
        """Return a resource's objects by key, as they were after a change (None: now)."""
        with self._lock:
            if at is None:
                return dict(self._now.get(key, {}))
            state = dict(self._base.get(key, {}))
            for entry in self._entries:
                if entry.number > at:
                    break
                if entry.key == key:
                    _apply(state, entry.type, entry.object)
            return state

    def go(self, number: int | None) -> None:
        """Take every view to the state after a change; None: back to the present."""
        with self._lock:
            self.at = None if number is None else max(self.first, min(number, self.last))
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def words(self) -> str:
        """Return where the views stand, for people; "" in the present."""
        with self._lock:
            if self.at is None:
                return ""
            moment = next((e.moment for e in reversed(self._entries) if e.number <= self.at), "before the first change")
            return (
                f"The past: after change {self.at} of {self.last}, {moment}. The timeline's Live button returns to the present."
            )

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call the listener whenever the views are taken to another time; return a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None


def _apply(state: dict[str, Object], type_: str, obj: Object) -> None:
    if type_ == "DELETED":
        state.pop(key_of(obj), None)
    else:
        state[key_of(obj)] = obj
