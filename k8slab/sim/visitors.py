"""Visitors from the host: what connects a socket of the host with a port of a node in the simulated network.

A plain TCP proxy in the server's process. A visitor comes to a node, from the gateway of the nodes' network, and meets
kube-proxy, host ports and NetworkPolicies like any other. What the simulated network refuses or loses, the proxy cuts off: it
has accepted the connection by then.
"""

import asyncio
import logging
from collections.abc import Callable

from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.network import ConnectError, Connection, NetNamespace, Network, ResolvConf

__all__ = ["HOST", "Visitors"]

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_GATEWAY = "172.18.0.1"
#: How long a visitor waits for a connection.
_PATIENCE = 30.0


class Visitors:
    """Leads visitors to a node.

    Parameters
    ----------
    kernel, driver, network
        The cluster's.
    node_ip
        The node's address.
    """

    def __init__(self, kernel: Kernel, driver: Driver, network: Network, node_ip: str) -> None:
        self._kernel, self._driver, self._network, self._node_ip = kernel, driver, network, node_ip
        self._visitor = NetNamespace(_GATEWAY, "host", "host", ResolvConf(), "host")

    def to(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], "asyncio.Future[None]"]:
        """Return what carries a visitor's connection to a port of the node."""

        def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "asyncio.Future[None]":
            return asyncio.ensure_future(self._carry(port, reader, writer))

        return visit

    async def _carry(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = self._network.connect(self._visitor, self._node_ip, port, timeout=_PATIENCE)
        visit = self._kernel.spawn(work, f"visitor of port {port}")
        self._driver.let_time_pass(visit)
        try:
            connection = await self._driver.result(visit)
        except ConnectError:
            writer.transport.abort()
            return
        answers: list[Future[None]] = []

        def answer(data: bytes) -> None:
            for waiting in answers:
                waiting.set_result(None)
            answers.clear()
            if data:
                writer.write(data)
            else:
                writer.close()

        connection.incoming.listen(answer)
        await self._pump(reader, connection, answers)

    async def _pump(self, reader: asyncio.StreamReader, connection: Connection, answers: "list[Future[None]]") -> None:
        try:
            while data := await reader.read(65536):
                answers.append(self._kernel.future())
                connection.outgoing.write(data)
                self._driver.let_time_pass(answers[-1])
        except OSError:
            log.debug("a visitor hung up")
        connection.outgoing.close()
        self._driver.wake()
