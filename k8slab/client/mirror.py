"""A live copy of one resource, kept by list and watch in a thread of its own.

Upstream: client-go's Reflector and SharedInformer. A thread, not an asyncio task: in a notebook, tasks stand still while
a cell runs, and a learner wants to see the cluster move *during* the cell. One mirror per resource is shared by all
views (`Cluster.mirror`); its thread runs while somebody listens.

What happens when things go wrong: a watch that ends is resumed where it was; "too old" (410) lists again and reports
only the differences; when nobody answers, listeners hear ``away``, and ``live`` when the cluster is back.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import urllib3.exceptions

from k8slab.apimachinery.types import Object, key_of
from k8slab.client.errors import ClusterAway
from k8slab.client.history import History
from k8slab.client.resources import Resource
from k8slab.errors import K8slabError

__all__ = ["Change", "Mirror", "State", "differences"]

State = Literal["starting", "live", "away", "refused"]

_log = logging.getLogger(__name__)

_RETRY = 0.5  # seconds between two attempts to reach a cluster that went away
_WATCH_SECONDS = 240
_LATE = 10.0  # seconds that a list waits for the watch at most


@dataclass(frozen=True)
class Change:
    """One object that appeared, changed or went, or (type STATE) a change of the mirror itself."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "STATE"]
    object: Object
    state: State = "live"


Listener = Callable[[list[Change]], object]


class _Again(Exception):
    """The watch cannot go on from where it was: list again."""


def differences(old: dict[str, Object], new: dict[str, Object]) -> list[Change]:
    """Return what turns one set of objects into another.

    >>> a, b = {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}
    >>> [c.type for c in differences({"a": a}, {"b": b})]
    ['DELETED', 'ADDED']
    """
    gone = [Change("DELETED", old[key]) for key in old if key not in new]
    return gone + [
        Change("MODIFIED" if key in old else "ADDED", obj)
        for key, obj in new.items()
        if key not in old or old[key]["metadata"].get("resourceVersion") != obj["metadata"].get("resourceVersion")
    ]


class Mirror:
    """The objects of one resource as they are now, and a call for every change."""

    def __init__(
        self, open_request: Callable[..., Any], resource: Resource, namespace: str = "", history: History | None = None
    ) -> None:
        self.resource = resource
        self._key = (resource.full_name, namespace)
        self._history = history
        self._begun = False
        self.state: State = "starting"
        self._open = open_request
        self._path = resource.path(namespace)
        self._type = {"apiVersion": resource.api_version, "kind": resource.kind}
        self._objects: dict[str, Object] = {}
        self._version = ""
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._synced = threading.Event()
        self._thread: threading.Thread | None = None
        self._response: Any = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with all there is, then with each batch of changes (in the mirror's thread).

        Returns a function that ends the subscription; the thread ends with the last one.
        """
        with self._lock:
            self._listeners.append(listener)
            if self._objects:
                listener([Change("ADDED", obj) for obj in self._objects.values()])
            if self._thread is None:
                self._start()
        return lambda: self._unsubscribe(listener)

    def prime(self, objects: Iterable[Object], version: int) -> None:
        """Begin from a list that somebody has just made, unless the mirror is at work already."""
        with self._lock:
            if self._thread is None:
                new = {key_of(obj): obj for obj in objects}
                self._note(differences(self._objects, new))
                self._objects, self._version = new, str(version)

    def catch_up(self, objects: Iterable[Object], version: int) -> None:
        """Wait until the watch has told of all that a list showed: what is drawn of the history is then as new as the list.

        Must be called without a lock that a listener wants. A watch that is not live is not waited for.
        """
        wanted = {key_of(obj): _revision(obj) for obj in objects}
        with self._news:
            self._news.wait_for(lambda: self._thread is None or self.state != "live" or self._knows(wanted, version), _LATE)

    def _knows(self, wanted: dict[str, int], version: int) -> bool:
        if self._version.isdigit() and int(self._version) >= version:
            return True
        known = {key: _revision(obj) for key, obj in self._objects.items()}
        return known.keys() == wanted.keys() and all(known[key] >= wanted[key] for key in wanted)

    @property
    def listeners(self) -> int:
        """How many listen; with none the watch is closed."""
        return len(self._listeners)

    def objects(self) -> list[Object]:
        """Return the objects known now, in order of their keys."""
        with self._lock:
            return [self._objects[key] for key in sorted(self._objects)]

    def wait_synced(self, timeout: float = 5.0) -> bool:
        """Wait for the first list to be in; return whether it is."""
        return self._synced.wait(timeout)

    def stop(self) -> None:
        """End the watch; a later subscription starts it again."""
        with self._lock:  # from here on the thread changes nothing, even if it has just been answered
            self._stopping.set()
            response, self._response = self._response, None
            self._thread = None
            self._news.notify_all()
        if response is not None:
            with contextlib.suppress(Exception):  # the socket may already be gone
                response.shutdown()

    def _start(self) -> None:
        self._stopping = threading.Event()
        self._synced.clear()
        self._thread = threading.Thread(
            target=self._run, args=(self._stopping,), name=f"k8slab-watch-{self.resource.plural}", daemon=True
        )
        self._thread.start()

    def _unsubscribe(self, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if not self._listeners:
                self.stop()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                if not self._version:
                    self._list(stopping)
                self._watch(stopping)
            except _Again:
                self._forget(stopping)
            except K8slabError as error:
                # Back after a while it may be another cluster at the same address: trust nothing, list again.
                self._forget(stopping)
                self._set_state("away" if isinstance(error, ClusterAway) else "refused", stopping)
                stopping.wait(_RETRY)

    def _forget(self, stopping: threading.Event) -> None:
        with self._lock:
            if not stopping.is_set():
                self._version = ""

    def _list(self, stopping: threading.Event) -> None:
        answer = self._json(self._open("GET", self._path))
        new = {key_of(item): {**self._type, **item} for item in answer["items"]}
        with self._lock:
            if stopping.is_set():
                return
            self._version = answer["metadata"]["resourceVersion"]
            changes = differences(self._objects, new)
            self._objects = new
            self._note(changes)
            self._tell(changes)
            self._news.notify_all()
        self._synced.set()

    def _watch(self, stopping: threading.Event) -> None:
        if stopping.is_set():
            return
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        response = self._open("GET", self._path, query, timeout=(5, None))
        with contextlib.closing(response):
            with self._lock:
                if stopping.is_set():  # it came while we were asking
                    return
                self._response = response
            if response.status == 410:
                raise _Again
            if response.status >= 400:
                raise K8slabError(response.data.decode())
            self._set_state("live", stopping)
            for batch in _batches(response):
                if not self._take(batch, stopping):
                    return

    def _take(self, events: Iterable[Object], stopping: threading.Event) -> bool:
        """Take a batch and tell of it; return whether the watch goes on."""
        changes = []
        with self._lock:
            if stopping.is_set():
                return False
            for event in events:
                if event["type"] == "ERROR":
                    raise _Again
                obj = {**self._type, **event["object"]}
                self._version = obj["metadata"]["resourceVersion"]
                if event["type"] == "BOOKMARK":
                    continue
                if event["type"] == "DELETED":
                    self._objects.pop(key_of(obj), None)
                else:
                    self._objects[key_of(obj)] = obj
                changes.append(Change(event["type"], obj))
            self._note(changes)
            self._tell(changes)
            self._news.notify_all()
        return True

    def _set_state(self, state: State, stopping: threading.Event) -> None:
        with self._lock:
            if state != self.state and not stopping.is_set():
                self.state = state
                self._tell([Change("STATE", {}, state)])
                self._news.notify_all()

    def _note(self, changes: list[Change]) -> None:
        """Write changes into the history; the first ones are what was there when it began."""
        if self._history is None:
            return
        if self._begun:
            self._history.record(self._key, [(c.type, c.object) for c in changes])
        else:
            self._history.begin(self._key, [c.object for c in changes])
        self._begun = True

    def _tell(self, changes: list[Change]) -> None:
        for listener in list(self._listeners) if changes else ():
            try:
                listener(changes)
            except Exception:  # one broken view must not blind the others
                _log.exception("a listener to %s failed", self.resource.plural)

    def _json(self, response: Any) -> Object:
        data = response.data
        if response.status >= 400:
            raise K8slabError(data.decode())
        answer: Object = orjson.loads(data)
        return answer


def _revision(obj: Object) -> int:
    text = str(obj["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def _batches(response: Any) -> Iterable[list[Object]]:
    """Yield the watch events of each piece that arrives; an end or a broken connection just ends it."""
    rest = b""
    try:
        while piece := response.read1():
            *lines, rest = (rest + piece).split(b"\n")
            yield [orjson.loads(line) for line in lines if line.strip()]
    except (urllib3.exceptions.HTTPError, OSError, AttributeError):
        return  # AttributeError: urllib3's response lost its socket while `stop` closed it
