"""Rules for ``metadata`` of every kind.

Upstream: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, the additional finalizer rule of
pkg/apis/core/validation, and the name rule of each kind's strategy (here one table).
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError
from k8slab.sim.apiserver.names import (
    NameRule,
    dns1035_label,
    dns1123_label,
    dns1123_subdomain,
    label_key,
    label_value,
    masked_prefix,
    path_segment,
)
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    invalid_each,
    nonnegative,
    required,
    too_long,
)

__all__ = ["annotations_errors", "labels_errors", "meta_errors", "meta_update_errors", "name_rule"]

_MAX_ANNOTATIONS = 256 * 1024
_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
_RBAC = "rbac.authorization.k8s.io"
_NAME_RULES: dict[tuple[str, str], NameRule] = {
    ("", "Namespace"): dns1123_label,
    ("", "Service"): dns1035_label,
    ("apps", "StatefulSet"): dns1123_label,
    (_RBAC, "Role"): path_segment,
    (_RBAC, "RoleBinding"): path_segment,
    (_RBAC, "ClusterRole"): path_segment,
    (_RBAC, "ClusterRoleBinding"): path_segment,
    ("", "Event"): path_segment,
    ("events.k8s.io", "Event"): path_segment,
    ("certificates.k8s.io", "CertificateSigningRequest"): path_segment,
    ("policy", "PodDisruptionBudget"): path_segment,
    ("networking.k8s.io", "IPAddress"): path_segment,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): dns1123_subdomain,
    ("apiregistration.k8s.io", "APIService"): path_segment,
}


def name_rule(group: str, kind: str) -> NameRule:
    """Return the format that names of a kind have; most are RFC 1123 subdomains."""
    return _NAME_RULES.get((group, kind), dns1123_subdomain)


def meta_errors(meta: Object, namespaced: bool, rule: NameRule, standard_finalizers: bool) -> Errors:
    """Check ``metadata`` as on create.

    Parameters
    ----------
    standard_finalizers
        Whether an unqualified finalizer has to be one of the standard names; true for built-in kinds.
    """
    errors: Errors = []
    generate = meta.get("generateName")
    if generate:
        errors += invalid_each("metadata.generateName", generate, rule(masked_prefix(generate)))
    name = meta.get("name")
    if not name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        complaints = rule(name)
        if complaints:
            errors += invalid_each("metadata.name", name, complaints)
    errors += _namespace_errors(meta.get("namespace"), namespaced)
    generation = meta.get("generation")
    if generation is not None:
        errors += nonnegative(generation, "metadata.generation")
    _common(meta, errors)
    if standard_finalizers and meta.get("finalizers"):
        errors += _finalizer_names(meta["finalizers"])
    return errors


def _namespace_errors(namespace: str | None, namespaced: bool) -> Errors:
    if not namespaced:
        return [forbidden("metadata.namespace", "not allowed on this type")] if namespace else []
    if not namespace:
        return [required("metadata.namespace")]
    return invalid_each("metadata.namespace", namespace, dns1123_label(namespace))


def _common(meta: Object, errors: Errors) -> None:
    """Labels, annotations, owners and finalizers: the same on create and update."""
    labels = meta.get("labels")
    if labels:
        errors += labels_errors(labels, "metadata.labels")
    annotations = meta.get("annotations")
    if annotations:
        errors += annotations_errors(annotations, "metadata.annotations")
    owners = meta.get("ownerReferences")
    if owners:
        errors += _owner_errors(owners)
    finalizers = meta.get("finalizers")
    if finalizers:
        errors += _finalizer_errors(finalizers)


def labels_errors(labels: dict[str, str], path: str) -> Errors:
    """Check the keys and values of a map of labels (also of selectors)."""
    errors: Errors = []
    for key, value in labels.items():
        for message in label_key(key):
            errors.append(invalid(path, key, message))
        for message in label_value(value):
            errors.append(invalid(path, value, message))
    return errors


def annotations_errors(annotations: dict[str, str], path: str) -> Errors:
    """Check the keys of annotations and their size together."""
    errors: Errors = []
    size = 0
    for key, value in annotations.items():
        for message in label_key(key.lower()):
            errors.append(invalid(path, key, message))
        size += len(key) + (len(value) if value.isascii() else len(value.encode()))
    if size > _MAX_ANNOTATIONS:
        errors.append(too_long(path, _MAX_ANNOTATIONS))
    return errors


def _owner_errors(owners: list[Object]) -> Errors:
    path = "metadata.ownerReferences"
    errors: Errors = []
    controller = ""
    for owner in owners:
        version = owner.get("apiVersion", "")
        if not version.rpartition("/")[2]:
            errors.append(invalid(f"{path}.apiVersion", version, "version must not be empty"))
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                errors.append(invalid(f"{path}.{name}", "", "must not be empty"))
        if version == "v1" and owner.get("kind") == "Event":
            errors.append(invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"))
        if owner.get("controller"):
            current = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                detail = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {current}"
                )
                errors.append(invalid(path, owners, detail))
            controller = controller or current
    return errors


def _finalizer_errors(finalizers: list[str]) -> Errors:
    path = "metadata.finalizers"
    errors = [invalid(path, one, message) for one in finalizers for message in label_key(one)]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        errors.append(invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
    return errors


def _finalizer_names(finalizers: list[str]) -> Errors:
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid(f"metadata.finalizers[{i}]", one, detail)
        for i, one in enumerate(finalizers)
        if "/" not in one and one not in _STANDARD_FINALIZERS
    ]


def meta_update_errors(new: Object, old: Object, standard_finalizers: bool) -> Errors:
    """Check ``metadata`` of an update against what is stored."""
    errors: Errors = []
    if old.get("deletionTimestamp"):
        errors += _new_finalizers(new.get("finalizers") or [], old.get("finalizers") or [])
    if not new.get("resourceVersion"):
        errors.append(invalid("metadata.resourceVersion", "", "must be specified for an update"))
    if new.get("generation", 0) < old.get("generation", 0):
        errors.append(invalid("metadata.generation", new.get("generation", 0), "must not be decremented"))
    for name in ("name", "namespace", "uid"):
        if new.get(name) != old.get(name):
            errors += immutable(new.get(name, ""), old.get(name, ""), f"metadata.{name}")
    for name in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if new.get(name) != old.get(name):
            errors.append(_changed(new.get(name), f"metadata.{name}"))
    _common(new, errors)
    if standard_finalizers and new.get("finalizers"):
        errors += _finalizer_names(new["finalizers"])
    return errors


def _changed(value: Any, path: str) -> FieldError:
    return invalid(path, value, "field is immutable")


def _new_finalizers(new: list[str], old: list[str]) -> Errors:
    extra = sorted(set(new) - set(old))
    if not extra:
        return []
    shown = ", ".join(f'"{one}"' for one in extra)
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{shown}}}"
    return [forbidden("metadata.finalizers", detail)]
