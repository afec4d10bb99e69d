"""Node ports on the host: ``127.0.0.1:<nodePort>`` leads into the simulated network, as a kind cluster's port mappings do.

Visitors come to the first node; see `k8slab.sim.visitors`. TCP only. A port that another program has is told in an event of the
Service; on a stepped clock only in the log, since what else runs on the host must not change how a seeded cluster goes on.
"""

import asyncio
import logging
from collections.abc import Callable

from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.client import Client, EventType
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import Network
from k8slab.sim.visitors import HOST, Visitors

__all__ = ["NodePorts", "node_ports"]

log = logging.getLogger(__name__)


def node_ports(services: list[Object]) -> dict[int, Object]:
    """Return the TCP node ports of Services, and whose they are."""
    return {
        p["nodePort"]: service
        for service in services
        for p in service["spec"].get("ports") or ()
        if p.get("nodePort") and p.get("protocol", "TCP") == "TCP"
    }


class NodePorts:
    """Listens on the host for every node port there is.

    Parameters
    ----------
    client
        Reads Services and tells of ports that are taken.
    kernel, driver, network
        The cluster's.
    node_ips
        The nodes' addresses; visitors come to the first.
    """

    def __init__(self, client: Client, kernel: Kernel, driver: Driver, network: Network, node_ips: list[str]) -> None:
        self._client, self._driver, self._here = client, driver, bool(node_ips)
        self._visitors = Visitors(kernel, driver, network, node_ips[0] if node_ips else "")
        self._servers: dict[int, asyncio.Server] = {}
        self._taken: set[int] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Follow the Services; without nodes there are no node ports."""
        if not self._here:
            return
        self._unsubscribe = self._client.informer("services").subscribe(self._service_changed)
        self._task = asyncio.ensure_future(self._follow())

    def stop(self) -> None:
        """Close every port."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def _service_changed(self, type: EventType, service: Object, old: Object | None) -> None:
        if node_ports([service, *([old] if old else [])]):
            self._changed.set()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._open(node_ports(self._client.informer("services").list()))

    async def _open(self, wanted: dict[int, Object]) -> None:
        for port in self._servers.keys() - wanted.keys():
            self._servers.pop(port).close()
        self._taken &= wanted.keys()
        for port in sorted(wanted.keys() - self._servers.keys() - self._taken):
            try:
                self._servers[port] = await asyncio.start_server(self._visitors.to(port), HOST, port)
            except OSError as error:
                self._taken.add(port)
                log.warning("node port %s:%d of %s cannot be served: %s", HOST, port, key_of(wanted[port]), error.strerror)
                if not self._driver.stepped:
                    self._tell(wanted[port], port, error)

    def _tell(self, service: Object, port: int, error: OSError) -> None:
        text = f"{HOST}:{port} cannot be used on the host ({error.strerror}); the node port answers inside the cluster only"
        self._client.event(service, "Warning", "NodePortUnavailable", text, "k8slab")
