"""Persistent volumes, claims and storage classes.

Upstream: pkg/apis/core/validation (ValidatePersistentVolume, ValidatePersistentVolumeClaim) and pkg/apis/storage/validation.
Simplified: of the sources of a volume only hostPath, local, nfs and csi are looked into.
"""

from typing import Any

from k8slab.apimachinery.quantity import parse_quantity, value
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import GoLiteral
from k8slab.sim.apiserver.names import dns1123_subdomain, label_key
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    invalid_each,
    missing,
    not_supported,
    required,
    too_long,
)
from k8slab.sim.apiserver.validation.selectors import label_selector_errors, node_selector_errors, topology_term_errors
from k8slab.sim.apiserver.validation.volumes import host_path_errors

__all__ = ["claim_errors", "claim_status_errors", "claim_update_errors", "storage_class_errors", "storage_class_update_errors",
           "volume_errors", "volume_update_errors"]  # fmt: skip

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")
_RECLAIM = ("Delete", "Recycle", "Retain")
_BINDING = ("Immediate", "WaitForFirstConsumer")
_NOT_A_SOURCE = {"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
                 "storageClassName", "volumeAttributesClassName", "volumeMode"}  # fmt: skip
_POSITIVE = "must be greater than zero"
_NO_QUANTITY = "must be a valid resource quantity"
_CLAIM_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def _known_mode_errors(modes: list[str], path: str) -> Errors:
    errors = [not_supported(path, mode, _ACCESS_MODES) for mode in modes if mode not in _ACCESS_MODES]
    if "ReadWriteOncePod" in modes and any(m in _ACCESS_MODES and m != "ReadWriteOncePod" for m in modes):
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def _class_name_errors(spec: Object, name: str, path: str) -> Errors:
    value = spec.get(name)
    return invalid_each(f"{path}.{name}", value, dns1123_subdomain(value)) if value else []


def volume_errors(volume: Object) -> Errors:
    """Check a PersistentVolume, its metadata aside."""
    spec = volume.get("spec") or {}
    capacity, modes = spec.get("capacity") or {}, spec.get("accessModes") or []
    errors = [] if modes else [required("spec.accessModes")]
    errors += _known_mode_errors(modes, "spec.accessModes")
    if not capacity:
        errors.append(required("spec.capacity"))
    if "storage" not in capacity or len(capacity) > 1:
        errors.append(not_supported("spec.capacity", missing(spec.get("capacity")), ("storage",)))
    for name, quantity in capacity.items():
        if parse_quantity(quantity) < 0:
            errors.append(invalid(f"spec.capacity[{name}]", value(quantity), _NO_QUANTITY))
        if parse_quantity(quantity) <= 0:
            errors.append(invalid(f"spec.capacity[{name}]", str(quantity), _POSITIVE))
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM:
        errors.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required"):
            errors += node_selector_errors(affinity["required"], "spec.nodeAffinity.required")
        else:
            errors.append(required("spec.nodeAffinity.required", "must specify required node constraints"))
    errors += _source_errors(spec) + _class_name_errors(spec, "storageClassName", "spec")
    if spec.get("volumeMode") and spec["volumeMode"] not in _VOLUME_MODES:
        errors.append(not_supported("spec.volumeMode", spec["volumeMode"], _VOLUME_MODES))
    return errors


def _source_errors(spec: Object) -> Errors:
    sources = [name for name in spec if name not in _NOT_A_SOURCE]
    if not sources:
        return [required("spec", "must specify a volume type")]
    kind = sources[0]
    source, path = spec[kind], f"spec.{kind}"
    errors: Errors = []
    if kind == "hostPath":
        errors += host_path_errors(source, path)
        if source.get("path") == "/" and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            detail = "may not be 'recycle' for a hostPath mount of '/'"
            errors.append(forbidden("spec.persistentVolumeReclaimPolicy", detail))
    elif kind == "local":
        if not source.get("path"):
            errors.append(required(f"{path}.path"))
        if spec.get("nodeAffinity") is None:
            errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    elif kind == "nfs":
        errors += [required(f"{path}.{field}") for field in ("server", "path") if not source.get(field)]
        if source.get("path") and not source["path"].startswith("/"):
            errors.append(invalid(f"{path}.path", source["path"], "must be an absolute path"))
    elif kind == "csi":
        errors += _driver_errors(source.get("driver", ""), f"{path}.driver")
        errors += [] if source.get("volumeHandle") else [required(f"{path}.volumeHandle")]
    return errors + [forbidden(f"spec.{name}", "may not specify more than 1 volume type") for name in sources[1:]]


def _driver_errors(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    errors = [too_long(path, 63)] if len(name) > 63 else []
    return errors + invalid_each(path, name, dns1123_subdomain(name.lower()))


def volume_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a PersistentVolume: where the data is stays."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = volume_errors(new)
    sources = [{k: v for k, v in one.items() if k not in _NOT_A_SOURCE} for one in (spec, before)]
    if sources[0] != sources[1]:
        detail = "spec.persistentvolumesource is immutable after creation\n"
        errors.append(forbidden("spec.persistentvolumesource", detail))
    errors += immutable(spec.get("volumeMode"), before.get("volumeMode"), "volumeMode")
    if before.get("nodeAffinity") is not None:
        errors += immutable(spec.get("nodeAffinity"), before["nodeAffinity"], "nodeAffinity")
    return errors


def claim_errors(claim: Object) -> Errors:
    """Check a PersistentVolumeClaim, its metadata aside."""
    spec = claim.get("spec") or {}
    modes = spec.get("accessModes") or []
    errors = [] if modes else [required("spec.accessModes", "at least 1 access mode is required")]
    errors += label_selector_errors(spec.get("selector"), "spec.selector") + _known_mode_errors(modes, "spec.accessModes")
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        errors.append(required("spec.resources[storage]"))
    elif parse_quantity(size) <= 0:
        errors.append(invalid("spec.resources[storage]", str(size), _POSITIVE))
    errors += _class_name_errors(spec, "storageClassName", "spec")
    if spec.get("volumeMode") and spec["volumeMode"] not in _VOLUME_MODES:
        errors.append(not_supported("spec.volumeMode", spec["volumeMode"], _VOLUME_MODES))
    for name in ("dataSource", "dataSourceRef"):
        if name in spec:
            errors += _data_source_errors(spec[name], f"spec.{name}")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is not None and _referred(source) != _referred(reference):
        errors.append(invalid("spec", GoLiteral("{}"), "must match dataSourceRef"))
    return errors + _class_name_errors(spec, "volumeAttributesClassName", "spec")


def _referred(source: Object) -> tuple[str, str, str]:
    return source.get("apiGroup") or "", source.get("kind") or "", source.get("name") or ""


def _data_source_errors(source: Object, path: str) -> Errors:
    errors = [required(f"{path}.{field}") for field in ("name", "kind") if not source.get(field)]
    if not source.get("apiGroup") and source.get("kind") != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, source.get("kind", ""), detail))
    return errors


def claim_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a claim: bound once, then only its size may grow."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = claim_errors(new)
    bound = (new.get("status") or {}).get("phase") == "Bound"
    settable = {name for name in ("volumeName", "storageClassName") if not before.get(name)}
    if _fixed(spec, settable, bound) != _fixed(before, settable, bound):
        errors.append(forbidden("spec", _CLAIM_FIXED + _changes(before, spec)))
    size, previous = (((one.get("resources") or {}).get("requests") or {}).get("storage", "0") for one in (spec, before))
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if parse_quantity(size) < parse_quantity(previous) and parse_quantity(size) <= parse_quantity(capacity):
        errors.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
    return errors + immutable(spec.get("volumeMode"), before.get("volumeMode"), "volumeMode")


def _fixed(spec: Object, settable: set[str], bound: bool) -> Object:
    """What of a claim has to stay: not what is still to be set, not the size of a bound one."""
    kept = {name: value for name, value in spec.items() if name not in settable}
    if bound:
        kept.pop("volumeAttributesClassName", None)
        resources = dict(kept.get("resources") or {})
        resources["requests"] = {k: v for k, v in (resources.get("requests") or {}).items() if k != "storage"}
        kept["resources"] = resources
    return kept


def _changes(before: Object, after: Object) -> str:
    def lines(sign: str, one: Any, other: Any) -> str:
        return "".join(f"{sign} \t{k}: {v!r}\n" for k, v in one.items() if other.get(k) != v)

    return lines("-", before, after) + lines("+", after, before)


def claim_status_errors(new: Object, old: Object) -> Errors:
    """Check an update of a claim's status."""
    capacity = (new.get("status") or {}).get("capacity") or {}
    return [
        invalid(f"status.capacity[{name}]", value(quantity), _NO_QUANTITY)
        for name, quantity in capacity.items()
        if parse_quantity(quantity) < 0
    ]


def storage_class_errors(storage_class: Object) -> Errors:
    """Check a StorageClass, its metadata aside."""
    provisioner, reclaim = storage_class.get("provisioner", ""), storage_class.get("reclaimPolicy")
    errors: Errors = []
    if not provisioner:
        errors.append(required("provisioner", ""))
    errors += invalid_each("provisioner", provisioner, label_key(provisioner.lower())) if provisioner else []
    parameters = storage_class.get("parameters") or {}
    if "" in parameters:
        errors.append(invalid("parameters", "", "field can not be empty."))
    if reclaim and reclaim not in ("Delete", "Retain"):
        errors.append(not_supported("reclaimPolicy", reclaim, ("Delete", "Retain")))
    binding = storage_class.get("volumeBindingMode")
    if binding is None:
        errors.append(required("volumeBindingMode"))
    elif binding not in _BINDING:
        errors.append(not_supported("volumeBindingMode", binding, _BINDING))
    for i, term in enumerate(storage_class.get("allowedTopologies") or ()):
        errors += topology_term_errors(term, f"allowedTopologies[{i}]")
    return errors


def storage_class_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a StorageClass: what decides how volumes come about stays."""
    errors = [
        forbidden(name, f"updates to {name} are forbidden.")
        for name in ("parameters", "provisioner", "reclaimPolicy")
        if (new.get(name) or None) != (old.get(name) or None)
    ]
    return errors + immutable(new.get("volumeBindingMode"), old.get("volumeBindingMode"), "volumeBindingMode")
