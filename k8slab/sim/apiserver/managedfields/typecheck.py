"""Whether an applied configuration fits the schema, with the words of a server-side apply.

Upstream: sigs.k8s.io/structured-merge-diff/typed/validate.go, and ``ObjectToTyped`` behind it.
"""

from collections.abc import Iterator
from typing import Any

from k8slab.sim.apiserver.managedfields.extract import item_key
from k8slab.sim.apiserver.managedfields.fieldset import path_text
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["type_errors"]

_OMITS_KEY = """associative list with keys has an element that omits key field "{}" (and doesn't have default value)"""
_GO = {str: "string", bool: "bool", int: "int64", float: "float64", dict: "map[string]interface {}", list: "[]interface {}"}


def type_errors(value: Any, node: TypeSchema, path: str = "") -> Iterator[str]:
    """Yield what does not fit: ``.spec.foo: field not declared in schema``.

    >>> from k8slab.sim.apiserver.schema import schema_for
    >>> list(type_errors({"data": {"a": 1}, "foo": 2}, schema_for("", "v1", "ConfigMap")))
    ['.data.a: expected string, got 1', '.foo: field not declared in schema']
    """
    if value is None or node.kind == "raw":
        return
    if node.kind in ("struct", "map"):
        yield from _map_errors(value, node, path)
    elif node.kind == "list":
        yield from _list_errors(value, node, path)
    else:
        problem = _scalar_problem(value, node.kind)
        if problem:
            yield f"{path}: {problem}"


def _map_errors(value: Any, node: TypeSchema, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected map, got {_shown(value)}"
        return
    for name, inner in value.items():
        below = f"{path}.{name}"
        if node.kind == "map":
            assert node.items is not None
            yield from type_errors(inner, node.items, below)
        elif name in node.fields:
            yield from type_errors(inner, node.fields[name].type, below)
        elif not node.preserve:
            yield f"{below}: field not declared in schema"


def _list_errors(value: Any, node: TypeSchema, path: str) -> Iterator[str]:
    assert node.items is not None
    if not isinstance(value, list):
        yield f"{path}: expected list, got {_shown(value)}"
        return
    seen: set[str] = set()
    for i, item in enumerate(value):
        below = f"{path}[{i}]"
        if node.relation in ("set", "map") and item is None:
            yield f"{path}: element {i}: associative list without keys has an element that's a map type"
            continue
        if node.relation == "map":
            missing = [k for k in node.keys if isinstance(item, dict) and k not in item and k not in ("protocol", "shareID")]
            if missing:
                yield f"{path}: element {i}: {_OMITS_KEY.format(missing[0])}"
                continue
        if node.relation in ("set", "map"):
            key = item_key(node, item)
            below = path + path_text((key,))
            if key in seen:
                yield f"{path}: duplicate entries for key {path_text((key,))}"
            seen.add(key)
        yield from type_errors(item, node.items, below)


def _scalar_problem(value: Any, kind: str) -> str:
    if kind in ("string", "bytes", "time"):
        return "" if isinstance(value, str) else f"expected string, got {_shown(value)}"
    if kind in ("int32", "int64", "number"):
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if numeric else f"expected numeric (int or float), got {_GO.get(value.__class__, '<nil>')}"
    if kind == "bool":
        return "" if isinstance(value, bool) else f"expected boolean, got {_shown(value)}"
    return "" if not isinstance(value, dict | list) else f"expected any scalar, got {_shown(value)}"


def _shown(value: Any) -> str:
    """A value as Go's %v shows it, strings and nested values in JSON."""
    import orjson

    return orjson.dumps(value).decode()
