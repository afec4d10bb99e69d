"""Strategic merge patch: a merge patch that knows which lists merge by which key.

Upstream: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (StrategicMergeMapPatch). Directives: ``$patch``
(replace, merge, delete), ``$retainKeys``, ``$deleteFromPrimitiveList/<list>``, ``$setElementOrder/<list>``.
Maps without a schema merge key by key, lists without one are replaced.
"""

from typing import Any

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.errors import StatusError, bad_request
from k8slab.sim.apiserver.gojson import go_text
from k8slab.sim.apiserver.patch.ordering import identity, ordered
from k8slab.sim.apiserver.schema import Field, TypeSchema

__all__ = ["strategic_merge_patch"]

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_SET_ORDER = "$setElementOrder/"


def strategic_merge_patch(doc: Object, patch: Object, schema: TypeSchema) -> Object:
    """Return the document with the patch merged into it.

    Raises
    ------
    StatusError
        400 for a malformed directive, 500 (as upstream) for an item without its list's merge key.

    Examples
    --------
    >>> from k8slab.sim.apiserver.schema import schema_for
    >>> doc = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}
    >>> strategic_merge_patch(doc, {"spec": {"containers": [{"name": "b", "image": "z"}]}}, schema_for("", "v1", "Pod"))
    {'spec': {'containers': [{'name': 'a', 'image': 'x'}, {'name': 'b', 'image': 'z'}]}}
    """
    return _merge_map(doc, patch, schema)


def _field(node: TypeSchema | None, name: str) -> Field | None:
    if node is None or node.kind == "raw":
        return None
    if node.kind == "map":
        assert node.items is not None
        return Field(node.items)
    return node.fields.get(name) if node.kind == "struct" else None


def _merge_map(original: Object, patch: Object, node: TypeSchema | None) -> Object:
    if _DIRECTIVE in patch:
        return _whole_map(patch)
    out, rest = _retained(original, patch), dict(patch)
    rest.pop(_RETAIN_KEYS, None)
    for key in [k for k in rest if k.startswith(_SET_ORDER)]:
        _set_order(out, rest, key, node)
    for key, value in rest.items():
        name = key.removeprefix(_DELETE_FROM)
        deleting = name != key
        if value is None:
            out.pop(key, None)
        elif name not in out or out[name].__class__ is not value.__class__:
            if not deleting:
                out[name] = _plain(value)
        else:
            out[name] = _merge_value(out[name], value, _field(node, name), deleting)
    return out


def _merge_value(original: Any, patch: Any, field: Field | None, deleting: bool) -> Any:
    strategies = field.strategies if field else frozenset()
    if isinstance(patch, dict):
        return _plain(patch) if "replace" in strategies else _merge_map(original, patch, field.type if field else None)
    if isinstance(patch, list):
        if deleting:
            return [item for item in original if item not in patch]
        return _merge_list(original, patch, field) if field and "merge" in strategies else _plain(patch)
    return patch


def _whole_map(patch: Object) -> Object:
    directive = patch[_DIRECTIVE]
    if directive == "replace":
        replaced: Object = _plain({k: v for k, v in patch.items() if k != _DIRECTIVE})
        return replaced
    if directive == "delete":
        return {}
    raise _unknown_directive(directive, patch)


def _unknown_directive(directive: Any, patch: Object) -> StatusError:
    return StatusError(500, "", f"unknown patch type: {directive} in map: {go_text(patch)}")


def _retained(original: Object, patch: Object) -> Object:
    """A copy of the original; where the patch names the keys to retain, without the others."""
    if _RETAIN_KEYS not in patch:
        return dict(original)
    keys = patch[_RETAIN_KEYS]
    named = [k for k, v in patch.items() if not k.startswith("$") and v is not None]
    if not isinstance(keys, list) or not all(isinstance(k, str) for k in keys) or any(k not in keys for k in named):
        raise bad_request("invalid patch format of retainKeys")
    return {k: v for k, v in original.items() if k in keys}


def _set_order(out: Object, rest: Object, directive: str, node: TypeSchema | None) -> None:
    """Merge the list that a ``$setElementOrder`` names and bring it into that order; takes both from the patch."""
    order = rest.pop(directive)
    name = directive.removeprefix(_SET_ORDER)
    field = _field(node, name)
    merge_key = field.merge_key if field else ""
    patch_list = rest.get(name)
    if not isinstance(order, list) or not isinstance(patch_list, list | None):
        raise bad_request("invalid patch format of setElementOrder list")
    if patch_list is not None:
        _check_order(patch_list, order, merge_key)
    original = out.get(name)
    if not isinstance(original, list):
        if patch_list is None:
            return
        merged = _plain(rest.pop(name))
    else:
        merged = _merge_value(original, rest.pop(name), field, False) if name in rest and patch_list is not None else original
    out[name] = ordered(merged, order, original if isinstance(original, list) else [], merge_key)


def _check_order(patch_list: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of the patch must stand in the order that it sets."""
    named = [
        identity(item, merge_key)
        for item in patch_list
        if not (isinstance(item, dict) and item.get(_DIRECTIVE) in ("delete", "replace"))
    ]
    wanted = [identity(item, merge_key) for item in order]
    if [item for item in wanted if item in named] != named:
        raise StatusError(
            500,
            "",
            f"The order in patch list:\n{go_text(patch_list)}\n doesn't match $setElementOrder list:\n{go_text(order)}\n",
        )


def _merge_list(original: list[Any], patch: list[Any], field: Field) -> list[Any]:
    key = field.merge_key
    if not any(isinstance(item, dict) for item in [*original, *patch]):
        merged: list[Any] = []
        for item in [*original, *patch]:
            if item not in merged:
                merged.append(item)
        return ordered(merged, patch, original, "")
    if not key:
        raise StatusError(500, "", f"cannot merge lists without merge key for {field.type.go}")
    original, patch = _without_directives(original, patch, key)
    merged = list(original)
    for item in patch:
        value = _key_of(item, key)
        at = next((i for i, known in enumerate(merged) if known.get(key) == value), None)
        if at is None:
            merged.append(_plain(item))
        else:
            merged[at] = _merge_map(merged[at], item, field.type.items)
    return ordered(merged, patch, original, key)


def _without_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the items that say ``$patch``: delete takes an item away, replace the whole original."""
    left, plain, replace = list(original), [], False
    for item in patch:
        directive = item.get(_DIRECTIVE) if isinstance(item, dict) else None
        if directive is None:
            plain.append(item)
        elif directive == "delete":
            value = _key_of(item, key)
            left = [known for known in left if known.get(key) != value]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise StatusError(500, "", "merging lists cannot yet be specified in the patch")
        else:
            raise _unknown_directive(directive, item)
    return (_plain(plain), []) if replace else (left, plain)


def _key_of(item: Any, key: str) -> Any:
    if not isinstance(item, dict) or key not in item:
        raise StatusError(500, "", f"map: {go_text(item)} does not contain declared merge key: {key}")
    return item[key]


def _plain(value: Any) -> Any:
    """A new value of the patch without its nulls and directives."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None and not _is_directive(k)}
    if isinstance(value, list):
        return [_plain(v) for v in value if not (isinstance(v, dict) and v.get(_DIRECTIVE) in ("delete", "replace"))]
    return deep_copy(value)


def _is_directive(key: str) -> bool:
    return key in (_DIRECTIVE, _RETAIN_KEYS) or key.startswith((_DELETE_FROM, _SET_ORDER))
