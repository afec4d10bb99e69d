"""Subresources that change another part of an object, or do something with it.

Upstream: pkg/registry/core/pod/storage (BindingREST, EvictionREST). Scale is in `scale`, the parts that stream (log, exec,
attach) in `streaming`.
"""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.apiserver.deletion import DeleteOptions
from k8slab.sim.apiserver.errors import FieldError, StatusError, bad_request, conflict, invalid, not_found, too_many_requests
from k8slab.sim.apiserver.registry import Call, Registry
from k8slab.sim.etcd import Entry

__all__ = ["bind", "evict", "not_served"]


def bind(registry: Registry, call: Call, binding: Object) -> None:
    """Assign a Pod to the node that a Binding names, which ends its nomination; 409 if it has one or is being deleted."""
    entry = registry.get(call)
    pod, target = entry.value, binding.get("target") or {}
    node = target.get("name", "")
    if target.get("kind", "Node") not in ("Node", ""):
        error = FieldError("FieldValueNotSupported", "target.kind", 'supported values: "Node", "<empty>"', target["kind"])
        raise invalid("", "Binding", call.name, [error])
    if not node:
        raise invalid("", "Binding", call.name, [FieldError("FieldValueRequired", "target.name")])
    problem = _unbindable(pod, binding, node)
    if problem:
        raise conflict("", "pods/binding", call.name, problem)
    if call.dry_run:
        return
    now = rfc3339(registry.kernel.now())
    conditions = [c for c in pod["status"].get("conditions") or () if c["type"] != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now})
    meta = pod["metadata"]
    if annotations(binding):
        meta = {**meta, "annotations": {**annotations(pod), **annotations(binding)}}
    bound = {
        **pod,
        "metadata": meta,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {k: v for k, v in pod["status"].items() if k != "nominatedNodeName"} | {"conditions": conditions},
    }
    registry.store.update(call.resource.storage_prefix, entry.name, bound, entry.revision)


def _unbindable(pod: Object, binding: Object, node: str) -> str:
    meta, uid = pod["metadata"], binding.get("metadata", {}).get("uid")
    if uid and uid != meta["uid"]:
        return f"the UID in the precondition ({uid}) does not match the UID in record ({meta['uid']})"
    if meta.get("deletionTimestamp"):
        return f"pod {meta['name']} is being deleted, cannot be assigned to a host"
    if pod["spec"].get("nodeName"):
        return f'pod {meta["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
    if pod["spec"].get("schedulingGates"):
        return f"pod {meta['name']} has non-empty .spec.schedulingGates"
    return ""


def evict(registry: Registry, call: Call, eviction: Object, delete: Callable[[Call, DeleteOptions], Any]) -> None:
    """Delete a Pod if the PodDisruptionBudgets allow it, else 429 (upstream: EvictionREST.Create)."""
    entry = registry.get(call)
    pod = entry.value
    name = eviction.get("metadata", {}).get("name", call.name)
    if name != call.name:
        raise bad_request(f"name in URL does not match name in Eviction object: {call.name}")
    budgets = _budgets(registry, pod)
    if len(budgets) > 1:
        raise StatusError(
            500,
            "InternalError",
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        )
    if budgets and not _evictable_anyway(pod):
        _spend(registry, call, budgets[0])
    options = eviction.get("deleteOptions") or {}
    preconditions = options.get("preconditions") or {}
    delete(
        call,
        DeleteOptions(
            options.get("gracePeriodSeconds"),
            options.get("propagationPolicy"),
            preconditions.get("uid"),
            preconditions.get("resourceVersion"),
        ),
    )


def _budgets(registry: Registry, pod: Object) -> list[Entry]:
    found = []
    for entry in registry.store.range("/registry/poddisruptionbudgets/", f"{pod['metadata']['namespace']}/"):
        selector = selector_of(entry.value["spec"].get("selector"))
        if selector is not None and matches(selector, pod["metadata"].get("labels") or {}):
            found.append(entry)
    return found


def _evictable_anyway(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _spend(registry: Registry, call: Call, entry: Entry) -> None:
    budget = entry.value
    status: Object = budget.get("status") or {}
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise too_many_requests(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            10,
            [{"reason": "DisruptionBudget", "message": f"The disruption budget {name} is still being processed by the server."}],
        )
    if status.get("disruptionsAllowed", 0) <= 0:
        need, have = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        message = f"The disruption budget {name} needs {need} healthy pods and has {have} currently"
        raise too_many_requests(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            0,
            [{"reason": "DisruptionBudget", "message": message}],
        )
    if call.dry_run:
        return
    disrupted = {**(status.get("disruptedPods") or {}), call.name: rfc3339(registry.kernel.now())}
    spent = {**status, "disruptionsAllowed": status["disruptionsAllowed"] - 1, "disruptedPods": disrupted}
    registry.store.update("/registry/poddisruptionbudgets/", entry.name, {**budget, "status": spent}, entry.revision)


def not_served(call: Call) -> StatusError:
    """404 for a subresource that a kind does not have."""
    return not_found(call.resource.group, f"{call.resource.plural}/{call.subresource}", call.name)
