"""Which fields an object has, and which differ between two: the field sets behind managedFields.

Upstream: sigs.k8s.io/structured-merge-diff/typed (ToFieldSet in tofieldset.go, Compare in compare.go). As there, lists
with keys and maps are compared item by item, atomic ones as a whole, and a struct by value or a list without omitempty
counts as present even where it is empty. One pair of closures per type, made on first use.

Simplified: items of a list that share their keys are compared as one.
"""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, as_member, ordered, value_key
from k8slab.sim.apiserver.schema import Field, TypeSchema

__all__ = ["changes", "field_set", "item_key"]

#: Fields that nobody owns.
STRIPPED_META = frozenset({"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                           "managedFields", "resourceVersion"})  # fmt: skip
_STRIPPED = frozenset({"apiVersion", "kind"})
_KEY_DEFAULTS = {"protocol": "TCP"}
_MISSING = object()

_Collect = Callable[[Any], FieldSet | None]
_Compare = Callable[[Any, Any], tuple[FieldSet | None, FieldSet | None]]


def item_key(node: TypeSchema, item: Any) -> str:
    """Return the path element of an item of a list of type set or map."""
    if node.relation == "set" or not isinstance(item, dict):
        return value_key((), (item,)) if not isinstance(item, dict | list) else f"v:{item}"
    keys = node.keys
    return value_key(keys, tuple([item.get(key) if key in item else _KEY_DEFAULTS.get(key) for key in keys]))


def field_set(obj: Object, schema: TypeSchema) -> FieldSet:
    """Return the fields that an object sets, as an applier would own them (metadata's identity aside)."""
    return _strip(_collector(schema, False)(obj) or {})


def _strip(fields: FieldSet) -> FieldSet:
    out = {k: v for k, v in fields.items() if k[2:] not in _STRIPPED}
    meta = {k: v for k, v in out.pop("f:metadata", {}).items() if k[2:] not in STRIPPED_META and k != "."}
    return ordered(out | {"f:metadata": meta}) if meta else out


def changes(
    old: Object | None, new: Object, schema: TypeSchema, ignored: frozenset[str] = frozenset()
) -> tuple[FieldSet, FieldSet]:
    """Return the fields that were added or modified, and those that were removed.

    Parameters
    ----------
    ignored
        Fields of the object that do not count, such as ``status`` on the main resource.
    """
    live = old or {}
    skip = _STRIPPED | ignored
    before = {k: v for k, v in live.items() if k not in skip}
    after = {k: v for k, v in new.items() if k not in skip}
    before["metadata"] = _own_meta(live.get("metadata") or {})
    after["metadata"] = _own_meta(new.get("metadata") or {})
    changed, removed = _comparer(schema)(before, after)
    return changed or {}, removed or {}


def _own_meta(meta: Object) -> Object:
    return {k: v for k, v in meta.items() if k not in STRIPPED_META}


# --- the fields of one value ------------------------------------------------------------------------------------------


def _collector(node: TypeSchema, whole: bool) -> _Collect:
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
                name: (f"f:{name}", None if field.type.relation == "atomic" else _collector(field.type, whole))
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
            collect = _collector(items, whole)
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
        collect = _collector(items, whole)
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


# --- the fields that differ between two values ------------------------------------------------------------------------


def _comparer(node: TypeSchema) -> _Compare:
    made: _Compare | None = node.compiled.get("compare")
    if made is None:
        if node.relation == "atomic":
            made = _leaf_differs
        elif node.kind == "struct":
            made = _compare_struct(node)
        elif node.kind == "list":
            made = _compare_list(node)
        else:
            made = _compare_map(node)
        node.compiled["compare"] = made
    return made


def _leaf_differs(_old: Any, _new: Any) -> tuple[FieldSet | None, FieldSet | None]:
    return {}, None


def _compare_struct(node: TypeSchema) -> _Compare:
    plan: dict[str, tuple[str, _Compare, Any]] | None = None

    def run(old: Any, new: Any) -> tuple[FieldSet | None, FieldSet | None]:
        nonlocal plan
        if plan is None:
            plan = {name: _planned(name, field) for name, field in node.fields.items()}
        if old.__class__ is not dict or new.__class__ is not dict:
            return {}, None
        changed: FieldSet = {}
        removed: FieldSet = {}
        for name in sorted(new):
            value, before = new[name], old.get(name, _MISSING)
            if before is value or before == value:
                continue
            label, compare, absent = plan.get(name) or _unknown(name)
            if before is _MISSING:
                before = absent
            _note(label, _added(node, name, value) if before is _MISSING else compare(before, value), changed, removed)
        for name in old:
            if name not in new:
                label, compare, absent = plan.get(name) or _unknown(name)
                _note(
                    label, _removed(node, name, old[name]) if absent is _MISSING else compare(old[name], absent), changed, removed
                )
        return changed or None, removed or None

    return run


def _planned(name: str, field: Field) -> tuple[str, _Compare, Any]:
    """Of a field its element, its comparison, and what it is where it is absent: an empty value if Go always writes it."""
    empty = {"struct": {}, "map": {}, "list": []}.get(field.type.kind, _MISSING) if field.always else _MISSING
    return f"f:{name}", _comparer(field.type), _MISSING if field.type.relation == "atomic" else empty


def _unknown(name: str) -> tuple[str, _Compare, Any]:
    return f"f:{name}", _compare_raw, _MISSING


def _note(label: str, found: tuple[FieldSet | None, FieldSet | None], changed: FieldSet, removed: FieldSet) -> None:
    if found[0] is not None:
        changed[label] = found[0]
    if found[1] is not None:
        removed[label] = found[1]


def _type_of(node: TypeSchema, name: str) -> TypeSchema | None:
    if node.kind == "struct":
        return node.fields[name].type if name in node.fields else None
    return node.items


def _added(node: TypeSchema, name: str, value: Any) -> tuple[FieldSet | None, FieldSet | None]:
    inner = _type_of(node, name)
    return (_collector(inner, True) if inner else _collect_raw(True))(value), None


def _removed(node: TypeSchema, name: str, value: Any) -> tuple[FieldSet | None, FieldSet | None]:
    return None, _added(node, name, value)[0]


def _compare_map(node: TypeSchema) -> _Compare:
    def run(old: Any, new: Any) -> tuple[FieldSet | None, FieldSet | None]:
        if old.__class__ is not dict or new.__class__ is not dict:
            return {}, None
        compare = _comparer(node.items) if node.items is not None else _compare_raw
        changed: FieldSet = {}
        removed: FieldSet = {}
        for name in sorted(new):
            if name not in old:
                _note("f:" + name, _added(node, name, new[name]), changed, removed)
            elif old[name] != new[name]:
                _note("f:" + name, compare(old[name], new[name]), changed, removed)
        for name in old:
            if name not in new:
                _note("f:" + name, _removed(node, name, old[name]), changed, removed)
        return changed or None, removed or None

    return run


def _compare_raw(old: Any, new: Any) -> tuple[FieldSet | None, FieldSet | None]:
    return _compare_map(_RAW)(old, new)


_RAW = TypeSchema("raw", "interface {}")


def _compare_list(node: TypeSchema) -> _Compare:
    assert node.items is not None
    items = node.items

    def run(old: Any, new: Any) -> tuple[FieldSet | None, FieldSet | None]:
        if old.__class__ is not list or new.__class__ is not list:
            return {}, None
        compare, collect = _comparer(items), _collector(items, True)
        before = {item_key(node, item): item for item in old}
        after = {item_key(node, item): item for item in new}
        changed: FieldSet = {}
        removed: FieldSet = {}
        for label, item in after.items():
            if label not in before:
                changed[label] = as_member(collect(item) or {})
            elif before[label] != item:
                _note(label, compare(before[label], item), changed, removed)
        for label, item in before.items():
            if label not in after:
                removed[label] = as_member(collect(item) or {})
        return ordered(changed) or None, removed or None

    return run
