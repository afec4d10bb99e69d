"""Discovery: which groups, versions and kinds are served, in the documents that clients build their tables from.

Real component: kube-apiserver's discovery handlers and kube-aggregator, which merges what aggregated servers announce.
Pure functions of a `Scheme`; the HTTP layer encodes what they return. There are two forms of the same facts: the classic
one (``/api``, ``/apis``, ``/apis/apps/v1``, one request per group version) and the aggregated one (two requests in all),
which a client asks for with ``Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList``.

Upstream: k8s.io/apiserver/pkg/endpoints/discovery, k8s.io/kube-aggregator/pkg/apiserver, k8s.io/component-base/version.
Simplified: freshness is always Current, aggregated APIs being part of this process.
"""

import base64
import hashlib
import platform
from collections.abc import Iterable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.resources import Resource, Subresource
from k8slab.sim.apiserver.scheme import ApiGroup, Scheme

__all__ = [
    "aggregated",
    "api_group",
    "api_group_list",
    "api_resource_list",
    "api_versions",
    "document",
    "root_paths",
    "version",
]

_BUILD_DATE = "2026-11-01T00:00:00Z"

_OTHER_PATHS = (
    "/.well-known/openid-configuration",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/readyz",
    "/version",
)


def version() -> Object:
    """Return the document of ``/version``.

    >>> version()["major"], version()["minor"]
    ('1', '37')
    """
    major, minor, _ = GIT_VERSION.removeprefix("v").split(".", 2)
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": _BUILD_DATE,
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation().lower(),
        "platform": f"{platform.system().lower()}/{_MACHINES.get(platform.machine(), platform.machine())}",
    }


_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


def document(scheme: Scheme, path: str, server_address: str = "") -> Object | None:
    """Return the classic document of a path without trailing slash, None if nothing is discovered there.

    >>> document(Scheme(), "/apis/apps")["preferredVersion"]["groupVersion"]
    'apps/v1'
    """
    match path.split("/")[1:]:
        case [""]:
            return root_paths(scheme)
        case ["api"]:
            return api_versions(scheme, server_address)
        case ["apis"]:
            return api_group_list(scheme)
        case ["api", version]:
            return api_resource_list(scheme, "", version)
        case ["apis", group] if group:
            found = next((g for g in scheme.groups() if g.name == group), None)
            return {"kind": "APIGroup", "apiVersion": "v1", **api_group(found)} if found else None
        case ["apis", group, version] if group:
            return api_resource_list(scheme, group, version)
        case _:
            return None


def root_paths(scheme: Scheme) -> Object:
    """Return what ``/`` lists."""
    paths = {*_OTHER_PATHS, "/api", "/apis"}
    for group in scheme.groups():
        root = f"/apis/{group.name}" if group.name else "/api"
        paths |= {root, *(f"{root}/{v}" for v in group.versions)}
    return {"paths": sorted(paths)}


def api_versions(scheme: Scheme, server_address: str = "") -> Object:
    """Return ``APIVersions``, the document of ``/api``."""
    core = next((group for group in scheme.groups() if not group.name), None)
    return {
        "kind": "APIVersions",
        "versions": list(core.versions) if core else [],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}],
    }


def api_group_list(scheme: Scheme) -> Object:
    """Return ``APIGroupList``, the document of ``/apis``."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [api_group(g) for g in _named_groups(scheme)]}


def api_group(group: ApiGroup) -> Object:
    """Return one entry of ``APIGroupList``."""
    versions = [{"groupVersion": f"{group.name}/{v}", "version": v} for v in group.versions]
    return {"name": group.name, "versions": versions, "preferredVersion": versions[0]}


def api_resource_list(scheme: Scheme, group: str, version: str) -> Object | None:
    """Return ``APIResourceList``, the document of a group version; None if it is not served."""
    resources = scheme.in_version(group, version)
    if not resources:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": resources[0].api_version,
        "resources": [entry for resource in resources for entry in _classic_entries(resource, scheme)],
    }


def _classic_entries(resource: Resource, scheme: Scheme) -> Iterable[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.stored:
        entry["storageVersionHash"] = storage_version_hash(scheme.stored(resource))
    if resource.verbs:
        yield entry
    for sub in resource.subresources:
        yield _classic_subresource(resource, sub)


def _classic_subresource(resource: Resource, sub: Subresource) -> Object:
    entry: Object = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if sub.api_version != resource.api_version:
        entry |= {"group": sub.group, "version": sub.version} if sub.group else {"version": sub.version}
    return entry | {"kind": sub.kind, "verbs": list(sub.verbs)}


def storage_version_hash(resource: Resource) -> str:
    """Return the hash of the version in which a kind is stored (upstream: discovery.StorageVersionHash)."""
    digest = hashlib.sha256(f"{resource.group}/{resource.version}/{resource.kind}".encode()).digest()
    return base64.standard_b64encode(digest[:8]).decode()


def aggregated(scheme: Scheme, path: str, api: str = "v2") -> Object | None:
    """Return the ``APIGroupDiscoveryList`` of ``/api`` or ``/apis``, None of any other path.

    Parameters
    ----------
    api
        The version of apidiscovery.k8s.io that was asked for: "v2" or "v2beta1".
    """
    if path == "/api":
        groups = [group for group in scheme.groups() if not group.name]
    elif path == "/apis":
        groups = _named_groups(scheme)
    else:
        return None
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{api}",
        "metadata": {},
        "items": [_group_discovery(group, scheme) for group in groups],
    }


def _named_groups(scheme: Scheme) -> list[ApiGroup]:
    return [group for group in scheme.groups() if group.name]


def _group_discovery(group: ApiGroup, scheme: Scheme) -> Object:
    versions = [
        {
            "version": version,
            "resources": [_aggregated_entry(resource) for resource in scheme.in_version(group.name, version)],
            "freshness": "Current",
        }
        for version in group.versions
    ]
    metadata: Object = {"name": group.name} if group.name else {}
    return {"metadata": metadata | {"creationTimestamp": None}, "versions": versions}


def _aggregated_entry(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        **({"responseKind": _kind(resource.group, resource.version, resource.kind)} if resource.verbs else {}),
        "scope": _scope(resource),
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {"subresource": sub.name, "responseKind": _kind(sub.group, sub.version, sub.kind), "verbs": list(sub.verbs)}
            for sub in resource.subresources
        ]
    return entry


def _scope(resource: Resource) -> str:
    return "Namespaced" if resource.namespaced else "Cluster"


def _kind(group: str, version: str, kind: str) -> dict[str, Any]:
    return {"group": group, "version": version, "kind": kind}
