"""The table of kinds says what the official client can ask for: no path missing, none invented."""

import importlib.util
import re
from pathlib import Path

import pytest

from k8slab.sim.apiserver.resources import RESOURCES, Resource

_HTTP_TO_VERB = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_PATH = re.compile(r"method='([A-Z]+)',\s*resource_path='(/apis?/[^']+)'")
_NOT_SERVED_BY_DEFAULT = re.compile(r"v\d+(alpha|beta)\d+")


def client_paths() -> dict[str, set[str]]:
    """Read the paths and methods of the generated API classes; importing them all would take seconds."""
    spec = importlib.util.find_spec("kubernetes")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], "client", "api")
    paths: dict[str, set[str]] = {}
    for file in folder.glob("*_api.py"):
        for method, path in _PATH.findall(file.read_text("utf-8")):
            paths.setdefault(path, set()).add(method)
    return {p: m for p, m in paths.items() if not p.endswith("/") and "{group}" not in p and not _NOT_SERVED_BY_DEFAULT.search(p)}


def expected_paths(resource: Resource) -> dict[str, set[str]]:
    """Return the paths and methods that upstream's OpenAPI has for a resource."""
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    collection = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
    paths: dict[str, set[str]] = {}

    def add(path: str, verbs: tuple[str, ...], table: dict[str, str]) -> None:
        methods = {method for verb, method in table.items() if verb in verbs}
        if methods:
            paths.setdefault(path, set()).update(methods)

    add(collection, resource.verbs, {"list": "GET", "create": "POST", "deletecollection": "DELETE"})
    add(f"{collection}/{{name}}", resource.verbs, {"get": "GET", "update": "PUT", "patch": "PATCH", "delete": "DELETE"})
    if resource.namespaced:
        add(f"{root}/{resource.plural}", resource.verbs, {"list": "GET"})
    for sub in resource.subresources:
        path = f"{collection}/{{name}}/{sub.name}"
        add(path, sub.verbs, {"get": "GET", "update": "PUT", "patch": "PATCH", "create": "POST", "delete": "DELETE"})
        if sub.name == "proxy":
            paths[path] |= {"HEAD", "OPTIONS"}
            paths[f"{path}/{{path}}"] = paths[path]
    return paths


def test_the_table_has_exactly_the_paths_of_the_official_client() -> None:
    ours: dict[str, set[str]] = {}
    for resource in RESOURCES:
        ours.update(expected_paths(resource))
    assert ours == client_paths()


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("pods", "/registry/pods/"),
        ("nodes", "/registry/minions/"),
        ("services", "/registry/services/specs/"),
        ("endpoints", "/registry/services/endpoints/"),
        ("replicationcontrollers", "/registry/controllers/"),
        ("deployments.apps", "/registry/deployments/"),
        ("ingresses.networking.k8s.io", "/registry/ingress/"),
        ("events.events.k8s.io", "/registry/events/"),
        ("customresourcedefinitions.apiextensions.k8s.io", "/registry/apiextensions.k8s.io/customresourcedefinitions/"),
        ("apiservices.apiregistration.k8s.io", "/registry/apiregistration.k8s.io/apiservices/"),
    ],
)
def test_objects_are_kept_where_etcd_keeps_them(name: str, prefix: str) -> None:
    assert next(r for r in RESOURCES if r.full_name == name).storage_prefix == prefix


def test_a_custom_resource_is_kept_under_its_group() -> None:
    assert Resource("chat.example", "v1", "Room", "rooms", "room", True).storage_prefix == "/registry/chat.example/rooms/"


def test_two_versions_that_share_a_storage_agree_on_what_is_stored() -> None:
    prefixes: dict[str, set[str]] = {}
    for resource in RESOURCES:
        prefixes.setdefault(resource.storage_prefix, set()).add(resource.stored_as)
    assert all(len(stored_as) == 1 for stored_as in prefixes.values())


def test_short_names_are_those_of_kubectl() -> None:
    short = {name: r.plural for r in RESOURCES for name in r.short_names}
    assert short == {
        "cm": "configmaps",
        "cs": "componentstatuses",
        "ep": "endpoints",
        "ev": "events",
        "limits": "limitranges",
        "ns": "namespaces",
        "no": "nodes",
        "pvc": "persistentvolumeclaims",
        "pv": "persistentvolumes",
        "po": "pods",
        "rc": "replicationcontrollers",
        "quota": "resourcequotas",
        "sa": "serviceaccounts",
        "svc": "services",
        "ds": "daemonsets",
        "deploy": "deployments",
        "rs": "replicasets",
        "sts": "statefulsets",
        "hpa": "horizontalpodautoscalers",
        "cj": "cronjobs",
        "pdb": "poddisruptionbudgets",
        "pc": "priorityclasses",
        "crd": "customresourcedefinitions",
        "crds": "customresourcedefinitions",
        "csr": "certificatesigningrequests",
        "ing": "ingresses",
        "ip": "ipaddresses",
        "netpol": "networkpolicies",
        "sc": "storageclasses",
        "vac": "volumeattributesclasses",
    }


def test_the_category_all_is_what_kubectl_get_all_shows() -> None:
    shown = {r.plural for r in RESOURCES if "all" in r.categories}
    assert shown == {
        "pods",
        "services",
        "replicationcontrollers",
        "daemonsets",
        "deployments",
        "replicasets",
        "statefulsets",
        "horizontalpodautoscalers",
        "jobs",
        "cronjobs",
    }
