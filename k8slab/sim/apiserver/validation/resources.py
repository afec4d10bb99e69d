"""Resource names and quantities: requests, limits, quotas, limit ranges, node capacity.

Upstream: pkg/apis/core/validation (validateResourceRequirements, validateResourceName) and pkg/apis/core/helper.
"""

from functools import lru_cache

from k8slab.apimachinery.quantity import milli_value, parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label, label_key
from k8slab.sim.apiserver.validation.fields import Errors, duplicate, forbidden, invalid, invalid_each, not_found, required

__all__ = ["STANDARD_QUOTA_RESOURCES", "container_resource_name", "is_standard_quota_name", "overcommit_allowed",
           "quantity_errors", "quota_resource_name", "requirements_errors", "resource_name"]  # fmt: skip

_CONTAINER = {"cpu", "memory", "ephemeral-storage"}
_QUOTA = (
    "cpu memory ephemeral-storage requests.cpu requests.memory requests.storage requests.ephemeral-storage limits.cpu "
    "limits.memory limits.ephemeral-storage pods resourcequotas services replicationcontrollers secrets "
    "persistentvolumeclaims configmaps services.nodeports services.loadbalancers"
)
STANDARD_QUOTA_RESOURCES = frozenset(_QUOTA.split(" "))
_STANDARD = STANDARD_QUOTA_RESOURCES | {"storage"}
_INTEGER = {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
            "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"}  # fmt: skip


def _is_huge(name: str) -> bool:
    return name.startswith("hugepages-")


def is_standard_quota_name(name: str) -> bool:
    """Whether an unqualified name may stand in a ResourceQuota."""
    return name in STANDARD_QUOTA_RESOURCES or _is_huge(name) or name.startswith(("requests.hugepages-", "limits.hugepages-"))


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    return not _is_native(name) and not name.startswith("requests.") and not label_key(f"requests.{name}")


def overcommit_allowed(name: str) -> bool:
    """Whether limits may exceed requests: not for huge pages and extended resources."""
    return _is_native(name) and not _is_huge(name)


@lru_cache(maxsize=256)
def resource_name(name: str) -> tuple[str, ...]:
    """Complaints about a name of any resource."""
    problems = label_key(name)
    if not problems and "/" not in name and name not in _STANDARD and not _is_huge(name) and not is_standard_quota_name(name):
        return ("must be a standard resource type or fully qualified",)
    return problems


@lru_cache(maxsize=256)
def container_resource_name(name: str) -> tuple[str, ...]:
    """Complaints about a resource that a container asks for."""
    problems = resource_name(name)
    if "/" not in name:
        if name not in _CONTAINER and not _is_huge(name):
            return (*problems, "must be a standard resource for containers")
    elif not _is_native(name) and not _is_extended(name):
        return (*problems, "doesn't follow extended resource name standard")
    return problems


@lru_cache(maxsize=256)
def quota_resource_name(name: str) -> tuple[str, ...]:
    """Complaints about a resource in a ResourceQuota; ``count/deployments.apps`` is fine."""
    problems = resource_name(name)
    if "/" not in name and not is_standard_quota_name(name):
        return (*problems, "must be a standard resource for quota")
    return problems


@lru_cache(maxsize=4096)
def _quantity_complaints(name: str, quantity: str) -> tuple[str, ...]:
    problems: tuple[str, ...] = ()
    if parse_quantity(quantity) < 0:
        problems = ("must be greater than or equal to 0",)
    if (name in _INTEGER or _is_extended(name)) and milli_value(quantity) % 1000:
        problems = (*problems, "must be an integer")
    return problems


def quantity_errors(name: str, quantity: str, path: str) -> Errors:
    """A quantity may not be negative, and must be whole where only whole things exist."""
    return invalid_each(path, str(quantity), _quantity_complaints(name, str(quantity)))


def requirements_errors(requirements: Object, path: str, claims: set[str]) -> Errors:
    """Check ``resources`` of a container."""
    limits, requests = requirements.get("limits") or {}, requirements.get("requests") or {}
    errors: Errors = []
    for name, quantity in limits.items():
        errors += _named_quantity(name, quantity, f"{path}.limits[{name}]")
    for name, quantity in requests.items():
        errors += _named_quantity(name, quantity, f"{path}.requests[{name}]")
        limit = limits.get(name)
        if limit is not None:
            errors += _against_limit(name, quantity, limit, f"{path}.requests")
        elif not overcommit_allowed(name):
            errors.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    names = {*limits, *requests}
    if any(map(_is_huge, names)) and not names & {"cpu", "memory"}:
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    if requirements.get("claims"):
        errors += _claim_errors(requirements["claims"], f"{path}.claims", claims)
    return errors


def _named_quantity(name: str, quantity: str, path: str) -> Errors:
    errors = invalid_each(path, name, container_resource_name(name)) + quantity_errors(name, quantity, path)
    if _is_huge(name):
        size = parse_quantity(name.removeprefix("hugepages-")) if name != "hugepages-" else 0
        if size and parse_quantity(quantity) % size:
            errors.append(invalid(path, str(quantity), f"{quantity} is not positive integer multiple of {name}"))
    return errors


def _against_limit(name: str, request: str, limit: str, path: str) -> Errors:
    if request == limit or parse_quantity(request) == parse_quantity(limit):
        return []
    if not overcommit_allowed(name):
        return [invalid(path, str(request), f"must be equal to {name} limit of {limit}")]
    if parse_quantity(request) > parse_quantity(limit):
        return [invalid(path, str(request), f"must be less than or equal to {name} limit of {limit}")]
    return []


def _claim_errors(claims: list[Object], path: str, declared: set[str]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        name, request = claim.get("name", ""), claim.get("request", "")
        if not name:
            errors.append(required(f"{path}[{i}]"))
            continue
        if request:
            errors += invalid_each(f"{path}[{i}].request", request, dns1123_label(request))
        key = f"{name}/{request}" if request else name
        if key in seen or name in seen:
            errors.append(duplicate(f"{path}[{i}]", key))
        seen.add(key)
        if name not in declared:
            known = f": {', '.join(sorted(declared))}" if declared else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{known}"
            errors.append(not_found(f"{path}[{i}]", name, detail))
    return errors
