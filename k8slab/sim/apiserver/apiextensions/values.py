"""A part of a custom resource as a rule in CEL sees it: typed by its schema.

Upstream: k8s.io/apiserver/pkg/cel/common/values.go and schemas.go (SchemaDeclType). Fields that the schema does not have are
not there; names that are no identifiers are escaped.
"""

import base64
import datetime
import re
from typing import Any

from k8slab.apimachinery.types import Object

__all__ = ["cel_value", "escaped", "rooted"]

_RESERVED = frozenset({
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "package", "namespace", "return", "var", "void", "while",
})  # fmt: skip
_DURATION = re.compile(r"([+-]?\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAMES = {"name": {"type": "string"}, "generateName": {"type": "string"}}


def escaped(name: str) -> str:
    """Return the name by which a rule calls a field.

    >>> escaped("topic"), escaped("namespace"), escaped("a-b.c/d")
    ('topic', '__namespace__', 'a__dash__b__dot__c__slash__d')
    """
    if name in _RESERVED:
        return f"__{name}__"
    for sign, word in (("__", "underscores"), (".", "dot"), ("-", "dash"), ("/", "slash")):
        name = name.replace(sign, f"__{word}__")
    return name


def rooted(schema: Object) -> Object:
    """Return the schema of a whole object: with the parts of every object that a rule may look at."""
    own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object", "properties": _NAMES}}
    return {**schema, "properties": {**(schema.get("properties") or {}), **own}}


def cel_value(schema: Object, value: Any) -> Any:
    """Return a value as CEL has it.

    >>> cel_value({"type": "object", "properties": {"a-b": {"type": "number"}}}, {"a-b": 1, "other": 2})
    {'a__dash__b': 1.0}
    """
    match value:
        case dict():
            return _object(schema, value)
        case list():
            return [cel_value(schema.get("items") or {}, item) for item in value]
        case str():
            return _text(schema.get("format", ""), value)
        case int() if schema.get("type") == "number" and not isinstance(value, bool):
            return float(value)
    return value


def _object(schema: Object, value: Object) -> Object:
    if schema.get("x-kubernetes-embedded-resource"):
        schema = rooted(schema)
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    if properties:
        return {escaped(k): cel_value(properties[k], v) for k, v in value.items() if k in properties}
    return {k: cel_value(others if isinstance(others, dict) else {}, v) for k, v in value.items()}


def _text(kind: str, text: str) -> Any:
    try:
        if kind in ("date", "date-time"):
            moment = datetime.datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        if kind == "duration" and _DURATION.fullmatch(text):
            return datetime.timedelta(seconds=sum(float(n) * _SECONDS[unit] for n, unit in _DURATION.findall(text)))
        if kind == "byte":
            return base64.b64decode(text)
    except ValueError:
        return text
    return text
