"""What a pod asks for in sum: requests and limits over its containers, as scheduling, quota and limit ranges count them.

Upstream: k8s.io/component-helpers/resource (PodRequests, PodLimits). Init containers count by their largest, together with
the restartable ones (sidecars) that run beside them; pod-level resources and overhead are included.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object

__all__ = ["Amounts", "container_amounts", "pod_amounts"]

Amounts = dict[str, Fraction]
Side = Literal["requests", "limits"]


def container_amounts(container: Object, side: Side) -> Amounts:
    """Return the requests or limits of one container, by resource name."""
    amounts: Mapping[str, str] = (container.get("resources") or {}).get(side) or {}
    return {name: parse_quantity(text) for name, text in amounts.items()}


def pod_amounts(spec: Object, side: Side) -> Amounts:
    """Return the requests or limits of a whole pod.

    >>> spec = {"containers": [{"resources": {"requests": {"cpu": "100m"}}}, {"resources": {"requests": {"cpu": "1"}}}]}
    >>> pod_amounts(spec, "requests")
    {'cpu': Fraction(11, 10)}
    """
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, container_amounts(container, side))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in spec.get("initContainers") or ():
        amounts = container_amounts(container, side)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, amounts)
            _raise(largest, sidecars)
        else:
            _raise(largest, _sum(sidecars, amounts))
    _add(total, sidecars)
    _raise(total, largest)
    total |= container_amounts(spec, side)
    if spec.get("overhead"):
        overhead = {name: parse_quantity(text) for name, text in spec["overhead"].items()}
        _add(total, overhead if side == "requests" else {name: overhead[name] for name in overhead if name in total})
    return total


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, Fraction(0)) + amount


def _sum(one: Amounts, other: Amounts) -> Amounts:
    total = dict(one)
    _add(total, other)
    return total


def _raise(total: Amounts, floor: Amounts) -> None:
    for name, amount in floor.items():
        total[name] = max(total.get(name, amount), amount)
