"""The write-ahead log: every revision a row of one SQLite table, as kine keeps it.

Rows are appended by the kernel's thread and committed by a thread of the log's own, all that have gathered in one
transaction (group commit), so that waiting for the disk never holds up the cluster. A row is durable once
``on_committed`` has named its revision: SQLite's WAL mode with ``synchronous=FULL`` has then synced it to the disk.
Compaction is done between the commits, a batch of revisions at a time (as etcd does), so that no write waits long for it.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import Enum
from functools import partial
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from k8slab.errors import K8slabError

__all__ = ["Log", "LogLocked", "Row"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY, prefix TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL, value BLOB);
CREATE INDEX IF NOT EXISTS log_by_key ON log (prefix, name, revision);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_LATEST = """
SELECT log.revision, prefix, name, created, value FROM log
JOIN (SELECT max(revision) AS revision FROM log GROUP BY prefix, name) USING (revision) WHERE value IS NOT NULL
ORDER BY prefix, name
"""
#: Statements that put so many rows into the table at once. After each, this thread must wait for its turn at the
#: interpreter's lock, and a busy kernel's thread gives it a turn every few milliseconds only: so rather few statements.
_INSERTS = {size: f"INSERT INTO log VALUES {', '.join(['(?, ?, ?, ?, ?)'] * size)}" for size in (100, 10, 1)}

#: Compaction goes through the log so many revisions at a time, with a pause (seconds) for whoever wants to write.
_BATCH = 500
_PAUSE = 0.01
_FORGET_SUPERSEDED = """
DELETE FROM log WHERE revision IN (
    SELECT old.revision FROM log AS new JOIN log AS old USING (prefix, name)
    WHERE new.revision > ? AND new.revision <= ? AND old.revision < new.revision)
"""
_FORGET_DELETED = "DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL"


class LogLocked(K8slabError):
    """The file cannot be opened: another server holds it, it is no database, the disk is full."""


class Row(NamedTuple):
    """One revision: ``value`` is the JSON after the change, None for a deletion; ``created`` the key's first revision."""

    revision: int
    prefix: str
    name: str
    created: int
    value: bytes | None


class _Compaction(NamedTuple):
    revision: int
    last: int


class _Marker(Enum):
    RESUME = "resume"
    CLOSE = "close"


class Log:
    """Append-only table of revisions in a SQLite file.

    Parameters
    ----------
    path
        The database file, made if need be.
    post
        Runs a function in the kernel's thread (``loop.call_soon_threadsafe``).
    """

    def __init__(self, path: Path, post: Callable[[Callable[[], object]], object]) -> None:
        self._post = post
        self._path = path
        self._db = _opened(path)
        self._queue: SimpleQueue[Row | _Compaction | _Marker] = SimpleQueue()
        self._compaction: _Compaction | None = None  #: what is still to be forgotten
        self._thread: threading.Thread | None = None
        self.on_committed: Callable[[int], object] = lambda revision: None
        self.on_failed: Callable[[Exception], object] = lambda error: None

    def load(self) -> tuple[int, int, list[Row]]:
        """Return the last revision, the compacted revision and the latest row of every living key."""
        rows = [Row(*row) for row in self._db.execute(_LATEST)]
        last = self._db.execute("SELECT max(revision) FROM log").fetchone()[0] or 0
        return max(last, self._meta("revision")), self._meta("compacted"), rows

    def _meta(self, name: str) -> int:
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def start(self) -> None:
        """Start committing."""
        self._thread = threading.Thread(target=self._run, name="etcd-log", daemon=True)
        self._thread.start()

    def append(self, row: Row) -> None:
        """Queue a row for the next commit."""
        self._queue.put(row)

    def since(self, revision: int, prefix: str) -> Iterator[tuple[Row, bytes | None]]:
        """Yield each committed row of a prefix after a revision, with the value its key had before."""
        with closing(sqlite3.connect(self._path)) as reader:
            before = "SELECT value FROM log WHERE prefix = ? AND name = ? AND revision < ? ORDER BY revision DESC LIMIT 1"
            rows = "SELECT * FROM log WHERE prefix = ? AND revision > ? ORDER BY revision"
            latest: dict[str, bytes | None] = {}
            for found in reader.execute(rows, (prefix, revision)):
                row = Row(*found)
                if row.created == row.revision:
                    previous = None
                elif row.name in latest:
                    previous = latest[row.name]
                else:
                    previous = reader.execute(before, (row.prefix, row.name, row.revision)).fetchone()[0]
                latest[row.name] = row.value
                yield row, previous

    def compact(self, revision: int, last: int) -> None:
        """Soon forget what was superseded at or before a revision; remember the ``last`` one given out."""
        self._queue.put(_Compaction(revision, last))

    def resume(self) -> None:
        """Go on after a failure that the store has dealt with; what was queued before is forgotten."""
        self._queue.put(_Marker.RESUME)

    def close(self) -> None:
        """Commit what is queued and close the file."""
        if self._thread is not None:
            self._queue.put(_Marker.CLOSE)
            self._thread.join()
        self._db.close()

    def _run(self) -> None:
        failed = False
        while True:
            rows, marker = self._gather()
            if failed or marker is _Marker.RESUME:
                failed = marker is None
                rows = []
            try:
                if rows:
                    self._transact(partial(self._insert, rows))
            except sqlite3.Error as error:
                failed = True
                self._post(partial(self.on_failed, error))
            else:
                if rows:
                    self._post(partial(self.on_committed, rows[-1].revision))
            if self._compaction is not None:
                self._compact_some(self._compaction)
            if marker is _Marker.CLOSE:
                return

    def _gather(self) -> "tuple[list[Row], _Marker | None]":
        """Wait for something to do and take all there is, up to the next marker."""
        rows: list[Row] = []
        try:
            item = self._queue.get(timeout=None if self._compaction is None else _PAUSE)
            while True:
                if isinstance(item, Row):
                    rows.append(item)
                elif isinstance(item, _Compaction):
                    self._compaction = item
                else:
                    return rows, item
                item = self._queue.get_nowait()
        except Empty:
            return rows, None

    def _compact_some(self, wanted: "_Compaction") -> None:
        """Forget one more batch. What a full disk or the end of the server leaves undone, the next compaction does."""
        start = self._meta("compacted")
        end = min(start + _BATCH, wanted.revision)
        try:
            self._transact(partial(self._forget, start, end, wanted.last))
        except sqlite3.Error:
            self._compaction = None
        else:
            self._compaction = wanted if end < wanted.revision else None

    def _transact(self, work: Callable[[], object]) -> None:
        self._db.execute("BEGIN")
        try:
            work()
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, rows: list[Row]) -> None:
        done = 0
        for size, statement in _INSERTS.items():
            while len(rows) - done >= size:
                self._db.execute(statement, tuple(chain.from_iterable(rows[done : done + size])))
                done += size

    def _forget(self, start: int, end: int, last: int) -> None:
        """Forget what the revisions after ``start`` up to ``end`` superseded, and those that are deletions."""
        self._db.execute(_FORGET_SUPERSEDED, (start, end))
        self._db.execute(_FORGET_DELETED, (start, end))
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('compacted', ?), ('revision', ?)", (end, last))


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(_SCHEMA)
    except sqlite3.Error as error:
        database.close()
        locked = getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        remedy = "is another k8slab server using it?" if locked else 'free some space, or begin anew after "k8slab down"'
        raise LogLocked(f'cannot open the store "{path}": {error}; {remedy}') from error
    return database
