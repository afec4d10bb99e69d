"""The scale subresource: an autoscaling/v1 Scale of anything that has replicas.

Upstream: ScaleREST of pkg/registry/apps/*/storage and of k8s.io/apiextensions-apiserver, and scalehandler.go in
k8s.io/apimachinery/pkg/util/managedfields for who owns the replicas.
"""

from typing import Any

from k8slab.apimachinery.labels import format_selector, selector_of
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError, invalid
from k8slab.sim.apiserver.resources import Resource

__all__ = ["apply_ownership", "merged_ownership", "scale_of", "with_scale"]

_API = "autoscaling/v1"
_REPLICAS: Object = {"f:spec": {"f:replicas": {}}}


def scale_of(resource: Resource, obj: Object) -> Object:
    """Return the Scale of an object."""
    meta = obj["metadata"]
    kept = {k: meta[k] for k in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp") if k in meta}
    replicas, status = _get(obj, _spec_path(resource)), _status(resource, obj)
    spec = {"replicas": replicas} if replicas else {}
    return {"kind": "Scale", "apiVersion": _API, "metadata": kept, "spec": spec, "status": status}


def _spec_path(resource: Resource) -> str:
    return resource.scale["specReplicasPath"] if resource.scale else ".spec.replicas"


def _status(resource: Resource, obj: Object) -> Object:
    if resource.scale:
        status: Object = {"replicas": _get(obj, resource.scale["statusReplicasPath"]) or 0}
        selector = _get(obj, resource.scale.get("labelSelectorPath", ""))
        return {**status, "selector": selector} if selector else status
    status, selector = {"replicas": obj.get("status", {}).get("replicas", 0)}, obj.get("spec", {}).get("selector")
    if selector:
        labelled = selector if "matchLabels" in selector or "matchExpressions" in selector else {"matchLabels": selector}
        status["selector"] = format_selector(selector_of(labelled))
    return status


def with_scale(resource: Resource, obj: Object, scale: Object) -> Object:
    """Return the object with the replicas (and the precondition) of a Scale."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        error = FieldError("FieldValueInvalid", "spec.replicas", "must be greater than or equal to 0", replicas)
        raise invalid("autoscaling", "Scale", obj["metadata"]["name"], [error])
    meta, given = dict(obj["metadata"]), scale.get("metadata") or {}
    meta |= {name: given[name] for name in ("resourceVersion", "uid") if given.get(name)}
    return {**_set(obj, _spec_path(resource).strip(".").split("."), replicas), "metadata": meta}


def _get(obj: Any, path: str) -> Any:
    for part in path.strip(".").split("."):
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def _set(obj: Object, path: list[str], value: int) -> Object:
    name, *rest = path
    return {**obj, name: _set(obj.get(name) or {}, rest, value) if rest else value}


def apply_ownership(resource: Resource, obj: Object) -> list[Object]:
    """Return the managedFields of an object's Scale: those who own the replicas own those of the Scale."""
    path = _spec_path(resource)
    owners = [e for e in obj["metadata"].get("managedFields") or () if _owned(e.get("fieldsV1") or {}, path)]
    return [{**entry, "apiVersion": _API, "fieldsV1": _REPLICAS} for entry in owners]


def merged_ownership(resource: Resource, obj: Object, scale: Object) -> list[Object]:
    """Return the managedFields of an object after its Scale has got the ones that ``scale`` has."""
    path, of_scale = _spec_path(resource), {_identity(e): e for e in scale["metadata"].get("managedFields") or ()}
    kept: list[Object] = []
    for entry in obj["metadata"].get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        if _identity(entry) not in of_scale and _owned(fields, path):
            fields = _without(fields, path.strip(".").split("."))
        elif _identity(entry) in of_scale:
            del of_scale[_identity(entry)]
        if fields:
            kept.append({**entry, "fieldsV1": fields})
    added = {"apiVersion": resource.api_version, "fieldsV1": _fields(path.strip(".").split("."))}
    return kept + [{**entry, **added} for entry in of_scale.values()]


def _identity(entry: Object) -> tuple[str, str, str]:
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _owned(fields: Object, path: str) -> bool:
    return _get(fields, ".".join(f"f:{part}" for part in path.strip(".").split("."))) is not None


def _fields(path: list[str]) -> Object:
    return {f"f:{path[0]}": _fields(path[1:]) if path[1:] else {}}


def _without(fields: Object, path: list[str]) -> Object:
    name, rest = f"f:{path[0]}", path[1:]
    left = _without(fields[name], rest) if rest else {}
    others = {k: v for k, v in fields.items() if k != name}
    return {**others, name: left} if left else others
