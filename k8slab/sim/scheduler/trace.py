"""The traces of recent scheduling cycles: kind SchedulingTrace of sim.k8slab.dev/v1alpha1.

The log keeps the latest cycle of each of the latest pods, with the outcomes of its earlier ones. It is served and watched
through the API like any resource; reading makes the objects, see `record`.
"""

from collections import OrderedDict
from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.client import EventType, Handler
from k8slab.sim.scheduler.record import CycleRecord

__all__ = ["TraceLog", "verdicts"]


class TraceLog:
    """The latest trace of each pod, at most ``limit`` of them; the oldest goes first.

    >>> log = TraceLog(limit=1)
    >>> log.record({"metadata": {"namespace": "chat", "name": "web"}, "status": {"result": "Scheduled"}})
    >>> log.get("chat", "web")["status"]["result"]
    'Scheduled'
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._entries: OrderedDict[tuple[str, str], tuple[int, CycleRecord | Object]] = OrderedDict()
        self._handlers: list[Handler] = []
        self.sequence = 0  #: counts the traces; each has its number as resourceVersion

    def record(self, trace: CycleRecord | Object) -> None:
        """Add a trace; it replaces an earlier one of the same pod."""
        if isinstance(trace, CycleRecord):
            key = (trace.namespace, trace.name)
        else:
            key = (trace["metadata"].get("namespace", ""), trace["metadata"]["name"])
        old = self._entries.pop(key, None)
        if old is not None and isinstance(trace, CycleRecord) and isinstance(old[1], CycleRecord):
            trace.follows(old[1])
        self.sequence += 1
        entry = self._entries[key] = (self.sequence, trace)
        self._tell("MODIFIED" if old else "ADDED", entry, old)
        if len(self._entries) > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self._tell("DELETED", oldest, oldest)

    def get(self, namespace: str, name: str) -> Object | None:
        """Return the latest trace of a pod, None if there is none (any more)."""
        entry = self._entries.get((namespace, name))
        return _expand(entry) if entry else None

    def list(self, namespace: str | None = None) -> list[Object]:
        """Return the traces of a namespace ("" or None: of all), oldest first."""
        return [_expand(entry) for key, entry in self._entries.items() if not namespace or key[0] == namespace]

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call the handler with ADDED for every trace there is, then with each change; return a function that ends it."""
        for entry in list(self._entries.values()):
            handler("ADDED", _expand(entry), None)
        self._handlers.append(handler)

        def end() -> None:
            if handler in self._handlers:
                self._handlers.remove(handler)

        return end

    def _tell(
        self, event: EventType, entry: tuple[int, CycleRecord | Object], old: tuple[int, CycleRecord | Object] | None
    ) -> None:
        if self._handlers:
            now, before = _expand(entry), _expand(old) if old else None
            for handler in list(self._handlers):
                handler(event, now, before)


def _expand(entry: tuple[int, CycleRecord | Object]) -> Object:
    sequence, trace = entry
    obj = trace.expand() if isinstance(trace, CycleRecord) else trace
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(sequence)}}


def verdicts(trace: Object) -> dict[str, dict[str, str]]:
    """Return the nodes × plugins table of a trace: node -> filter plugin -> verdict, reasons included.

    >>> row = {"plugin": "NodeName", "verdict": "Success"}
    >>> verdicts({"status": {"nodes": [{"name": "worker-1", "evaluated": True, "filters": [row]}]}})
    {'worker-1': {'NodeName': 'Success'}}
    """
    return {
        node["name"]: {row["plugin"]: ", ".join(row.get("reasons") or [row["verdict"]]) for row in node.get("filters") or ()}
        for node in trace["status"]["nodes"]
    }
