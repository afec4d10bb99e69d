"""The garbage collector: objects whose owners are gone go too, in the background, in the foreground, or not at all.

Upstream: k8s.io/kubernetes/pkg/controller/garbagecollector. The owner graph holds only objects that have owners; whether
an owner exists is asked of the informers, which are never behind, so upstream's virtual nodes and absent-owner cache
are not needed. Keys of the queue are ``resource/namespace/name``.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel

__all__ = ["Dependent", "GarbageCollector", "OwnerGraph", "classify"]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_IGNORED = {"events", "events.events.k8s.io"}  # as upstream: many, short-lived, owned by nobody


class Dependent(NamedTuple):
    """An object that has owners."""

    resource: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        """The key in the work queue."""
        return "/".join(self)


class OwnerGraph:
    """Who depends on whom, by uid."""

    def __init__(self) -> None:
        self._owners: dict[Dependent, tuple[str, ...]] = {}
        self._dependents: dict[str, dict[Dependent, None]] = {}

    def put(self, dependent: Dependent, owners: Iterable[str]) -> None:
        """Note the owners of an object; no owners forgets it."""
        for uid in self._owners.pop(dependent, ()):
            known = self._dependents[uid]
            known.pop(dependent, None)
            if not known:
                del self._dependents[uid]
        new = tuple(dict.fromkeys(owners))
        if new:
            self._owners[dependent] = new
        for uid in new:
            self._dependents.setdefault(uid, {})[dependent] = None

    def dependents(self, uid: str) -> list[Dependent]:
        """Return what depends on an object, in the order in which it came."""
        return list(self._dependents.get(uid, ()))


class Owners(NamedTuple):
    """The owner references of an object by what became of the owners."""

    solid: list[Object]
    dangling: list[Object]
    waiting: list[Object]


def classify(references: Iterable[Object], find: Callable[[Object], Object | None]) -> Owners:
    """Sort owner references: the owner exists, is absent (or another object of that name), or waits for its dependents."""
    result = Owners([], [], [])
    for reference in references:
        owner = find(reference)
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            result.dangling.append(reference)
        elif _waits_for_dependents(owner):
            result.waiting.append(reference)
        else:
            result.solid.append(reference)
    return result


def _waits_for_dependents(obj: Object) -> bool:
    meta = obj["metadata"]
    return "deletionTimestamp" in meta and FOREGROUND in (meta.get("finalizers") or ())


def _waits_for_orphans(obj: Object) -> bool:
    meta = obj["metadata"]
    return "deletionTimestamp" in meta and ORPHAN in (meta.get("finalizers") or ())


class GarbageCollector(Controller):
    """Follows every resource and deletes what has lost its last owner.

    Parameters
    ----------
    client, kernel, informers
        See `Controller`.
    resources
        Gives every resource that the API serves at the moment.
    """

    name = "garbage-collector-controller"
    account = "generic-garbage-collector"

    def __init__(
        self, client: Client, kernel: Kernel, informers: Client | None = None, *, resources: Callable[[], Iterable[Resource]]
    ) -> None:
        super().__init__(client, kernel, informers)
        self._resources = resources
        self._graph = OwnerGraph()
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._watched: set[str] = set()

    def setup(self) -> None:  # noqa: D102
        self._graph, self._watched = OwnerGraph(), set()
        self._discover()
        self.watch("customresourcedefinitions.apiextensions.k8s.io", lambda *change: self.kernel.call_soon(self._discover))

    def _discover(self) -> None:
        """Follow resources that are new since the last look."""
        served = list(self._resources())
        self._by_kind = {(r.group, r.kind): r for r in served}
        stored = {r.storage_prefix: r for r in reversed(served) if {"list", "watch", "delete"} <= set(r.verbs)}
        for prefix, resource in stored.items():
            if self.running and prefix not in self._watched and resource.full_name not in _IGNORED:
                self._watched.add(prefix)
                self._follow(resource.full_name)

    def _follow(self, resource: str) -> None:
        def changed(type: EventType, obj: Object, old: Object | None) -> None:
            if type == "DELETED":
                self._removed(resource, obj)
            elif old is None or _news(obj["metadata"], old["metadata"]):
                self._seen(resource, obj, old)

        self.watch(resource, changed)

    def _removed(self, resource: str, obj: Object) -> None:
        meta = obj["metadata"]
        self._graph.put(_dependent(resource, obj), ())
        for dependent in self._graph.dependents(meta["uid"]):
            self.queue.add(dependent.key)
        for reference in meta.get("ownerReferences") or ():
            self._wake_owner(reference, obj)

    def _wake_owner(self, reference: Object, obj: Object) -> None:
        """An owner in foreground deletion may have waited for this one."""
        owner = self._find(reference, obj["metadata"].get("namespace", ""))
        resource = self._by_kind.get(_group_kind(reference))
        if owner is not None and resource is not None and _waits_for_dependents(owner):
            self.queue.add(_dependent(resource.full_name, owner).key)

    def _seen(self, resource: str, obj: Object, old: Object | None) -> None:
        meta = obj["metadata"]
        references = meta.get("ownerReferences") or ()
        before = (old["metadata"].get("ownerReferences") or ()) if old else ()
        dependent = _dependent(resource, obj)
        if references or before:
            self._graph.put(dependent, [r["uid"] for r in references])
        for reference in before:
            self._wake_owner(reference, obj)
        if _waits_for_dependents(obj) or _waits_for_orphans(obj):
            self.queue.add(dependent.key)
            if _waits_for_dependents(obj):
                for child in self._graph.dependents(meta["uid"]):
                    self.queue.add(child.key)
        elif references and self._has_lost_an_owner(obj, references):
            self.queue.add(dependent.key)

    def _has_lost_an_owner(self, obj: Object, references: Iterable[Object]) -> bool:
        namespace = obj["metadata"].get("namespace", "")
        for reference in references:
            owner = self._find(reference, namespace)
            if owner is None or owner["metadata"]["uid"] != reference["uid"] or _waits_for_dependents(owner):
                return True
        return False

    def _find(self, reference: Object, namespace: str) -> Object | None:
        """Return the object that an owner reference names; a kind that is not served has no objects."""
        resource = self._by_kind.get(_group_kind(reference))
        if resource is None or (resource.namespaced and not namespace):
            return None
        return self.informer(resource.full_name).get(reference["name"], namespace if resource.namespaced else "")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        resource, namespace, name = key.split("/")
        obj = self.informer(resource).get(name, namespace)
        if obj is None:
            return None
        if _waits_for_orphans(obj):
            self._let_go(resource, obj)
        elif _waits_for_dependents(obj):
            self._advance_foreground(resource, obj)
        elif "deletionTimestamp" not in obj["metadata"]:
            self._collect(resource, obj)
        return None

    def _collect(self, resource: str, obj: Object) -> None:
        """Delete an object without a living owner; with some left, only forget the others."""
        references = obj["metadata"].get("ownerReferences") or ()
        namespace = obj["metadata"].get("namespace", "")
        owners = classify(references, lambda reference: self._find(reference, namespace))
        if owners.solid:
            if owners.dangling or owners.waiting:
                self._patch(resource, obj, {"ownerReferences": owners.solid})
        elif owners.waiting and self._graph.dependents(obj["metadata"]["uid"]):
            if any(self._is_waiting(d) for d in self._graph.dependents(obj["metadata"]["uid"])):
                unblocked = [{**r, "blockOwnerDeletion": False} for r in references]
                obj = self._patch(resource, obj, {"ownerReferences": unblocked})  # or a circle of owners would wait forever
            self._delete(resource, obj, "Foreground")
        elif references:
            finalizers = obj["metadata"].get("finalizers") or ()
            policy: Literal["Orphan", "Foreground", "Background"]
            policy = "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
            self._delete(resource, obj, policy)

    def _is_waiting(self, dependent: Dependent) -> bool:
        obj = self.informer(dependent.resource).get(dependent.name, dependent.namespace)
        return obj is not None and _waits_for_dependents(obj)

    def _delete(self, resource: str, obj: Object, policy: Literal["Orphan", "Foreground", "Background"]) -> None:
        meta = obj["metadata"]
        try:
            self.client.delete(resource, meta["name"], meta.get("namespace", ""), propagation=policy, uid=meta["uid"])
        except StatusError as error:
            if error.code != 404:
                raise

    def _advance_foreground(self, resource: str, obj: Object) -> None:
        """Let the owner go once no dependent blocks it; until then see to it that they are deleted."""
        uid = obj["metadata"]["uid"]
        blocking = [d for d in self._graph.dependents(uid) if self._blocks(d, uid)]
        if not blocking:
            self._remove_finalizer(resource, obj, FOREGROUND)
        for dependent in blocking:
            if not self._is_waiting(dependent):
                self.queue.add(dependent.key)

    def _blocks(self, dependent: Dependent, uid: str) -> bool:
        obj = self.informer(dependent.resource).get(dependent.name, dependent.namespace)
        references = (obj["metadata"].get("ownerReferences") or ()) if obj else ()
        return any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in references)

    def _let_go(self, resource: str, obj: Object) -> None:
        """Take the owner out of its dependents, then let it go."""
        uid = obj["metadata"]["uid"]
        for dependent in self._graph.dependents(uid):
            child = self.informer(dependent.resource).get(dependent.name, dependent.namespace)
            if child is not None:
                others = [r for r in child["metadata"].get("ownerReferences") or () if r["uid"] != uid]
                self._patch(dependent.resource, child, {"ownerReferences": others or None})
        self._remove_finalizer(resource, obj, ORPHAN)

    def _remove_finalizer(self, resource: str, obj: Object, finalizer: str) -> None:
        left = [f for f in obj["metadata"].get("finalizers") or () if f != finalizer]
        self._patch(resource, obj, {"finalizers": left or None})

    def _patch(self, resource: str, obj: Object, metadata: Object) -> Object:
        meta = obj["metadata"]
        precise = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], **metadata}
        return self.client.patch(resource, meta["name"], meta.get("namespace", ""), {"metadata": precise})


def _group_kind(reference: Object) -> tuple[str, str]:
    """What a reference points to, in whatever version it says."""
    return reference["apiVersion"].rpartition("/")[0], reference["kind"]


def _news(new: Object, old: Object) -> bool:
    return any(new.get(key) != old.get(key) for key in ("ownerReferences", "deletionTimestamp", "finalizers", "uid"))


def _dependent(resource: str, obj: Object) -> Dependent:
    return Dependent(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
