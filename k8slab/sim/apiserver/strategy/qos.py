"""The quality-of-service class of a pod.

Upstream: pkg/apis/core/v1/helper/qos (ComputePodQOS). Used by the pod strategy, by resize validation, and by whoever decides
which pod goes first when a node runs short.
"""

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object

__all__ = ["qos_class"]

_COMPUTE = ("cpu", "memory")


def qos_class(spec: Object) -> str:
    """Return Guaranteed, Burstable or BestEffort for a pod spec.

    >>> qos_class({"containers": [{"resources": {"requests": {"cpu": "1"}}}]}), qos_class({"containers": [{}]})
    ('Burstable', 'BestEffort')
    """
    own = spec.get("resources")
    if own:
        parts = [own]
    else:
        parts = [c.get("resources") or {} for field in ("containers", "initContainers") for c in spec.get(field) or ()]
    asked = False
    guaranteed = True
    for part in parts:
        requests, limits = part.get("requests") or {}, part.get("limits") or {}
        for name in _COMPUTE:
            request, limit = _amount(requests, name), _amount(limits, name)
            asked = asked or request is not None or limit is not None
            guaranteed = guaranteed and limit is not None and (request is None or request == limit)
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amount(amounts: dict[str, str], name: str) -> object:
    text = amounts.get(name)
    return (parse_quantity(text) or None) if text is not None else None
