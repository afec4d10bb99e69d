"""OpenAPI documents have what kubectl reads: fields for explain, merge keys for apply, parameters for dry runs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.openapi import OpenApi
from k8slab.sim.apiserver.resources import RESOURCES, Resource
from k8slab.sim.apiserver.scheme import Scheme

ROOM_SCHEMA = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"seats": {"type": "integer"}}}}}
ROOM = Resource("chat.example", "v1", "Room", "rooms", "room", True, schema=ROOM_SCHEMA)
PATHS = ["api/v1", *sorted({f"apis/{r.api_version}" for r in RESOURCES if r.group})]


@pytest.fixture(scope="module")
def api() -> OpenApi:
    return OpenApi(Scheme())


def v3(api: OpenApi, path: str) -> Object:
    body = api.v3(path)
    assert body is not None
    document: Object = orjson.loads(body)
    return document


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_the_index_leads_to_each_group_version(api: OpenApi) -> None:
    index = orjson.loads(api.index())["paths"]
    assert sorted(index) == sorted(PATHS)
    url = index["apis/apps/v1"]["serverRelativeURL"]
    assert url == f"/openapi/v3/apis/apps/v1?hash={api.hash('apis/apps/v1')}"


@pytest.mark.parametrize("path", PATHS)
def test_each_reference_leads_to_a_schema(api: OpenApi, path: str) -> None:
    document = v3(api, path)
    schemas = document["components"]["schemas"]
    assert {ref.removeprefix("#/components/schemas/") for ref in references(document)} <= schemas.keys()


@pytest.mark.parametrize("path", PATHS)
def test_types_are_single_as_openapi_wants_them(api: OpenApi, path: str) -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            assert not isinstance(schema.get("type"), list)
            assert "$defs" not in str(schema.get("$ref", ""))
            for part in schema.values():
                check(part)

    check(v3(api, path)["components"]["schemas"])


@pytest.mark.parametrize("resource", [r for r in RESOURCES if r.stored], ids=lambda r: f"{r.full_name}-{r.version}")
def test_each_kind_can_be_found_by_its_group_version_kind(api: OpenApi, resource: Resource) -> None:
    path = f"apis/{resource.api_version}" if resource.group else "api/v1"
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    schemas = v3(api, path)["components"]["schemas"].values()
    assert sum(gvk in schema.get("x-kubernetes-group-version-kind", ()) for schema in schemas) == 1


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_writes_take_dry_run_field_manager_and_field_validation(api: OpenApi, method: str) -> None:
    paths = v3(api, "apis/apps/v1")["paths"]
    root = "/apis/apps/v1/namespaces/{namespace}/deployments"
    operation = paths[root if method == "post" else f"{root}/{{name}}"][method]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"dryRun", "fieldManager", "fieldValidation"} <= names
    assert operation["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}


def test_a_built_in_kind_takes_all_patches_and_a_custom_one_no_strategic_merge() -> None:
    api = OpenApi(Scheme([*RESOURCES, ROOM]))
    patches = []
    for path in ("/apis/apps/v1/namespaces/{namespace}/deployments", "/apis/chat.example/v1/namespaces/{namespace}/rooms"):
        group_version = path[1:].partition("/namespaces")[0]
        patches.append(set(v3(api, group_version)["paths"][f"{path}/{{name}}"]["patch"]["requestBody"]["content"]))
    assert patches[0] - patches[1] == {"application/strategic-merge-patch+json"}


def test_lists_keep_their_merge_keys(api: OpenApi) -> None:
    containers = v3(api, "api/v1")["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert containers["items"] == {"default": {}, "allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Container"}]}


def test_a_reference_keeps_its_description_beside_it(api: OpenApi) -> None:
    spec = v3(api, "apis/apps/v1")["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]
    assert spec == {
        "allOf": [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}],
        "default": {},
        "description": "Specification of the desired behavior of the Deployment.",
    }


def test_a_custom_resource_is_described_by_its_own_schema() -> None:
    room = v3(OpenApi(Scheme([ROOM])), "apis/chat.example/v1")["components"]["schemas"]["example.chat.v1.Room"]
    assert room["properties"]["spec"]["properties"]["seats"] == {"type": "integer"}
    assert {"apiVersion", "kind", "metadata"} <= room["properties"].keys()


def test_a_changed_schema_changes_the_hash_and_the_document() -> None:
    scheme = Scheme([replace(ROOM, schema=None)])
    api = OpenApi(scheme)
    before, hash_before = api.v3("apis/chat.example/v1"), api.hash("apis/chat.example/v1")
    scheme.add(ROOM)
    assert api.hash("apis/chat.example/v1") != hash_before
    assert api.v3("apis/chat.example/v1") != before


def test_a_removed_kind_is_described_no_more() -> None:
    scheme = Scheme([*RESOURCES, ROOM])
    api = OpenApi(scheme)
    assert "apis/chat.example/v1" in orjson.loads(api.index())["paths"]
    scheme.remove("chat.example", "v1", "rooms")
    assert "apis/chat.example/v1" not in orjson.loads(api.index())["paths"]
    assert api.v3("apis/chat.example/v1") is None


def test_operation_ids_are_unique_and_upstreams(api: OpenApi) -> None:
    document = orjson.loads(api.v2())
    ids = [op["operationId"] for item in document["paths"].values() for key, op in item.items() if key != "parameters"]
    assert len(ids) == len(set(ids))
    assert {
        "listAppsV1DeploymentForAllNamespaces",
        "createCoreV1NamespacedPodEviction",
        "readCoreV1NamespacedPodLog",
        "connectCoreV1PostNamespacedPodExec",
        "connectCoreV1GetNamespacedPodProxyWithPath",
        "deleteCoreV1CollectionNamespacedPod",
        "replaceCoreV1NamespaceFinalize",
        "patchRbacAuthorizationV1ClusterRole",
    } <= set(ids)


def test_swagger_has_bodies_and_references_of_its_own_kind(api: OpenApi) -> None:
    document = orjson.loads(api.v2())
    assert document["swagger"] == "2.0"
    assert {ref.removeprefix("#/definitions/") for ref in references(document)} <= document["definitions"].keys()
    create = document["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]
    body = next(p for p in create["parameters"] if p["in"] == "body")
    assert body["schema"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}
