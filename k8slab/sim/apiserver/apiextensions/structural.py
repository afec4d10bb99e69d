"""A custom resource against the structural schema of its version: defaults, and what is wrong with it.

Upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting and pkg/apiserver/validation (the messages are those
of k8s.io/kube-openapi/pkg/validation), listtype for the lists that are sets or maps. Pure functions. Simplified: formats
are checked for dates, times, durations, addresses and UUIDs, other formats are taken as they are.
"""

import datetime
import ipaddress
import json
import math
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.errors import FieldError

__all__ = ["completed", "custom_resource_errors", "fill_in", "has_defaults", "value_errors"]

_ENVELOPE = ("apiVersion", "kind", "metadata")


def fill_in(schema: Object, value: Any) -> None:
    """Fill the schema's defaults into a value, in place; a null that is not allowed counts as left out.

    >>> room = {"spec": {}}
    >>> fill_in({"properties": {"spec": {"properties": {"seats": {"type": "integer", "default": 4}}}}}, room)
    >>> room
    {'spec': {'seats': 4}}
    """
    if isinstance(value, list):
        for item in value:
            fill_in(schema.get("items") or {}, item)
    if not isinstance(value, dict):
        return
    properties = schema.get("properties") or {}
    for name, part in properties.items():
        missing = name not in value or (value[name] is None and not part.get("nullable"))
        if missing and "default" in part:
            value[name] = deep_copy(part["default"])
        if name in value:
            fill_in(part, value[name])
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for name in value.keys() - properties.keys():
            fill_in(others, value[name])


def completed(schema: Object, value: Any) -> Any:
    """Return a value with the schema's defaults, as it is read from the store; the same one if none is missing.

    >>> stored = {"spec": {}}
    >>> completed({"properties": {"spec": {"properties": {"seats": {"type": "integer", "default": 4}}}}}, stored), stored
    ({'spec': {'seats': 4}}, {'spec': {}})
    """
    if isinstance(value, list):
        items = [completed(schema.get("items") or {}, item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    changed = {}
    for name, part in properties.items():
        missing = name not in value or (value[name] is None and not part.get("nullable"))
        before = deep_copy(part["default"]) if missing and "default" in part else value.get(name)
        after = completed(part, before) if before is not None else before
        if after is not value.get(name):
            changed[name] = after
    if isinstance(others, dict):
        parts = {name: completed(others, part) for name, part in value.items() if name not in properties}
        changed |= {name: part for name, part in parts.items() if part is not value[name]}
    return {**value, **changed} if changed else value


def has_defaults(schema: Object) -> bool:
    """Whether a schema has a default anywhere."""
    parts = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    return "default" in schema or any(has_defaults(part) for part in parts if isinstance(part, dict))


def custom_resource_errors(schema: Object, obj: Object) -> list[FieldError]:
    """Return what is wrong with a custom resource, but for its metadata.

    >>> [str(e) for e in custom_resource_errors({"type": "object", "required": ["spec"]}, {})]
    ['spec: Required value']
    """
    content = {name: value for name, value in obj.items() if name not in _ENVELOPE}
    known = {n: s for n, s in (schema.get("properties") or {}).items() if n not in _ENVELOPE}
    required = [name for name in schema.get("required") or () if name not in _ENVELOPE]
    return list(_errors({**schema, "properties": known, "required": required}, content, ""))


def value_errors(schema: Object, value: Any, path: str) -> list[FieldError]:
    """Return what is wrong with one value against its schema."""
    return list(_errors(schema, value, path))


def _errors(schema: Object, value: Any, path: str) -> Iterator[FieldError]:
    problem = _type_error(schema, value, path)
    if problem is not None:
        yield problem
        return
    if value is None:
        return
    if "enum" in schema and value not in schema["enum"]:
        allowed = sorted(json.dumps(v if isinstance(v, str) else json.dumps(v)) for v in schema["enum"])
        yield FieldError("FieldValueNotSupported", path, f"supported values: {', '.join(allowed)}", value)
    match value:
        case bool():
            pass
        case str():
            yield from _string_errors(schema, value, path)
        case int() | float():
            yield from _number_errors(schema, value, path)
        case list():
            yield from _list_errors(schema, value, path)
        case dict():
            yield from _object_errors(schema, value, path)
    yield from _junctor_errors(schema, value, path)


_NAMES: dict[type, str] = {bool: "boolean", str: "string", list: "array", dict: "object", int: "integer", type(None): "null"}


def _type_error(schema: Object, value: Any, path: str) -> FieldError | None:
    found = "integer" if isinstance(value, float) and value.is_integer() else _NAMES.get(type(value), "number")
    wanted = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        fits, wanted = found in ("integer", "string"), "integer,string"
    else:
        fits = wanted is None or found == wanted or (found, wanted) == ("integer", "number")
    if fits or (value is None and schema.get("nullable")):
        return None
    detail = f'{_where(path)} must be of type {wanted}: "{found}"'
    return FieldError("FieldValueTypeInvalid", path, detail, found)


def _where(path: str) -> str:
    return f"{path} in body" if path else "in body"


def _invalid(path: str, detail: str, value: Any) -> FieldError:
    return FieldError("FieldValueInvalid", path, f"{_where(path)} {detail}", value)


def _string_errors(schema: Object, value: str, path: str) -> Iterator[FieldError]:
    if len(value) > schema.get("maxLength", math.inf):
        yield FieldError("FieldValueTooLong", path, f"may not be more than {schema['maxLength']} bytes", value)
    if len(value) < schema.get("minLength", 0):
        yield _invalid(path, f"should be at least {schema['minLength']} chars long", value)
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield _invalid(path, f"should match '{schema['pattern']}'", value)
    check = _FORMATS.get(schema.get("format", ""))
    if check is not None and not check(value):
        yield _invalid(path, f'must be of type {schema["format"]}: "{value}"', value)


def _number_errors(schema: Object, value: float, path: str) -> Iterator[FieldError]:
    low, high, factor = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if high is not None and (value >= high if schema.get("exclusiveMaximum") else value > high):
        yield _invalid(path, f"should be less than {'' if schema.get('exclusiveMaximum') else 'or equal to '}{high}", value)
    if low is not None and (value <= low if schema.get("exclusiveMinimum") else value < low):
        yield _invalid(path, f"should be greater than {'' if schema.get('exclusiveMinimum') else 'or equal to '}{low}", value)
    if factor and not float(value / factor).is_integer():
        yield _invalid(path, f"should be a multiple of {factor}", value)


def _list_errors(schema: Object, value: list[Any], path: str) -> Iterator[FieldError]:
    most, least = schema.get("maxItems"), schema.get("minItems", 0)
    if most is not None and len(value) > most:
        yield FieldError("FieldValueTooMany", path, f"must have at most {most} items", len(value))
    if len(value) < least:
        yield _invalid(path, f"should have at least {least} items", len(value))
    for index, item in enumerate(value):
        yield from _errors(schema.get("items") or {}, item, f"{path}[{index}]")
    yield from _duplicates(schema, value, path)


def _duplicates(schema: Object, value: list[Any], path: str) -> Iterator[FieldError]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or ()
    if kind not in ("set", "map"):
        return
    seen = []
    for index, item in enumerate(value):
        identity = {k: item[k] for k in keys if k in item} if kind == "map" and isinstance(item, dict) else item
        if identity in seen:
            yield FieldError("FieldValueDuplicate", f"{path}[{index}]", "", identity)
        seen.append(identity)


def _object_errors(schema: Object, value: Object, path: str) -> Iterator[FieldError]:
    most, least = schema.get("maxProperties"), schema.get("minProperties", 0)
    if most is not None and len(value) > most:
        yield FieldError("FieldValueTooMany", path, f"must have at most {most} items", len(value))
    if len(value) < least:
        yield _invalid(path, f"should have at least {least} properties", len(value))
    for name in schema.get("required") or ():
        if name not in value:
            yield FieldError("FieldValueRequired", _child(path, name))
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in sorted(value):
        part = properties.get(name, others)
        if isinstance(part, dict):
            yield from _errors(part, value[name], _child(path, name))


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _junctor_errors(schema: Object, value: Any, path: str) -> Iterator[FieldError]:
    """What anyOf, oneOf, allOf and not say; upstream loses the path of these, and prints it into the message."""

    def fitting(name: str) -> int:
        return sum(not any(_errors(part, value, path)) for part in schema[name])

    if "anyOf" in schema and not fitting("anyOf"):
        yield _nowhere(f'"{path}" must validate at least one schema (anyOf)')
    if "oneOf" in schema and (count := fitting("oneOf")) != 1:
        found = "Found none valid" if not count else f"Found {count} valid alternatives"
        yield _nowhere(f'"{path}" must validate one and only one schema (oneOf). {found}')
    for part in schema.get("allOf") or ():
        yield from _errors(part, value, path)
    if "not" in schema and not any(_errors(schema["not"], value, path)):
        yield _nowhere(f'"{path}" must not validate the schema (not)')


def _nowhere(message: str) -> FieldError:
    return FieldError("FieldValueInvalid", "<nil>", message, "")


def _succeeds(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


_DURATION = re.compile(r"([+-]?\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+|0")
_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _succeeds(datetime.date.fromisoformat),
    "date-time": lambda text: "T" in text.upper() and _succeeds(datetime.datetime.fromisoformat)(text),
    "duration": lambda text: _DURATION.fullmatch(text.replace(" ", "")) is not None,
    "ipv4": _succeeds(ipaddress.IPv4Address),
    "ipv6": _succeeds(ipaddress.IPv6Address),
    "cidr": _succeeds(lambda text: ipaddress.ip_interface(text) if "/" in text else ipaddress.ip_address("")),
    "uuid": _succeeds(uuid.UUID),
}
