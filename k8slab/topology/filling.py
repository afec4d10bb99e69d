"""How full nodes are: what their pods ask for, what they use, what there is. Pure functions.

Requests are what the scheduler counts (`k8slab.apimachinery.podresources`); use is what metrics.k8s.io measured, if it did.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k8slab.apimachinery.podresources import pod_amounts
from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object, key_of, labels, name_of

__all__ = ["NodeFill", "PodFill", "Use", "filling", "usage"]

#: Of nodes or pods, by key: resource -> amount.
Use = Mapping[str, Mapping[str, float]]
_ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class PodFill:
    """What one pod asks for, may use at most, and uses (None: not measured)."""

    key: str
    request: float
    limit: float | None
    use: float | None


@dataclass(frozen=True)
class NodeFill:
    """One resource of one node."""

    node: str
    zone: str
    resource: str
    capacity: float
    pods: tuple[PodFill, ...]
    use: float | None

    @property
    def requested(self) -> float:
        """What all its pods ask for together."""
        return sum(p.request for p in self.pods)


def usage(measurements: Iterable[Object]) -> dict[str, dict[str, float]]:
    """Return the use in NodeMetrics or PodMetrics objects, by key.

    >>> usage([{"metadata": {"name": "p", "namespace": "x"}, "containers": [{"usage": {"cpu": "5m"}}, {"usage": {"cpu": "1"}}]}])
    {'x/p': {'cpu': 1.005}}
    """
    found: dict[str, dict[str, float]] = {}
    for obj in measurements:
        total: dict[str, float] = {}
        for part in obj.get("containers") or (obj,):
            for resource, amount in (part.get("usage") or {}).items():
                total[resource] = total.get(resource, 0) + float(parse_quantity(amount))
        found[key_of(obj)] = total
    return found


def filling(
    nodes: Iterable[Object], pods: Iterable[Object], resource: str, node_use: Use | None = None, pod_use: Use | None = None
) -> list[NodeFill]:
    """Return how full each node is of a resource (cpu in cores, memory in bytes), in order of names."""
    on: dict[str, list[Object]] = {}
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") and (pod.get("spec") or {}).get("nodeName"):
            on.setdefault(pod["spec"]["nodeName"], []).append(pod)
    return [_fill(node, on.get(name_of(node), []), resource, node_use or {}, pod_use or {}) for node in sorted(nodes, key=key_of)]


def _fill(node: Object, pods: list[Object], resource: str, node_use: Use, pod_use: Use) -> NodeFill:
    there = (node.get("status") or {}).get("allocatable") or {}
    capacity = float(parse_quantity(there.get(resource, 0)))
    parts = [_pod(pod, resource, pod_use) for pod in sorted(pods, key=key_of)]
    parts.sort(key=lambda p: -p.request)
    measured = node_use.get(name_of(node), {}).get(resource)
    return NodeFill(name_of(node), labels(node).get(_ZONE, ""), resource, capacity, tuple(parts), measured)


def _pod(pod: Object, resource: str, pod_use: Use) -> PodFill:
    request = float(pod_amounts(pod["spec"], "requests").get(resource, 0))
    limit = pod_amounts(pod["spec"], "limits").get(resource)
    return PodFill(key_of(pod), request, None if limit is None else float(limit), pod_use.get(key_of(pod), {}).get(resource))
