"""Informers of the components inside: the store itself is the cache, so it is always current.

Upstream: client-go's SharedIndexInformer. Here a component reads what *is*, and is told of each change in the kernel's
next turn, in order.
"""

from collections.abc import Callable, Iterable

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Handler
from k8slab.sim.etcd import Store, StoreEvent
from k8slab.sim.kernel import Kernel

__all__ = ["StoreInformer"]

_Index = tuple[Callable[[Object], Iterable[str]], dict[str, dict[str, Object]]]


class StoreInformer:
    """`k8slab.sim.client.Informer` on a prefix of the store; one serves every component."""

    def __init__(self, store: Store, prefix: str, kernel: Kernel) -> None:
        self._store, self._prefix, self._kernel = store, prefix, kernel
        self._handlers: tuple[Handler, ...] = ()
        self._indexes: dict[str, _Index] = {}
        store.subscribe(prefix, self._changed)

    def get(self, name: str, namespace: str = "") -> Object | None:
        """Return the object, None if there is none."""
        entry = self._store.get(self._prefix, f"{namespace}/{name}" if namespace else name)
        return entry.value if entry else None

    def add_index(self, index: str, keys: Callable[[Object], Iterable[str]]) -> None:
        """Keep an index under a name; a name that is known stays as it is."""
        if index not in self._indexes:
            table: dict[str, dict[str, Object]] = {}
            self._indexes[index] = (keys, table)
            for entry in self._store.range(self._prefix):
                for key in keys(entry.value):
                    table.setdefault(key, {})[entry.name] = entry.value

    def by_index(self, index: str, key: str) -> list[Object]:
        """Return the objects that an index holds under a key."""
        return list(self._indexes[index][1].get(key, {}).values())

    def list(self, namespace: str | None = None) -> list[Object]:
        """Return the objects of a namespace ("" or None: of all), in order of their keys."""
        return [e.value for e in self._store.range(self._prefix, f"{namespace}/" if namespace else "")]

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call the handler with ADDED for every object there is, then with each change; return a function that ends it."""
        live = _Subscription(handler)
        self._handlers += (live,)
        for entry in self._store.range(self._prefix):
            self._kernel.call_soon(live, "ADDED", entry.value, None)

        def stop() -> None:
            live.ended = True
            self._handlers = tuple(h for h in self._handlers if h is not live)

        return stop

    def _changed(self, event: StoreEvent) -> None:
        new = event.entry.value if event.entry else None
        old = event.previous.value if event.previous else None
        for keys, table in self._indexes.values():
            _reindex(keys, table, event.name, new, old)
        if self._handlers:
            self._kernel.call_soon(self._tell, self._handlers, event)

    def _tell(self, handlers: tuple[Handler, ...], event: StoreEvent) -> None:
        old = event.previous.value if event.previous else None
        for handler in handlers:
            if event.entry is None:
                handler("DELETED", event.final.value if event.final else old or {}, old)
            else:
                handler("MODIFIED" if old else "ADDED", event.entry.value, old)


class _Subscription:
    __slots__ = ("_handler", "ended")

    def __init__(self, handler: Handler) -> None:
        self._handler, self.ended = handler, False

    def __call__(self, type_: str, obj: Object, old: Object | None) -> None:
        if not self.ended:
            self._handler(type_, obj, old)  # type: ignore[arg-type]


def _reindex(
    keys: Callable[[Object], Iterable[str]],
    table: dict[str, dict[str, Object]],
    name: str,
    new: Object | None,
    old: Object | None,
) -> None:
    after = tuple(keys(new)) if new else ()
    before = tuple(keys(old)) if old else ()
    if before != after:  # rare: most changes are news of the status
        for key in set(before).difference(after):
            table[key].pop(name, None)
            if not table[key]:
                del table[key]
    for key in after:
        table.setdefault(key, {})[name] = new or {}
