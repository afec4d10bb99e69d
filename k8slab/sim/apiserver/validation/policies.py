"""Disruption budgets, autoscalers, priority classes and leases.

Upstream: pkg/apis/policy/validation, pkg/apis/autoscaling/validation, pkg/apis/scheduling/validation,
pkg/apis/coordination/validation.
"""

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import path_segment
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    int_or_percent,
    invalid,
    invalid_each,
    nonnegative,
    nonnegative_fields,
    not_more_than_100_percent,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.selectors import label_selector_errors

__all__ = ["autoscaler_errors", "autoscaler_status_errors", "disruption_budget_errors", "lease_errors",
           "priority_class_errors", "priority_class_update_errors"]  # fmt: skip

_METRICS = {"ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
            "Resource": "resource"}  # fmt: skip
_NO_TARGET = {"object": "must set either a target value or averageValue", "pods": "must specify a positive target averageValue",
              "external": "must set either a target value for metric or a per-pod target"}  # fmt: skip
_EVICTION = ("AlwaysAllow", "IfHealthyBudget")
_MAX_USER_PRIORITY = 1_000_000_000
_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def disruption_budget_errors(budget: Object) -> Errors:
    """Check a PodDisruptionBudget, its metadata aside."""
    spec = budget.get("spec") or {}
    errors: Errors = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        errors.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for name in ("minAvailable", "maxUnavailable"):
        if spec.get(name) is not None:
            errors += int_or_percent(spec[name], f"spec.{name}") + not_more_than_100_percent(spec[name], f"spec.{name}")
    errors += label_selector_errors(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION))
    return errors


def autoscaler_errors(autoscaler: Object) -> Errors:
    """Check a HorizontalPodAutoscaler (v1 or v2), its metadata aside."""
    spec = autoscaler.get("spec") or {}
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    errors: Errors = []
    if low is not None and low < 1:
        errors.append(invalid("spec.minReplicas", low, "must be greater than or equal to 1"))
    if high < 1:
        errors.append(invalid("spec.maxReplicas", high, "must be greater than 0"))
    if low is not None and high < low:
        errors.append(invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    errors += _reference_errors(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    for i, metric in enumerate(spec.get("metrics") or ()):
        errors += _metric_errors(metric, f"spec.metrics[{i}]")
    utilization = spec.get("targetCPUUtilizationPercentage")
    if utilization is not None and utilization < 1:
        errors.append(invalid("spec.targetCPUUtilizationPercentage", utilization, "must be greater than 0"))
    return errors + _behavior_errors(spec.get("behavior") or {})


def _reference_errors(reference: Object, path: str) -> Errors:
    errors: Errors = []
    for name in ("kind", "name"):
        value = reference.get(name)
        errors += invalid_each(f"{path}.{name}", value, path_segment(value)) if value else [required(f"{path}.{name}")]
    return errors


def _metric_errors(metric: Object, path: str) -> Errors:
    kind = metric.get("type", "")
    if not kind:
        return [required(f"{path}.type", "must specify a metric source type")]
    if kind not in _METRICS:
        return [not_supported(f"{path}.type", kind, sorted(_METRICS))]
    wanted = _METRICS[kind]
    errors: Errors = []
    for name in _METRICS.values():
        if name != wanted and metric.get(name) is not None:
            errors.append(forbidden(f"{path}.{name}", "must populate the given metric source only"))
    source = metric.get(wanted)
    if source is None:
        errors.append(required(f"{path}.{wanted}", "must populate information for the given metric source"))
        return errors
    at = f"{path}.{wanted}"
    if wanted in ("resource", "containerResource") and not source.get("name"):
        errors.append(required(f"{at}.name", "must specify a resource name"))
    if wanted == "containerResource" and not source.get("container"):
        errors.append(required(f"{at}.container", "must specify a container"))
    if wanted in ("object", "pods", "external") and not (source.get("metric") or {}).get("name"):
        errors.append(required(f"{at}.metric.name", "must specify a metric name"))
    return errors + _target_errors(source.get("target") or {}, wanted, f"{at}.target")


def _target_errors(target: Object, source: str, path: str) -> Errors:
    kind = target.get("type", "")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "must specify a metric target type"))
    elif kind not in ("Utilization", "Value", "AverageValue"):
        errors.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        if target.get(name) is not None and parse_quantity(target[name]) <= 0:
            errors.append(invalid(f"{path}.{name}", str(target[name]), "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))
    return errors + _which_target(target, source, path)


def _which_target(target: Object, source: str, path: str) -> Errors:
    """Check that a source has the targets it can have: one of two, or for pods the average."""
    value, average, utilization = (target.get(name) is not None for name in ("value", "averageValue", "averageUtilization"))
    if source in ("resource", "containerResource"):
        if not (utilization or average):
            return [required(f"{path}.averageUtilization", "must set either a target raw value or a target utilization")]
        detail = "may not set both a target raw value and a target utilization"
        return [forbidden(f"{path}.averageValue", detail)] if utilization and average else []
    if source == "external" and value and average:
        return [forbidden(f"{path}.value", "may not set both a target value for metric and a per-pod target")]
    there = average if source == "pods" else value or average
    return [] if there else [required(f"{path}.averageValue", _NO_TARGET[source])]


def _behavior_errors(behavior: Object) -> Errors:
    errors: Errors = []
    for direction in ("scaleUp", "scaleDown"):
        rules = behavior.get(direction)
        if rules is None:
            continue
        path = f"spec.behavior.{direction}"
        window = rules.get("stabilizationWindowSeconds")
        errors += nonnegative(window, f"{path}.stabilizationWindowSeconds")
        if window is not None and window > 3600:
            errors.append(invalid(f"{path}.stabilizationWindowSeconds", window, "must be less than or equal to 3600"))
        select = rules.get("selectPolicy")
        if select is not None and select not in ("Disabled", "Max", "Min"):
            errors.append(not_supported(f"{path}.selectPolicy", select, ("Disabled", "Max", "Min")))
        policies = rules.get("policies") or []
        if not policies:
            errors.append(required(f"{path}.policies", "must specify at least one Policy"))
        for i, policy in enumerate(policies):
            at = f"{path}.policies[{i}]"
            if policy.get("type") not in ("Percent", "Pods"):
                errors.append(not_supported(f"{at}.type", policy.get("type", ""), ("Percent", "Pods")))
            for name in ("value", "periodSeconds"):
                if policy.get(name, 0) <= 0:
                    errors.append(invalid(f"{at}.{name}", policy.get(name, 0), "must be greater than zero"))
    return errors


def autoscaler_status_errors(new: Object, old: Object) -> Errors:
    """Check an update of an autoscaler's status."""
    return nonnegative_fields(new.get("status") or {}, ("currentReplicas", "desiredReplicas"), "status")


def priority_class_errors(priority_class: Object) -> Errors:
    """Check a PriorityClass, its metadata aside."""
    name, value = priority_class["metadata"].get("name", ""), priority_class.get("value", 0)
    errors: Errors = []
    if name.startswith("system-"):
        if _SYSTEM_PRIORITIES.get(name) != value:
            problem = f"{name} is not a known system priority class"
            if name in _SYSTEM_PRIORITIES:
                problem = f"value of {name} PriorityClass must be {_SYSTEM_PRIORITIES[name]}"
            detail = f"priority class names with 'system-' prefix are reserved for system use only. error: {problem}"
            errors.append(forbidden("metadata.name", detail))
    elif value > _MAX_USER_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_MAX_USER_PRIORITY}"
        errors.append(forbidden("value", detail))
    policy = priority_class.get("preemptionPolicy")
    if policy is not None and policy not in ("PreemptLowerPriority", "Never"):
        errors.append(not_supported("preemptionPolicy", policy, ("PreemptLowerPriority", "Never")))
    return errors


def priority_class_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a PriorityClass: the number stays, pods carry it already."""
    errors: Errors = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors + immutable(new.get("preemptionPolicy"), old.get("preemptionPolicy"), "preemptionPolicy")


def lease_errors(lease: Object) -> Errors:
    """Check a Lease, its metadata aside."""
    spec = lease.get("spec") or {}
    errors: Errors = []
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return errors
