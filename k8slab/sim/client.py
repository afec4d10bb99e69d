"""What a component of the embedded cluster sees of the API: the loopback client, informers and work queues' food.

Upstream: client-go (clientset, SharedInformer, Lister, EventRecorder). Components get this and nothing else; it goes
through the same authentication identity, authorization, admission, validation and audit as a request over HTTPS, only
without the socket. `k8slab.sim.apiserver.loopback` implements it; tests may run components on a real in-memory store.

Resources are named as kubectl names them in full: ``pods``, ``deployments.apps``, ``leases.coordination.k8s.io``.
Objects that come back are shared with the store: **never change one in place**, copy with `deep_copy` first.
Every method answers at once (the store is in this process) and raises `StatusError` as the API would answer.
"""

import builtins
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol

from k8slab.apimachinery.types import Object

__all__ = ["Client", "EventType", "Handler", "Informer"]

EventType = Literal["ADDED", "MODIFIED", "DELETED"]

#: Called with (type, object, previous object or None) soon after each change, in the order of the changes.
Handler = Callable[[EventType, Object, Object | None], object]


class Informer(Protocol):
    """A cache of one resource that is always current, with indexes, and its stream of changes."""

    def get(self, name: str, namespace: str = "") -> Object | None:
        """Return the object, None if there is none."""
        ...

    def list(self, namespace: str | None = None) -> builtins.list[Object]:
        """Return the objects of a namespace ("" or None: of all), in order of their keys."""
        ...

    def add_index(self, index: str, keys: Callable[[Object], Iterable[str]]) -> None:
        """Keep an index under a name: ``keys(object)`` gives the index values of an object. Known name: no effect."""
        ...

    def by_index(self, index: str, key: str) -> builtins.list[Object]:
        """Return the objects that an index holds under a key."""
        ...

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call the handler with ADDED for every object there is, then with each change; return a function that ends it."""
        ...


class Client(Protocol):
    """The API as one user (``system:kube-scheduler``, ``system:node:worker-1``, ...) sees it."""

    user: str
    reachable: bool  #: False while a fault keeps this user's machine from the API server; requests then fail with 503

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """Return an object, or raise 404."""
        ...

    def list(self, resource: str, namespace: str = "", label_selector: str = "") -> builtins.list[Object]:
        """Return the objects of a namespace ("": of all)."""
        ...

    def raw(self, path: str) -> Object:
        """Return what a path of an aggregated API (``/apis/custom.metrics.k8s.io/...``) or of a Scale answers to GET."""
        ...

    def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """Create; namespace and name come from the object's metadata. Subresources: ``binding``, ``eviction``, ``token``."""
        ...

    def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """Replace; with ``metadata.resourceVersion`` set, only if it is still current (else 409)."""
        ...

    def patch(
        self,
        resource: str,
        name: str,
        namespace: str,
        patch: Any,
        kind: Literal["merge", "json", "strategic", "apply"] = "merge",
        subresource: str = "",
        force: bool = False,
    ) -> Object:
        """Patch an object or its subresource; ``force`` takes over conflicting fields of an ``apply``."""
        ...

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] | None = None,
        grace_period: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete an object, if it is still the one that ``uid`` and ``resource_version`` name."""
        ...

    def informer(self, resource: str) -> Informer:
        """Return the informer of a resource; all clients share it."""
        ...

    def event(
        self,
        regarding: Object,
        type: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        component: str = "",
        field_path: str = "",
        host: str = "",
    ) -> None:
        """Record an Event about an object; the same event again raises its count (upstream: EventCorrelator)."""
        ...
