"""The schemas inside a CustomResourceDefinition: structural, and free of what would cost the server too much.

Upstream: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation (ValidateCustomResourceDefinitionOpenAPISchema) and
pkg/apiserver/schema (structural schemas). Rules in CEL are checked elsewhere. Simplified: a pattern is taken for a good one when
Python can read it.
"""

import re

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiextensions.structural import value_errors
from k8slab.sim.apiserver.validation.fields import Errors, forbidden, invalid, not_supported, required

__all__ = ["root_schema_errors"]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_IMPLICIT = {"name", "generateName"}


def root_schema_errors(schema: Object, path: str) -> Errors:
    """Check the schema of one version."""
    if not schema.get("type"):
        return [required(f"{path}.type", "must not be empty at the root")]
    if schema["type"] != "object":
        return [invalid(f"{path}.type", schema["type"], "must be object at the root")]
    errors = _schema_errors(schema, path)
    meta = (schema.get("properties") or {}).get("metadata") or {}
    if set(meta.get("properties") or ()) - _IMPLICIT:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errors.append(forbidden(f"{path}.properties[metadata]", detail))
    return errors


def _schema_errors(schema: Object, path: str) -> Errors:
    errors = _type_errors(schema, path) + _extension_errors(schema, path) + _cost_errors(schema, path)
    if schema.get("default") is not None:
        errors += value_errors(schema, schema["default"], f"{path}.default")
    for name, child in (schema.get("properties") or {}).items():
        errors += _schema_errors(child, f"{path}.properties[{name}]")
    for name in ("items", "additionalProperties"):
        nested = schema.get(name)
        if isinstance(nested, dict):
            errors += _schema_errors(nested, f"{path}.{name}")
    return errors


def _type_errors(schema: Object, path: str) -> Errors:
    errors: Errors = []
    kind = schema.get("type")
    preserved = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-int-or-string")
    if not kind and not preserved:
        errors.append(required(f"{path}.type", "must not be empty for specified object fields"))
    elif kind and kind not in _TYPES:
        errors.append(not_supported(f"{path}.type", kind, _TYPES))
    if kind == "array" and schema.get("items") is None:
        errors.append(required(f"{path}.items", "must be specified"))
    if schema.get("properties") and schema.get("additionalProperties"):
        errors.append(forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"))
    return errors


def _extension_errors(schema: Object, path: str) -> Errors:
    errors: Errors = []
    listed, kind = schema.get("x-kubernetes-list-type"), schema.get("type")
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        errors.append(invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined"))
    if listed is not None and kind != "array":
        detail = "must be array if x-kubernetes-list-type is specified"
        errors.append(invalid(f"{path}.type", kind, detail) if kind else required(f"{path}.type", detail))
    if listed == "map" and not schema.get("x-kubernetes-list-map-keys"):
        detail = "must not be empty if x-kubernetes-list-type is map"
        errors.append(required(f"{path}.x-kubernetes-list-map-keys", detail))
    empty = not schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("x-kubernetes-embedded-resource") and empty:
        detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        errors.append(required(f"{path}.properties", detail))
    return errors


def _cost_errors(schema: Object, path: str) -> Errors:
    errors: Errors = []
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden(f"{path}.uniqueItems", detail))
    if schema.get("$ref"):
        errors.append(forbidden(f"{path}.$ref", "$ref is not supported"))
    if schema.get("pattern"):
        try:
            re.compile(schema["pattern"])
        except re.error as error:
            detail = f"must be a valid regular expression, but isn't: error parsing regexp: {error.msg}"
            errors.append(invalid(f"{path}.pattern", schema["pattern"], detail))
    return errors
