"""Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and their revisions.

Upstream: pkg/apis/apps/validation, pkg/apis/core/validation (ReplicationController) and the selector immutability of each
kind's registry strategy. As upstream, a StatefulSet's template is checked only for labels, annotations and restart policy.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    int_or_percent,
    invalid,
    missing,
    nonnegative,
    nonnegative_fields,
    not_more_than_100_percent,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.objectmeta import annotations_errors, labels_errors
from k8slab.sim.apiserver.validation.pod_spec import pod_template_errors
from k8slab.sim.apiserver.validation.selectors import label_selector_errors, shown_selector, template_label_errors

__all__ = ["controller_revision_errors", "controller_revision_update_errors", "daemon_set_errors", "daemon_set_update_errors",
           "deployment_errors", "deployment_update_errors", "replica_set_errors", "replica_set_update_errors",
           "replicas_status_errors", "replication_controller_errors", "stateful_set_errors",
           "stateful_set_update_errors"]  # fmt: skip

_TEMPLATE_LABELS = "spec.template.metadata.labels"
_STATEFUL_UPDATABLE = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                       "persistentVolumeClaimRetentionPolicy", "minReadySeconds")  # fmt: skip
_STATEFUL_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _is_empty(selector: Object | None) -> bool:
    return not ((selector or {}).get("matchLabels") or (selector or {}).get("matchExpressions"))


def _selector_errors(selector: Object | None, empty_detail: str) -> Errors:
    if selector is None:
        return [required("spec.selector")]
    errors = label_selector_errors(selector, "spec.selector")
    return [*errors, invalid("spec.selector", selector, empty_detail)] if _is_empty(selector) else errors


def _labels_of(template: Object) -> dict[str, str] | None:
    return (template.get("metadata") or {}).get("labels")


def _always_running_errors(template: Object, owner: str, path: str = "spec.template.spec") -> Errors:
    """Pods of these kinds run for ever: no other restart policy, no deadline."""
    spec = template.get("spec") or {}
    errors: Errors = []
    if spec.get("restartPolicy") != "Always":
        errors.append(not_supported(f"{path}.restartPolicy", spec.get("restartPolicy", ""), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {owner} is not Supported"
        errors.append(forbidden(f"{path}.activeDeadlineSeconds", detail))
    return errors


def _replica_template_errors(spec: Object, owner: str) -> Errors:
    template, selector = spec.get("template") or {}, spec.get("selector")
    errors: Errors = []
    if selector is None or not _is_empty(selector):
        errors += template_label_errors(selector, _labels_of(template), _TEMPLATE_LABELS)
    return errors + pod_template_errors(template, "spec.template") + _always_running_errors(template, owner)


def deployment_errors(deployment: Object) -> Errors:
    """Check a Deployment, its metadata aside."""
    spec = deployment.get("spec") or {}
    errors = nonnegative(spec.get("replicas"), "spec.replicas")
    errors += _selector_errors(spec.get("selector"), "empty selector is invalid for deployment")
    errors += _replica_template_errors(spec, "ReplicaSet")
    errors += _deployment_strategy_errors(spec.get("strategy") or {}, "spec.strategy")
    errors += nonnegative_fields(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"), "spec")
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return errors


def _deployment_strategy_errors(strategy: Object, path: str) -> Errors:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    at = f"{path}.rollingUpdate"
    if kind == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(at, detail)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [not_supported(path, strategy, ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(at, "this should be defaulted and never be nil")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = int_or_percent(unavailable, f"{at}.maxUnavailable") + int_or_percent(surge, f"{at}.maxSurge")
    if _is_zero(unavailable) and _is_zero(surge):
        errors.append(invalid(f"{at}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return errors + not_more_than_100_percent(unavailable, f"{at}.maxUnavailable")


def _is_zero(value: Any) -> bool:
    return value in (0, "0%")


def deployment_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Deployment: the selector stays."""
    return deployment_errors(new) + _selector_change(new, old)


def _selector_change(new: Object, old: Object) -> Errors:
    selector = (new.get("spec") or {}).get("selector")
    return immutable(shown_selector(selector), shown_selector((old.get("spec") or {}).get("selector")), "spec.selector")


def replica_set_errors(replica_set: Object) -> Errors:
    """Check a ReplicaSet, its metadata aside."""
    spec = replica_set.get("spec") or {}
    errors = nonnegative_fields(spec, ("replicas", "minReadySeconds"), "spec")
    errors += _selector_errors(spec.get("selector"), "empty selector is invalid for deployment")
    return errors + _replica_template_errors(spec, "ReplicaSet")


def replica_set_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a ReplicaSet: the selector stays."""
    return replica_set_errors(new) + _selector_change(new, old)


def replication_controller_errors(controller: Object) -> Errors:
    """Check a ReplicationController, whose selector is a plain map."""
    spec = controller.get("spec") or {}
    errors = nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds")
    selector, template = spec.get("selector") or {}, spec.get("template")
    if not selector:
        errors.append(required("spec.selector"))
    errors += nonnegative(spec.get("replicas"), "spec.replicas")
    if template is None:
        return [*errors, required("spec.template")]
    if selector:
        errors += template_label_errors({"matchLabels": selector}, _labels_of(template), _TEMPLATE_LABELS)
    errors += pod_template_errors(template, "spec.template")
    return errors + _always_running_errors(template, "ReplicationController")


_REPLICA_COUNTS = ("replicas", "fullyLabeledReplicas", "updatedReplicas", "readyReplicas", "currentReplicas",
                   "availableReplicas", "unavailableReplicas", "observedGeneration")  # fmt: skip
_AT_MOST_REPLICAS = ("fullyLabeledReplicas", "updatedReplicas", "readyReplicas", "currentReplicas", "availableReplicas")


def replicas_status_errors(new: Object, old: Object) -> Errors:
    """Check the status of a kind that keeps replicas."""
    status = new.get("status") or {}
    errors = nonnegative_fields(status, _REPLICA_COUNTS, "status")
    total = status.get("replicas", 0)
    for name in _AT_MOST_REPLICAS:
        if status.get(name, 0) > total:
            errors.append(invalid(f"status.{name}", status.get(name, 0), "cannot be greater than status.replicas"))
    if "readyReplicas" in status and status.get("availableReplicas", 0) > status["readyReplicas"]:
        available = status.get("availableReplicas", 0)
        errors.append(invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))
    collisions, before = status.get("collisionCount"), (old.get("status") or {}).get("collisionCount")
    if before is not None and (collisions or 0) < before:
        errors.append(invalid("status.collisionCount", collisions or 0, "cannot be decremented"))
    return errors


def daemon_set_errors(daemon_set: Object) -> Errors:
    """Check a DaemonSet, its metadata aside."""
    spec = daemon_set.get("spec") or {}
    template, selector = spec.get("template") or {}, spec.get("selector")
    errors = label_selector_errors(selector, "spec.selector")
    errors += template_label_errors(selector, _labels_of(template), _TEMPLATE_LABELS)
    if selector is not None and _is_empty(selector):
        errors.append(invalid("spec.selector", selector, "empty selector is invalid for daemonset"))
    errors += pod_template_errors(template, "spec.template") + _always_running_errors(template, "DaemonSet")
    errors += nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds")
    errors += _daemon_strategy_errors(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    return errors + nonnegative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit")


def _daemon_strategy_errors(strategy: Object, path: str) -> Errors:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    at = f"{path}.rollingUpdate"
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [not_supported(path, strategy, ("RollingUpdate", "OnDelete"))]
    if rolling is None:
        return [required(at)]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = int_or_percent(unavailable, f"{at}.maxUnavailable") + int_or_percent(surge, f"{at}.maxSurge")
    errors += not_more_than_100_percent(unavailable, f"{at}.maxUnavailable")
    errors += not_more_than_100_percent(surge, f"{at}.maxSurge")
    if not _is_zero(unavailable) and not _is_zero(surge):
        errors.append(invalid(f"{at}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif _is_zero(unavailable) and _is_zero(surge):
        errors.append(required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def daemon_set_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a DaemonSet: the selector stays."""
    return daemon_set_errors(new) + _selector_change(new, old)


def stateful_set_errors(stateful_set: Object) -> Errors:
    """Check a StatefulSet, its metadata aside."""
    spec = stateful_set.get("spec") or {}
    policy = spec.get("podManagementPolicy", "")
    errors: Errors = []
    if not policy:
        errors.append(required("spec.podManagementPolicy"))
    elif policy not in ("OrderedReady", "Parallel"):
        errors.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    errors += _stateful_strategy_errors(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    errors += _retention_errors(spec.get("persistentVolumeClaimRetentionPolicy"))
    errors += nonnegative_fields(spec, ("replicas", "minReadySeconds"), "spec")
    errors += nonnegative((spec.get("ordinals") or {}).get("start"), "spec.ordinals.start")
    selector, template = spec.get("selector"), spec.get("template") or {}
    errors += _selector_errors(selector, "empty selector is invalid for statefulset")
    if selector is None or not _is_empty(selector):
        errors += template_label_errors(selector, _labels_of(template), _TEMPLATE_LABELS)
    meta = template.get("metadata") or {}
    errors += labels_errors(meta.get("labels") or {}, "spec.template.labels")
    errors += annotations_errors(meta.get("annotations") or {}, "spec.template.annotations")
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        errors.append(not_supported("spec.template.spec.restartPolicy", pod.get("restartPolicy", ""), ("Always",)))
    if pod.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in StatefulSet is not Supported"
        errors.append(forbidden("spec.template.spec.activeDeadlineSeconds", detail))
    return errors


def _stateful_strategy_errors(strategy: Object, path: str) -> Errors:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [invalid(f"{path}.rollingUpdate", rolling, detail)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    at = f"{path}.rollingUpdate"
    errors = nonnegative(rolling.get("partition"), f"{at}.partition")
    unavailable = rolling.get("maxUnavailable")
    if unavailable is not None:
        errors += int_or_percent(unavailable, f"{at}.maxUnavailable")
        if _is_zero(unavailable):
            errors.append(invalid(f"{at}.maxUnavailable", unavailable, "cannot be 0"))
        errors += not_more_than_100_percent(unavailable, f"{at}.maxUnavailable")
    return errors


def _retention_errors(policy: Object | None) -> Errors:
    supported = ("Delete", "Retain")
    return [
        not_supported(f"spec.persistentVolumeClaimRetentionPolicy.{name}", policy.get(name, ""), supported)
        for name in ("whenDeleted", "whenScaled")
        if policy is not None and policy.get(name) not in supported
    ]


def stateful_set_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a StatefulSet: only some fields of its spec may change."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    fixed = [{k: v for k, v in one.items() if k not in _STATEFUL_UPDATABLE} for one in (spec, before)]
    errors = stateful_set_errors(new)
    return errors if fixed[0] == fixed[1] else [*errors, forbidden("spec", _STATEFUL_FIXED)]


def controller_revision_errors(revision: Object) -> Errors:
    """Check a ControllerRevision, its metadata aside."""
    errors = [] if revision.get("data") is not None else [required("data", "data is mandatory")]
    return errors + nonnegative(revision.get("revision"), "revision")


def controller_revision_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a ControllerRevision: what it records stays."""
    return controller_revision_errors(new) + immutable(missing(new.get("data")), missing(old.get("data")), "data")
