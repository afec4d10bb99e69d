"""Strategy: what the server does to an object before it validates and stores it, and what it warns of.

Upstream: pkg/registry/*/*/strategy.go (PrepareForCreate, PrepareForUpdate, WarningsOnCreate, WarningsOnUpdate) and
k8s.io/apiserver/pkg/registry/rest. Called by the registry on its private copy, after admission and before validation. Parts
of the old object may be shared with the new one afterwards, which is safe as stored objects are never changed in place.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.strategy import certificates, pods, services, workloads
from k8slab.sim.apiserver.strategy.generic import (
    has_generation,
    has_status,
    keep_except_status,
    keep_metadata,
    keep_system_metadata,
    new_status,
    spec_changed,
)
from k8slab.sim.apiserver.strategy.warnings import warnings

__all__ = ["prepare_create", "prepare_update", "warnings"]


_CREATE: dict[tuple[str, str], Callable[[Object], None]] = {
    ("", "Namespace"): workloads.prepare_namespace,
    ("", "Pod"): pods.prepare_pod,
    ("", "Service"): services.prepare_service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): workloads.prepare_definition,
    ("apps", "DaemonSet"): workloads.prepare_daemon_set,
    ("batch", "Job"): workloads.prepare_job,
}
_UPDATE: dict[tuple[str, str], Callable[[Object, Object], None]] = {
    ("", "Namespace"): workloads.prepare_namespace_update,
    ("", "Service"): services.prepare_service_update,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): workloads.prepare_definition_update,
    ("apps", "DaemonSet"): workloads.prepare_daemon_set_update,
    ("certificates.k8s.io", "CertificateSigningRequest"): certificates.prepare_request_update,
}
_POD = ("", "Pod")
_CSR = ("certificates.k8s.io", "CertificateSigningRequest")
_ANNOTATIONS_COUNT = {("apps", "Deployment")}


def prepare_create(resource: Resource, obj: Object, user: UserInfo | None = None) -> None:
    """Make a new object what the server stores, in place; ``metadata`` has its name, namespace and uid already.

    Parameters
    ----------
    resource
        What the object is: ``group``, ``version``, ``kind`` and, for custom resources, ``subresources`` are used.
    obj
        A private copy.
    user
        Who creates it; a CertificateSigningRequest says so.
    """
    key = (resource.group, resource.kind)
    if key == _CSR:
        certificates.prepare_request(obj, user)
    status = new_status(resource)
    if status is not None:
        obj["status"] = status
    elif key != ("", "Node") and has_status(resource):
        obj.pop("status", None)
    if has_generation(resource):
        obj["metadata"]["generation"] = 1
    else:
        obj["metadata"].pop("generation", None)
    prepare = _CREATE.get(key)
    if prepare is not None:
        prepare(obj)


def prepare_update(resource: Resource, new: Object, old: Object, subresource: str = "") -> None:
    """Take back what this update may not change, and count the generation, in place.

    Parameters
    ----------
    resource
        What the object is, as for `prepare_create`.
    new
        A private copy.
    old
        The object as it is stored.
    subresource
        "", "status", or one of a kind's own: "approval", "finalize", "resize", "ephemeralcontainers".
    """
    keep_system_metadata(new, old)
    key = (resource.group, resource.kind)
    if subresource in ("status", "approval"):
        keep_except_status(new, old)
        if key == _POD:
            pods.prepare_pod_status(new, old)
        elif not is_built_in(resource.group):
            keep_metadata(new, old)
        return
    if key == _POD and subresource == "resize":
        pods.prepare_resize(new, old)
    elif key == _POD and subresource == "ephemeralcontainers":
        pods.prepare_ephemeral_containers(new, old)
    elif has_status(resource):
        _keep_status(new, old)
    prepare = _UPDATE.get(key)
    if prepare is not None and not subresource:
        prepare(new, old)
    if has_generation(resource) and (spec_changed(new, old) or (key in _ANNOTATIONS_COUNT and _annotated(new, old))):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _keep_status(new: Object, old: Object) -> None:
    if "status" in old:
        new["status"] = old["status"]
    else:
        new.pop("status", None)


def _annotated(new: Object, old: Object) -> bool:
    return (new["metadata"].get("annotations") or {}) != (old["metadata"].get("annotations") or {})
