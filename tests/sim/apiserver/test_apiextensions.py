"""CustomResourceDefinitions: from the definition to served, defaulted, pruned and checked resources, and back to nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ROOMS = "/apis/chat.example/v1/namespaces/default/rooms"


def schema() -> Object:
    spec: Object = {
        "type": "object",
        "required": ["topic"],
        "properties": {
            "topic": {"type": "string", "maxLength": 10},
            "replicas": {"type": "integer", "minimum": 1, "default": 1},
            "mode": {"type": "string", "enum": ["open", "closed"]},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        },
    }
    status = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    return {"type": "object", "properties": {"spec": spec, "status": status}}


def definition(plural: str = "rooms", kind: str = "Room", **names: Any) -> Object:
    paths = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema()},
        "subresources": {"status": {}, "scale": paths},
        "additionalPrinterColumns": [{"name": "Topic", "type": "string", "jsonPath": ".spec.topic"}],
    }
    named = {"plural": plural, "singular": kind.lower(), "kind": kind, **names}
    spec = {"group": "chat.example", "scope": "Namespaced", "names": named, "versions": [version]}
    return {"metadata": {"name": f"{plural}.chat.example"}, "spec": spec}


def room(name: str = "lobby", **spec: Any) -> Object:
    return {"apiVersion": "chat.example/v1", "kind": "Room", "metadata": {"name": name}, "spec": {"topic": "tea", **spec}}


def conditions(crd: Object) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in crd["status"]["conditions"]}


@pytest.fixture
def rooms(api: Api) -> Api:
    """An API that serves rooms.chat.example."""
    assert api.post(CRDS, definition()).status == 201
    return api


def test_a_definition_is_accepted_and_established(rooms: Api) -> None:
    crd = rooms.get(f"{CRDS}/rooms.chat.example").json
    assert conditions(crd) == {"NamesAccepted": ("True", "NoConflicts"), "Established": ("True", "InitialNamesAccepted")}
    assert crd["status"]["acceptedNames"]["kind"] == "Room"
    assert crd["status"]["storedVersions"] == ["v1"]


def test_its_group_is_discovered_and_has_an_apiservice(rooms: Api) -> None:
    found = rooms.get("/apis/chat.example/v1").json["resources"]
    assert [r["name"] for r in found] == ["rooms", "rooms/scale", "rooms/status"]
    service = rooms.get("/apis/apiregistration.k8s.io/v1/apiservices/v1.chat.example").json
    assert service["status"]["conditions"][0]["reason"] == "Local"


def test_before_there_is_a_definition_nothing_is_found(api: Api) -> None:
    assert api.get(ROOMS).status == 404


def test_defaults_are_filled_in_and_unknown_fields_pruned(rooms: Api) -> None:
    created = rooms.post(ROOMS, room(colour="red"))
    assert created.json["spec"] == {"topic": "tea", "replicas": 1}
    assert created.warnings == [r"unknown field \"spec.colour\""]
    assert created.json["metadata"]["generation"] == 1


def test_a_dry_run_stores_nothing(rooms: Api) -> None:
    assert rooms.post(f"{ROOMS}?dryRun=All", room()).status == 201
    assert rooms.get(f"{ROOMS}/lobby").status == 404


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"topic": "a very long topic"}, "spec.topic: Too long: may not be more than 10 bytes"),
        ({"replicas": 0}, "spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1"),
        ({"replicas": "x"}, 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'),
        ({"mode": "ajar"}, 'spec.mode: Unsupported value: "ajar": supported values: "closed", "open"'),
        ({"tags": ["a", "a"]}, 'spec.tags[1]: Duplicate value: "a"'),
    ],
)
def test_what_the_schema_forbids_is_refused(rooms: Api, spec: Object, problem: str) -> None:
    answer = rooms.post(ROOMS, room(**spec))
    assert (answer.status, answer.message) == (422, f'Room.chat.example "lobby" is invalid: {problem}')


def test_a_missing_field_is_refused(rooms: Api) -> None:
    answer = rooms.post(ROOMS, {**room(), "spec": {}})
    assert answer.message == 'Room.chat.example "lobby" is invalid: spec.topic: Required value'


def test_a_put_must_name_the_revision(rooms: Api) -> None:
    rooms.post(ROOMS, room())
    answer = rooms.put(f"{ROOMS}/lobby", room(topic="cake"))
    assert answer.status == 422
    assert answer.message.endswith("metadata.resourceVersion: Invalid value: 0: must be specified for an update")


def test_status_changes_through_its_subresource_only(rooms: Api) -> None:
    rooms.post(ROOMS, {**room(), "status": {"replicas": 9}})
    assert "status" not in rooms.get(f"{ROOMS}/lobby").json
    patched = rooms.patch(f"{ROOMS}/lobby/status", {"spec": {"topic": "no"}, "status": {"replicas": 2}}).json
    assert (patched["spec"]["topic"], patched["status"], patched["metadata"]["generation"]) == ("tea", {"replicas": 2}, 1)


def test_it_scales_along_the_paths_of_the_definition(rooms: Api) -> None:
    rooms.post(ROOMS, room())
    scale = rooms.patch(f"{ROOMS}/lobby/scale", {"spec": {"replicas": 3}}).json
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 3})
    assert rooms.get(f"{ROOMS}/lobby").json["spec"]["replicas"] == 3


def test_server_side_apply_owns_its_fields(rooms: Api) -> None:
    assert rooms.apply(f"{ROOMS}/lobby", room()).status == 201
    refused = rooms.apply(f"{ROOMS}/lobby", room(topic="cake"), manager="other")
    assert (refused.status, refused.json["details"]["causes"][0]["field"]) == (409, ".spec.topic")


def test_tables_have_the_columns_of_the_definition(rooms: Api) -> None:
    rooms.post(ROOMS, room())
    table = rooms.get(ROOMS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").json
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Topic"]
    assert table["rows"][0]["cells"] == ["lobby", "tea"]


def test_a_changed_definition_is_served_at_once(rooms: Api) -> None:
    changed = rooms.get(f"{CRDS}/rooms.chat.example").json
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["topic"]["maxLength"] = 2
    assert rooms.put(f"{CRDS}/rooms.chat.example", changed).status == 200
    assert rooms.post(ROOMS, room()).status == 422


def test_names_that_are_taken_are_not_accepted(rooms: Api) -> None:
    rooms.post(CRDS, definition("halls", "Hall", shortNames=["rooms"]))
    crd = rooms.get(f"{CRDS}/halls.chat.example").json
    assert conditions(crd) == {"NamesAccepted": ("False", "ShortNamesConflict"), "Established": ("False", "NotAccepted")}
    assert rooms.get("/apis/chat.example/v1/halls").status == 404


def test_a_definition_takes_its_resources_along(rooms: Api) -> None:
    rooms.post(ROOMS, room())
    watch = rooms.watch(f"{ROOMS}?watch=1")
    assert rooms.delete(f"{CRDS}/rooms.chat.example").json["metadata"]["finalizers"] == [
        "customresourcecleanup.apiextensions.k8s.io"
    ]
    assert watch.told() == [("ADDED", "lobby"), ("DELETED", "lobby")]
    assert rooms.get(f"{CRDS}/rooms.chat.example").status == 404
    assert rooms.get(ROOMS).status == 404
    assert rooms.get("/apis/apiregistration.k8s.io/v1/apiservices/v1.chat.example").status == 404


def test_a_definition_waits_for_resources_that_are_held(rooms: Api) -> None:
    held = room()
    held["metadata"]["finalizers"] = ["chat.example/hold"]
    rooms.post(ROOMS, held)
    rooms.delete(f"{CRDS}/rooms.chat.example")
    assert rooms.get(f"{CRDS}/rooms.chat.example").status == 200
    assert rooms.post(ROOMS, room("other")).status == 405
    rooms.patch(f"{ROOMS}/lobby", {"metadata": {"finalizers": None}})
    assert rooms.get(f"{CRDS}/rooms.chat.example").status == 404


def test_every_served_version_shows_the_same_objects(api: Api) -> None:
    crd = definition()
    crd["spec"]["versions"].append({**crd["spec"]["versions"][0], "name": "v1beta1", "storage": False})
    api.post(CRDS, crd)
    api.post(ROOMS, room())
    old = api.get(ROOMS.replace("/v1/", "/v1beta1/") + "/lobby").json
    assert (old["apiVersion"], old["spec"]["topic"]) == ("chat.example/v1beta1", "tea")


def with_rule(rule: str, message: str = "") -> Object:
    crd = definition()
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["x-kubernetes-validations"] = [{"rule": rule, **({"message": message} if message else {})}]
    return crd


def test_rules_in_cel_refuse_what_does_not_fit(api: Api) -> None:
    assert api.post(CRDS, with_rule("self.topic == oldSelf.topic", "the topic stays")).status == 201
    assert api.post(ROOMS, room()).status == 201
    refused = api.patch(f"{ROOMS}/lobby", {"spec": {"topic": "coffee"}})
    assert (refused.status, refused.json["message"]) == (
        422,
        'Room.chat.example "lobby" is invalid: spec: Invalid value: "object": the topic stays',
    )
    assert api.patch(f"{ROOMS}/lobby", {"metadata": {"labels": {"a": "b"}}}).status == 200


def test_a_rule_about_a_field_that_is_not_there_is_refused(api: Api) -> None:
    refused = api.post(CRDS, with_rule("self.colour == 'blue'"))
    assert refused.status == 422
    assert "compilation failed: ERROR: <input>:1:5: undefined field 'colour'" in refused.json["message"]


def test_a_rule_that_this_cluster_does_not_know_is_announced_and_not_evaluated(api: Api) -> None:
    answer = api.post(CRDS, with_rule("sets.contains(['a'], [self.topic])"))
    assert answer.status == 201
    assert any("does not know the functions of sets" in text for text in answer.warnings)
    assert api.post(ROOMS, room()).status == 201


def test_definitions_are_served_again_after_a_restart(make_api: Callable[..., Api], tmp_path: Any) -> None:
    first = make_api(database=tmp_path / "cluster.db")
    first.post(CRDS, definition())
    first.post(ROOMS, room())
    first.cluster.stop()
    second = make_api(database=tmp_path / "cluster.db")
    assert [r["metadata"]["name"] for r in second.get(ROOMS).json["items"]] == ["lobby"]


def test_custom_resources_go_with_their_namespace_and_take_what_they_own(rooms: Api) -> None:
    owner = rooms.post(ROOMS, room()).json
    reference = {"apiVersion": owner["apiVersion"], "kind": "Room", "name": "lobby", "uid": owner["metadata"]["uid"]}
    maps = "/api/v1/namespaces/default/configmaps"
    rooms.post(maps, {"metadata": {"name": "key", "ownerReferences": [reference]}})
    rooms.advance(60)
    assert rooms.get(f"{maps}/key").status == 200
    rooms.delete(f"{ROOMS}/lobby")
    rooms.advance(60)
    assert rooms.get(f"{maps}/key").status == 404
    rooms.post("/api/v1/namespaces", {"metadata": {"name": "chat"}})
    rooms.post(ROOMS.replace("default", "chat"), room())
    rooms.delete("/api/v1/namespaces/chat")
    rooms.advance(60)
    assert rooms.get("/api/v1/namespaces/chat").status == 404
    assert rooms.get("/apis/chat.example/v1/rooms").json["items"] == []


def test_fields_that_the_definition_names_can_be_selected_by(api: Api) -> None:
    wanted = definition()
    wanted["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": ".spec.topic"}]
    assert api.post(CRDS, wanted).status == 201
    for name, topic in (("a", "tea"), ("b", "coffee")):
        assert api.post(ROOMS, room(name, topic=topic)).status == 201
    found = api.get(f"{ROOMS}?fieldSelector=spec.topic%3Dcoffee").json["items"]
    assert [one["metadata"]["name"] for one in found] == ["b"]
    assert api.get(f"{ROOMS}?fieldSelector=spec.mode%3Dopen").message == "field label not supported: spec.mode"


def test_a_body_of_another_version_or_kind_is_refused(rooms: Api) -> None:
    answer = rooms.post(ROOMS, {**room(), "apiVersion": "chat.example/v2"})
    text = "the API version in the data (chat.example/v2) does not match the expected API version (chat.example/v1)"
    assert (answer.status, answer.message) == (400, text)
    answer = rooms.post(ROOMS, {**room(), "kind": "Hall"})
    assert (answer.status, answer.message) == (
        422,
        'Hall.chat.example "lobby" is invalid: kind: Invalid value: "Hall": must be Room',
    )


def test_old_objects_get_new_defaults_when_they_are_read(rooms: Api) -> None:
    rooms.post(ROOMS, room())
    schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    added = {"op": "add", "path": f"{schema}/colour", "value": {"type": "string", "default": "blue"}}
    patched = rooms.patch(f"{CRDS}/rooms.chat.example", [added], "json-patch+json")
    assert patched.status == 200
    assert rooms.get(f"{ROOMS}/lobby").json["spec"]["colour"] == "blue"
    assert [item["spec"]["colour"] for item in rooms.get(ROOMS).json["items"]] == ["blue"]
    rooms.patch(f"{CRDS}/rooms.chat.example", [{"op": "remove", "path": f"{schema}/colour"}], "json-patch+json")
    assert "colour" not in rooms.get(f"{ROOMS}/lobby").json["spec"]


def test_unknown_metadata_of_an_embedded_object_is_found(api: Api) -> None:
    crd = definition()
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["pod"] = {
        "type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True,
    }  # fmt: skip
    api.post(CRDS, crd)
    lobby = room()
    lobby["spec"]["pod"] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "colour": "blue"}, "anything": 1}
    refused = api.post(f"{ROOMS}?fieldValidation=Strict", lobby)
    assert refused.json["message"].endswith('strict decoding error: unknown field "spec.pod.metadata.colour"')
