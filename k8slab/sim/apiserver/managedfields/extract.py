"""Which fields a value has: the field set that an applier of it would own.

Upstream: sigs.k8s.io/structured-merge-diff/typed/tofieldset.go. One closure per type, made on first use.
"""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, as_member, ordered, value_key
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["STRIPPED", "STRIPPED_META", "collector", "field_set", "item_key"]

#: Fields that nobody owns.
STRIPPED = frozenset({"apiVersion", "kind"})
STRIPPED_META = frozenset({"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                           "managedFields", "resourceVersion"})  # fmt: skip
_KEY_DEFAULTS = {"protocol": "TCP"}

_Collect = Callable[[Any], FieldSet | None]


def item_key(node: TypeSchema, item: Any) -> str:
    """Return the path element of an item of a list of type set or map."""
    if node.relation == "set" or not isinstance(item, dict):
        return value_key((), (item,)) if not isinstance(item, dict | list) else f"v:{item}"
    keys = node.keys
    return value_key(keys, tuple([item.get(key) if key in item else _KEY_DEFAULTS.get(key) for key in keys]))


def field_set(obj: Object, schema: TypeSchema) -> FieldSet:
    """Return the fields that an object sets, as an applier would own them (metadata's identity aside)."""
    return _strip(collector(schema, False)(obj) or {})


def _strip(fields: FieldSet) -> FieldSet:
    out = {k: v for k, v in fields.items() if k[2:] not in STRIPPED}
    meta = {k: v for k, v in out.pop("f:metadata", {}).items() if k[2:] not in STRIPPED_META and k != "."}
    return ordered(out | {"f:metadata": meta}) if meta else out


def collector(node: TypeSchema, whole: bool) -> _Collect:
    """A function from a value to its fields; ``whole``: structs, maps and lists count as fields themselves."""
    key = "collect-whole" if whole else "collect"
    made: _Collect | None = node.compiled.get(key)
    if made is None:
        if node.relation == "atomic":
            made = _leaf
        elif node.kind == "struct":
            made = _collect_struct(node, whole)
        elif node.kind == "map":
            made = _collect_map(node, whole)
        elif node.kind == "list":
            made = _collect_list(node, whole)
        else:
            made = _collect_raw(whole)
        node.compiled[key] = made
    return made


def _leaf(_: Any) -> FieldSet:
    return {}


def _collect_struct(node: TypeSchema, whole: bool) -> _Collect:
    plan: dict[str, tuple[str, _Collect | None]] | None = None

    def run(value: Any) -> FieldSet | None:
        nonlocal plan
        if plan is None:
            plan = {
                name: (f"f:{name}", None if field.type.relation == "atomic" else collector(field.type, whole))
                for name, field in node.fields.items()
            }
        if not value or value.__class__ is not dict:
            return {}
        out: FieldSet = {".": {}} if whole else {}
        for name in sorted(value):
            label, collect = plan.get(name) or (f"f:{name}", _collect_raw(whole))
            if collect is None:
                out[label] = {}
            else:
                inner = collect(value[name])
                if inner is not None:
                    out[label] = inner
        return out or None

    return run


def _collect_map(node: TypeSchema, whole: bool) -> _Collect:
    assert node.items is not None
    atomic, items = node.items.relation == "atomic", node.items

    def run(value: Any) -> FieldSet | None:
        if not value or value.__class__ is not dict:
            return {}
        out: FieldSet = {".": {}} if whole else {}
        if atomic:
            for name in sorted(value):
                out["f:" + name] = {}
        else:
            collect = collector(items, whole)
            for name in sorted(value):
                out["f:" + name] = as_member(collect(value[name]) or {})
        return out

    return run


def _collect_list(node: TypeSchema, whole: bool) -> _Collect:
    assert node.items is not None
    items = node.items

    def run(value: Any) -> FieldSet | None:
        if not value or value.__class__ is not list:
            return {} if whole or value is None else None
        collect = collector(items, whole)
        out: FieldSet = {".": {}} if whole else {}
        for item in value:
            out[item_key(node, item)] = as_member(collect(item) or {})
        return ordered(out) if len(value) > 1 else out

    return run


def _collect_raw(whole: bool) -> _Collect:
    def run(value: Any) -> FieldSet | None:
        if not value or value.__class__ is not dict:
            return {}
        out: FieldSet = {".": {}} if whole else {}
        for name in sorted(value):
            out["f:" + name] = as_member(run(value[name]) or {})
        return out

    return run
