"""The store keeps what etcd promises: one revision, optimistic concurrency, watches, compaction, durability."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Queue

import pytest

from k8slab.sim.etcd import Compacted, Entry, KeyExists, Log, Revised, Store, StoreEvent, Unavailable
from tests.processes import eventually

PODS = "/registry/pods/"


def pod(name: str, **more: object) -> dict[str, object]:
    return {"metadata": {"name": name}, **more}


class Loop:
    """Stands in for the kernel's thread: runs what the log posts."""

    def __init__(self) -> None:
        self.queue: Queue[Callable[[], object]] = Queue()

    def run_one(self) -> None:
        self.queue.get(timeout=60)()


def open_store(path: Path) -> tuple[Store, Loop]:
    loop = Loop()
    return Store(Log(path, loop.queue.put)), loop


def contents(entry: Entry | None) -> tuple[object, ...] | None:
    return (entry.name, entry.value, entry.raw, entry.created, entry.revision) if entry else None


def test_every_write_has_its_own_revision() -> None:
    store = Store()
    first = store.create(PODS, "a", pod("a"))
    second = store.create(PODS, "b", pod("b"))
    assert second.revision == first.revision + 1 == store.revision
    assert second.value["metadata"]["resourceVersion"] == str(second.revision)


def test_create_refuses_a_taken_key() -> None:
    store = Store()
    store.create(PODS, "a", pod("a"))
    with pytest.raises(KeyExists):
        store.create(PODS, "a", pod("a"))


def test_update_and_delete_refuse_a_stale_revision() -> None:
    store = Store()
    first = store.create(PODS, "a", pod("a"))
    store.update(PODS, "a", pod("a", spec=1), first.revision)
    with pytest.raises(Revised):
        store.update(PODS, "a", pod("a", spec=2), first.revision)
    with pytest.raises(Revised):
        store.delete(PODS, "a", first.revision)


def test_range_is_ordered_and_can_start_after_a_key() -> None:
    store = Store()
    for name in ("ns/c", "ns/a", "other/b", "ns/b"):
        store.create(PODS, name, pod(name))
    assert [e.name for e in store.range(PODS, "ns/")] == ["ns/a", "ns/b", "ns/c"]
    assert [e.name for e in store.range(PODS, "ns/", after="ns/a")] == ["ns/b", "ns/c"]
    assert store.count(PODS, "ns/") == 3
    assert store.count(PODS) == 4


def test_a_watch_replays_what_came_after_its_revision_and_goes_on() -> None:
    store = Store()
    first = store.create(PODS, "a", pod("a"))
    store.create(PODS, "b", pod("b"))
    seen: list[StoreEvent] = []
    stop = store.watch(PODS, first.revision, seen.append)
    store.delete(PODS, "a", first.revision)
    stop()
    store.create(PODS, "c", pod("c"))
    assert [(e.name, e.entry is None) for e in seen] == [("b", False), ("a", True)]


def test_a_watch_from_a_compacted_revision_is_refused() -> None:
    store = Store()
    first = store.create(PODS, "a", pod("a"))
    store.create(PODS, "b", pod("b"))
    store.compact(store.revision)
    with pytest.raises(Compacted):
        store.watch(PODS, first.revision, print)


def test_a_reopened_store_holds_the_same_objects_and_revisions(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path / "db")
    first = store.create(PODS, "a", pod("a"))
    store.update(PODS, "a", pod("a", spec=1), first.revision)
    gone = store.create(PODS, "b", pod("b"))
    store.delete(PODS, "b", gone.revision)
    last, entries = store.revision, [contents(e) for e in store.range(PODS)]
    store.close()
    again, _ = open_store(tmp_path / "db")
    assert again.revision == last
    assert [contents(e) for e in again.range(PODS)] == entries
    seen: list[StoreEvent] = []
    again.watch(PODS, first.revision, seen.append)
    assert [(e.revision, e.name) for e in seen] == [(first.revision + n, name) for n, name in ((1, "a"), (2, "b"), (3, "b"))]
    again.close()


def test_a_watch_replays_from_the_disk_what_it_would_from_memory(tmp_path: Path) -> None:
    def replayed(store: Store, since: int) -> list[tuple[object, ...]]:
        seen: list[StoreEvent] = []
        store.watch(PODS, since, seen.append)
        return [(e.revision, e.name, contents(e.entry), e.previous and e.previous.value, contents(e.final)) for e in seen]

    def live(store: Store) -> Store:
        for name in ("a", "b"):
            old = store.create(PODS, name, pod(name))
            old = store.update(PODS, name, pod(name, spec=1), old.revision)
            store.delete(PODS, name, store.update(PODS, name, pod(name, spec=2), old.revision).revision)
            store.create(PODS, name, pod(name, spec=3))
        return store

    live(open_store(tmp_path / "db")[0]).close()
    again, _ = open_store(tmp_path / "db")
    memory = live(Store())
    for since in range(1, memory.revision + 1):
        assert replayed(again, since) == replayed(memory, since)
    again.close()


def test_a_burst_of_writes_becomes_durable_whole_and_in_order(tmp_path: Path) -> None:
    store, loop = open_store(tmp_path / "db")
    for n in range(357):
        store.create(PODS, f"p-{n:03}", pod(f"p-{n:03}"))
    while store.durable < store.revision:
        loop.run_one()
    store.close()
    again, _ = open_store(tmp_path / "db")
    assert [e.name for e in again.range(PODS)] == [f"p-{n:03}" for n in range(357)]
    assert [e.revision for e in again.range(PODS)] == list(range(2, 359))
    again.close()


def test_compaction_keeps_the_living_and_the_revision(tmp_path: Path) -> None:
    store, loop = open_store(tmp_path / "db")
    entry = store.create(PODS, "a", pod("a"))
    for n in range(5):
        entry = store.update(PODS, "a", pod("a", spec=n), entry.revision)
    gone = store.create(PODS, "b", pod("b"))
    store.delete(PODS, "b", gone.revision)
    while store.durable < store.revision:
        loop.run_one()
    store.compact(store.revision)
    last = store.revision
    store.close()
    again, _ = open_store(tmp_path / "db")
    assert (again.revision, again.compacted) == (last, last)
    assert [e.value["spec"] for e in again.range(PODS)] == [4]
    again.close()


def test_a_long_log_is_compacted_piece_by_piece_while_writes_go_on(tmp_path: Path) -> None:
    store, loop = open_store(tmp_path / "db")
    entry = store.create(PODS, "a", pod("a"))
    for n in range(2000):
        entry = store.update(PODS, "a", pod("a", spec=n), entry.revision)
    while store.durable < store.revision:
        loop.run_one()
    store.compact(store.revision - 1)
    for n in range(20):
        store.create(PODS, f"b-{n}", pod(f"b-{n}"))
        loop.run_one()

    def rows() -> list[int]:
        with closing(sqlite3.connect(tmp_path / "db")) as reader:
            return [revision for (revision,) in reader.execute("SELECT revision FROM log WHERE name = 'a'")]

    eventually(lambda: rows() == [entry.revision - 1, entry.revision])
    store.close()
    again, _ = open_store(tmp_path / "db")
    assert [e.name for e in again.range(PODS)] == ["a", *sorted(f"b-{n}" for n in range(20))]
    again.close()


def test_outside_watches_and_answers_wait_for_the_disk_inside_ones_do_not(tmp_path: Path) -> None:
    store, loop = open_store(tmp_path / "db")
    inside: list[str] = []
    outside: list[str] = []
    store.subscribe(PODS, lambda e: inside.append(e.name))
    store.watch(PODS, store.revision, lambda e: outside.append(e.name))
    store.create(PODS, "a", pod("a"))
    answered: list[Exception | None] = []
    store.when_durable(answered.append)
    assert (inside, outside, answered) == (["a"], [], [])
    loop.run_one()
    assert (outside, answered) == (["a"], [None])
    store.close()


def test_a_write_that_the_disk_refuses_is_taken_back(tmp_path: Path) -> None:
    store, loop = open_store(tmp_path / "db")
    kept = store.create(PODS, "a", pod("a"))
    loop.run_one()
    log = store._log
    assert log is not None
    log._db.execute(f"PRAGMA max_page_count = {log._db.execute('PRAGMA page_count').fetchone()[0]}")
    seen: list[tuple[str, bool]] = []
    store.subscribe(PODS, lambda e: seen.append((e.name, e.entry is None)))
    store.update(PODS, "a", pod("a", spec="x" * 100_000), kept.revision)
    store.create(PODS, "b", pod("b"))
    answered: list[Exception | None] = []
    store.when_durable(answered.append)
    loop.run_one()
    assert isinstance(answered[0], Unavailable)
    assert [e.value for e in store.range(PODS)] == [kept.value]
    assert seen == [("a", False), ("b", False), ("b", True), ("a", False)]
    log._db.execute("PRAGMA max_page_count = 1000000")
    store.create(PODS, "c", pod("c"))
    loop.run_one()
    assert store.durable == store.revision
    store.close()


def test_closing_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    store, _ = open_store(tmp_path / "db")
    assert [t.name for t in set(threading.enumerate()) - before] == ["etcd-log"]
    store.close()
    assert set(threading.enumerate()) <= before
