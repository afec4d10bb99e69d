"""Every operation of the API, whoever asks and however: the HTTP server and the loopback client both end here.

Upstream: the handlers of k8s.io/apiserver/pkg/endpoints/handlers and the REST storages of pkg/registry. Authorization of
the request itself is the caller's.
"""

from typing import Any

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import patch as patches
from k8slab.sim.apiserver.componentstatus import DEPRECATION, component_statuses
from k8slab.sim.apiserver.decode import check
from k8slab.sim.apiserver.deletion import DeleteOptions
from k8slab.sim.apiserver.errors import StatusError, bad_request, conflict, not_found
from k8slab.sim.apiserver.listing import ListOptions, Page
from k8slab.sim.apiserver.managedfields import apply
from k8slab.sim.apiserver.registry import Call, Registry
from k8slab.sim.apiserver.reviews import Reviews
from k8slab.sim.apiserver.scale import apply_ownership, merged_ownership, scale_of, with_scale
from k8slab.sim.apiserver.schema import TypeSchema, schema_for
from k8slab.sim.apiserver.subresources import bind, evict, not_served
from k8slab.sim.etcd import Entry

__all__ = ["PATCH_TYPES", "Operations"]

#: Media types of patches, and our short names.
PATCH_TYPES: dict[str, Any] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}

#: Kinds that a PUT creates if there is no such object (upstream: AllowCreateOnUpdate).
_CREATED_BY_UPDATE = {
    "endpoints", "events", "events.events.k8s.io", "leases.coordination.k8s.io", "limitranges", "runtimeclasses.node.k8s.io",
    "services", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
}  # fmt: skip
_KEEPS_PODS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


class Operations:
    """What can be done to the API's resources.

    Parameters
    ----------
    registry
        The generic path to the store.
    reviews
        Answers the kinds that are questions (SubjectAccessReview, TokenReview, TokenRequest ...) and guards RBAC objects.
    """

    def __init__(self, registry: Registry, reviews: Reviews) -> None:
        self.registry, self.reviews = registry, reviews

    def create(self, call: Call, obj: Object) -> Entry:
        """Create an object, or answer it if its kind is a question."""
        if self.reviews.answers(call.resource):
            return _virtual(self.reviews.answer(call, obj))
        if call.resource.full_name == "bindings":
            return self._bind(call, obj)
        self.reviews.guard(call, obj, None)
        return self.registry.create(call, obj)

    def _bind(self, call: Call, binding: Object) -> Entry:
        """Bind a Pod the old way, by a Binding beside it."""
        pods = self.registry.scheme.by_name("pods")
        assert pods is not None
        name = (binding.get("metadata") or {}).get("name", "")
        bind(self.registry, Call(call.user, pods, call.namespace, name, "binding", call.manager, call.dry_run), binding)
        return _virtual({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def put(self, call: Call, obj: Object) -> tuple[Entry, bool]:
        """Replace an object, or create one of the kinds that allow it; return it and whether it is new."""
        try:
            return self.update(call, lambda old: obj), False
        except StatusError as error:
            if error.code != 404 or call.subresource or call.resource.full_name not in _CREATED_BY_UPDATE:
                raise
        meta = obj.setdefault("metadata", {})
        if meta.setdefault("name", call.name) != call.name:
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})")
        if meta.get("resourceVersion", "0") not in ("", "0") or meta.get("uid"):
            raise not_found(call.resource.group, call.resource.plural, call.name)
        return self.create(call, obj), True

    def update(self, call: Call, change: Any) -> Entry:
        """Replace an object (see `Registry.update`), or the part that a subresource is."""
        if call.subresource == "scale":
            return self._update_scale(call, change)

        def guarded(old: Object) -> Object:
            new: Object = change(old)
            if not call.subresource:
                self.reviews.guard(call, new, old)
            return new

        return self.registry.update(call, guarded)

    def _update_scale(self, call: Call, change: Any) -> Entry:
        resource = call.resource
        entry = self.registry.update(call, lambda old: with_scale(resource, old, change(scale_of(resource, old))))
        return _virtual(scale_of(resource, entry.value))

    def get_part(self, call: Call) -> Entry:
        """Return an object, or its Scale."""
        if call.resource.kind == "ComponentStatus":
            found = next((status for status in component_statuses() if status["metadata"]["name"] == call.name), None)
            if found is None:
                raise not_found("", "componentstatuses", call.name)
            call.warnings.append(DEPRECATION)
            return _virtual(found)
        entry = self.registry.get(call)
        return _virtual(scale_of(call.resource, entry.value)) if call.subresource == "scale" else entry

    def select(self, call: Call, options: ListOptions) -> Page:
        """Return a page of a list."""
        if call.resource.kind == "ComponentStatus":
            call.warnings.append(DEPRECATION)
            return Page([_virtual(status) for status in component_statuses()], self.registry.store.revision)
        return self.registry.select(call, options)

    def patch(self, call: Call, kind: str, patch: Any, force: bool = False) -> tuple[Entry, bool]:
        """Patch an object; return it and whether the patch created it (only ``apply`` can).

        Parameters
        ----------
        call
            The request.
        kind
            ``json``, ``merge``, ``strategic`` or ``apply``.
        patch
            The decoded patch.
        force
            Of an apply: take over fields that others own.
        """
        schema = self._schema(call)
        if kind == "apply":
            return self._apply(call, patch, force, schema)

        scaling = call.subresource == "scale"
        version_of, kind_of = ("autoscaling/v1", "Scale") if scaling else (call.resource.api_version, call.resource.kind)

        def change(old: Object) -> Object:
            new: Object = patches.patch(kind, old, patch, schema)
            strategic = patch if kind == "strategic" else None
            checked, warnings = check(new, schema, version_of, kind_of, call.field_validation, patched=True, strategic=strategic)
            call.warnings += warnings
            return checked

        return self.update(call, change), False

    def _apply(self, call: Call, config: Object, force: bool, schema: TypeSchema) -> tuple[Entry, bool]:
        meta = config.setdefault("metadata", {})
        if meta.get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        if meta.get("name", call.name) != call.name:
            raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})")
        meta["name"] = call.name
        if call.resource.namespaced:
            if meta.get("namespace", call.namespace) != call.namespace:
                raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
            meta["namespace"] = call.namespace
        now, version = self.registry.kernel.now(), call.resource.api_version
        try:
            if call.subresource == "scale":
                return self._apply_scale(call, config, force, schema), False

            def change(old: Object) -> Object:
                new: Object = apply(old, config, call.manager, force, schema, version, now, call.subresource)
                if not call.subresource:
                    self.reviews.guard(call, new, old)
                return new

            return self.registry.update(call, change, applied=True), False
        except StatusError as error:
            if error.reason != "NotFound" or call.subresource or (error.details or {}).get("name") != call.name:
                raise
        if meta.get("uid"):
            problem = f"uid mismatch: the provided object specified uid {meta['uid']}, and no existing object was found"
            raise conflict(call.resource.group, call.resource.plural, call.name, problem)
        obj: Object = apply(None, config, call.manager, force, schema, version, now, "")
        self.reviews.guard(call, obj, None)
        return self.registry.create(call, obj, applied=True), True

    def _apply_scale(self, call: Call, config: Object, force: bool, schema: TypeSchema) -> Entry:
        resource, now = call.resource, self.registry.kernel.now()

        def change(old: Object) -> Object:
            live = scale_of(resource, old)
            live["metadata"]["managedFields"] = apply_ownership(resource, old)
            scale = apply(live, config, call.manager, force, schema, "autoscaling/v1", now, call.subresource)
            new = with_scale(resource, old, scale)
            return {**new, "metadata": {**new["metadata"], "managedFields": merged_ownership(resource, old, scale)}}

        return _virtual(scale_of(resource, self.registry.update(call, change, applied=True).value))

    def delete(self, call: Call, options: DeleteOptions) -> tuple[Entry, bool]:
        """Delete an object; return it and whether it is gone."""
        if call.resource.full_name == "jobs.batch" and options.propagation is None:
            call.warnings.append(_KEEPS_PODS)
        return self.registry.delete(call, options)

    def post_subresource(self, call: Call, body: Object) -> Object:
        """Post to a subresource that is an action: binding, eviction, token."""
        success: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
        match call.resource.full_name, call.subresource:
            case "pods", "binding":
                bind(self.registry, call, body)
                return success
            case "pods", "eviction":
                whole = Call(call.user, call.resource, call.namespace, call.name, "", call.manager, call.dry_run)
                evict(self.registry, whole, body, self.delete)
                return success
            case "serviceaccounts", "token":
                return self.reviews.token(call, body)
        raise not_served(call)

    def _schema(self, call: Call) -> TypeSchema:
        if call.subresource == "scale":
            return schema_for("autoscaling", "v1", "Scale")
        return self.registry.schema(call.resource)


def _virtual(obj: Object) -> Entry:
    return Entry(obj.get("metadata", {}).get("name", ""), obj, orjson.dumps(obj), 0, 0)
