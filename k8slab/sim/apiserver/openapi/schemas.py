"""Schemas of kinds in the form that OpenAPI v3 documents have, made from the published definitions.

The data file of ``kubernetes-validate`` holds upstream's definitions turned into JSON schemas (nullable types, the accepted
values of apiVersion and kind); here they are turned back. Definitions are read anew for each document that is built and
not kept: documents are asked for seldom, and are cached as bytes.

Upstream: k8s.io/kube-openapi/pkg/builder3; of custom resources k8s.io/apiextensions-apiserver/pkg/controller/openapi.
Simplified: no default values but ``{}`` of structs by value, no enumerations of string types; both are left out of the file.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource

__all__ = ["DELETE_OPTIONS", "OBJECT_META", "PATCH", "STATUS", "DefinitionNames", "closure", "custom_definitions", "model_name"]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
OBJECT_META, LIST_META = f"{_META}.ObjectMeta", f"{_META}.ListMeta"
DELETE_OPTIONS, PATCH, STATUS = f"{_META}.DeleteOptions", f"{_META}.Patch", f"{_META}.Status"

_RAW_PREFIX, _PREFIX = "#/$defs/", "#/components/schemas/"
_BY_VALUE = frozenset(("metadata", "spec", "status"))
#: What the file leaves out of the two types that are no structs.
_EXTRA: dict[str, Object] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "description": "IntOrString is a type that can hold an int32 or a string: a number or a percentage, a port or its name.",
        "format": "int-or-string",
    },
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "description": "Quantity is a fixed-point number, written with a suffix if that is shorter: 100m (a tenth), 2, 1500M, "
        "2Gi. Suffixes are the decimal n, u, m, k, M, G, T, P, E and the binary Ki, Mi, Gi, Ti, Pi, Ei.",
    },
}
_TYPE_META = {
    "apiVersion": "APIVersion defines the versioned schema of this representation of an object.",
    "kind": "Kind is a string value representing the REST resource this object represents.",
}


class DefinitionNames:
    """Finds the definition of a kind: the published one, or the one that a custom resource gets."""

    def __init__(self, definitions: Mapping[str, Object]) -> None:
        self._names = {
            (gvk["group"], gvk["version"], gvk["kind"]): name
            for name, spec in definitions.items()
            for gvk in spec.get("x-kubernetes-group-version-kind", ())
        }

    def find(self, group: str, version: str, kind: str) -> str:
        """Return the name of the definition of a kind."""
        return self._names.get((group, version, kind)) or model_name(group, version, kind)

    def published(self, group: str, version: str, kind: str) -> bool:
        """Whether Kubernetes itself defines the kind."""
        return (group, version, kind) in self._names


def model_name(group: str, version: str, kind: str) -> str:
    """Return the name that the definition of a custom resource has.

    >>> model_name("chat.example", "v1", "Room")
    'example.chat.v1.Room'
    """
    return ".".join([*reversed(group.split(".")), version, kind])


def closure(definitions: Mapping[str, Object], roots: Iterable[str]) -> dict[str, Object]:
    """Return the definitions that are reachable from some, in OpenAPI v3's form, by name."""
    found: dict[str, Object] = {}
    waiting = [name for name in roots if name in definitions]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        references: set[str] = set()
        found[name] = _definition(name, definitions[name], references)
        waiting.extend(references - found.keys())
    return dict(sorted(found.items()))


def _definition(name: str, spec: Object, references: set[str]) -> Object:
    restored = _schema(spec, references) | _EXTRA.get(name, {})
    if "x-kubernetes-group-version-kind" in spec:
        for field in ("apiVersion", "kind"):
            restored.get("properties", {}).get(field, {}).pop("enum", None)
    return restored


def _schema(spec: Object, references: set[str]) -> Object:
    """Return one schema restored, its references collected; no default, that is for the place where it is used."""
    restored: Object = {}
    for key, value in spec.items():
        if key == "type":
            restored[key] = value if isinstance(value, str) else next(t for t in value if t != "null")
        elif key == "properties":
            restored[key] = {name: _property(name, field, references) for name, field in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            restored[key] = _element(value, references)
        elif key in ("oneOf", "anyOf", "allOf"):
            restored[key] = [_schema(part, references) for part in value]
        elif key == "$ref":
            restored["allOf"] = [{"$ref": _reference(value, references)}]
        else:
            restored[key] = value
    return restored


def _property(name: str, spec: Object, references: set[str]) -> Object:
    restored = _schema(spec, references)
    if "$ref" in spec and name in _BY_VALUE:
        restored["default"] = {}
    return restored


def _element(spec: Object, references: set[str]) -> Object:
    """Return the schema of a list's items or a map's values; upstream gives structs and scalars in Go values a default."""
    restored = _schema(spec, references)
    if "$ref" in spec:
        return {"default": {}, **restored}
    return {"default": "", **restored} if restored.get("type") == "string" else restored


def _reference(target: str, references: set[str]) -> str:
    name = target.removeprefix(_RAW_PREFIX).removeprefix(_PREFIX)
    references.add(name)
    return _PREFIX + name


def custom_definitions(resource: Resource) -> dict[str, Object]:
    """Return the definitions of a custom resource and its list; one without a schema may have any field."""
    group, version, kind = resource.group, resource.version, resource.kind
    item, listed = model_name(group, version, kind), model_name(group, version, resource.list_kind)
    body: Object = dict(resource.schema) if resource.schema else {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    if not body.get("x-kubernetes-embedded-resource"):
        body["properties"] = {**body.get("properties", {}), **_type_meta(), "metadata": _object_meta(OBJECT_META)}
    body["x-kubernetes-group-version-kind"] = [{"group": group, "version": version, "kind": kind}]
    items: Object = {"type": "array", "items": {"$ref": _RAW_PREFIX + item}, "description": f"List of {resource.plural}."}
    return {
        item: body,
        listed: {
            "description": f"{resource.list_kind} is a list of {kind}",
            "type": "object",
            "required": ["items"],
            "properties": {**_type_meta(), "metadata": _object_meta(LIST_META), "items": items},
            "x-kubernetes-group-version-kind": [{"group": group, "version": version, "kind": resource.list_kind}],
        },
    }


def _type_meta() -> dict[str, Any]:
    return {name: {"description": text, "type": "string"} for name, text in _TYPE_META.items()}


def _object_meta(name: str) -> Object:
    return {"$ref": _RAW_PREFIX + name, "description": "Standard object's metadata."}
