"""Which fields differ between two values: what a write adds or modifies, and what it removes.

Upstream: sigs.k8s.io/structured-merge-diff/typed/compare.go. As there, lists with keys and maps are compared item by
item, atomic ones as a whole, and a struct by value or a list without omitempty counts as present even where it is empty.
One closure per type, made on first use; equal parts are left at the first look.

Simplified: items of a list that share their keys are compared as one.
"""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.extract import STRIPPED, STRIPPED_META, collector, item_key
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, as_member, ordered
from k8slab.sim.apiserver.schema import Field, TypeSchema

__all__ = ["changes"]

#: What was added or modified, and what was removed; None for nothing.
_Difference = tuple[FieldSet | None, FieldSet | None]
_Compare = Callable[[Any, Any], _Difference]

_MISSING = object()


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
    skip = STRIPPED | ignored
    before = {k: v for k, v in live.items() if k not in skip}
    after = {k: v for k, v in new.items() if k not in skip}
    before["metadata"] = _own_meta(live.get("metadata") or {})
    after["metadata"] = _own_meta(new.get("metadata") or {})
    changed, removed = _comparer(schema)(before, after)
    return changed or {}, removed or {}


def _own_meta(meta: Object) -> Object:
    return {k: v for k, v in meta.items() if k not in STRIPPED_META}


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


def _leaf_differs(_old: Any, _new: Any) -> _Difference:
    return {}, None


def _compare_struct(node: TypeSchema) -> _Compare:
    plan: dict[str, tuple[str, _Compare, Any]] | None = None

    def run(old: Any, new: Any) -> _Difference:
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


def _note(label: str, found: _Difference, changed: FieldSet, removed: FieldSet) -> None:
    if found[0] is not None:
        changed[label] = found[0]
    if found[1] is not None:
        removed[label] = found[1]


def _type_of(node: TypeSchema, name: str) -> TypeSchema | None:
    if node.kind == "struct":
        return node.fields[name].type if name in node.fields else None
    return node.items


def _added(node: TypeSchema, name: str, value: Any) -> _Difference:
    inner = _type_of(node, name)
    return (collector(inner, True) if inner else collector(_RAW, True))(value), None


def _removed(node: TypeSchema, name: str, value: Any) -> _Difference:
    return None, _added(node, name, value)[0]


def _compare_map(node: TypeSchema) -> _Compare:
    def run(old: Any, new: Any) -> _Difference:
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


def _compare_raw(old: Any, new: Any) -> _Difference:
    return _compare_map(_RAW)(old, new)


_RAW = TypeSchema("raw", "interface {}")


def _compare_list(node: TypeSchema) -> _Compare:
    assert node.items is not None
    items = node.items

    def run(old: Any, new: Any) -> _Difference:
        if old.__class__ is not list or new.__class__ is not list:
            return {}, None
        compare, collect = _comparer(items), collector(items, True)
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
