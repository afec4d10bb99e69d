"""Watches as clients see them: a stream of events from a revision on, with bookmarks.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers/watch.go and pkg/storage/cacher (initial events, bookmarks). The store
tells of durable changes; this turns each into what the watcher's selectors make of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import gone
from k8slab.sim.apiserver.listing import EVERYTHING, Selection
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.etcd import Compacted, Entry, Store, StoreEvent

__all__ = ["WatchOptions", "watch_stream"]

#: A watcher that has this many events unread is cut off, as upstream does; its client lists and watches again.
MAX_BEHIND = 100_000
BOOKMARK_SECONDS = 60.0
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class WatchOptions:
    """The query of a watch."""

    selection: Selection = EVERYTHING
    resource_version: str = ""
    send_initial_events: bool | None = None
    bookmarks: bool = False
    timeout_seconds: float | None = None


class _Watch:
    def __init__(
        self,
        store: Store,
        resource: Resource,
        start: str,
        options: WatchOptions,
        encode: Callable[[Entry], bytes],
        encode_bookmark: Callable[[Object], bytes],
    ) -> None:
        self._resource, self._start, self._options = resource, start, options
        self._encode, self._encode_bookmark = encode, encode_bookmark
        self._chunks: list[bytes] = []
        self._ready = asyncio.Event()
        self._store = store
        self._since = store.revision
        self.behind = False
        self._stop: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Queue what is there already and listen to what comes."""
        version = self._options.resource_version
        wanted = self._options.send_initial_events
        initial = wanted or (wanted is None and version in ("", "0"))
        self._since = self._store.revision if initial or version in ("", "0") else int(version)
        if initial:
            for entry in self._store.range(self._resource.storage_prefix, self._start):
                if self._admits(entry):
                    self._emit("ADDED", entry)
        if self._options.send_initial_events and self._options.bookmarks:
            self._bookmark({INITIAL_EVENTS_END: "true"})
        try:
            self._stop = self._store.watch(self._resource.storage_prefix, self._since, self._changed)
        except Compacted as error:
            status = gone(f"too old resource version: {version} ({error.args[0]})").status()
            self._chunks.append(b'{"type":"ERROR","object":' + orjson.dumps(status) + b"}\n")
            self.behind = True

    def end(self) -> None:
        self._stop()

    def _changed(self, event: StoreEvent) -> None:
        if event.revision <= self._since or not event.name.startswith(self._start):
            return
        before = event.previous is not None and self._admits(event.previous)
        after = event.entry is not None and self._admits(event.entry)
        if after and event.entry is not None:
            self._emit("MODIFIED" if before else "ADDED", event.entry)
        elif before and event.previous is not None:
            self._emit("DELETED", event.final or _at(event.previous, event.revision))
        self._since = event.revision
        self._ready.set()

    def _admits(self, entry: Entry) -> bool:
        """Whether the watcher wants it; who wants everything has no need to look into it."""
        selection = self._options.selection
        return selection.everything or selection.admits(entry.value)

    def _emit(self, type_: str, entry: Entry) -> None:
        if len(self._chunks) >= MAX_BEHIND:
            self.behind = True
        else:
            self._chunks.append(b'{"type":"' + type_.encode() + b'","object":' + self._encode(entry) + b"}\n")

    def _bookmark(self, annotations: dict[str, str] | None = None) -> None:
        meta: Object = {"resourceVersion": str(max(self._since, self._store.durable))}
        if annotations:
            meta["annotations"] = annotations
        obj = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": meta}
        self._chunks.append(b'{"type":"BOOKMARK","object":' + self._encode_bookmark(obj) + b"}\n")

    async def chunks(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._options.timeout_seconds if self._options.timeout_seconds else None
        while True:
            self._ready.clear()  # before the look: what comes while a slow client takes its chunk must wake us up afterwards
            if self._chunks:
                data, self._chunks = b"".join(self._chunks), []
                yield data
            if self.behind or (end is not None and loop.time() >= end):
                return
            wait = min(BOOKMARK_SECONDS, end - loop.time()) if end is not None else BOOKMARK_SECONDS
            try:
                await asyncio.wait_for(self._ready.wait(), max(wait, 0))
            except TimeoutError:
                if self._options.bookmarks:
                    self._bookmark()


async def watch_stream(
    store: Store,
    resource: Resource,
    start: str,
    options: WatchOptions,
    encode: Callable[[Entry], bytes],
    encode_bookmark: Callable[[Object], bytes],
) -> AsyncIterator[bytes]:
    """Yield the lines of a watch response.

    Parameters
    ----------
    store
        The store.
    resource
        The kind that is watched.
    start
        Beginning of the keys that count: "chat/" for a namespace, "" for all.
    options
        The query.
    encode
        Turns an entry into the JSON that this client wants.
    encode_bookmark
        The same for the object of a bookmark, which has a resourceVersion and nothing else.
    """
    watch = _Watch(store, resource, start, options, encode, encode_bookmark)
    watch.begin()
    try:
        async for chunk in watch.chunks():
            yield chunk
    finally:
        watch.end()


def _at(entry: Entry, revision: int) -> Entry:
    """Return an entry that leaves a selection, at the revision of the change that made it leave."""
    value = {**entry.value, "metadata": {**entry.value["metadata"], "resourceVersion": str(revision)}}
    return Entry(entry.name, value, orjson.dumps(value), entry.created, revision)
