"""The table around the rows: columns with descriptions, metadata, what a row carries of its object, custom columns."""

from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.printers.jsonpath import find
from k8slab.sim.apiserver.resources import RESOURCES, Resource
from k8slab.sim.apiserver.scheme import Scheme

SCHEME = Scheme()
CONFIG_MAPS = SCHEME.by_name("configmaps")


def rooms(*columns: Object) -> Resource:
    return Resource("chat.example", "v1", "Room", "rooms", "room", True, printer_columns=columns)


def config_map(name: str = "a") -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "creationTimestamp": "1970-01-01T00:00:00Z"}}


def room(**fields: Any) -> Object:
    return {"apiVersion": "chat.example/v1", "kind": "Room", **config_map("lobby"), **fields}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: f"{r.full_name}-{r.version}")
def test_each_column_of_each_kind_has_a_type_and_a_description(resource: Resource) -> None:
    for column in printers.table(resource, [], 0.0)["columnDefinitions"]:
        assert set(column) == {"name", "type", "format", "description", "priority"}
        assert column["type"] in ("string", "integer", "boolean", "date")
        assert column["description"]


def test_the_name_column_is_marked_for_clients() -> None:
    assert CONFIG_MAPS is not None
    name = printers.table(CONFIG_MAPS, [], 0.0)["columnDefinitions"][0]
    assert (name["name"], name["format"], name["priority"]) == ("Name", "name", 0)
    assert name["description"].startswith("Name must be unique within a namespace.")


@pytest.mark.parametrize(
    ("include", "carried"),
    [
        ("None", None),
        ("Metadata", {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": config_map()["metadata"]}),
        ("Object", config_map()),
    ],
)
def test_a_row_carries_as_much_of_its_object_as_was_asked_for(include: Any, carried: Any) -> None:
    assert CONFIG_MAPS is not None
    table = printers.table(CONFIG_MAPS, [config_map()], 0.0, include, {"resourceVersion": "7"})
    assert table["rows"] == [{"cells": ["a", 0, "0s"], "object": carried}]
    assert (table["kind"], table["apiVersion"], table["metadata"]) == ("Table", "meta.k8s.io/v1", {"resourceVersion": "7"})


def test_anything_else_that_a_row_should_carry_is_refused() -> None:
    assert CONFIG_MAPS is not None
    with pytest.raises(StatusError, match='unrecognized includeObject value: "Everything"'):
        printers.table(CONFIG_MAPS, [], 0.0, "Everything")


def test_a_row_carries_the_object_in_the_version_that_was_asked_for() -> None:
    hpa = SCHEME.get("autoscaling", "v1", "horizontalpodautoscalers")
    assert hpa is not None
    obj = {"apiVersion": "autoscaling/v1", "kind": hpa.kind, "metadata": {"name": "h"}, "spec": {"maxReplicas": 1}}
    assert printers.table(hpa, [obj], 0.0, "Object")["rows"][0]["object"] == obj


def test_flow_schemas_are_listed_by_precedence() -> None:
    schemas = SCHEME.by_name("flowschemas.flowcontrol.apiserver.k8s.io")
    assert schemas is not None
    objects = [{"metadata": {"name": name}, "spec": {"matchingPrecedence": p}} for name, p in (("a", 9), ("b", 1))]
    assert [row["cells"][0] for row in printers.table(schemas, objects, 0.0)["rows"]] == ["b", "a"]


def test_a_custom_resource_without_columns_shows_its_age() -> None:
    table = printers.table(rooms(), [room()], 120.0)
    assert [(c["name"], c["type"]) for c in table["columnDefinitions"]] == [("Name", "string"), ("Age", "date")]
    assert table["rows"][0]["cells"] == ["lobby", "2m"]


def test_a_custom_resource_shows_the_columns_of_its_definition() -> None:
    columns = [
        {"name": "Seats", "type": "integer", "jsonPath": ".spec.seats", "description": "How many.", "priority": 1},
        {"name": "Open", "type": "boolean", "jsonPath": ".status.open"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Opened", "type": "date", "jsonPath": ".status.opened"},
        {"name": "Load", "type": "number", "jsonPath": ".status.load"},
        {"name": "Missing", "type": "string", "jsonPath": ".status.missing"},
    ]
    status = {"open": True, "conditions": [{"type": "Ready", "status": "False"}], "opened": "1970-01-01T00:01:00Z", "load": 0.5}
    table = printers.table(rooms(*columns), [room(spec={"seats": 4}, status=status)], 120.0)
    assert table["rows"][0]["cells"] == ["lobby", 4, True, "False", "60s", 0.5, None]
    assert table["columnDefinitions"][1] == {
        "name": "Seats", "type": "integer", "format": "", "description": "How many.", "priority": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("type", "value", "cell"),
    [
        ("integer", "4", None),
        ("integer", 4.0, 4),
        ("boolean", "true", None),
        ("string", 4, "4"),
        ("string", {"a": 1}, '{"a":1}'),
        ("date", "yesterday", "<invalid>"),
        ("date", 4, None),
    ],
)
def test_a_value_that_does_not_fit_its_column_leaves_the_cell_empty(type: str, value: Any, cell: Any) -> None:
    resource = rooms({"name": "X", "type": type, "jsonPath": ".spec.x"})
    assert printers.table(resource, [room(spec={"x": value})], 0.0)["rows"][0]["cells"][1] == cell


VALUE = {"a": {"b.c": 1, "list": [{"k": "x", "v": 1}, {"k": "y", "v": 2}]}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.list[0].k", ["x"]),
        (".a.list[-1].k", ["y"]),
        (".a.list[7].k", []),
        (".a.list[*].v", [1, 2]),
        ("{.a.list[*].v}", [1, 2]),
        (r".a.b\.c", [1]),
        (".a['b.c']", [1]),
        (".a.list[?(@.v>1)].k", ["y"]),
        (".a.list[?(@.k!='x')].v", [2]),
        (".a.list[?(@.none)].v", []),
        (".nothing.here", []),
        ("..v", []),
    ],
)
def test_paths_find_what_kubectl_finds(path: str, found: list[Any]) -> None:
    assert find(path, VALUE) == found
