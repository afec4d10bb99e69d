"""Discovery says what is served, in the classic and in the aggregated form, as kube-apiserver does."""

import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import discovery
from k8slab.sim.apiserver.resources import RESOURCES, Resource
from k8slab.sim.apiserver.scheme import Scheme

ALL = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    return Scheme()


def entries(scheme: Scheme, path: str) -> dict[str, Object]:
    document = discovery.document(scheme, path)
    assert document is not None
    return {entry["name"]: entry for entry in document["resources"]}


def test_a_deployment_and_its_subresources_are_announced_as_upstream_does(scheme: Scheme) -> None:
    apps = entries(scheme, "/apis/apps/v1")
    assert apps["deployments"] == {
        "name": "deployments",
        "singularName": "deployment",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": ALL,
        "shortNames": ["deploy"],
        "categories": ["all"],
        "storageVersionHash": "8aSe+NMegvE=",
    }
    assert apps["deployments/scale"] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }
    assert apps["deployments/status"]["kind"] == "Deployment"
    assert "group" not in apps["deployments/status"]


@pytest.mark.parametrize(
    ("path", "name", "hash"),
    [
        ("/apis/apps/v1", "controllerrevisions", "85nkx63pcBU="),
        ("/apis/apps/v1", "daemonsets", "dd7pWHUlMKQ="),
        ("/apis/apps/v1", "replicasets", "P1RzHs8/mWQ="),
        ("/apis/apps/v1", "statefulsets", "H+vl74LkKdo="),
        ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", "bYE5ZWDrJ44="),
        ("/apis/rbac.authorization.k8s.io/v1", "roles", "7FuwZcIIItM="),
    ],
)
def test_storage_version_hashes_are_those_of_a_real_server(scheme: Scheme, path: str, name: str, hash: str) -> None:
    assert entries(scheme, path)[name]["storageVersionHash"] == hash


def test_what_is_never_stored_has_no_storage_version_hash(scheme: Scheme) -> None:
    assert "storageVersionHash" not in entries(scheme, "/apis/authorization.k8s.io/v1")["subjectaccessreviews"]


def test_pods_announce_what_can_be_connected_to(scheme: Scheme) -> None:
    core = entries(scheme, "/api/v1")
    assert core["pods/exec"] == {
        "name": "pods/exec",
        "singularName": "",
        "namespaced": True,
        "kind": "PodExecOptions",
        "verbs": ["create", "get"],
    }
    assert core["pods/eviction"]["group"] == "policy"
    assert core["pods/log"]["verbs"] == ["get"]


def test_the_group_list_names_the_preferred_version_first(scheme: Scheme) -> None:
    groups = {g["name"]: g for g in discovery.api_group_list(scheme)["groups"]}
    assert "" not in groups
    assert groups["autoscaling"]["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}
    assert [v["version"] for v in groups["autoscaling"]["versions"]] == ["v2", "v1"]


@pytest.mark.parametrize("path", ["/apis/nosuch", "/apis/nosuch/v1", "/apis/apps/v2", "/api/v2", "/elsewhere", "/apis//v1"])
def test_nothing_is_discovered_where_nothing_is_served(scheme: Scheme, path: str) -> None:
    assert discovery.document(scheme, path) is None


def test_the_core_group_is_discovered_under_api(scheme: Scheme) -> None:
    assert discovery.document(scheme, "/api", "10.0.0.1:6443") == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:6443"}],
    }


def test_the_root_lists_each_group_version(scheme: Scheme) -> None:
    root = discovery.document(scheme, "/")
    assert root is not None
    assert {"/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/openapi/v3", "/version"} <= set(
        root["paths"]
    )
    assert root["paths"] == sorted(root["paths"])


def test_the_aggregated_form_says_the_same_as_the_classic_one(scheme: Scheme) -> None:
    for path in ("/api", "/apis"):
        document = discovery.aggregated(scheme, path)
        assert document is not None
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                assert version["freshness"] == "Current"
                classic = entries(scheme, f"/apis/{name}/{version['version']}" if name else f"/api/{version['version']}")
                flat = {r["resource"]: r["verbs"] for r in version["resources"]}
                flat |= {
                    f"{r['resource']}/{s['subresource']}": s["verbs"]
                    for r in version["resources"]
                    for s in r.get("subresources", ())
                }
                assert flat == {n: e["verbs"] for n, e in classic.items()}


def test_an_aggregated_entry_has_scope_names_and_kinds(scheme: Scheme) -> None:
    document = discovery.aggregated(scheme, "/api", "v2beta1")
    assert document is not None
    assert document["apiVersion"] == "apidiscovery.k8s.io/v2beta1"
    resources = {r["resource"]: r for r in document["items"][0]["versions"][0]["resources"]}
    assert resources["nodes"]["scope"] == "Cluster"
    assert resources["configmaps"] == {
        "resource": "configmaps",
        "responseKind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "scope": "Namespaced",
        "singularResource": "configmap",
        "verbs": ALL,
        "shortNames": ["cm"],
    }


def test_a_custom_resource_is_discovered_once_it_is_added() -> None:
    scheme = Scheme([*RESOURCES, Resource("chat.example", "v1", "Room", "rooms", "room", True, ("rm",), ("all",))])
    assert entries(scheme, "/apis/chat.example/v1")["rooms"]["shortNames"] == ["rm"]
    scheme.remove("chat.example", "v1", "rooms")
    assert discovery.document(scheme, "/apis/chat.example/v1") is None


def test_the_version_says_who_serves_it() -> None:
    version = discovery.version()
    assert (version["major"], version["minor"]) == ("1", "37")
    assert version["gitVersion"] == "v1.37.1+k8slab"
