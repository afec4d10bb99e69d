"""The types of the API as small nodes: which fields a kind has, of which type, and how lists and maps merge.

Upstream: the OpenAPI documents (api/openapi-spec), k8s.io/kube-openapi/pkg/schemaconv and the Go structs of k8s.io/api.
`definitions` has the published schemas, and what they leave out and a Go round trip shows: pointers, structs by value,
missing omitempty. Nodes are made on first use and kept.

Called by `decode`, `patch`, `managedfields` and the OpenAPI documents. Simplified: ``format`` matters only where Go has
a type for it; unions and CEL rules are left to validation.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.definitions import definitions, go_fields, kinds, slim_definitions

__all__ = ["Field", "TypeSchema", "definitions", "schema_for", "schema_from_openapi"]

Kind = Literal["struct", "map", "list", "string", "int32", "int64", "number", "bool", "quantity", "int-or-string",
               "time", "bytes", "raw"]  # fmt: skip
Relation = Literal["granular", "atomic", "set", "map"]

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_SPECIAL: dict[str, tuple[Kind, str]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("quantity", "resource.Quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("int-or-string", "intstr.IntOrString"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": ("time", "v1.Time"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": ("time", "v1.MicroTime"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": ("raw", "runtime.RawExtension"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": ("raw", "v1.FieldsV1"),
}
_SCALARS: dict[str, Kind] = {"string": "string", "boolean": "bool", "number": "number"}
_GO_SCALARS = {"bool": "bool", "number": "float64", "bytes": "[]uint8", "raw": "interface {}"}
_BY_VALUE = frozenset({"metadata", "spec", "status"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct.

    Parameters
    ----------
    type
        What it holds.
    pointer
        A zero value is kept as it was written (``replicas: 0``); otherwise Go's omitempty drops it.
    always
        Go writes it even if it is empty: a struct by value, or a field without omitempty.
    merge_key, strategies
        Of a strategic merge patch: ``patchMergeKey`` and the parts of ``patchStrategy``.
    """

    type: "TypeSchema"
    pointer: bool = False
    always: bool = False
    merge_key: str = ""
    strategies: frozenset[str] = frozenset()


class TypeSchema:
    """A type of the API.

    Attributes
    ----------
    kind
        What its values are; "raw" is any JSON.
    go
        Name of the Go type, as error messages print it: ``v1.Pod``, ``[]v1.Container``, ``int32``.
    relation
        How its parts belong together when several write: "atomic" (as one), "granular" (structs and maps: each field),
        "set" and "map" (lists: each value, each item by `keys`).
    items
        Type of the items of a list or of the values of a map.
    lenient
        Of a custom resource: zero values and nulls are kept, wrong types are left to validation.
    compiled
        Functions that other modules made for this type, by the module's own key.
    """

    __slots__ = ("_fields", "_spec", "compiled", "go", "items", "keys", "kind", "lenient", "preserve", "relation")

    def __init__(self, kind: Kind, go: str, relation: Relation = "granular", items: "TypeSchema | None" = None) -> None:
        self.kind, self.go, self.relation, self.items = kind, go, relation, items
        self.keys: tuple[str, ...] = ()
        self.lenient = self.preserve = False
        self.compiled: dict[str, Any] = {}
        self._fields: dict[str, Field] | None = None
        self._spec: tuple[str, Object] = ("", {})

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of a struct by name."""
        if self._fields is None:
            definition, spec = self._spec
            self._fields = _fields(definition, spec, self)
        return self._fields

    @property
    def definition(self) -> str:
        """Name of a struct among the definitions: ``io.k8s.api.core.v1.Pod``."""
        return self._spec[0]

    def __repr__(self) -> str:
        return f"<{self.go} {self.kind} {self.relation}>"


def schema_for(group: str, version: str, kind: str) -> TypeSchema:
    """Return the type of a built-in kind.

    Raises
    ------
    LookupError
        If Kubernetes 1.37 has no such kind.

    Examples
    --------
    >>> pod = schema_for("", "v1", "Pod")
    >>> pod.fields["spec"].type.fields["containers"].type
    <[]v1.Container list map>
    """
    name = kinds().get((group, version, kind))
    if name is None:
        raise LookupError(f'no schema for kind "{kind}" in "{group}/{version}"')
    return _named(name)


@cache
def _named(name: str) -> TypeSchema:
    if name in _SPECIAL:
        kind, go = _SPECIAL[name]
        return TypeSchema(kind, go, "atomic" if kind != "raw" else "granular")
    package, _, type_name = name.rpartition(".")
    spec = slim_definitions()[name]
    if "properties" not in spec:
        return TypeSchema("raw", f"{package.rpartition('.')[2]}.{type_name}")
    node = TypeSchema("struct", f"{package.rpartition('.')[2]}.{type_name}", spec.get("x-kubernetes-map-type", "granular"))
    node._spec = (name, spec)
    return node


def _fields(definition: str, spec: Object, owner: TypeSchema) -> dict[str, Field]:
    leaving = go_fields().get(definition, {})
    required = frozenset(spec.get("required", ()))
    return {name: _field(name, s, leaving.get(name, ("", "")), name in required, owner) for name, s in spec["properties"].items()}


def _field(name: str, spec: Object, leaving: tuple[str, str], required: bool, owner: TypeSchema) -> Field:
    flag, go = leaving
    node = _node(spec, owner.lenient)
    if go and go != node.go:
        node = _retyped(node, go)
    if owner.lenient:
        return Field(node, pointer=True)
    if not flag:
        flag = (
            "=" if name in _BY_VALUE and node.kind == "struct" else "!" if required and node.kind not in ("struct", "raw") else ""
        )
    return Field(
        node,
        pointer=flag == "*" or node.kind in ("struct", "raw"),
        always=flag in ("!", "="),
        merge_key=spec.get("x-kubernetes-patch-merge-key", ""),
        strategies=frozenset(filter(None, spec.get("x-kubernetes-patch-strategy", "").split(","))),
    )


def _retyped(node: TypeSchema, go: str) -> TypeSchema:
    """A copy of a node under the name that Go has for this field's type."""
    copy = TypeSchema(node.kind, go, node.relation, node.items)
    copy.keys, copy.lenient, copy.preserve = node.keys, node.lenient, node.preserve
    copy._fields, copy._spec = node._fields, node._spec
    return copy


def _node(spec: Object, lenient: bool = False) -> TypeSchema:
    if "$ref" in spec:
        node = _named(spec["$ref"].rpartition("/")[2])
        if spec.get("x-kubernetes-map-type", node.relation) != node.relation:
            node = _retyped(node, node.go)
            node.relation = spec["x-kubernetes-map-type"]
        return node
    declared = spec.get("type")
    kind = declared if isinstance(declared, str) else next((t for t in declared or () if t != "null"), None)
    if kind == "array":
        return _list(spec, lenient)
    if kind == "object":
        return _object(spec, lenient)
    if kind is None or lenient:
        return _raw() if kind is None and not spec.get("x-kubernetes-int-or-string") else TypeSchema("raw", str(kind), "atomic")
    return _scalar(kind, spec.get("format", ""))


@cache
def _raw() -> TypeSchema:
    return TypeSchema("raw", "interface {}")


@cache
def _scalar(kind: str, form: str) -> TypeSchema:
    if kind == "integer":
        return TypeSchema("int32", "int32", "atomic") if form == "int32" else TypeSchema("int64", "int64", "atomic")
    name: Kind = "bytes" if form == "byte" else "time" if form == "date-time" else _SCALARS[kind]
    return TypeSchema(name, _GO_SCALARS.get(name, "string"), "atomic")


def _list(spec: Object, lenient: bool) -> TypeSchema:
    items = _node(spec.get("items", {}), lenient)
    node = TypeSchema("list", f"[]{items.go}", spec.get("x-kubernetes-list-type", "atomic"), items)
    node.keys = tuple(spec.get("x-kubernetes-list-map-keys", ()))
    node.lenient = lenient
    return node


def _object(spec: Object, lenient: bool) -> TypeSchema:
    relation = spec.get("x-kubernetes-map-type", "granular")
    preserve = spec.get("x-kubernetes-preserve-unknown-fields", False)
    if "additionalProperties" in spec and "properties" not in spec:
        values = spec["additionalProperties"]
        items = _node(values, lenient) if isinstance(values, dict) else _raw()
        node = TypeSchema("map", f"map[string]{items.go}", relation, items)
        node.lenient = lenient
        return node
    if not lenient or (preserve and "properties" not in spec and not spec.get("x-kubernetes-embedded-resource")):
        return _raw()
    node = TypeSchema("struct", "map[string]interface {}", relation)
    node.lenient, node.preserve = lenient, preserve
    properties = dict(spec.get("properties", {}))
    if spec.get("x-kubernetes-embedded-resource"):
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": _OBJECT_META}}
    node._spec = ("", {"properties": properties})
    return node


def schema_from_openapi(spec: Object) -> TypeSchema:
    """Return the type of a custom resource from its structural schema (``openAPIV3Schema``).

    >>> schema_from_openapi({"type": "object", "properties": {"spec": {"type": "object"}}}).fields["metadata"].type
    <v1.ObjectMeta struct granular>
    """
    return _object({"type": "object", **spec, "x-kubernetes-embedded-resource": True}, lenient=True)
