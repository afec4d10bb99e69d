"""What a CustomResourceDefinition brings: one resource for each version that it serves.

Real component: apiextensions-apiserver, which serves these beside the built-in kinds. Called when a definition is added or
changes; the resources are put into the `Scheme`, and discovery, OpenAPI, tables and storage know them from there.

Upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go and customresource_discovery_controller.go.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource, Subresource

__all__ = ["resources_of"]

_CHANGE = ("get", "patch", "update")


def resources_of(definition: Object) -> list[Resource]:
    """Return the resources that a definition serves.

    >>> names = {"plural": "rooms", "kind": "Room"}
    >>> spec = {"group": "chat.example", "names": names, "scope": "Namespaced", "versions": [{"name": "v1", "served": True}]}
    >>> [resource.full_name for resource in resources_of({"spec": spec})]
    ['rooms.chat.example']
    """
    versions = definition["spec"]["versions"]
    return [_resource(definition["spec"], version) for version in versions if version.get("served")]


def _resource(spec: Object, version: Object) -> Resource:
    group, names = spec["group"], spec["names"]
    storage = next((v["name"] for v in spec["versions"] if v.get("storage")), version["name"])
    return Resource(
        group,
        version["name"],
        names["kind"],
        names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(_subresources(group, version, names["kind"])),
        stored_as=f"{group}/{storage}",
        printer_columns=tuple(version.get("additionalPrinterColumns") or ()),
        schema=(version.get("schema") or {}).get("openAPIV3Schema"),
        selectable=tuple(field["jsonPath"].removeprefix(".") for field in version.get("selectableFields") or ()),
        scale=(version.get("subresources") or {}).get("scale"),
    )


def _subresources(group: str, version: Object, kind: str) -> list[Subresource]:
    wanted = version.get("subresources") or {}
    found = [Subresource("scale", "Scale", "autoscaling", "v1", _CHANGE)] if "scale" in wanted else []
    return [*found, Subresource("status", kind, group, version["name"], _CHANGE)] if "status" in wanted else found
