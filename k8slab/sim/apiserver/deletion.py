"""What a DELETE does to an object: gone at once, marked and waiting, or nothing new.

Upstream: k8s.io/apiserver/pkg/registry/rest/delete.go (BeforeDelete), registry/generic/registry/store.go
(deletionFinalizersForGarbageCollection) and pkg/registry/core/pod/strategy.go (CheckGracefulDelete). Pure: the registry
carries the decision out.
"""

from dataclasses import dataclass
from typing import Literal

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.errors import StatusError, conflict
from k8slab.sim.apiserver.resources import Resource

__all__ = ["CLEANUP_FINALIZER", "DeleteOptions", "check_preconditions", "finished", "mark"]

Propagation = Literal["Background", "Foreground", "Orphan"]

_ORPHAN_BY_DEFAULT = {("", "ReplicationController"), ("batch", "Job")}
#: Holds a CustomResourceDefinition until its resources are gone.
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_FINALIZER = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}


@dataclass(frozen=True)
class DeleteOptions:
    """metav1.DeleteOptions."""

    grace_period: int | None = None
    propagation: Propagation | None = None
    uid: str | None = None
    resource_version: str | None = None


def check_preconditions(resource: Resource, obj: Object, options: DeleteOptions) -> None:
    """Raise 409 if the object is not the one the caller means."""
    meta = obj["metadata"]
    wrong: StatusError | None = None
    if options.uid and options.uid != meta["uid"]:
        wrong = _precondition(resource, meta["name"], "UID", options.uid, meta["uid"])
    elif options.resource_version and options.resource_version != meta["resourceVersion"]:
        wrong = _precondition(resource, meta["name"], "ResourceVersion", options.resource_version, meta["resourceVersion"])
    if wrong is not None:
        raise wrong


def _precondition(resource: Resource, name: str, what: str, wanted: str, found: str) -> StatusError:
    detail = (
        f"the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). "
        "The object might have been deleted and then recreated"
    )
    return conflict(resource.group, resource.kind, name, detail)


def mark(resource: Resource, obj: Object, options: DeleteOptions, now: float) -> Object | None:
    """Return the object as the DELETE leaves it, None if it is to go at once; the same object if nothing changes."""
    grace = _grace(resource, obj, options)
    finalizers = _finalizers(resource, obj, options)
    meta = obj["metadata"]
    unchanged = finalizers == (meta.get("finalizers") or [])
    if "deletionTimestamp" in meta:
        before = meta.get("deletionGracePeriodSeconds") or 0
        if before == 0 and not finalizers and not _spec_finalizers(resource, obj):
            return None
        shorter = grace < before
        if not shorter:
            return obj if unchanged else _with(obj, finalizers)
        if grace == 0 and not finalizers:
            return None
        marked = _marked(obj, finalizers, parse_time(meta["deletionTimestamp"]) - before + grace, grace)
        if "generation" in meta:
            marked["metadata"]["generation"] = meta["generation"]
        return marked
    if grace == 0 and not finalizers and not _spec_finalizers(resource, obj):
        return None
    return _terminating(resource, _marked(obj, finalizers, now + grace, grace))


def finished(resource: Resource, obj: Object) -> bool:
    """Whether an update has taken away the last thing that held a deleted object."""
    meta = obj["metadata"]
    return (
        "deletionTimestamp" in meta
        and not meta.get("finalizers")
        and not meta.get("deletionGracePeriodSeconds")
        and not _spec_finalizers(resource, obj)
    )


def _grace(resource: Resource, obj: Object, options: DeleteOptions) -> int:
    if (resource.group, resource.kind) != ("", "Pod"):
        return 0
    spec, status = obj.get("spec", {}), obj.get("status", {})
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.grace_period if options.grace_period is not None else spec.get("terminationGracePeriodSeconds", 30)
    return 1 if wanted < 0 else int(wanted)


def _finalizers(resource: Resource, obj: Object, options: DeleteOptions) -> list[str]:
    present = list(obj["metadata"].get("finalizers") or ())
    if resource.kind == "CustomResourceDefinition" and "deletionTimestamp" not in obj["metadata"]:
        present = [*(f for f in present if f != CLEANUP_FINALIZER), CLEANUP_FINALIZER]
    policy = options.propagation
    if policy is None:
        if any(f in present for f in _FINALIZER.values()):
            return present
        policy = "Orphan" if (resource.group, resource.kind) in _ORPHAN_BY_DEFAULT else "Background"
    kept = [f for f in present if f not in _FINALIZER.values()]
    return [*kept, _FINALIZER[policy]] if policy in _FINALIZER else kept


def _spec_finalizers(resource: Resource, obj: Object) -> bool:
    return resource.kind == "Namespace" and not resource.group and bool(obj.get("spec", {}).get("finalizers"))


def _with(obj: Object, finalizers: list[str]) -> Object:
    copy: Object = deep_copy(obj)
    copy["metadata"].pop("finalizers", None)
    if finalizers:
        copy["metadata"]["finalizers"] = finalizers
    return copy


def _marked(obj: Object, finalizers: list[str], when: float, grace: int) -> Object:
    copy = _with(obj, finalizers)
    meta = copy["metadata"]
    meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = rfc3339(when), grace
    if meta.get("generation"):
        meta["generation"] += 1
    return copy


def _terminating(resource: Resource, obj: Object) -> Object:
    if resource.kind == "Namespace" and not resource.group:
        obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
        del obj["metadata"]["deletionGracePeriodSeconds"]
    return obj
