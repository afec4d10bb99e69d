"""Follows the CustomResourceDefinitions: accepts their names, serves their resources, cleans up behind them.

Upstream: k8s.io/apiextensions-apiserver/pkg/controller/status (names), establish and finalizer. A definition is served from
the moment it is established; a terminating one takes its resources along before it goes.
"""

from collections.abc import Iterator

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiservices import register
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.customresources import resources_of
from k8slab.sim.apiserver.deletion import CLEANUP_FINALIZER, DeleteOptions
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.registry import Call, Registry
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.etcd import StoreEvent

__all__ = ["Definitions", "name_conflict"]

_PREFIX = "/registry/apiextensions.k8s.io/customresourcedefinitions/"
_USER = UserInfo("system:apiserver", groups=("system:masters", "system:authenticated"))


class Definitions:
    """Keeps the scheme's custom resources what the definitions say.

    Parameters
    ----------
    registry
        Where the definitions and their resources are.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._scheme, self._store, self._kernel = registry.scheme, registry.store, registry.kernel
        self._served: dict[str, list[Resource]] = {}
        self._followed: set[str] = set()

    def start(self) -> None:
        """Serve what is established already, and follow what comes."""
        self._store.subscribe(_PREFIX, lambda event: self._kernel.call_soon(self._reconcile, event.name))
        for entry in list(self._store.range(_PREFIX)):
            self._reconcile(entry.name)

    def _reconcile(self, name: str) -> None:
        entry = self._store.get(_PREFIX, name)
        if entry is None:
            self._serve(name, [])
            return
        definition = entry.value
        status = {**(definition.get("status") or {}), **_names_status(definition, self._others(name), self._kernel.now())}
        established = _true(status, "Established")
        if "deletionTimestamp" in definition["metadata"]:
            self._serve(name, [_closed(r) for r in resources_of(definition)] if established else [])
            self._clean_up(name, definition)
            return
        self._serve(name, resources_of(definition) if established else [])
        if status != definition.get("status"):
            self._write(name, {**definition, "status": status}, "status")

    def _others(self, name: str) -> list[Object]:
        return [e.value for e in self._store.range(_PREFIX) if e.name != name]

    def _serve(self, name: str, resources: list[Resource]) -> None:
        before = self._served.get(name, [])
        if resources == before and all(a.schema is b.schema for a, b in zip(resources, before, strict=True)):
            return
        for resource in before:
            self._scheme.remove(resource.group, resource.version, resource.plural)
        for resource in resources:
            self._scheme.add(resource)
        if resources:
            self._served[name] = resources
        else:
            self._served.pop(name, None)
        register(self._registry)

    def _clean_up(self, name: str, definition: Object) -> None:
        """Delete the resources of a definition that is to go; once the last is gone, let the definition go."""
        finalizers = definition["metadata"].get("finalizers") or []
        served = self._served.get(name)
        if CLEANUP_FINALIZER not in finalizers:
            return
        if served:
            self._delete_all(self._scheme.stored(served[0]))
            prefix = served[0].storage_prefix
            if self._store.count(prefix):
                self._follow(prefix, name)
                return
        kept = [f for f in finalizers if f != CLEANUP_FINALIZER]
        self._write(name, {**definition, "metadata": {**definition["metadata"], "finalizers": kept}}, "")

    def _delete_all(self, resource: Resource) -> None:
        for entry in list(self._store.range(resource.storage_prefix)):
            if "deletionTimestamp" not in entry.value["metadata"]:
                meta = entry.value["metadata"]
                self._registry.delete(Call(_USER, resource, meta.get("namespace", ""), meta["name"]), DeleteOptions())

    def _follow(self, prefix: str, name: str) -> None:
        if prefix in self._followed:
            return
        self._followed.add(prefix)

        def changed(event: StoreEvent) -> None:
            if event.entry is None:
                self._kernel.call_soon(self._reconcile, name)

        self._store.subscribe(prefix, changed)

    def _write(self, name: str, definition: Object, subresource: str) -> None:
        resource = self._scheme.by_kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        assert resource is not None
        call = Call(_USER, resource, "", name, subresource, "kube-apiserver")
        try:
            self._registry.update(call, lambda old: definition)
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            self._kernel.call_soon(self._reconcile, name)


def _closed(resource: Resource) -> Resource:
    """Return the resource as a terminating definition serves it: nothing new."""
    from dataclasses import replace

    return replace(resource, verbs=tuple(v for v in resource.verbs if v != "create"))


def _names_status(definition: Object, others: list[Object], now: float) -> Object:
    """Return the parts of the status that follow from a definition's names and those of the others."""
    names, conflict = definition["spec"]["names"], name_conflict(definition, others)
    before = {c["type"]: c for c in (definition.get("status") or {}).get("conditions") or ()}
    if conflict is None:
        wanted = [_condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")]
        wanted.append(_condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"))
    else:
        what, name = conflict
        wanted = [_condition("NamesAccepted", "False", f"{what}Conflict", f'"{name}" is already in use')]
        if before.get("Established", {}).get("status") != "True":
            wanted.append(_condition("Established", "False", "NotAccepted", "not all names are accepted"))
    kept = {**before, **{c["type"]: _dated(c, before.get(c["type"]), now) for c in wanted}}
    accepted = names if conflict is None else (definition.get("status") or {}).get("acceptedNames") or {"kind": "", "plural": ""}
    return {"conditions": list(kept.values()), "acceptedNames": accepted}


def _condition(kind: str, status: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _dated(condition: Object, before: Object | None, now: float) -> Object:
    same = before is not None and before["status"] == condition["status"]
    if same and before is not None and condition["type"] == "Established":
        return before
    moment = before["lastTransitionTime"] if same and before is not None else rfc3339(now)
    return {"lastTransitionTime": moment, **condition}


def _true(status: Object, kind: str) -> bool:
    return any(c["type"] == kind and c["status"] == "True" for c in status["conditions"])


def name_conflict(definition: Object, others: list[Object]) -> tuple[str, str] | None:
    """Return what name of a definition is taken by another of the same group: ("Plural", "rooms"); None if none is.

    >>> rooms = {"spec": {"group": "chat.example", "names": {"plural": "rooms", "kind": "Room", "listKind": "RoomList"}}}
    >>> halls = {"spec": {"group": "chat.example", "names": {"plural": "halls", "kind": "Room", "listKind": "HallList"}}}
    >>> halls["status"] = {"acceptedNames": halls["spec"]["names"]}
    >>> name_conflict(rooms, [halls])
    ('Kind', 'Room')
    """
    group, names = definition["spec"]["group"], definition["spec"]["names"]
    accepted = [(o.get("status") or {}).get("acceptedNames") or {} for o in others if o["spec"]["group"] == group]
    taken = {name for other in accepted for name in _resource_names(other)}
    kinds = {other.get(field) for other in accepted for field in ("kind", "listKind")}
    wanted = [("Plural", names["plural"]), ("Singular", names.get("singular", ""))]
    wanted += [("ShortNames", short) for short in names.get("shortNames") or ()]
    for what, name in wanted:
        if name and name in taken:
            return what, name
    for what, name in (("Kind", names["kind"]), ("ListKind", names.get("listKind", ""))):
        if name and name in kinds:
            return what, name
    return None


def _resource_names(names: Object) -> Iterator[str]:
    yield from filter(None, (names.get("plural"), names.get("singular")))
    yield from names.get("shortNames") or ()
