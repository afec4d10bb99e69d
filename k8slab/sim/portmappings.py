"""Port mappings of a kind configuration: ``extraPortMappings`` lead from ports of the host's loopback to ports of a node.

Those of ports 80 and 443 of the node with the Ingress controller are `k8slab.sim.ingressdoor`'s. Simplified: TCP only, and always
at 127.0.0.1, whatever the listenAddress.
"""

import asyncio
import logging
from collections.abc import Iterable

from k8slab.sim.client import Client
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Kernel
from k8slab.sim.kubelet import NodeConfig
from k8slab.sim.network import Network
from k8slab.sim.visitors import HOST, Visitors

__all__ = ["PortMappings", "entrance"]

log = logging.getLogger(__name__)

_INGRESS = (80, 443)


def entrance(nodes: list[NodeConfig]) -> NodeConfig:
    """Return the node where visitors come to the Ingress controller: the one whose port 80 is mapped, or the first."""
    return next((n for n in nodes if any(port == 80 for _, port in n.port_mappings)), nodes[0])


class PortMappings:
    """Listens on the host for the mappings of all nodes.

    Parameters
    ----------
    client
        Tells of ports that are taken.
    kernel, driver, network
        The cluster's.
    nodes
        With their mappings.
    ingress
        Whether the entrance's ports 80 and 443 are somebody else's.
    """

    def __init__(
        self, client: Client, kernel: Kernel, driver: Driver, network: Network, nodes: list[NodeConfig], ingress: bool
    ) -> None:
        self._client = client
        self._mappings = list(_wanted(nodes, ingress))
        self._visitors = {n.name: Visitors(kernel, driver, network, n.internal_ip) for n in nodes if n.port_mappings}
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Listen; a port that is taken on the host is an event of the node."""
        for node, host_port, port in self._mappings:
            try:
                self._servers.append(await asyncio.start_server(self._visitors[node].to(port), HOST, host_port))
            except OSError as error:
                text = f"{HOST}:{host_port} cannot lead to port {port} of {node}: {error.strerror}"
                log.warning("%s", text)
                found = self._client.informer("nodes").get(node)
                if found is not None:
                    self._client.event(found, "Warning", "HostPortTaken", text, "k8slab")

    def close(self) -> None:
        """Listen no more."""
        for server in self._servers:
            server.close()
        self._servers = []


def _wanted(nodes: list[NodeConfig], ingress: bool) -> Iterable[tuple[str, int, int]]:
    for node in nodes:
        for host_port, port in node.port_mappings:
            if not (ingress and port in _INGRESS and node is entrance(nodes)):
                yield node.name, host_port, port
