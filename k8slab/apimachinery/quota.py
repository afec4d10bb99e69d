"""The arithmetic of ResourceQuota: what an object uses, and whether that still fits.

Upstream: pkg/quota/v1 (evaluator/core, generic) and k8s.io/apiserver/pkg/quota/v1. The admission plugin and the quota
controller count with the same functions. Amounts are exact fractions, keyed as in ``spec.hard``.

Simplified: scope CrossNamespacePodAffinity and quotas on dynamic resources are not counted.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from k8slab.apimachinery.podresources import Amounts, container_amounts, pod_amounts
from k8slab.apimachinery.quantity import format_quantity, parse_quantity
from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, annotations

__all__ = ["amounts_of", "exceeded", "format_amount", "format_amounts", "matches_scopes", "missing", "tracked", "usage"]

_ONE = Fraction(1)
_LEGACY_COUNTS = {"configmaps", "replicationcontrollers", "resourcequotas", "secrets"}
_REQUIRED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_SHORT = {"cpu", "memory", "ephemeral-storage"}
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def amounts_of(quantities: Mapping[str, str] | None) -> Amounts:
    """Parse a map such as ``spec.hard``."""
    return {name: parse_quantity(text) for name, text in (quantities or {}).items()}


def format_amount(name: str, amount: Fraction) -> str:
    """Return an amount as quantities are written; bytes that are whole Ki get a binary suffix.

    >>> format_amount("requests.memory", Fraction(2**27)), format_amount("requests.cpu", Fraction(1, 2))
    ('128Mi', '500m')
    """
    sized = name.endswith(("memory", "storage")) or "hugepages-" in name
    return format_quantity(amount, binary=sized and amount.denominator == 1 and amount % 1024 == 0)


def format_amounts(amounts: Amounts) -> str:
    """Return amounts on one line: ``pods=1,requests.cpu=500m``."""
    return ",".join(f"{name}={format_amount(name, amounts[name])}" for name in sorted(amounts))


def tracked(resource: str, name: str) -> bool:
    """Whether a key of ``spec.hard`` counts objects of a resource.

    >>> tracked("pods", "requests.cpu"), tracked("deployments.apps", "count/deployments.apps"), tracked("secrets", "pods")
    (True, True, False)
    """
    if name == f"count/{resource}":
        return True
    if resource == "pods":
        if name == "pods" or name in _SHORT:
            return True
        return name.startswith(("requests.", "limits.", "hugepages-")) and name != "requests.storage"
    if resource == "services":
        return name in ("services", "services.nodeports", "services.loadbalancers")
    if resource == "persistentvolumeclaims":
        return name in ("persistentvolumeclaims", "requests.storage") or _STORAGE_CLASS in name
    return resource in _LEGACY_COUNTS and name == resource


def usage(resource: str, obj: Object, now: float = 0.0) -> Amounts:
    """Return what one object uses.

    Parameters
    ----------
    resource
        Full name: ``pods``, ``deployments.apps``.
    obj
        The object.
    now
        Time; a pod whose grace has run out uses nothing any more.
    """
    used: Amounts = {f"count/{resource}": _ONE}
    if resource == "pods":
        if not _ended(obj, now):
            used |= _pod_usage(obj)
    elif resource == "services":
        used |= _service_usage(obj["spec"])
    elif resource == "persistentvolumeclaims":
        used |= _claim_usage(obj)
    elif resource in _LEGACY_COUNTS:
        used[resource] = _ONE
    return used


def _ended(pod: Object, now: float) -> bool:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    meta = pod["metadata"]
    if "deletionTimestamp" not in meta or "deletionGracePeriodSeconds" not in meta:
        return False
    return bool(now > parse_time(meta["deletionTimestamp"]) + meta["deletionGracePeriodSeconds"])


def _pod_usage(pod: Object) -> Amounts:
    used: Amounts = {"pods": _ONE}
    for name, amount in pod_amounts(pod["spec"], "requests").items():
        used[f"requests.{name}"] = amount
        if name in _SHORT or name.startswith("hugepages-"):
            used[name] = amount
    for name, amount in pod_amounts(pod["spec"], "limits").items():
        if name in _SHORT:
            used[f"limits.{name}"] = amount
    return used


def _service_usage(spec: Object) -> Amounts:
    used: Amounts = {"services": _ONE, "services.nodeports": Fraction(0), "services.loadbalancers": Fraction(0)}
    ports = Fraction(len(spec.get("ports") or ()))
    if spec.get("type") == "NodePort":
        used["services.nodeports"] = ports
    elif spec.get("type") == "LoadBalancer":
        used["services.loadbalancers"] = _ONE
        if spec.get("allocateLoadBalancerNodePorts") is False:
            ports = Fraction(sum(1 for port in spec.get("ports") or () if port.get("nodePort")))
        used["services.nodeports"] = ports
    return used


def _claim_usage(claim: Object) -> Amounts:
    used: Amounts = {"persistentvolumeclaims": _ONE}
    storage = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    if storage is not None:
        used["requests.storage"] = parse_quantity(storage)
    storage_class = annotations(claim).get(_STORAGE_CLASS_ANNOTATION) or claim["spec"].get("storageClassName")
    if storage_class:
        used |= {f"{storage_class}{_STORAGE_CLASS}{name}": amount for name, amount in list(used.items())}
    return used


def missing(pod_spec: Object, names: Iterable[str]) -> dict[str, list[str]]:
    """Return, of those quota keys that every container must set, the containers that do not.

    >>> missing({"containers": [{"name": "c"}]}, ["pods", "requests.cpu"])
    {'requests.cpu': ['c']}
    """
    lacking: dict[str, list[str]] = {}
    required = [name for name in _REQUIRED if name in set(names)]
    for container in [*(pod_spec.get("containers") or ()), *(pod_spec.get("initContainers") or ())]:
        requests, limits = container_amounts(container, "requests"), container_amounts(container, "limits")
        for name in required:
            side, _, plain = name.rpartition(".")
            level = (pod_spec.get("resources") or {}).get(side or "requests") or {}
            if plain not in (limits if side == "limits" else requests) and plain not in level:
                lacking.setdefault(name, []).append(container["name"])
    return {name: sorted(set(containers)) for name, containers in sorted(lacking.items())}


def exceeded(requested: Amounts, used: Amounts, hard: Amounts) -> list[str]:
    """Return the keys that would go over their limit; what does not grow never does."""
    zero = Fraction(0)
    return sorted(n for n, more in requested.items() if n in hard and more > 0 and used.get(n, zero) + more > hard[n])


def matches_scopes(quota: Object, resource: str, obj: Object) -> bool:
    """Whether a quota with its scopes is about this object; only pods have scopes."""
    spec = quota.get("spec") or {}
    requirements = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    requirements += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not requirements:
        return True
    return resource == "pods" and all(_in_scope(requirement, obj["spec"]) for requirement in requirements)


def _in_scope(requirement: Object, spec: Object) -> bool:
    match requirement["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return _best_effort(spec)
        case "NotBestEffort":
            return not _best_effort(spec)
        case "PriorityClass":
            return _priority_class_matches(requirement, spec.get("priorityClassName", ""))
    return False


def _best_effort(spec: Object) -> bool:
    containers = [spec, *(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return not any(container_amounts(c, side) for c in containers for side in ("requests", "limits"))


def _priority_class_matches(requirement: Object, name: str) -> bool:
    values = requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
        case _:
            return not name
