"""ResourceQuotas and LimitRanges.

Upstream: pkg/apis/core/validation (ValidateResourceQuota, ValidateLimitRange).
"""

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import label_key
from k8slab.sim.apiserver.validation.fields import Errors, duplicate, forbidden, invalid, invalid_each, required
from k8slab.sim.apiserver.validation.resources import (
    container_resource_name,
    is_standard_quota_name,
    overcommit_allowed,
    quantity_errors,
    quota_resource_name,
    resource_name,
)

__all__ = ["limit_range_errors", "quota_errors", "quota_status_errors", "quota_update_errors"]

_SCOPES = {"Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity",
           "VolumeAttributesClass"}  # fmt: skip
_COMPUTE = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "pods"}
_PAIRS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")


def quota_errors(quota: Object) -> Errors:
    """Check a ResourceQuota, its metadata aside."""
    spec = quota.get("spec") or {}
    errors = _amounts_errors(spec.get("hard") or {}, "spec.hard") + _scope_errors(spec)
    if spec.get("scopeSelector") is not None:
        errors += _selector_errors(spec, "spec.scopeSelector.matchExpressions")
    return errors + quota_status_errors(quota, quota)


def _amounts_errors(amounts: dict[str, str], path: str) -> Errors:
    errors: Errors = []
    for name, quantity in amounts.items():
        at = f"{path}[{name}]"
        errors += invalid_each(at, name, quota_resource_name(name)) + quantity_errors(name, quantity, at)
    return errors


def _scope_fits(scope: str, name: str) -> bool:
    if scope == "BestEffort":
        return name == "pods"
    if scope in ("NotBestEffort", "Terminating", "NotTerminating", "PriorityClass", "CrossNamespacePodAffinity"):
        return name in _COMPUTE
    return True


def _scope_errors(spec: Object) -> Errors:
    scopes = spec.get("scopes") or []
    path = "spec.scopes"
    errors: Errors = []
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(invalid(path, scopes, "unsupported scope"))
        for name in sorted(spec.get("hard") or {}):
            if is_standard_quota_name(name) and not _scope_fits(scope, name):
                errors.append(invalid(path, scopes, "unsupported scope applied to resource"))
    return errors + [invalid(path, scopes, "conflicting scopes") for pair in _PAIRS if set(pair) <= set(scopes)]


def _selector_errors(spec: Object, path: str) -> Errors:
    errors: Errors = []
    for requirement in spec["scopeSelector"].get("matchExpressions") or ():
        scope, operator = requirement.get("scopeName", ""), requirement.get("operator", "")
        values = requirement.get("values") or []
        if scope not in _SCOPES:
            errors.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        if scope in _SCOPES - {"PriorityClass", "VolumeAttributesClass"} and operator != "Exists":
            detail = (
                "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
            )
            errors.append(invalid(f"{path}.operator", operator, detail))
        if operator in ("In", "NotIn"):
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                errors.append(required(f"{path}.values", detail))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                errors.append(invalid(f"{path}.values", values, detail))
        else:
            errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return errors


def quota_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a ResourceQuota: the scopes stay."""
    scopes, before = (new.get("spec") or {}).get("scopes") or [], (old.get("spec") or {}).get("scopes") or []
    errors = quota_errors(new)
    return errors if set(scopes) == set(before) else [*errors, invalid("spec.scopes", scopes, "field is immutable")]


def quota_status_errors(new: Object, old: Object) -> Errors:
    """Check what a quota says is used."""
    status = new.get("status") or {}
    errors = _amounts_errors(status.get("hard") or {}, "status.hard")
    return errors + _amounts_errors(status.get("used") or {}, "status.used")


def limit_range_errors(limit_range: Object) -> Errors:
    """Check a LimitRange, its metadata aside."""
    errors: Errors = []
    seen: set[str] = set()
    for i, limit in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path = f"spec.limits[{i}]"
        kind = limit.get("type", "")
        errors += _limit_type_errors(kind, f"{path}.type")
        if kind in seen:
            errors.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        errors += _limit_names_errors(limit, kind, path)
        names = sorted({name for field in _LIMIT_FIELDS for name in limit.get(field) or ()})
        for name in names:
            errors += _limit_bounds_errors(limit, name, path)
    return errors


_LIMIT_FIELDS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")


def _limit_type_errors(kind: str, path: str) -> Errors:
    complaints = label_key(kind)
    if not complaints and "/" not in kind and kind not in _LIMIT_TYPES:
        complaints = ("must be a standard limit type or fully qualified",)
    return invalid_each(path, kind, complaints)


def _limit_names_errors(limit: Object, kind: str, path: str) -> Errors:
    rule = container_resource_name if kind in ("Pod", "Container") else resource_name
    errors: Errors = []
    for field in _LIMIT_FIELDS:
        amounts = limit.get(field) or {}
        if amounts and kind == "Pod" and field in ("default", "defaultRequest"):
            errors.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
            continue
        for name in amounts:
            errors += invalid_each(f"{path}.{field}[{name}]", name, rule(name))
    if kind == "PersistentVolumeClaim" and not any("storage" in (limit.get(f) or {}) for f in ("min", "max")):
        detail = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(f"{path}.limits", detail))
    return errors


def _limit_bounds_errors(limit: Object, name: str, path: str) -> Errors:
    low, high, default, request, ratio = (
        (limit.get(field) or {}).get(name) for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")
    )

    def above(one: str | None, other: str | None) -> bool:
        return one is not None and other is not None and parse_quantity(one) > parse_quantity(other)

    errors: Errors = []
    if above(low, high):
        errors.append(invalid(f"{path}.min[{name}]", low, f"min value {low} is greater than max value {high}"))
    at = f"{path}.defaultRequest[{name}]"
    if above(low, request):
        errors.append(invalid(at, request, f"min value {low} is greater than default request value {request}"))
    if above(request, high):
        errors.append(invalid(at, request, f"default request value {request} is greater than max value {high}"))
    if above(request, default):
        detail = f"default request value {request} is greater than default limit value {default}"
        errors.append(invalid(at, request, detail))
    at = f"{path}.default[{name}]"
    if above(low, default):
        errors.append(invalid(at, low, f"min value {low} is greater than default value {default}"))
    if above(default, high):
        errors.append(invalid(at, high, f"default value {default} is greater than max value {high}"))
    errors += _ratio_errors(ratio, low, high, f"{path}.maxLimitRequestRatio[{name}]")
    if not overcommit_allowed(name) and default is not None and request is not None and above(default, request):
        detail = f"default value {default} must equal to defaultRequest value {request} in {name}"
        errors.append(invalid(f"{path}.defaultRequest[{name}]", request, detail))
    return errors


def _ratio_errors(ratio: str | None, low: str | None, high: str | None, path: str) -> Errors:
    if ratio is None:
        return []
    errors: Errors = []
    if parse_quantity(ratio) < 1:
        errors.append(invalid(path, ratio, f"ratio {ratio} is less than 1"))
    if low is not None and high is not None and parse_quantity(low):
        limit = parse_quantity(high) / parse_quantity(low)
        if parse_quantity(ratio) > limit:
            errors.append(invalid(path, ratio, f"ratio {ratio} is greater than max/min = {float(limit):f}"))
    return errors
