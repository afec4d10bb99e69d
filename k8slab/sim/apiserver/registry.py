"""The registry: what happens between a request that is allowed and the store.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers and pkg/registry/generic/registry/store.go. One generic path for every
kind: defaults, field ownership, mutating admission, strategy, validation, validating admission, store. What single kinds
need besides (addresses of Services, bindings of Pods) hangs on in `hooks` and `subresources`.

Everything here is synchronous: within one call nothing else happens in the cluster, so no write can be overtaken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver import strategy, validation
from k8slab.sim.apiserver.admission import AdmissionRequest, Chain
from k8slab.sim.apiserver.apiextensions.rules import rule_findings
from k8slab.sim.apiserver.apiextensions.structural import completed, custom_resource_errors, fill_in, has_defaults
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.conversion import convert
from k8slab.sim.apiserver.defaults import apply_defaults
from k8slab.sim.apiserver.deletion import DeleteOptions, check_preconditions, finished, mark
from k8slab.sim.apiserver.errors import FieldError, StatusError, already_exists, bad_request, conflict, invalid, not_found
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.hooks import Hooks
from k8slab.sim.apiserver.listing import ListOptions, Page, list_page
from k8slab.sim.apiserver.managedfields import track_update
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import TypeSchema, schema_for, schema_from_openapi
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Entry, KeyExists, Store
from k8slab.sim.kernel import Kernel

__all__ = ["Call", "Registry"]

#: Name suffixes have upstream's alphabet: no vowels, nothing that looks like another character.
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_MAX_GENERATED = 58
#: Built-in kinds that are replaced only by who names the revision (upstream: AllowUnconditionalUpdate); custom ones all are.
_CONDITIONAL_ONLY = {
    "APIService", "CSIDriver", "CSINode", "CSIStorageCapacity", "ClusterTrustBundle", "CustomResourceDefinition", "Lease",
    "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "PodCertificateRequest",
    "PodDisruptionBudget", "RuntimeClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment",
}  # fmt: skip
_CUSTOM_ANYTHING: Object = {"x-kubernetes-preserve-unknown-fields": True}


@dataclass(slots=True)
class Call:
    """One request: who asks for what, and how."""

    user: UserInfo
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = "unknown"
    dry_run: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)  #: for the audit log


class Registry:
    """Creates, reads, changes and deletes objects of every kind.

    Parameters
    ----------
    scheme
        The kinds there are.
    store
        Where the objects are.
    kernel
        Clock, names and ids.
    admission
        The admission chain.
    """

    def __init__(self, scheme: Scheme, store: Store, kernel: Kernel, admission: Chain) -> None:
        self.scheme, self.store, self.kernel, self.admission = scheme, store, kernel, admission
        self.hooks = Hooks(store, kernel)
        #: What a schema cannot say of kinds that are not built in, by full name.
        self.validators: dict[str, Callable[[Object], list[FieldError]]] = {}
        self._custom_types: dict[tuple[str, str], tuple[Object, TypeSchema]] = {}
        self._defaulting: dict[tuple[str, str], tuple[Object, bool]] = {}

    # reading

    def get(self, call: Call) -> Entry:
        """Return the stored entry or raise 404."""
        entry = self.store.get(call.resource.storage_prefix, _key(call.namespace, call.name))
        if entry is None:
            raise not_found(call.resource.group, call.resource.plural, call.name)
        return entry

    def select(self, call: Call, options: ListOptions) -> Page:
        """Return a page of entries."""
        return list_page(self.store, call.resource, call.namespace, options)

    # creating

    def create(self, call: Call, obj: Object, *, applied: bool = False) -> Entry:
        """Store a new object; ``obj`` is the caller's private copy, decoded.

        ``applied``: ``metadata.managedFields`` is settled already (server-side apply).
        """
        resource, meta = call.resource, obj.setdefault("metadata", {})
        self._place(call, meta)
        if meta.pop("resourceVersion", None):
            raise bad_request("resourceVersion should not be set on objects to be created")
        obj, resource = self._to_storage(resource, obj)
        meta = obj["metadata"]
        for given in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            meta.pop(given, None)
        _default(resource, obj)
        if not applied:
            self._own(call, None, obj)
        request = self._request(call, "CREATE", obj, None)
        call.warnings += self.admission.mutate(request)
        self._name(resource, meta)
        meta["uid"], meta["creationTimestamp"] = self.kernel.uuid(), rfc3339(self.kernel.now())
        strategy.prepare_create(resource, obj, call.user)
        errors = validation.validate_create(resource, obj) + self._custom_errors(resource, obj, None, call)
        self._refuse(resource, meta.get("name", ""), errors)
        self.hooks.allocate(resource, obj)
        request.name = meta["name"]
        call.warnings += self.admission.validate(request)
        call.warnings += strategy.warnings(resource, obj)
        call.name = meta["name"]
        if call.dry_run:
            if self.store.get(resource.storage_prefix, _key(call.namespace, meta["name"])) is not None:
                raise already_exists(resource.group, resource.plural, meta["name"])
            return _unstored(obj)
        try:
            entry = self.store.create(resource.storage_prefix, _key(call.namespace, meta["name"]), obj)
        except KeyExists as error:
            raise already_exists(resource.group, resource.plural, meta["name"]) from error
        self.hooks.stored(resource, entry.value, None)
        return entry

    def record(self, call: Call, event: Object) -> None:
        """Store an Event of a component: complete and valid by construction, there are very many, and none is refused.

        In a namespace that is going away, nothing is stored, as upstream's recorder gives up on the refusal.
        """
        namespace = self.store.get("/registry/namespaces/", call.namespace)
        if namespace is None or "deletionTimestamp" in namespace.value["metadata"]:
            return
        now = rfc3339(self.kernel.now())
        owned: Object = {"manager": call.manager, "operation": "Update", "apiVersion": "v1", "time": now}
        owned |= {"fieldsType": "FieldsV1", "fieldsV1": _fields_of_event(event)}
        meta = {**event["metadata"], "uid": self.kernel.uuid(), "creationTimestamp": now, "managedFields": [owned]}
        try:
            self.store.create(call.resource.storage_prefix, _key(call.namespace, call.name), {**event, "metadata": meta})
        except KeyExists as error:
            raise already_exists("", "events", call.name) from error

    def _place(self, call: Call, meta: Object) -> None:
        namespace = meta.get("namespace", "")
        if not call.resource.namespaced:
            meta.pop("namespace", None)
        elif namespace and namespace != call.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        else:
            meta["namespace"] = call.namespace

    def _name(self, resource: Resource, meta: Object) -> None:
        if meta.get("generateName") and not meta.get("name"):
            taken = True
            while taken:
                suffix = "".join(self.kernel.random.choices(_SUFFIX_ALPHABET, k=5))
                meta["name"] = meta["generateName"][:_MAX_GENERATED] + suffix
                taken = self.store.get(resource.storage_prefix, _key(meta.get("namespace", ""), meta["name"])) is not None

    # changing

    def update(self, call: Call, change: Callable[[Object], Object], *, applied: bool = False) -> Entry:
        """Replace an object by what ``change`` makes of a private copy of it.

        Parameters
        ----------
        call
            The request; ``call.subresource`` "status" and the like change only their part.
        change
            Gets the object in the version of ``call.resource`` and returns the new one.
        applied
            The change has already settled ``metadata.managedFields`` (server-side apply).
        """
        entry = self.get(call)
        old = entry.value
        new, resource = self._to_storage(call.resource, change(deep_copy(self.from_storage(call.resource, old))))
        self._identify(call, new, old)
        _default(resource, new)
        if not applied:
            self._own(call, old, new)
        request = self._request(call, "UPDATE", new, old)
        call.warnings += self.admission.mutate(request)
        strategy.prepare_update(resource, new, old, call.subresource)
        errors = validation.validate_update(resource, new, old, call.subresource)
        self._refuse(resource, call.name, errors + self._custom_errors(resource, new, old, call))
        self.hooks.allocate(resource, new, old)
        call.warnings += self.admission.validate(request)
        call.warnings += strategy.warnings(resource, new, old)
        return self._replace(call, entry, new)

    def _replace(self, call: Call, entry: Entry, new: Object) -> Entry:
        if call.dry_run:
            return _unstored(new)
        prefix = call.resource.storage_prefix
        if finished(call.resource, new):
            self._remove(call.resource, entry)
            return _unstored(new)
        if _same(new, entry.value):
            return entry
        stored = self.store.update(prefix, entry.name, new, entry.revision)
        self.hooks.stored(call.resource, stored.value, entry.value)
        return stored

    def _identify(self, call: Call, new: Object, old: Object) -> None:
        """Check that the object is the one the request means, and at the revision it means."""
        meta, was = new.setdefault("metadata", {}), old["metadata"]
        name = meta.setdefault("name", call.name)
        if name != call.name:
            raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
        if call.resource.namespaced and meta.setdefault("namespace", call.namespace) != call.namespace:
            raise bad_request("the namespace of the object does not match the namespace on the request")
        version = self._expected_version(call, meta, was)
        if version != was["resourceVersion"]:
            if not version.isdigit():
                raise self._bad_version(call, version)
            raise conflict(
                call.resource.group,
                call.resource.plural,
                call.name,
                "the object has been modified; please apply your changes to the latest version and try again",
            )
        uid = meta.get("uid")
        if uid and uid != was["uid"]:
            detail = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {was['uid']}"
            raise StatusError(409, "Conflict", f'Operation cannot be fulfilled on {call.resource.plural} "{name}": {detail}')
        for kept in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            if kept in was:
                meta[kept] = was[kept]
            else:
                meta.pop(kept, None)

    def _expected_version(self, call: Call, meta: Object, was: Object) -> str:
        if meta.get("resourceVersion", "") in ("", "0"):
            resource = call.resource
            if resource.kind in _CONDITIONAL_ONLY or not is_built_in(resource.group):
                error = FieldError("FieldValueInvalid", "metadata.resourceVersion", "must be specified for an update", 0)
                raise invalid(resource.group, resource.plural, call.name, [error])
            meta["resourceVersion"] = was["resourceVersion"]
        version: str = meta["resourceVersion"]
        return version

    def _bad_version(self, call: Call, version: str) -> StatusError:
        resource = call.resource
        detail = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        return invalid(
            resource.group,
            resource.kind,
            call.name,
            [FieldError("FieldValueInvalid", "metadata.resourceVersion", detail, version)],
        )

    # deleting

    def delete(self, call: Call, options: DeleteOptions) -> tuple[Entry, bool]:
        """Delete or mark; return the entry as it is left, and whether it is gone."""
        entry = self.get(call)
        resource = call.resource
        check_preconditions(resource, entry.value, options)
        request = self._request(call, "DELETE", None, entry.value)
        call.warnings += self.admission.mutate(request)
        call.warnings += self.admission.validate(request)
        left = mark(resource, entry.value, options, self.kernel.now())
        if call.dry_run:
            return (entry, True) if left is None else (_unstored(left), False)
        if left is None:
            return self._remove(resource, entry), True
        if left is entry.value:
            return entry, False
        return self.store.update(resource.storage_prefix, entry.name, left, entry.revision), False

    def delete_collection(self, call: Call, options: DeleteOptions, listing: ListOptions) -> list[Entry]:
        """Delete everything that a list would return."""
        page = self.select(call, listing)
        return [self.delete(_one(call, entry), options)[0] for entry in page.entries]

    def _remove(self, resource: Resource, entry: Entry) -> Entry:
        final = self.store.delete(resource.storage_prefix, entry.name, entry.revision)
        self.hooks.stored(resource, None, entry.value)
        return final

    # parts of the path

    def _request(self, call: Call, operation: str, obj: Object | None, old: Object | None) -> AdmissionRequest:
        return AdmissionRequest(
            user=call.user,
            operation=operation,
            resource=call.resource,
            subresource=call.subresource,
            namespace=call.namespace,
            name=call.name,
            object=obj,
            old_object=old,
            dry_run=call.dry_run,
            annotations=call.annotations,
        )

    def _own(self, call: Call, old: Object | None, new: Object) -> None:
        resource = self.scheme.stored(call.resource)
        fields = track_update(
            old, new, call.manager, self.kernel.now(), self.schema(resource), resource.api_version, call.subresource
        )
        if fields:
            new["metadata"]["managedFields"] = fields
        else:
            new["metadata"].pop("managedFields", None)

    def _refuse(self, resource: Resource, name: str, errors: list[FieldError]) -> None:
        if errors:
            raise invalid(resource.group, resource.kind, name, errors)

    def _custom_errors(self, resource: Resource, obj: Object, old: Object | None, call: Call) -> list[FieldError]:
        if not resource.schema:
            return []
        errors, more = custom_resource_errors(resource.schema, obj), self.validators.get(resource.full_name)
        if not errors and not is_built_in(resource.group):
            found = rule_findings(resource.schema, obj, old)
            errors = found.errors
            call.warnings += found.warnings
        return errors + more(obj) if more else errors

    def schema(self, resource: Resource) -> TypeSchema:
        """Return the schema of a kind in a version."""
        if is_built_in(resource.group):
            return schema_for(resource.group, resource.version, resource.kind)
        key, spec = (resource.api_version, resource.kind), resource.schema or _CUSTOM_ANYTHING
        known = self._custom_types.get(key)
        if known is None or known[0] is not spec:
            known = self._custom_types[key] = (spec, schema_from_openapi(spec))
        return known[1]

    def _to_storage(self, resource: Resource, obj: Object) -> tuple[Object, Resource]:
        storage = self.scheme.stored(resource)
        obj.setdefault("apiVersion", resource.api_version)
        obj.setdefault("kind", resource.kind)
        return convert(obj, resource, storage), storage

    def from_storage(self, resource: Resource, obj: Object) -> Object:
        """Return a stored object in the version of ``resource``, with its later defaults; the same one if nothing differs."""
        if obj.get("apiVersion") != resource.api_version:
            obj = convert(obj, self.scheme.by_kind(obj["apiVersion"], obj["kind"]) or self.scheme.stored(resource), resource)
        return completed(resource.schema, obj) if resource.schema and self._defaults(resource, resource.schema) else obj

    def _defaults(self, resource: Resource, schema: Object) -> bool:
        """Whether a custom resource's schema has defaults, which old objects get when they are read."""
        key = (resource.api_version, resource.kind)
        known = self._defaulting.get(key)
        if known is None or known[0] is not schema:
            known = self._defaulting[key] = (schema, has_defaults(schema))
        return known[1]


def _default(resource: Resource, obj: Object) -> None:
    if resource.schema:
        fill_in(resource.schema, obj)
    else:
        apply_defaults(resource, obj)


def _fields_of_event(event: Object) -> Object:
    given = (item for item in event.items() if item[0] not in ("apiVersion", "kind", "metadata"))
    return _fields_of(tuple((name, tuple(value) if isinstance(value, dict) else ()) for name, value in given))


@lru_cache(maxsize=256)
def _fields_of(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Object:
    """Return the set of these fields and their parts; Events of one shape share it."""
    return {f"f:{name}": {f"f:{part}": {} for part in parts} for name, parts in names}


def _key(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _one(call: Call, entry: Entry) -> Call:
    meta: dict[str, Any] = entry.value["metadata"]
    return Call(call.user, call.resource, meta.get("namespace", ""), meta["name"], "", call.manager, call.dry_run)


def _same(new: Object, old: Object) -> bool:
    """Whether an update changes nothing but the times in managedFields."""
    if new.keys() != old.keys() or any(new[k] != old[k] for k in new if k != "metadata"):
        return False
    a, b = new["metadata"], old["metadata"]
    ignored = ("managedFields", "resourceVersion")
    if {k: v for k, v in a.items() if k not in ignored} != {k: v for k, v in b.items() if k not in ignored}:
        return False
    return list(_untimed(a)) == list(_untimed(b))


def _untimed(meta: Object) -> Iterator[Object]:
    return ({k: v for k, v in entry.items() if k != "time"} for entry in meta.get("managedFields") or ())


def _unstored(obj: Object) -> Entry:
    import orjson

    return Entry(obj["metadata"].get("name", ""), obj, orjson.dumps(obj), 0, 0)
