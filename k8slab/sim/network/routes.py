"""How packets get from node to node: routing tables as ``ip route`` shows them, and the hops of a way; pure functions.

Two ways that real network plugins go, to choose from (``--pod-network``):

- ``routed``: each node has a route to every other node's pod range by that node's address, and packets travel as they are
  (kindnet's static routes; Calico learns the same ones by BGP). A point-to-point link leads to each pod.
- ``overlay``: packets to other nodes are put into VXLAN packets between the nodes (flannel); the network between the nodes never
  sees a pod's address, and 50 bytes of each packet go to the envelope.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Literal, NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["MTU", "NODE_NETWORK", "PodNetwork", "Reach", "crossing", "gateway", "interfaces", "node_routes", "pod_routes"]

PodNetwork = Literal["routed", "overlay"]
NODE_NETWORK, _GATEWAY = "172.18.0.0/16", "172.18.0.1"
CLUSTER_CIDR = "10.244.0.0/14"
MTU: dict[PodNetwork, int] = {"routed": 1500, "overlay": 1450}
_VXLAN_PORT, _VNI = 8472, 1


class Reach(NamedTuple):
    """A node as its neighbours know it: name, address and pod range."""

    node: str
    ip: str
    pod_cidr: str


def gateway(pod_cidr: str) -> str:
    """Return the node's own address in its pod range.

    >>> gateway("10.244.1.0/24")
    '10.244.1.1'
    """
    return str(IPv4Network(pod_cidr).network_address + 1)


def pod_routes(kind: PodNetwork, ip: str, pod_cidr: str) -> list[str]:
    """Return the routing table inside a pod.

    >>> pod_routes("overlay", "10.244.1.5", "10.244.1.0/24")[0]
    'default via 10.244.1.1 dev eth0'
    """
    first = gateway(pod_cidr)
    if kind == "routed":
        return [
            f"default via {first} dev eth0",
            f"{pod_cidr} via {first} dev eth0 src {ip}",
            f"{first} dev eth0 scope link src {ip}",
        ]
    return [
        f"default via {first} dev eth0",
        f"{CLUSTER_CIDR} via {first} dev eth0",
        f"{pod_cidr} dev eth0 proto kernel scope link src {ip}",
    ]


def node_routes(kind: PodNetwork, me: Reach, others: Iterable[Reach], pods: Iterable[tuple[str, str]]) -> list[str]:
    """Return the routing table of a node; ``pods`` are addresses of its pods and the devices that lead to them."""
    lines = [f"default via {_GATEWAY} dev eth0"]
    if kind == "routed":
        lines += [f"{ip} dev {device} scope host" for ip, device in pods]
    else:
        lines.append(f"{me.pod_cidr} dev cni0 proto kernel scope link src {gateway(me.pod_cidr)}")
    lines += [_route(kind, other) for other in others]
    return [*lines, f"{NODE_NETWORK} dev eth0 proto kernel scope link src {me.ip}"]


def _route(kind: PodNetwork, other: Reach) -> str:
    if kind == "routed":
        return f"{other.pod_cidr} via {other.ip} dev eth0"
    return f"{other.pod_cidr} via {IPv4Network(other.pod_cidr).network_address} dev flannel.1 onlink"


def crossing(kind: PodNetwork, me: Reach, other: Reach) -> Object:
    """Return how a packet to a pod of another node crosses over, as a step of a path has it."""
    found: Object = {"from": me.node, "to": other.node, "route": _route(kind, other), "mtu": MTU[kind]}
    if kind == "overlay":
        found["encapsulated"] = {
            "protocol": "VXLAN", "vni": _VNI, "port": _VXLAN_PORT, "source": me.ip, "destination": other.ip,
        }  # fmt: skip
    return found


def interfaces(kind: PodNetwork, ip: str, prefix: int, pod_cidr: str, node: bool) -> list[tuple[str, int, str]]:
    """Return name, MTU and address of the interfaces beside ``lo``, of a pod or of a node."""
    if not node:
        return [("eth0@if7", MTU[kind], f"{ip}/{prefix}")]
    own = [("eth0", 1500, f"{ip}/16")]
    if kind == "overlay":
        base = IPv4Network(pod_cidr).network_address
        own += [("flannel.1", MTU[kind], f"{base}/32"), ("cni0", MTU[kind], f"{gateway(pod_cidr)}/24")]
    return own
