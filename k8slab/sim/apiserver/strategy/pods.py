"""Strategy of pods.

Upstream: pkg/registry/core/pod/strategy.go. Deletion and grace periods are the registry's.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.strategy.qos import qos_class

__all__ = ["prepare_ephemeral_containers", "prepare_pod", "prepare_pod_status", "prepare_resize"]


def prepare_pod(pod: Object) -> None:
    """A new pod is Pending, and its quality of service is known from the start."""
    spec = pod["spec"]
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    gates = spec.get("schedulingGates")
    if gates:
        message = "Scheduling is blocked due to non-empty scheduling gates"
        condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": message}
        pod["status"]["conditions"] = [condition]
    account = spec.get("serviceAccountName")
    if account:
        spec["serviceAccount"] = account


def prepare_pod_status(new: Object, old: Object) -> None:
    """The status subresource leaves owners and deletion alone, and the quality of service cannot get lost."""
    owners = old["metadata"].get("ownerReferences")
    if owners is not None:
        new["metadata"]["ownerReferences"] = owners
    else:
        new["metadata"].pop("ownerReferences", None)
    before = (old.get("status") or {}).get("qosClass")
    if before and not (new.get("status") or {}).get("qosClass"):
        new["status"] = {**(new.get("status") or {}), "qosClass": before}


def _only(new: Object, old: Object, spec: Object) -> None:
    for name in [name for name in new if name not in ("metadata", "apiVersion", "kind")]:
        del new[name]
    new["spec"] = spec
    if "status" in old:
        new["status"] = old["status"]


def prepare_ephemeral_containers(new: Object, old: Object) -> None:
    """Through the ephemeralcontainers subresource only those change."""
    containers = (new.get("spec") or {}).get("ephemeralContainers")
    spec = {name: value for name, value in old["spec"].items() if name != "ephemeralContainers"}
    if containers is not None:
        spec["ephemeralContainers"] = containers
    _only(new, old, spec)


def prepare_resize(new: Object, old: Object) -> None:
    """Through the resize subresource only resources and resize policies of containers change."""
    spec = dict(old["spec"])
    for field in ("containers", "initContainers"):
        wanted = {c.get("name"): c for c in (new.get("spec") or {}).get(field) or ()}
        if field in spec and len(wanted) == len(spec[field]):
            spec[field] = [_resized(one, wanted.get(one.get("name"), one)) for one in spec[field]]
    _only(new, old, spec)


def _resized(container: Object, wanted: Object) -> Object:
    resized = dict(container)
    for name in ("resources", "resizePolicy"):
        if name in wanted:
            resized[name] = wanted[name]
    return resized
