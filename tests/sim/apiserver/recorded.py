"""Feed the recorded requests of a real API server to defaults, strategy and validation, without a server.

A tiny store stands in for the registry: it does what the registry does around our functions (uid, resourceVersion, merge
patch) and nothing else, so that a difference is ours.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver import defaults, errors, strategy, validation
from k8slab.sim.apiserver.resources import RESOURCES, Resource

_HOMES = (Path(__file__).parents[2] / "recorded", Path("/work/shared/recorded"))
RECORDED = next((found.parent for home in _HOMES for found in home.rglob("defaults-pod.yaml")), _HOMES[0])
NAMESPACE = "replay"
IGNORED = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "clusterIP", "clusterIPs", "nodePort", "status",
           "tolerations", "priority", "preemptionPolicy", "controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
           "batch.kubernetes.io/job-name"}  # fmt: skip
_BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}


def kind_of(obj: Object) -> Resource:
    """Return what an object is."""
    return _BY_KIND[obj["apiVersion"], obj["kind"]]


def load(name: str) -> list[Object]:
    """Return the steps of a scenario."""
    text = json.dumps(yaml.safe_load((RECORDED / name).read_text())["steps"])
    return list(json.loads(text.replace("{ns}", NAMESPACE)))


@dataclass
class Store:
    """Objects by path."""

    objects: dict[str, Object] = field(default_factory=dict)

    def create(self, path: str, body: Object) -> Object:
        obj = deep_copy(body)
        resource = kind_of(obj)
        meta = obj.setdefault("metadata", {})
        meta["uid"] = "248f9d16-ea28-4047-9a72-ac5e81110bb9"
        if resource.namespaced:
            meta["namespace"] = path.split("/namespaces/")[1].split("/")[0] if "/namespaces/" in path else NAMESPACE
        defaults.apply_defaults(resource, obj)
        strategy.prepare_create(resource, obj)
        self._refuse(resource, meta.get("name", ""), validation.validate_create(resource, obj))
        if resource.kind == "Service" and obj["spec"]["type"] != "ExternalName" and not obj["spec"].get("clusterIP"):
            obj["spec"].update(clusterIP="10.0.44.159", clusterIPs=["10.0.44.159"])
        meta.update(resourceVersion="1", creationTimestamp="2026-11-24T02:24:10Z")
        self.objects[f"{path}/{meta['name']}"] = obj
        return obj

    def delete(self, path: str) -> Object:
        """Mark for deletion, as for an object that has finalizers."""
        obj = deep_copy(self.objects[path])
        obj["metadata"].update(deletionTimestamp="2026-11-24T02:24:10Z", deletionGracePeriodSeconds=0)
        self.objects[path] = obj
        return obj

    def patch(self, path: str, patch: Object) -> Object:
        subresource = path.rpartition("/")[2] if path not in self.objects else ""
        path = path.removesuffix(f"/{subresource}") if subresource else path
        old = self.objects[path]
        new = merge(old, patch)
        resource = kind_of(new)
        defaults.apply_defaults(resource, new)
        strategy.prepare_update(resource, new, old, subresource)
        self._refuse(resource, new["metadata"]["name"], validation.validate_update(resource, new, old, subresource))
        self.objects[path] = new
        return new

    @staticmethod
    def _refuse(resource: Resource, name: str, found: list[errors.FieldError]) -> None:
        if found:
            raise errors.invalid(resource.group, resource.kind, name, found)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return deep_copy(patch)
    merged = deep_copy(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def answer(store: Store, step: Object) -> Object:
    """Return our answer to a recorded request."""
    method, path = step["do"].split(" ", 1)
    try:
        if method == "DELETE":
            return store.delete(path)
        return store.create(path, step["body"]) if method == "POST" else store.patch(path, step["body"])
    except errors.StatusError as error:
        return error.status()


def missing(want: Any, got: Any, at: str = "") -> list[str]:
    """Return the recorded fields that our answer lacks or has otherwise; as replay.py compares."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return [f"{at}: want an object, got {got!r}"]
        found = []
        for key, value in want.items():
            if key in IGNORED and at != ".details":
                continue
            if key in got:
                found += missing(value, got[key], f"{at}.{key}")
            elif value not in (None, {}, [], ""):
                found.append(f"{at}.{key}: missing, want {value!r}")
        return found
    if isinstance(want, list):
        if not isinstance(got, list) or len(want) != len(got):
            return [f"{at}: want {want!r}, got {got!r}"]
        return [m for i, (a, b) in enumerate(zip(want, got, strict=True)) for m in missing(a, b, f"{at}[{i}]")]
    return [] if want == got else [f"{at}: want {want!r}, got {got!r}"]
