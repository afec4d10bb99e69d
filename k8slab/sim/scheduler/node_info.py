"""A node as the scheduler sees it: the object, its pods, and their sums.

Upstream: pkg/scheduler/framework/types.go (NodeInfo).
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.pod_info import HostPort, PodInfo
from k8slab.sim.scheduler.resources import Resources, amounts

__all__ = ["ANY_ADDRESS", "NodeInfo", "zone_of"]

#: A host port on this address conflicts with the same port on every address.
ANY_ADDRESS = "0.0.0.0"

_ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_REGION_LABELS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")


def zone_of(labels: dict[str, str]) -> tuple[str, str]:
    """Return (region, zone) of a node, "" where it has none."""
    region = next((labels[key] for key in _REGION_LABELS if key in labels), "")
    return region, next((labels[key] for key in _ZONE_LABELS if key in labels), "")


class NodeInfo:
    """A node with its pods; adding and removing keeps the sums right."""

    __slots__ = (
        "allocatable",
        "allowed_pods",
        "index",
        "labels",
        "name",
        "node",
        "non_zero_cpu",
        "non_zero_memory",
        "pods",
        "ports",
        "requested",
        "taints",
        "unschedulable",
        "used_claims",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.index = -1
        self.node: Object | None = None
        self.labels: dict[str, str] = {}
        self.taints: list[Object] = []
        self.unschedulable = False
        self.allocatable: Resources = {}
        self.allowed_pods = 0
        self.pods: dict[str, PodInfo] = {}
        self.requested: Resources = {"cpu": 0, "memory": 0}
        self.non_zero_cpu = 0
        self.non_zero_memory = 0
        self.ports: dict[HostPort, int] = {}
        self.used_claims: dict[str, int] = {}

    def set_node(self, node: Object) -> None:
        """Take over labels, taints and allocatable resources of the object."""
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.node = node
        self.labels = node["metadata"].get("labels") or {}
        self.taints = spec.get("taints") or []
        self.unschedulable = bool(spec.get("unschedulable"))
        self.allocatable = amounts(status.get("allocatable") or status.get("capacity"))
        self.allowed_pods = self.allocatable.get("pods", 0)

    def add_pod(self, pod: PodInfo) -> None:
        """Count a pod in."""
        self.pods[pod.uid] = pod
        self._account(pod, 1)

    def remove_pod(self, pod: PodInfo) -> None:
        """Count a pod out."""
        counted = self.pods.pop(pod.uid, None)
        if counted is not None:
            self._account(counted, -1)

    def _account(self, pod: PodInfo, sign: int) -> None:
        requested = self.requested
        for name, amount in pod.requests.items():
            requested[name] = requested.get(name, 0) + sign * amount
        self.non_zero_cpu += sign * pod.non_zero_cpu
        self.non_zero_memory += sign * pod.non_zero_memory
        for port in pod.ports:
            _count(self.ports, port, sign)
        for claim, _ in pod.claims:
            _count(self.used_claims, f"{pod.namespace}/{claim}", sign)

    def port_conflict(self, wanted: HostPort) -> bool:
        """Whether a pod here holds the host port already."""
        if not self.ports:
            return False
        address, protocol, port = wanted
        if address == ANY_ADDRESS:
            return any(used[1:] == (protocol, port) for used in self.ports)
        return wanted in self.ports or (ANY_ADDRESS, protocol, port) in self.ports

    def clone(self) -> "NodeInfo":
        """Copy for a what-if; pods and the node object are shared."""
        copy = NodeInfo(self.name)
        for slot in NodeInfo.__slots__:
            value = getattr(self, slot)
            setattr(copy, slot, dict(value) if isinstance(value, dict) and slot not in ("node", "labels") else value)
        return copy


def _count(counts: dict[Any, int], key: Any, sign: int) -> None:
    left = counts.get(key, 0) + sign
    if left:
        counts[key] = left
    else:
        counts.pop(key, None)
