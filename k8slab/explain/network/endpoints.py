"""The pods behind a Service, as its selector and its EndpointSlices have them."""

from typing import NamedTuple

from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.wording import condition
from k8slab.explain.world import World

__all__ = ["SLICES", "Backends", "backends", "container_port", "declared_ports", "pod_ready"]

SLICES = "endpointslices.discovery.k8s.io"


class Backends(NamedTuple):
    """Pods that a Service selects, those of them that are ready, and the addresses that the slices say are ready."""

    pods: list[Object]
    ready: list[Object]
    addresses: list[str]


def pod_ready(pod: Object) -> bool:
    """Whether a pod is Ready and not being deleted."""
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def backends(world: World, service: Object) -> Backends:
    """Return what stands behind a Service."""
    selector = service["spec"].get("selector")
    where = namespace_of(service)
    pods = [p for p in world.selected("pods", where, {"matchLabels": selector}) if _lives(p)] if selector else []
    addresses = [
        address
        for piece in world.list(SLICES, where)
        if labels(piece).get("kubernetes.io/service-name") == name_of(service)
        for endpoint in piece.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True) is not False
        for address in endpoint.get("addresses") or ()
    ]
    return Backends(pods, [p for p in pods if pod_ready(p)], addresses)


def _lives(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def declared_ports(pod: Object) -> list[Object]:
    """Return the ports that the containers of a pod declare, those of sidecars too."""
    spec = pod["spec"]
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return [p for c in [*(spec.get("containers") or ()), *sidecars] for p in c.get("ports") or ()]


def container_port(port: Object, pod: Object) -> int | None:
    """Return the number that a Service port means in a pod; None if the pod has no port of that name.

    >>> container_port({"port": 80}, {"spec": {"containers": []}})
    80
    """
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    protocol = port.get("protocol") or "TCP"
    found = [p for p in declared_ports(pod) if p.get("name") == target and (p.get("protocol") or "TCP") == protocol]
    return int(found[0]["containerPort"]) if found else None
