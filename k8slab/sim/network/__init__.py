"""The pod network, kube-proxy and cluster DNS of the embedded cluster.

Real components: a CNI plugin (addresses, routes, NetworkPolicies), kube-proxy in iptables mode (ClusterIP, NodePort) and
CoreDNS. Simulated containers register the sockets they listen on; whoever connects gets a path record: what DNS said, which
Service and endpoint were chosen, where the packet went, what policies said, and whether it was answered, refused or dropped.

Simplified: connections take the time and lose the packets that links between zones say, by default none; there is no world
outside the cluster, so every other name is NXDOMAIN; IPv6 is not looked at. Called by the kubelets (addresses,
probes) and the runtime (sockets, wget).
"""

from k8slab.sim.network.errors import ConnectError, NameserverTimeout, Refused, TimedOut, UnknownHost, Unreachable
from k8slab.sim.network.flows import Flow
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.links import Link
from k8slab.sim.network.namespace import NetNamespace, ResolvConf
from k8slab.sim.network.network import Network
from k8slab.sim.network.path import PacketPath
from k8slab.sim.network.sockets import Connection, Server

__all__ = [
    "ConnectError",
    "Connection",
    "Flow",
    "Link",
    "NameserverTimeout",
    "NetNamespace",
    "Network",
    "PacketPath",
    "Refused",
    "Request",
    "ResolvConf",
    "Response",
    "Server",
    "TimedOut",
    "UnknownHost",
    "Unreachable",
]
