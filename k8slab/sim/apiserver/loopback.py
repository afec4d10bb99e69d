"""The loopback client: how a component of this process reaches the API.

Upstream: the LoopbackClientConfig of k8s.io/apiserver, and client-go's clientset. Same authorization, admission,
validation, ownership tracking and audit as over HTTPS; only the socket and the JSON are left out.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.audit import AuditLog
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.authorization import Attributes, Authorizer, denied
from k8slab.sim.apiserver.deletion import DeleteOptions
from k8slab.sim.apiserver.errors import not_found, resource_not_found, unreachable
from k8slab.sim.apiserver.events import EventRecorder
from k8slab.sim.apiserver.informer import StoreInformer
from k8slab.sim.apiserver.listing import ListOptions, Selection, selection
from k8slab.sim.apiserver.operations import Operations
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.requestinfo import RequestInfo, parse_request
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.scale import scale_of
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Kernel

__all__ = ["Loopback", "LoopbackClient"]


class Loopback:
    """What all loopback clients share.

    Informers work from the start; everything else once `connect` has been called, since authorization and admission are
    themselves clients.

    Parameters
    ----------
    scheme, store, kernel
        The kinds, the objects, the clock.
    audit
        Is told of every request that changes something.
    """

    def __init__(self, scheme: Scheme, store: Store, kernel: Kernel, audit: AuditLog) -> None:
        self.scheme, self.store, self.kernel, self.audit = scheme, store, kernel, audit
        self._informers: dict[str, StoreInformer] = {}
        #: Lists of resources that are not stored (aggregated groups), by full name: gets the namespace and what is selected.
        self.unstored: dict[str, Callable[[str, Selection], Iterable[Object]]] = {}
        #: What answers a GET of a path, by aggregated group: gets what is asked for and the query.
        self.raw: dict[str, Callable[[RequestInfo, Mapping[str, str]], Object]] = {}

    def connect(self, operations: Operations, authorizer: Authorizer) -> None:
        """Give what requests need."""
        self.operations, self.authorizer = operations, authorizer

    def client(self, user: UserInfo, manager: str) -> "LoopbackClient":
        """Return the API as a user sees it; ``manager`` is its name in managedFields."""
        return LoopbackClient(self, user, manager)

    def informer(self, resource: Resource) -> StoreInformer:
        """Return the informer of a resource, one for all."""
        prefix = resource.storage_prefix
        if prefix not in self._informers:
            self._informers[prefix] = StoreInformer(self.store, prefix, self.kernel)
        return self._informers[prefix]


class LoopbackClient:
    """`k8slab.sim.client.Client` on the registry of this process."""

    def __init__(self, shared: Loopback, user: UserInfo, manager: str) -> None:
        self._shared = shared
        self._user, self._manager = user, manager
        self.user = user.name
        self._recorder = EventRecorder(self, shared.kernel)
        self.reachable = True  #: False while a fault keeps the user's machine from the API server

    @property
    def _operations(self) -> Operations:
        return self._shared.operations

    def _resource(self, name: str) -> Resource:
        resource = self._shared.scheme.by_name(name)
        if resource is None:
            raise not_found("", name, "")
        return resource

    def _call(self, verb: str, resource: str, namespace: str, name: str, subresource: str = "") -> Call:
        if not self.reachable:
            raise unreachable()
        found = self._resource(resource)
        attributes = Attributes(self._user, verb, found.group, found.version, found.plural, subresource, namespace, name)
        decision = self._shared.authorizer.authorize(attributes)
        if not decision.allowed:
            raise denied(attributes, decision)
        return Call(self._user, found, namespace, name, subresource, self._manager)

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """Return an object or raise 404."""
        return self._operations.registry.get(self._call("get", resource, namespace, name)).value

    def list(self, resource: str, namespace: str = "", label_selector: str = "") -> list[Object]:
        """Return the objects of a namespace ("": of all)."""
        call = self._call("list", resource, namespace, "")
        chosen = selection(call.resource, label_selector, "")
        if resource in self._shared.unstored:
            return [*self._shared.unstored[resource](namespace, chosen)]
        options = ListOptions(chosen)
        return [entry.value for entry in self._operations.registry.select(call, options).entries]

    def raw(self, path: str) -> Object:
        """Return what a path of an aggregated API answers, or the Scale of an object."""
        if not self.reachable:
            raise unreachable()
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        info = parse_request("GET", parts.path, query)
        attributes = Attributes(
            self._user, info.verb, info.group, info.version, info.resource, info.subresource, info.namespace, info.name
        )
        decision = self._shared.authorizer.authorize(attributes)
        if not decision.allowed:
            raise denied(attributes, decision)
        if info.group in self._shared.raw:
            return self._shared.raw[info.group](info, query)
        resource = self._shared.scheme.get(info.group, info.version, info.resource)
        if resource is None or info.subresource != "scale" or resource.subresource("scale") is None:
            raise resource_not_found()
        entry = self._operations.registry.get(Call(self._user, resource, info.namespace, info.name))
        return scale_of(resource, entry.value)

    def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """Create an object, or post one to a subresource of the object that its metadata names."""
        meta = obj.get("metadata", {})
        name = meta.get("name", "")
        call = self._call("create", resource, meta.get("namespace", ""), name, subresource)
        body, operations = deep_copy(obj), self._operations
        done = operations.post_subresource(call, body) if subresource else operations.create(call, body).value
        self._audit("create", call, 201)
        return done

    def record(self, event: Object) -> None:
        """Store an Event that `EventRecorder` made."""
        meta = event["metadata"]
        call = self._call("create", "events", meta["namespace"], meta["name"])
        self._operations.registry.record(call, event)
        self._audit("create", call, 201)

    def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """Replace an object."""
        meta = obj["metadata"]
        call = self._call("update", resource, meta.get("namespace", ""), meta["name"], subresource)
        value = self._operations.update(call, lambda old: deep_copy(obj)).value
        self._audit("update", call, 200)
        return value

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
        """Patch an object."""
        call = self._call("patch", resource, namespace, name, subresource)
        value = self._operations.patch(call, kind, patch, force)[0].value
        self._audit("patch", call, 200)
        return value

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
        """Delete an object."""
        call = self._call("delete", resource, namespace, name)
        self._operations.delete(call, DeleteOptions(grace_period, propagation, uid, resource_version))
        self._audit("delete", call, 200)

    def informer(self, resource: str) -> StoreInformer:
        """Return the informer of a resource."""
        return self._shared.informer(self._resource(resource))

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
        """Record an Event; the same again raises its count. Who cannot reach the API server loses it."""
        if not self.reachable:
            return
        self._recorder.record(regarding, type, reason, message, component or self._manager, field_path, host)

    def _audit(self, verb: str, call: Call, code: int) -> None:
        self._shared.audit.record(
            self._user, verb, call.resource, call.subresource, call.namespace, call.name, code, annotations=call.annotations
        )
