"""What a node is, and how fast its kubelet works (upstream: KubeletConfiguration and the flags of the kubelet)."""

from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object

__all__ = ["KubeletOptions", "NodeConfig"]


@dataclass(frozen=True)
class NodeConfig:
    """One node of the cluster.

    Parameters
    ----------
    name
        Node name.
    labels, taints
        Set when the node registers.
    capacity
        Quantities by resource name: ``{"cpu": "4", "memory": "8Gi", "pods": "110"}``; what is left out gets a default.
    pod_cidr
        Range of its pods' addresses.
    internal_ip
        Its own address.
    static_pods
        Manifests that its kubelet runs by itself.
    port_mappings
        Ports of the host that lead to ports of the node.
    roles
        Become labels ``node-role.kubernetes.io/<role>``.
    """

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[Object] = field(default_factory=list)
    capacity: dict[str, str] = field(default_factory=dict)
    pod_cidr: str = "10.244.0.0/24"
    internal_ip: str = "172.18.0.2"
    roles: tuple[str, ...] = ()
    static_pods: tuple[Object, ...] = ()
    port_mappings: tuple[tuple[int, int], ...] = ()

    def resources(self) -> dict[str, str]:
        """Return the capacity with defaults filled in."""
        return {"cpu": "4", "ephemeral-storage": "100Gi", "memory": "8Gi", "pods": "110", **self.capacity}


@dataclass(frozen=True)
class KubeletOptions:
    """How fast things go.

    Parameters
    ----------
    start_delays
        Factor on everything that takes a real node time: image pulls, container start, the start-up of programs, noticing an
        exit. 0: at once; 1: like a real node.
    container_start
        Seconds from "created" to "started", before the factor.
    """

    start_delays: float = 0.0
    container_start: float = 0.3

    @property
    def relist_period(self) -> float:
        """Seconds until an exit is noticed (upstream: the PLEG's relist period of one second)."""
        return 1.0 * self.start_delays

    @property
    def notice_start(self) -> float:
        """Seconds until a start is noticed (upstream: at the next relist, so up to a second)."""
        return 0.2 * self.start_delays
