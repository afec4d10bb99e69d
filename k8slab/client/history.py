"""What the mirrors of a cluster have seen, change by change, so that all views can show an earlier state together.

Nothing upstream keeps this: a watch is forgotten when it has been delivered. Every `Mirror` writes here what it tells its
listeners. `History.go` moves all views of the cluster to the state after some change, or back to the present.

What was there when a recording began is taken to have been there before. Each kind has a watch of its own, so changes of several
kinds may arrive in another order than they were made in: they are sorted by resource version, which counts over the whole store,
as long as the versions are close to each other (those of some aggregated APIs count by themselves). A change's ``moment`` is
read from the object itself (the latest timestamp in it, on the cluster's clock), and never goes back. The oldest changes are
forgotten first.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, key_of

__all__ = ["Entry", "History", "moment_of"]

Key = tuple[str, str]  # full name of a resource, namespace
_LIMIT = 5000
_NEAR = 200  # revisions by which a change may arrive late


@dataclass(frozen=True)
class Entry:
    """One change: a number that names it, its revision, when, of which mirror, what."""

    number: int
    revision: int
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
        self._entries: list[Entry] = []
        self._base: dict[Key, dict[str, Object]] = {}
        self._now: dict[Key, dict[str, Object]] = {}
        self._count = 0
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
                self._insert(key, type_, obj)
                _apply(self._now.setdefault(key, {}), type_, obj)
            while len(self._entries) > self._limit:
                old = self._entries.pop(0)
                _apply(self._base.setdefault(old.key, {}), old.type, old.object)

    def _insert(self, key: Key, type_: str, obj: Object) -> None:
        text = str(obj["metadata"].get("resourceVersion", ""))
        newest = self._entries[-1].revision if self._entries else 0
        revision = int(text) if text.isdigit() else newest
        if newest - revision > _NEAR:
            revision = newest
        place = len(self._entries)
        while place and self._entries[place - 1].revision > revision:
            place -= 1
        self._entries.insert(place, Entry(self._count, revision, moment_of(obj), key, type_, obj))

    def entries(self, *, all_: bool = True) -> list[Entry]:
        """Return the changes that are kept, oldest first; without ``all_`` only up to where the views stand."""
        with self._lock:
            kept = list(self._entries) if all_ else self._entries[: self.place]
        latest, found = "", []
        for entry in kept:
            latest = max(latest, entry.moment)
            found.append(entry if entry.moment == latest else replace(entry, moment=latest))
        return found

    @property
    def place(self) -> int:
        """How many of the kept changes the views show."""
        return self._place(self.at)

    def _place(self, number: int | None) -> int:
        with self._lock:
            if number is None:
                return len(self._entries)
            if not number:
                return 0
            return next((i for i, e in enumerate(self._entries, 1) if e.number == number), 0)

    def objects(self, key: Key, at: int | None = None) -> dict[str, Object]:
        """Return a resource's objects by key, as they were after the change of a number (0: before all; None: now)."""
        with self._lock:
            if at is None:
                return dict(self._now.get(key, {}))
            state = dict(self._base.get(key, {}))
            for entry in self._entries[: self._place(at)]:
                if entry.key == key:
                    _apply(state, entry.type, entry.object)
            return state

    def go(self, number: int | None) -> None:
        """Take every view to the state after the change of a number; 0: before all that is kept; None: back to the present."""
        with self._lock:
            self.at = number
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def words(self) -> str:
        """Return where the views stand, for people; "" in the present."""
        if self.at is None:
            return ""
        shown = self.entries(all_=False)
        where = f"after change {len(shown)} of {len(self._entries)}, {shown[-1].moment}" if shown else "before the first change"
        return f"The past: {where}. The timeline's Live button returns to the present."

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call the listener whenever the views are taken to another time; return a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None


def _apply(state: dict[str, Object], type_: str, obj: Object) -> None:
    if type_ == "DELETED":
        state.pop(key_of(obj), None)
    else:
        state[key_of(obj)] = obj
