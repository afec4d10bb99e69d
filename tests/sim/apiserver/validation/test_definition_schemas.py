"""What a CustomResourceDefinition may not say.

Texts: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation_test.go and pkg/apiserver/schema.
"""

import pytest

from k8slab.sim.apiserver.validation.extensions import definition_errors

SCHEMA = "spec.versions[0].schema.openAPIV3Schema"


def complaints(properties=None, version=None, **spec):
    schema = {"type": "object", "properties": properties or {}}
    names = {"plural": "rooms", "singular": "room", "kind": "Room", "listKind": "RoomList"}
    one = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **(version or {})}
    whole = {"group": "chat.example", "scope": "Namespaced", "names": names, "versions": [one], **spec}
    definition = {"metadata": {"name": "rooms.chat.example"}, "spec": whole, "status": {"storedVersions": ["v1"]}}
    return [str(error) for error in definition_errors(definition)]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "default": "x"}, []),
        ({"type": "string", "default": 3}, [
            'default: Invalid value: "integer": {at}.default in body must be of type string: "integer"']),
        ({"type": "array", "uniqueItems": True, "items": {"type": "string"}}, [
            "uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"]),
        ({"type": "string", "x-kubernetes-list-type": "set"}, [
            'type: Invalid value: "string": must be array if x-kubernetes-list-type is specified']),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}, [
            "x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"]),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": False}, [
            "x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"]),
        ({"x-kubernetes-int-or-string": True}, []),
    ],
)  # fmt: skip
def test_a_part_of_a_schema(schema, expected):
    at = f"{SCHEMA}.properties[a]"
    assert complaints({"a": schema}) == [f"{at}.{text.format(at=at)}" for text in expected]


def test_metadata_is_not_for_the_definition_to_say():
    meta = {"type": "object", "properties": {"labels": {"type": "object"}}}
    text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
    assert complaints({"metadata": meta}) == [f"{SCHEMA}.properties[metadata]: Forbidden: {text}"]


def test_unknown_fields_are_preserved_by_the_schema_only():
    text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    assert complaints(preserveUnknownFields=True) == [f"spec.preserveUnknownFields: Invalid value: true: {text}"]


def test_a_conversion_needs_its_webhook():
    assert complaints(conversion={"strategy": "X"}) == [
        'spec.conversion.strategy: Unsupported value: "X": supported values: "None", "Webhook"'
    ]
    assert complaints(conversion={"strategy": "Webhook"}) == [
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        "spec.conversion.conversionReviewVersions: Required value",
    ]


def test_a_selectable_field_is_a_field():
    spec = {
        "type": "object",
        "properties": {"size": {"type": "string"}, "ports": {"type": "array", "items": {"type": "integer"}}},
    }
    assert complaints({"spec": spec}, {"selectableFields": [{"jsonPath": ".spec.size"}]}) == []
    at = "spec.versions[0].selectableFields[0].jsonPath"
    assert complaints({"spec": spec}, {"selectableFields": [{"jsonPath": ".spec.nope"}]}) == [
        f'{at}: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field'
    ]
    assert complaints({"spec": spec}, {"selectableFields": [{"jsonPath": ".spec.ports"}]})[0].startswith(
        f'{at}: Invalid value: ".spec.ports": must point to a field of type string, boolean or integer.'
    )
