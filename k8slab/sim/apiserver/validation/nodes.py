"""Nodes and Namespaces.

Upstream: pkg/apis/core/validation (ValidateNode, ValidateNodeUpdate, ValidateNamespace and their status updates).
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import cidr, label_key
from k8slab.sim.apiserver.validation.fields import Errors, duplicate, forbidden, invalid, invalid_each
from k8slab.sim.apiserver.validation.resources import quantity_errors
from k8slab.sim.apiserver.validation.scheduling import taints_errors

__all__ = ["namespace_errors", "namespace_finalize_errors", "namespace_status_errors", "node_errors", "node_update_errors"]

_ONCE = 'node updates may not change {} except from "" to valid'


def _resources_errors(node: Object) -> Errors:
    status = node.get("status") or {}
    return [
        error
        for field in ("capacity", "allocatable")
        for name, quantity in (status.get(field) or {}).items()
        for error in quantity_errors(name, quantity, f"status.{field}.{name}")
    ]


def node_errors(node: Object) -> Errors:
    """Check a Node, its metadata aside."""
    spec = node.get("spec") or {}
    errors = taints_errors(spec.get("taints") or [], "metadata.taints") + _resources_errors(node)
    ranges = spec.get("podCIDRs") or []
    for i, one in enumerate(ranges):
        errors += invalid_each(f"spec.podCIDRs[{i}]", one, cidr(one))
    if len(ranges) > 1:
        if len(ranges) > 2 or len({":" in one for one in ranges}) == 1:
            errors.append(invalid("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family"))
        errors += [duplicate(f"spec.podCIDRs[{i}]", one) for i, one in enumerate(ranges) if one in ranges[:i]]
    return errors


def node_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Node: its address range and provider id are given once."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _resources_errors(new)
    addresses = (new.get("status") or {}).get("addresses") or []
    errors += [duplicate(f"status.addresses[{i}]", one) for i, one in enumerate(addresses) if one in addresses[:i]]
    if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
        errors.append(forbidden("spec.podCIDRs", _ONCE.format("podCIDR")))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        errors.append(forbidden("spec.providerID", _ONCE.format("providerID")))
    return errors + taints_errors(spec.get("taints") or [], "metadata.taints")


def namespace_errors(namespace: Object) -> Errors:
    """Check a Namespace, its metadata aside."""
    finalizers = (namespace.get("spec") or {}).get("finalizers") or []
    return [error for one in finalizers for error in _finalizer_errors(one, "spec.finalizers")]


def _finalizer_errors(name: str, path: str) -> Errors:
    errors = invalid_each(path, name, label_key(name))
    if "/" not in name and name not in ("kubernetes", "orphan", "foregroundDeletion"):
        errors.append(invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified"))
    return errors


def namespace_status_errors(new: Object, old: Object) -> Errors:
    """Check that the phase agrees with whether the namespace is being deleted."""
    phase = (new.get("status") or {}).get("phase", "")
    if not new["metadata"].get("deletionTimestamp"):
        detail = "may only be 'Active' if `deletionTimestamp` is empty"
        return [] if phase == "Active" else [invalid("status.Phase", phase, detail)]
    detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
    return [] if phase == "Terminating" else [invalid("status.Phase", phase, detail)]


def namespace_finalize_errors(new: Object, old: Object) -> Errors:
    """Check the finalize subresource."""
    finalizers = (new.get("spec") or {}).get("finalizers") or []
    return [error for i, one in enumerate(finalizers) for error in _finalizer_errors(one, f"spec.finalizers[{i}]")]
