"""A definition brings one resource for each version it serves, with its names, columns, schema and subresources."""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.customresources import resources_of
from k8slab.sim.apiserver.scheme import Scheme

COLUMN = {"name": "Seats", "type": "integer", "jsonPath": ".spec.seats"}
SCHEMA = {"type": "object"}
ROOMS: Object = {
    "spec": {
        "group": "chat.example",
        "scope": "Namespaced",
        "names": {"plural": "rooms", "singular": "room", "kind": "Room", "shortNames": ["rm"], "categories": ["all"]},
        "versions": [
            {"name": "v1alpha1", "served": False},
            {"name": "v1beta1", "served": True},
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": SCHEMA},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.seats"}},
                "additionalPrinterColumns": [COLUMN],
            },
        ],
    }
}


def test_only_served_versions_are_served() -> None:
    assert [resource.version for resource in resources_of(ROOMS)] == ["v1beta1", "v1"]


def test_a_version_has_the_names_columns_schema_and_subresources_of_the_definition() -> None:
    room = resources_of(ROOMS)[1]
    assert (room.plural, room.singular, room.short_names, room.categories, room.namespaced) == (
        "rooms",
        "room",
        ("rm",),
        ("all",),
        True,
    )
    assert room.printer_columns == (COLUMN,)
    assert room.schema == SCHEMA
    assert [(sub.name, sub.api_version, sub.kind) for sub in room.subresources] == [
        ("scale", "autoscaling/v1", "Scale"),
        ("status", "chat.example/v1", "Room"),
    ]


def test_a_version_without_columns_shows_the_age_only_and_has_no_subresources() -> None:
    room = resources_of(ROOMS)[0]
    assert room.printer_columns == ()
    assert room.subresources == ()


def test_all_versions_share_the_storage_of_the_storage_version() -> None:
    resources = resources_of(ROOMS)
    scheme = Scheme(resources)
    assert {r.storage_prefix for r in resources} == {"/registry/chat.example/rooms/"}
    assert [scheme.stored(r).version for r in resources] == ["v1", "v1"]


def test_a_name_that_is_left_out_is_the_kind_in_lower_case() -> None:
    spec = {**ROOMS["spec"], "scope": "Cluster", "names": {"plural": "rooms", "kind": "Room"}}
    room = resources_of({"spec": spec})[0]
    assert (room.singular, room.namespaced) == ("room", False)
