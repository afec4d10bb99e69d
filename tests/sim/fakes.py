"""A tiny API in dictionaries, for tests of components: the `Client` and `Informer` protocols without an API server.

It keeps what components rely on: resourceVersion conflicts, generation, status apart from spec, finalizers and graceful
deletion, generateName, the binding, eviction, token and scale subresources, and informer events in the order of the
changes, delivered by the kernel. It knows no defaults, validation, authorization, admission or garbage collection.

>>> from k8slab.sim.kernel import Kernel
>>> client = FakeClient(Kernel(seed=1))
>>> pod = client.create("pods", {"metadata": {"name": "web", "namespace": "chat"}, "spec": {}})
>>> pod["metadata"]["resourceVersion"], client.get("pods", "web", "chat")["status"]["phase"]
('1', 'Pending')
"""

import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from k8slab.apimachinery.labels import matches, parse_selector
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, deep_copy, key_of, labels
from k8slab.sim.apiserver.errors import StatusError, already_exists, conflict, not_found
from k8slab.sim.client import EventType, Handler
from k8slab.sim.kernel import Kernel

__all__ = ["Action", "FakeClient", "FakeInformer"]

Action = tuple[str, str, str]

#: Kind and apiVersion that objects get if the test leaves them out.
KINDS = {
    "pods": ("v1", "Pod"),
    "nodes": ("v1", "Node"),
    "namespaces": ("v1", "Namespace"),
    "services": ("v1", "Service"),
    "endpoints": ("v1", "Endpoints"),
    "secrets": ("v1", "Secret"),
    "configmaps": ("v1", "ConfigMap"),
    "events": ("v1", "Event"),
    "serviceaccounts": ("v1", "ServiceAccount"),
    "limitranges": ("v1", "LimitRange"),
    "resourcequotas": ("v1", "ResourceQuota"),
    "replicationcontrollers": ("v1", "ReplicationController"),
    "persistentvolumes": ("v1", "PersistentVolume"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
    "deployments.apps": ("apps/v1", "Deployment"),
    "replicasets.apps": ("apps/v1", "ReplicaSet"),
    "statefulsets.apps": ("apps/v1", "StatefulSet"),
    "daemonsets.apps": ("apps/v1", "DaemonSet"),
    "controllerrevisions.apps": ("apps/v1", "ControllerRevision"),
    "jobs.batch": ("batch/v1", "Job"),
    "cronjobs.batch": ("batch/v1", "CronJob"),
    "leases.coordination.k8s.io": ("coordination.k8s.io/v1", "Lease"),
    "endpointslices.discovery.k8s.io": ("discovery.k8s.io/v1", "EndpointSlice"),
    "priorityclasses.scheduling.k8s.io": ("scheduling.k8s.io/v1", "PriorityClass"),
    "poddisruptionbudgets.policy": ("policy/v1", "PodDisruptionBudget"),
    "storageclasses.storage.k8s.io": ("storage.k8s.io/v1", "StorageClass"),
    "csinodes.storage.k8s.io": ("storage.k8s.io/v1", "CSINode"),
    "ingressclasses.networking.k8s.io": ("networking.k8s.io/v1", "IngressClass"),
    "networkpolicies.networking.k8s.io": ("networking.k8s.io/v1", "NetworkPolicy"),
    "runtimeclasses.node.k8s.io": ("node.k8s.io/v1", "RuntimeClass"),
    "roles.rbac.authorization.k8s.io": ("rbac.authorization.k8s.io/v1", "Role"),
    "rolebindings.rbac.authorization.k8s.io": ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    "clusterroles.rbac.authorization.k8s.io": ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    "clusterrolebindings.rbac.authorization.k8s.io": ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
}
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_INITIAL_STATUS: dict[str, Object] = {"pods": {"phase": "Pending"}, "namespaces": {"phase": "Active"}}


class FakeInformer:
    """The `Informer` of one resource of a `FakeClient`; always current, because it *is* the store."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.objects: dict[str, Object] = {}
        self._indexers: dict[str, Callable[[Object], Iterable[str]]] = {}
        self._indexes: dict[str, dict[str, dict[str, Object]]] = {}
        self._handlers: list[Handler] = []

    def get(self, name: str, namespace: str = "") -> Object | None:
        return self.objects.get(f"{namespace}/{name}" if namespace else name)

    def list(self, namespace: str | None = None) -> builtins.list[Object]:
        prefix = f"{namespace}/" if namespace else ""
        return [self.objects[key] for key in sorted(self.objects) if key.startswith(prefix)]

    def add_index(self, index: str, keys: Callable[[Object], Iterable[str]]) -> None:
        if index not in self._indexers:
            self._indexers[index], self._indexes[index] = keys, {}
            for key, obj in self.objects.items():
                self._index(index, key, None, obj)

    def by_index(self, index: str, key: str) -> builtins.list[Object]:
        found = self._indexes[index].get(key, {})
        return [found[k] for k in sorted(found)]

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        ended = False

        def deliver(type: EventType, obj: Object, old: Object | None) -> None:
            if not ended:
                handler(type, obj, old)

        def end() -> None:
            nonlocal ended
            ended = True
            if deliver in self._handlers:
                self._handlers.remove(deliver)

        for obj in self.list():
            self._kernel.call_soon(deliver, "ADDED", obj, None)
        self._handlers.append(deliver)
        return end

    def put(self, obj: Object) -> None:
        """Store an object and tell the subscribers."""
        key = key_of(obj)
        old = self.objects.get(key)
        self.objects[key] = obj
        self._changed("MODIFIED" if old else "ADDED", key, obj, old)

    def remove(self, obj: Object) -> None:
        """Forget an object and tell the subscribers, who see its last state."""
        key = key_of(obj)
        old = self.objects.pop(key)
        self._changed("DELETED", key, obj, old)

    def _changed(self, type: EventType, key: str, obj: Object, old: Object | None) -> None:
        for index in self._indexers:
            self._index(index, key, old, None if type == "DELETED" else obj)
        for deliver in self._handlers:
            self._kernel.call_soon(deliver, type, obj, old)

    def _index(self, index: str, key: str, old: Object | None, new: Object | None) -> None:
        keys, values = self._indexers[index], self._indexes[index]
        for value in keys(old) if old else ():
            values.get(value, {}).pop(key, None)
        for value in keys(new) if new else ():
            values.setdefault(value, {})[key] = new  # type: ignore[assignment]


@dataclass
class _Shared:
    """What the clients of all users have in common."""

    kernel: Kernel
    revision: int = 0
    informers: dict[str, FakeInformer] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    failures: dict[tuple[str, str], list[StatusError]] = field(default_factory=dict)
    answers: dict[str, Object] = field(default_factory=dict)


class FakeClient:
    """The `Client` protocol over dictionaries.

    Parameters
    ----------
    kernel
        Gives ids and times, and delivers informer events (`Kernel.run_ready`).
    user
        Name of the user; `as_user` gives the same store to another one.
    """

    def __init__(self, kernel: Kernel, user: str = "test", _shared: _Shared | None = None) -> None:
        self.kernel, self.user, self.reachable = kernel, user, True
        self._shared = _shared or _Shared(kernel)

    @property
    def actions(self) -> builtins.list[Action]:
        """Every write so far: (verb, resource or resource/subresource, key)."""
        return self._shared.actions

    @property
    def answers(self) -> dict[str, Object]:
        """What `raw` answers, by path without query."""
        return self._shared.answers

    def as_user(self, user: str) -> "FakeClient":
        """Return a client of another user on the same store."""
        return FakeClient(self.kernel, user, self._shared)

    def fail_next(self, verb: str, resource: str, error: StatusError) -> None:
        """Let the next call of this verb (create, update, patch, delete) on this resource raise an error."""
        self._shared.failures.setdefault((verb, resource), []).append(error)

    def add(self, *objects: Object, resource: str = "") -> None:
        """Store objects as they are (with their status), as if they had been there before the test."""
        by_kind = {kind: name for name, (_, kind) in KINDS.items()}
        for obj in objects:
            self._put(resource or by_kind[obj["kind"]], self._with_identity(resource or by_kind[obj["kind"]], deep_copy(obj)))

    # --- the protocol ---

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        found = self.informer(resource).get(name, namespace)
        if found is None:
            plural, _, group = resource.partition(".")
            raise not_found(group, plural, name)
        return found

    def list(self, resource: str, namespace: str = "", label_selector: str = "") -> builtins.list[Object]:
        selector = parse_selector(label_selector)
        return [o for o in self.informer(resource).list(namespace) if matches(selector, labels(o))]

    def raw(self, path: str) -> Object:
        found = self.answers.get(path.partition("?")[0])
        if found is None:
            raise StatusError(404, "NotFound", "the server could not find the requested resource", {})
        return found

    def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        self._act("create", resource, obj, subresource)
        if subresource:
            return self._create_subresource(resource, obj, subresource)
        new = self._with_identity(resource, deep_copy(obj))
        meta = new["metadata"]
        if self.informer(resource).get(meta["name"], meta.get("namespace", "")) is not None:
            plural, _, group = resource.partition(".")
            raise already_exists(group, plural, meta["name"])
        if resource != "nodes":
            new.pop("status", None)
        if resource in _INITIAL_STATUS:
            new["status"] = dict(_INITIAL_STATUS[resource])
        if "spec" in new and resource not in ("namespaces", "nodes", "services"):
            meta.setdefault("generation", 1)
        return self._put(resource, new)

    def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        self._act("update", resource, obj, subresource)
        new, old = deep_copy(obj), self._current(resource, obj)
        if subresource == "scale":
            new = {**deep_copy(old), "spec": {**deep_copy(old["spec"]), "replicas": obj["spec"].get("replicas", 0)}}
        elif subresource == "status":
            new = {**deep_copy(old), "status": new.get("status", {})}
            new["metadata"] = {**new["metadata"], **{k: v for k, v in obj["metadata"].items() if k in ("labels", "annotations")}}
        else:
            new = _with_status_of(old, new)
        return self._replace(resource, old, new)

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
        if kind == "apply" and self.informer(resource).get(name, namespace) is None:
            return self.create(resource, {**patch, "metadata": {**patch["metadata"], "name": name, "namespace": namespace}})
        old = self.get(resource, name, namespace)
        self._act("patch", resource, old, subresource)
        if kind == "json":
            import jsonpatch

            new = jsonpatch.apply_patch(deep_copy(old), patch)
        else:
            new = _merge(old, deep_copy(patch), by_key=kind != "merge")
        new = {**new, **{k: old[k] for k in ("spec",) if k in old}} if subresource == "status" else _with_status_of(old, new)
        version = new["metadata"].get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise self._conflict(resource, name)
        return self._replace(resource, old, new)

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
        old = self.get(resource, name, namespace)
        self._act("delete", resource, old, "")
        for given, key in ((uid, "uid"), (resource_version, "resourceVersion")):
            if given and given != old["metadata"][key]:
                label = "UID" if key == "uid" else "ResourceVersion"
                plural, _, group = resource.partition(".")
                text = f"Precondition failed: {label} in precondition: {given}, {label} in object meta: {old['metadata'][key]}"
                raise conflict(group, plural, name, text)
        new = deep_copy(old)
        meta = new["metadata"]
        holds = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(propagation or "")
        if holds and holds not in meta.get("finalizers", ()):
            meta["finalizers"] = [*meta.get("finalizers", ()), holds]
        grace = _grace_period(resource, old, grace_period)
        if grace == 0 and not meta.get("finalizers") and not _finalized_by_controller(new):
            self._remove(resource, new)
            return
        if "deletionTimestamp" not in meta or grace < meta.get("deletionGracePeriodSeconds", 0):
            meta["deletionTimestamp"] = rfc3339(self.kernel.now() + grace)
            meta["deletionGracePeriodSeconds"] = grace
        if resource == "namespaces":
            new["status"] = {**new.get("status", {}), "phase": "Terminating"}
        if new != old:
            self._put(resource, new)

    def informer(self, resource: str) -> FakeInformer:
        informers = self._shared.informers
        if resource not in informers:
            informers[resource] = FakeInformer(self.kernel)
        return informers[resource]

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
        meta, now = regarding["metadata"], rfc3339(self.kernel.now())
        for known in self.informer("events").list():
            if (known["involvedObject"].get("uid"), known["reason"], known["message"]) == (meta.get("uid"), reason, message):
                self._put("events", {**known, "count": known["count"] + 1, "lastTimestamp": now})
                return
        involved = {"kind": regarding.get("kind"), "apiVersion": regarding.get("apiVersion"), "name": meta["name"]}
        involved |= {k: meta[k] for k in ("namespace", "uid") if k in meta} | ({"fieldPath": field_path} if field_path else {})
        identity = {
            "name": f"{meta['name']}.{self.kernel.random.getrandbits(64):016x}",
            "namespace": meta.get("namespace", "default"),
        }
        source = {"component": component or self.user} | ({"host": host} if host else {})
        event = {"type": type, "reason": reason, "message": message, "count": 1, "firstTimestamp": now, "lastTimestamp": now}
        self._put(
            "events", self._with_identity("events", {"metadata": identity, "involvedObject": involved, "source": source, **event})
        )

    def events(self, name: str = "") -> builtins.list[tuple[str, str, str]]:
        """Return (type, reason, message) of the events, about one object or all, in the order they first happened."""
        found = sorted(self.informer("events").list(), key=lambda e: int(e["metadata"]["uid"].rpartition("-")[2], 16))
        return [(e["type"], e["reason"], e["message"]) for e in found if name in ("", e["involvedObject"]["name"])]

    # --- the store ---

    def _act(self, verb: str, resource: str, obj: Object, subresource: str) -> None:
        failures = self._shared.failures.get((verb, resource))
        if failures:
            raise failures.pop(0)
        meta = obj["metadata"]
        key = "/".join(p for p in (meta.get("namespace", ""), meta.get("name") or meta.get("generateName", "") + "*") if p)
        self.actions.append((verb, f"{resource}/{subresource}" if subresource else resource, key))

    def _with_identity(self, resource: str, new: Object) -> Object:
        meta = new.setdefault("metadata", {})
        assert meta.get("name") or meta.get("generateName"), f"{resource} without a name: {new}"
        if not meta.get("name"):
            meta["name"] = meta["generateName"] + "".join(self.kernel.random.choice(_SUFFIX) for _ in range(5))
        meta.setdefault("uid", f"00000000-0000-4000-8000-{self._shared.revision + 1:012x}")
        meta.setdefault("creationTimestamp", rfc3339(self.kernel.now()))
        version, kind = KINDS.get(resource, ("v1", "Unknown"))
        return {"apiVersion": new.get("apiVersion", version), "kind": new.get("kind", kind), **new}

    def _current(self, resource: str, obj: Object) -> Object:
        old = self.get(resource, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
        if obj["metadata"].get("resourceVersion", old["metadata"]["resourceVersion"]) != old["metadata"]["resourceVersion"]:
            raise self._conflict(resource, obj["metadata"]["name"])
        return old

    @staticmethod
    def _conflict(resource: str, name: str) -> StatusError:
        plural, _, group = resource.partition(".")
        text = "the object has been modified; please apply your changes to the latest version and try again"
        return conflict(group, plural, name, text)

    def _replace(self, resource: str, old: Object, new: Object) -> Object:
        new = {**new, "metadata": dict(new["metadata"])}
        meta = new["metadata"]
        for key in ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp"):
            meta.pop(key, None)
            if key in old["metadata"]:
                meta[key] = old["metadata"][key]
        if "generation" in meta and new.get("spec") != old.get("spec"):
            meta["generation"] += 1
        if new == old:
            return old
        held = old["metadata"].get("finalizers") or _finalized_by_controller(old)
        free = not meta.get("finalizers") and not _finalized_by_controller(new) and not meta.get("deletionGracePeriodSeconds")
        if meta.get("deletionTimestamp") and held and free:
            return self._remove(resource, new)
        return self._put(resource, new)

    def _put(self, resource: str, obj: Object) -> Object:
        self._shared.revision += 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._shared.revision)}}
        self.informer(resource).put(obj)
        return obj

    def _remove(self, resource: str, obj: Object) -> Object:
        self._shared.revision += 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._shared.revision)}}
        self.informer(resource).remove(obj)
        return obj

    def _create_subresource(self, resource: str, obj: Object, subresource: str) -> Object:
        meta = obj["metadata"]
        target = self.get(resource, meta["name"], meta.get("namespace", ""))
        if subresource == "binding":
            return self._bind(target, obj["target"]["name"])
        if subresource == "eviction":
            grace = (obj.get("deleteOptions") or {}).get("gracePeriodSeconds")
            self.delete(resource, meta["name"], meta.get("namespace", ""), grace_period=grace)
            return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
        assert subresource == "token", subresource
        expires = rfc3339(self.kernel.now() + obj.get("spec", {}).get("expirationSeconds", 3600))
        return {**obj, "status": {"token": f"token-of-{key_of(target)}", "expirationTimestamp": expires}}

    def _bind(self, pod: Object, node: str) -> Object:
        name = pod["metadata"]["name"]
        if pod["spec"].get("nodeName"):
            text = f"pod {name} is already assigned to node {pod['spec']['nodeName']!r}".replace("'", '"')
            raise conflict("", "pods/binding", name, text)
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": rfc3339(self.kernel.now())}
        status = pod.get("status", {})
        others = [c for c in status.get("conditions", ()) if c["type"] != "PodScheduled"]
        return self._put(
            "pods", {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": {**status, "conditions": [*others, condition]}}
        )


def _with_status_of(old: Object, new: Object) -> Object:
    new = {k: v for k, v in new.items() if k != "status"}
    return {**new, "status": old["status"]} if "status" in old else new


def _grace_period(resource: str, old: Object, asked: int | None) -> int:
    """Only pods on a node that have not ended yet stop gracefully."""
    if resource != "pods" or not old["spec"].get("nodeName") or old.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return int(asked if asked is not None else old["spec"].get("terminationGracePeriodSeconds", 30))


def _finalized_by_controller(obj: Object) -> bool:
    """A namespace stays until the namespace controller has taken its spec.finalizers away."""
    return obj.get("kind") == "Namespace" and bool(obj.get("spec", {}).get("finalizers"))


_MERGE_KEYS = ("type", "name", "uid", "containerPort", "ip", "topologyKey", "key", "mountPath")


def _merge(old: Any, patch: Any, by_key: bool) -> Any:
    if isinstance(old, list) and isinstance(patch, list) and by_key:
        return _merge_lists(old, patch)
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = _merge(new.get(key), value, by_key)
    return new


def _merge_lists(old: list[Any], patch: list[Any]) -> list[Any]:
    key = next((k for k in _MERGE_KEYS if patch and all(isinstance(e, dict) and k in e for e in [*old, *patch])), None)
    if key is None:
        return patch
    merged = {e[key]: e for e in old}
    for element in patch:
        if element.get("$patch") == "delete":
            merged.pop(element[key], None)
        else:
            merged[element[key]] = _merge(merged.get(element[key]), element, by_key=True)
    return list(merged.values())
