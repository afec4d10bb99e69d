"""Strict decoding: fields that the type does not have, keys that were written twice.

Upstream: the strict errors of sigs.k8s.io/json and sigs.k8s.io/yaml. Called by `decode` only if something is amiss, so
the walk with its paths costs nothing on the way of a good body.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import gojson
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["may_have_duplicates", "strict_problems", "unknown_fields"]


def may_have_duplicates(raw: bytes, body: Object) -> bool:
    """Whether a key of a JSON body may have been written twice: the text has other quotes than its parsed form needs."""
    import orjson

    return raw.count(b'"') != orjson.dumps(body).count(b'"')


def strict_problems(raw: bytes, body: Object, yaml: bool, node: TypeSchema) -> list[str]:
    """Return what strict decoding has against a body: ``unknown field "spec.foo"``, ``duplicate field "metadata.name"``."""
    if not yaml:
        return _walk(gojson.parse_json_pairs(raw), node, "")
    return gojson.yaml_duplicates(raw) + _walk(body, node, "")


def unknown_fields(obj: Object, node: TypeSchema) -> list[str]:
    """Return what strict decoding has against an object in memory."""
    return _walk(obj, node, "")


def _walk(value: Any, node: TypeSchema | None, path: str) -> list[str]:
    """The unknown and duplicate fields of a value, in the order in which they were written."""
    found: list[str] = []
    if isinstance(value, dict | gojson.Pairs):
        seen: set[str] = set()
        for key, inner in value.items():
            inner_path = f"{path}.{key}" if path else key
            if key in seen:
                found.append(f'duplicate field "{inner_path}"')
                continue
            seen.add(key)
            if node is not None and node.kind == "struct" and key not in node.fields and not node.preserve:
                found.append(f'unknown field "{inner_path}"')
            elif isinstance(inner, dict | list):
                found += _walk(inner, _inner(node, key), inner_path)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                found += _walk(item, node.items if node is not None and node.kind == "list" else None, f"{path}[{i}]")
    return found


def _inner(node: TypeSchema | None, key: str) -> TypeSchema | None:
    if node is None or node.kind not in ("struct", "map"):
        return None
    if node.kind == "map":
        return node.items
    return node.fields[key].type if key in node.fields else None
