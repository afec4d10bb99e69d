"""The store: keys, values, one global revision, watches, compaction.

Upstream: etcd's mvcc store and the API server's watch cache in one. Everything is in memory and changes at once for the
components inside (they see a write in the same instant); the `Log` makes it durable a little later. Who stands outside
(an HTTP client) is answered, and is told of a change by its watch, only once it *is* durable. Should the disk refuse, all
that was not durable is taken back, and the components see that as further changes.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
from sortedcontainers import SortedDict

from k8slab.apimachinery.compact import compact_json
from k8slab.apimachinery.types import Object
from k8slab.sim.etcd.log import Log, Row

__all__ = ["Compacted", "Entry", "KeyExists", "Revised", "Store", "StoreEvent", "Unavailable"]

#: How many past changes stay in memory for watches that start a little late; older ones come from the log.
WINDOW = 1000


class Compacted(Exception):
    """A watch or list asked for a revision that is forgotten; ``args[0]`` is the oldest one there is."""


class KeyExists(Exception):
    """Create found the key taken."""


class Revised(Exception):
    """Update or delete found another revision than expected, or none."""


class Unavailable(Exception):
    """The disk refused the write; it was taken back."""


class Entry:
    """A key's value at a revision: as an object and as the JSON a client gets.

    The ``value`` of an entry that comes from the disk (None is given) is decoded when somebody asks for it.
    """

    __slots__ = ("created", "name", "raw", "revision", "value")

    value: Object

    def __init__(self, name: str, value: Object | None, raw: bytes, created: int, revision: int) -> None:
        self.name, self.raw, self.created, self.revision = name, raw, created, revision
        if value is not None:
            self.value = value

    def __getattr__(self, attribute: str) -> Any:
        if attribute != "value":
            raise AttributeError(attribute)
        self.value = orjson.loads(self.raw)
        return self.value


class StoreEvent(NamedTuple):
    """A change of the key ``prefix + name``.

    ``entry`` is what stands there after it (None: deleted), ``previous`` what stood there before (None: created); of a
    deletion, ``final`` is the last value at the revision of the deletion.
    """

    revision: int
    prefix: str
    name: str
    entry: Entry | None
    previous: Entry | None
    final: Entry | None = None


Sink = Callable[[StoreEvent], object]


class Store:
    """Revisioned key-value store.

    A key has two parts, as ``/registry/pods/`` and ``default/web``: the prefix is the resource, the name the object.

    Parameters
    ----------
    log
        Where revisions become durable; None keeps them in memory only.
    """

    def __init__(self, log: Log | None = None) -> None:
        self._log = log
        self._tables: defaultdict[str, SortedDict[str, Entry]] = defaultdict(SortedDict)
        self._history: deque[StoreEvent] = deque()
        self._undurable: deque[StoreEvent] = deque()
        self._inside: defaultdict[str, list[Sink]] = defaultdict(list)
        self._outside: defaultdict[str, list[Sink]] = defaultdict(list)
        self._waiting: deque[tuple[int, Callable[[Exception | None], object]]] = deque()
        self.revision = self.compacted = self.durable = self._window_start = 1
        if log is not None:
            self._restore(log)

    def _restore(self, log: Log) -> None:
        revision, compacted, rows = log.load()
        for row in rows:
            assert row.value is not None
            self._tables[row.prefix][row.name] = Entry(row.name, None, row.value, row.created, row.revision)
        self.compacted = max(compacted, 1)
        self.revision = self.durable = self._window_start = max(revision, 1)
        log.on_committed, log.on_failed = self._committed, self._failed
        log.start()

    def get(self, prefix: str, name: str) -> Entry | None:
        """Return the entry of a key."""
        return self._tables[prefix].get(name)

    def range(self, prefix: str, start: str = "", after: str = "") -> Iterator[Entry]:
        """Yield the entries of a prefix in order of their names: those that begin with ``start`` and come after ``after``."""
        table = self._tables[prefix]
        low = after + "\0" if after else start or None
        return (table[name] for name in table.irange(low, start + "\U0010ffff" if start else None))

    def range_at(self, prefix: str, revision: int) -> list[Entry]:
        """Return the entries of a prefix as they were at a past revision, in order of their names.

        Raises
        ------
        Compacted
            If that revision is forgotten.
        """
        if revision < self.compacted:
            raise Compacted(self.compacted)
        then = dict(self._tables[prefix])
        undurable = [event for event in self._undurable if event.prefix == prefix]
        for event in reversed([*self._past(prefix, revision), *undurable]):
            if event.previous is not None:
                then[event.name] = event.previous
            else:
                then.pop(event.name, None)
        return [then[name] for name in sorted(then)]

    def count(self, prefix: str, start: str = "") -> int:
        """Return how many keys of a prefix begin with ``start``."""
        table = self._tables[prefix]
        return table.bisect_left(start + "\U0010ffff") - table.bisect_left(start) if start else len(table)

    def prefixes(self) -> list[str]:
        """Return the prefixes that hold something."""
        return sorted(prefix for prefix, table in self._tables.items() if table)

    def create(self, prefix: str, name: str, value: Object) -> Entry:
        """Add a key; its object's ``metadata.resourceVersion`` is set to the new revision."""
        if name in self._tables[prefix]:
            raise KeyExists(prefix + name)
        return self._put(prefix, name, value, None)

    def update(self, prefix: str, name: str, value: Object, revision: int) -> Entry:
        """Replace a value if the key is still at ``revision``."""
        return self._put(prefix, name, value, self._at_revision(prefix, name, revision))

    def delete(self, prefix: str, name: str, revision: int) -> Entry:
        """Remove a key that is still at ``revision``; return its last value, at the revision of the deletion."""
        entry = self._at_revision(prefix, name, revision)
        self.revision += 1
        final = _entry(name, entry.value, entry.created, self.revision)
        del self._tables[prefix][name]
        self._publish(StoreEvent(self.revision, prefix, name, None, entry, final))
        return final

    def _at_revision(self, prefix: str, name: str, revision: int) -> Entry:
        entry = self._tables[prefix].get(name)
        if entry is None or entry.revision != revision:
            raise Revised(prefix + name)
        return entry

    def _put(self, prefix: str, name: str, value: Object, previous: Entry | None) -> Entry:
        self.revision += 1
        entry = _entry(name, value, previous.created if previous else self.revision, self.revision)
        self._tables[prefix][name] = entry
        self._publish(StoreEvent(self.revision, prefix, name, entry, previous))
        return entry

    def _publish(self, event: StoreEvent) -> None:
        self._undurable.append(event)
        if self._log is None:
            self._committed(event.revision)
        else:
            known = event.entry or event.previous
            raw = event.entry.raw if event.entry else None
            self._log.append(Row(event.revision, event.prefix, event.name, known.created if known else event.revision, raw))
        self._tell_inside(event)

    def _tell_inside(self, event: StoreEvent) -> None:
        for sink in tuple(self._inside[event.prefix]):
            sink(event)

    def subscribe(self, prefix: str, sink: Sink) -> Callable[[], None]:
        """Tell a component of every change under a prefix, in the same instant; return a function that ends it."""
        self._inside[prefix].append(sink)
        return lambda: self._inside[prefix].remove(sink)

    def watch(self, prefix: str, since: int, sink: Sink) -> Callable[[], None]:
        """Tell ``sink`` of every durable change under a prefix after a revision; return a function that ends it.

        Raises
        ------
        Compacted
            If changes after ``since`` are forgotten.
        """
        if since < self.compacted:
            raise Compacted(self.compacted)
        for event in self._past(prefix, since):
            sink(event)
        self._outside[prefix].append(sink)
        return lambda: self._outside[prefix].remove(sink)

    def _past(self, prefix: str, since: int) -> list[StoreEvent]:
        known = [e for e in self._history if e.revision > since and e.prefix == prefix]
        if since >= self._window_start or self._log is None:
            return known
        return [
            _event(row, before) for row, before in self._log.since(since, prefix) if row.revision <= self._window_start
        ] + known

    def when_durable(self, callback: Callable[[Exception | None], object]) -> None:
        """Call back once everything written so far is on the disk, with None or with what went wrong."""
        if self.durable >= self.revision or not self._undurable:
            callback(None)
        else:
            self._waiting.append((self.revision, callback))

    def compact(self, revision: int) -> None:
        """Forget superseded values up to a revision."""
        self.compacted = max(self.compacted, min(revision, self.durable))
        while self._history and self._history[0].revision <= self.compacted:
            self._window_start = self._history.popleft().revision
        if self._log is not None:
            self._log.compact(self.compacted, self.revision)

    def close(self) -> None:
        """Make everything durable and let the file go."""
        if self._log is not None:
            self._log.close()

    def _committed(self, revision: int) -> None:
        self.durable = max(self.durable, revision)
        while self._undurable and self._undurable[0].revision <= revision:
            event = self._undurable.popleft()
            self._history.append(event)
            if len(self._history) > WINDOW:
                self._window_start = self._history.popleft().revision
            for sink in tuple(self._outside[event.prefix]):
                sink(event)
        self._answer(None)

    def _answer(self, error: Exception | None) -> None:
        while self._waiting and (error is not None or self._waiting[0][0] <= self.durable):
            self._waiting.popleft()[1](error)

    def _failed(self, error: Exception) -> None:
        assert self._log is not None
        undone = list(self._undurable)
        self._undurable.clear()
        for event in reversed(undone):
            table = self._tables[event.prefix]
            if event.previous is None:
                del table[event.name]
            else:
                table[event.name] = event.previous
            self._tell_inside(event._replace(entry=event.previous, previous=event.entry, final=event.entry))
        self._log.resume()
        self._answer(Unavailable(str(error)))


def _entry(name: str, value: Object, created: int, revision: int) -> Entry:
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(revision)}}
    return Entry(name, value, compact_json(value), created, revision)


def _event(row: Row, before: bytes | None) -> StoreEvent:
    previous = Entry(row.name, None, before, row.created, row.revision) if before else None
    if row.value is not None:
        entry = Entry(row.name, None, row.value, row.created, row.revision)
        return StoreEvent(row.revision, row.prefix, row.name, entry, previous)
    assert previous is not None
    return StoreEvent(
        row.revision, row.prefix, row.name, None, previous, _entry(row.name, previous.value, row.created, row.revision)
    )
