"""Pods: creation, the few fields an update may change, status, resize, ephemeral containers, and the binding to a node.

Upstream: pkg/apis/core/validation (ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate, ValidatePodResize,
ValidatePodEphemeralContainersUpdate, ValidatePodBinding). The difference that upstream appends to a refused update is Go's
cmp.Diff; ours is a shorter diff of the changed fields.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_subdomain, ip_address, label_key, range_message
from k8slab.sim.apiserver.strategy.qos import qos_class
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    invalid_each,
    not_supported,
    quantity_less,
    required,
)
from k8slab.sim.apiserver.validation.pod_spec import pod_annotations_errors, pod_spec_errors
from k8slab.sim.apiserver.validation.scheduling import added_tolerations_errors, removed_gates_errors

__all__ = ["binding_errors", "ephemeral_containers_update_errors", "pod_errors", "pod_resize_errors",
           "pod_status_errors", "pod_update_errors"]  # fmt: skip

_MIRROR = "kubernetes.io/config.mirror"
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_MAX = 2**31 - 1


def pod_errors(pod: Object) -> Errors:
    """Check a new pod, its metadata aside."""
    spec = pod.get("spec") or {}
    errors = _spec_errors(pod, spec)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errors.append(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    return errors


def _spec_errors(pod: Object, spec: Object) -> Errors:
    errors: Errors = []
    annotations = pod["metadata"].get("annotations")
    if annotations:
        if _MIRROR in annotations and not spec.get("nodeName"):
            detail = "must set spec.nodeName if mirror pod annotation is set"
            errors.append(invalid(f"metadata.annotations[{_MIRROR}]", annotations[_MIRROR], detail))
        errors += pod_annotations_errors(annotations, "metadata.annotations")
    errors += pod_spec_errors(spec, "spec", is_pod=True)
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field) or ()):
            image = container.get("image", "")
            if image != image.strip():
                detail = "must not have leading or trailing whitespace"
                errors.append(invalid(f"spec.{field}[{i}].image", image, detail))
    return errors


def pod_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a pod: almost all of its spec is fixed."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec == before:
        return _annotation_changes(new, old)
    errors = _spec_errors(new, spec) + _annotation_changes(new, old)
    for field in ("containers", "initContainers"):
        if len(spec.get(field) or ()) != len(before.get(field) or ()):
            return [*errors, forbidden(f"spec.{field}", "pod updates may not add or remove containers")]
    deadline_errors, stop = _deadline_errors(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    errors += deadline_errors
    if stop:
        return errors
    errors += added_tolerations_errors(spec.get("tolerations") or [], before.get("tolerations") or [], "spec.tolerations")
    gates = before.get("schedulingGates") or []
    errors += removed_gates_errors(spec.get("schedulingGates") or [], gates, "spec.schedulingGates")
    munged = _with_updatable_of(spec, before)
    if gates:
        errors += _gated_errors(munged, before)
    if munged != before:
        detail = f"pod updates may not change fields other than {_UPDATABLE}\n{_difference(before, munged)}"
        errors.append(forbidden("spec", detail))
    return errors


def _annotation_changes(new: Object, old: Object) -> Errors:
    after, before = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    if after.get(_MIRROR) == before.get(_MIRROR):
        return []
    verb = "add" if _MIRROR not in before else "remove or update"
    return [forbidden(f"metadata.annotations[{_MIRROR}]", f"may not {verb} mirror pod annotation")]


def _deadline_errors(new: int | None, old: int | None) -> tuple[Errors, bool]:
    path = "spec.activeDeadlineSeconds"
    if new is None:
        detail = "must not update from a positive integer to nil value"
        return ([invalid(path, None, detail)], False) if old is not None else ([], False)
    if not 0 <= new <= _MAX:
        return [invalid(path, new, range_message(0, _MAX))], True
    if old is not None and old < new:
        return [invalid(path, new, "must be less than or equal to previous value")], True
    return [], False


def _with_updatable_of(spec: Object, before: Object) -> Object:
    """The new spec with the fields that may change set back; what still differs may not."""
    munged = dict(spec)
    for field in ("containers", "initContainers"):
        if spec.get(field):
            pairs = zip(spec[field], before[field], strict=True)
            munged[field] = [{**new, "image": old.get("image")} for new, old in pairs]
    for field in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _set_back(munged, before, field)
    if before.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        _set_back(munged, before, "terminationGracePeriodSeconds")
    return munged


def _set_back(munged: Object, before: Object, field: str) -> None:
    munged.pop(field, None)
    if field in before:
        munged[field] = before[field]


def _gated_errors(munged: Object, before: Object) -> Errors:
    """A gated pod may be narrowed further: node selector entries and node affinity may be added."""
    errors: Errors = []
    new, old = munged.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if any(new.get(key) != value for key, value in old.items()):
        detail = "only additions are allowed (no mutations or deletions)"
        errors.append(invalid("spec.nodeSelector", new, detail))
    _set_back(munged, before, "nodeSelector")
    affinity, previous = dict(munged.get("affinity") or {}), before.get("affinity") or {}
    affinity.pop("nodeAffinity", None)
    if "nodeAffinity" in previous:
        affinity["nodeAffinity"] = previous["nodeAffinity"]
    munged.pop("affinity", None)
    if affinity or "affinity" in before:
        munged["affinity"] = affinity
    return errors


def _difference(before: Any, after: Any, path: str = "spec") -> str:
    """Return the lines that changed, in the manner of a diff."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        parts = [_difference(before.get(k), after.get(k), f"{path}.{k}") for k in keys if before.get(k) != after.get(k)]
        return "".join(parts)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return "".join(_difference(a, b, f"{path}[{i}]") for i, (a, b) in pairs if a != b)
    minus = "" if before is None else f"- \t{path}: {before!r}\n"
    plus = "" if after is None else f"+ \t{path}: {after!r}\n"
    return minus + plus


def pod_status_errors(new: Object, old: Object) -> Errors:
    """Check an update of a pod's status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = _annotation_changes(new, old)
    for i, condition in enumerate(status.get("conditions") or ()):
        kind = condition.get("type", "")
        if label_key(kind):
            errors += invalid_each(f"metadata.conditions[{i}].Type", kind, label_key(kind))
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        errors += invalid_each("status.nominatedNodeName", nominated, dns1123_subdomain(nominated))
    errors += immutable(status.get("qosClass"), before.get("qosClass"), "status.qosClass")
    spec = old.get("spec") or {}
    restart = spec.get("restartPolicy", "Always")
    sidecars = {c.get("name") for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    for field, policy, exempt in (
        ("containerStatuses", restart, set[Any]()),
        ("initContainerStatuses", restart, sidecars),
        ("ephemeralContainerStatuses", "Never", set[Any]()),
    ):
        if field in before and policy != "Always":
            errors += _transition_errors(status.get(field) or [], before[field], policy, exempt, f"status.{field}")
    return errors + _ip_errors(status)


def _transition_errors(new: list[Object], old: list[Object], policy: str, exempt: set[Any], path: str) -> Errors:
    """What has ended for good may not run again."""
    after = {one.get("name"): one for one in new}
    errors: Errors = []
    for i, status in enumerate(old):
        ended = (status.get("state") or {}).get("terminated")
        name = status.get("name")
        if not ended or (ended.get("exitCode") and policy == "OnFailure") or name in exempt or name not in after:
            continue
        if not (after[name].get("state") or {}).get("terminated"):
            errors.append(forbidden(f"{path}[{i}].state", "may not be transitioned to non-terminated state"))
    return errors


def _ip_errors(status: Object) -> Errors:
    errors: Errors = []
    for field in ("podIPs", "hostIPs"):
        for i, entry in enumerate(status.get(field) or ()):
            address = entry.get("ip", "")
            if ip_address(address):
                errors += invalid_each(f"status.{field}[{i}]", address, ip_address(address))
    return errors


def ephemeral_containers_update_errors(new: Object, old: Object) -> Errors:
    """Check the ephemeralcontainers subresource: only additions."""
    path = "spec.ephemeralContainers"
    spec = new.get("spec") or {}
    errors = _spec_errors(new, spec)
    current = {c.get("name"): c for c in spec.get("ephemeralContainers") or ()}
    for container in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = container.get("name")
        if name not in current:
            errors.append(forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n'))
        elif current[name] != container:
            detail = f'existing ephemeral containers "{name}" may not be changed\n{_difference(container, current[name])}'
            errors.append(forbidden(path, detail))
    return errors


def pod_resize_errors(new: Object, old: Object) -> Errors:
    """Check the resize subresource: only cpu and memory of containers, and never a removal."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _spec_errors(new, spec)
    if qos_class(spec) != qos_class(before):
        qos = (new.get("status") or {}).get("qosClass", "")
        errors.append(invalid("spec", qos, "Pod QOS Class may not change as a result of resizing"))
    containers, previously = spec.get("containers") or [], before.get("containers") or []
    if len(containers) != len(previously):
        return [*errors, forbidden("spec.containers", "pod updates may not add or remove containers")]
    munged = {**spec, "containers": []}
    for i, (container, previous) in enumerate(zip(containers, previously, strict=True)):
        errors += _resources_removed(container, previous, f"spec.containers[{i}].resources")
        munged["containers"].append(_without_resize(container, previous))
    if munged != {**before, "containers": previously}:
        errors.append(forbidden("spec", "only cpu and memory resources are mutable"))
    return errors


def _resources_removed(new: Object, old: Object, path: str) -> Errors:
    errors: Errors = []
    after, before = new.get("resources") or {}, old.get("resources") or {}
    for field in ("requests", "limits"):
        if (before.get(field) or {}).keys() - (after.get(field) or {}).keys():
            errors.append(forbidden(f"{path}.{field}", f"resource {field} cannot be removed"))
    policies = {p.get("resourceName"): p.get("restartPolicy") for p in new.get("resizePolicy") or ()}
    limit, previous = (after.get("limits") or {}).get("memory"), (before.get("limits") or {}).get("memory")
    if limit and not previous and policies.get("memory", "NotRequired") == "NotRequired":
        detail = "memory limits cannot be added unless resizePolicy is RestartContainer"
        errors.append(forbidden(f"{path}.limits[memory]", detail))
    if limit and quantity_less(limit, "0"):
        errors.append(invalid(f"{path}.limits[memory]", limit, "must be greater than or equal to 0"))
    return errors


def _without_resize(new: Object, old: Object) -> Object:
    munged = {k: v for k, v in new.items() if k not in ("resources", "resizePolicy")}
    for field in ("resources", "resizePolicy"):
        if field in old:
            munged[field] = old[field]
    other = {
        field: {k: v for k, v in ((new.get("resources") or {}).get(field) or {}).items() if k not in ("cpu", "memory")}
        for field in ("requests", "limits")
    }
    kept = {
        field: {k: v for k, v in ((old.get("resources") or {}).get(field) or {}).items() if k not in ("cpu", "memory")}
        for field in ("requests", "limits")
    }
    return munged if other == kept else new


def binding_errors(binding: Object) -> Errors:
    """Check a Binding: the target is a node, by name."""
    target = binding.get("target") or {}
    errors: Errors = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(required("target.name"))
    return errors
