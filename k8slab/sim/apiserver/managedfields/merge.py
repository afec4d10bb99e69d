"""Laying an applied configuration over a live object, and taking fields out of it.

Upstream: sigs.k8s.io/structured-merge-diff/typed (merge.go, remove.go) and ``EnsureNamedFieldsAreMembers`` in
fieldpath/set.go. Results share what they did not change with their arguments.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.extract import item_key
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, as_member, is_member
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["merge", "remove", "with_parents"]


def _inner(node: TypeSchema | None, name: str) -> TypeSchema | None:
    if node is None:
        return None
    if node.kind == "struct":
        field = node.fields.get(name)
        return field.type if field else None
    return node.items


def merge(live: Any, config: Any, node: TypeSchema | None) -> Any:
    """Return the live value with the configuration's fields set: maps and keyed lists item by item, all else as a whole."""
    if node is not None and node.relation == "atomic":
        return config
    if isinstance(live, dict) and isinstance(config, dict):
        out = dict(live)
        for name, value in config.items():
            out[name] = merge(out[name], value, _inner(node, name)) if name in out else value
        return out
    if isinstance(live, list) and isinstance(config, list) and node is not None and node.kind == "list":
        return _merge_lists(live, config, node)
    return config


def _merge_lists(live: list[Any], config: list[Any], node: TypeSchema) -> list[Any]:
    """Items of the live list keep their place, those of the configuration their order (upstream: ``mergeListItems``)."""
    mine = {item_key(node, item): item for item in config}
    theirs = {item_key(node, item): item for item in live}
    live_keys, config_keys = list(theirs), list(mine)
    shared = [key for key in config_keys if key in theirs]
    out: list[Any] = []
    done: set[str] = set()

    def take(key: str) -> None:
        out.append(merge(theirs[key], mine[key], node.items) if key in theirs else mine[key])
        done.add(key)
        if shared and shared[0] == key:
            shared.pop(0)

    i = j = 0
    while i < len(live_keys) or j < len(config_keys):
        left = live_keys[i] if i < len(live_keys) else None
        right = config_keys[j] if j < len(config_keys) else None
        if left is not None and left == right:
            take(left)
            i, j = i + 1, j + 1
        elif left is not None and right is not None and left in mine and shared and shared[0] != left:
            i += 1
        elif left is not None and left not in mine:
            out.append(theirs[left])
            i += 1
        else:
            i += left in done
            if right is not None:
                take(right)
                j += 1
    return out


def remove(value: Any, gone: FieldSet, node: TypeSchema | None) -> Any:
    """Return the value without the fields of a set; what has nothing left is None, atomic values stay whole."""
    if not gone or (node is not None and node.relation == "atomic"):
        return value
    if isinstance(value, dict) and value:
        left: Object = {}
        for name, inner in value.items():
            below = gone.get(f"f:{name}")
            if below is None:
                left[name] = inner
            elif not is_member(below):
                left[name] = remove(inner, below, _inner(node, name))
        return left or None
    if isinstance(value, list) and node is not None and node.kind == "list":
        items = []
        for item in value:
            below = gone.get(item_key(node, item))
            if below is None:
                items.append(item)
            elif not is_member(below):
                items.append(remove(item, below, node.items))
        return items or None
    return value


def with_parents(fields: FieldSet, node: TypeSchema | None) -> FieldSet:
    """Return the set with every declared field on the way to a member as a member too; keys of maps are not declared."""
    out: FieldSet = {}
    for element, below in fields.items():
        if element == "." or not below:
            out[element] = below
            continue
        declared = element[:2] == "f:" and node is not None and node.kind == "struct" and element[2:] in node.fields
        inner = node.items if node is not None and element[:2] != "f:" else _inner(node, element[2:])
        deeper = with_parents(below, inner)
        out[element] = as_member(deeper) if declared else deeper
    return out
