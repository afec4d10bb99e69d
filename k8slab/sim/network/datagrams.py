"""UDP and ICMP: one packet there, perhaps one back; nobody sends a lost one again.

Carried as values: a server's `datagram` gets the bytes and returns its answer. A port where nobody listens answers with ICMP
"port unreachable", which a sender sees as a refusal; what policies drop, or a bad link loses, is silence.
"""

from typing import NamedTuple

from k8slab.sim.kernel import Kernel
from k8slab.sim.network.errors import ConnectError, TimedOut
from k8slab.sim.network.forwarding import Forwarder, Tables
from k8slab.sim.network.links import NO_LINK, Link, Links
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.path import PacketPath, PathLog
from k8slab.sim.network.waiting import OutOfTime, within

__all__ = ["Datagrams", "Echo"]


class Echo(NamedTuple):
    """What became of a ping: how often it passed a router, whether an answer came, and after how many seconds."""

    hops: list[str]
    answered: bool
    seconds: float


class Datagrams:
    """Sends packets without a connection.

    Parameters
    ----------
    kernel, tables, forwarder, links, paths
        The network's.
    """

    def __init__(self, kernel: Kernel, tables: Tables, forwarder: Forwarder, links: Links, paths: PathLog) -> None:
        self._kernel, self._tables, self._forwarder, self._links, self._paths = kernel, tables, forwarder, links, paths

    async def send(self, source: NetNamespace, host: str, ip: str, port: int, data: bytes, timeout: float) -> bytes:
        """Send a datagram and return the answer; its path is kept.

        Raises
        ------
        ConnectError
            `Refused` if nobody listens, `TimedOut` if no answer comes.
        """
        path = self._paths.open(self._kernel.now(), source.name, f"{host}:{port}/UDP")
        path.sent = len(data)
        try:
            answer = await self.exchange(source, ip, port, data, timeout, path)
        except ConnectError as error:
            path.step("verdict", f"{error.kind}: {error.text}")
            self._paths.close(path, error.kind, self._kernel.now())
            raise
        path.received = len(answer)
        path.step("datagram", f"{len(data)} bytes sent, {len(answer)} bytes came back")
        self._paths.close(path, "answered", self._kernel.now())
        return answer

    async def exchange(self, source: NetNamespace, ip: str, port: int, data: bytes, timeout: float, path: PacketPath) -> bytes:
        """Do the same for an address, noting the steps in a path of the caller's."""
        kernel = self._kernel
        outcome = self._forwarder.forward(source, ip, port, "UDP", path, kernel.now(), kernel.random)
        link = self._link(source, outcome.ip)
        if outcome.error is TimedOut or self._lost(link) or 2 * link.latency > timeout:
            await kernel.sleep(timeout)
            raise TimedOut(ip, port, outcome.ip)
        if link.latency:
            await kernel.sleep(2 * link.latency)
        if outcome.listener is None:
            raise (outcome.error or TimedOut)(ip, port, outcome.ip)
        try:
            left = timeout - 2 * link.latency
            answer = await within(kernel, left, outcome.listener.server.datagram(data, outcome.client_ip))
        except OutOfTime:
            raise TimedOut(ip, port, outcome.ip, "response") from None
        if answer is None:
            await kernel.sleep(left)
            raise TimedOut(ip, port, outcome.ip, "response")
        return answer

    async def ping(self, source: NetNamespace, ip: str, timeout: float) -> Echo:
        """Send an ICMP echo request and wait for the answer."""
        hops, reached = self._forwarder.way(source, ip)
        link = self._link(source, ip)
        if not reached or self._lost(link) or 2 * link.latency > timeout:
            await self._kernel.sleep(timeout)
            return Echo(hops, False, timeout)
        if link.latency:
            await self._kernel.sleep(2 * link.latency)
        return Echo(hops, True, 2 * link.latency)

    def _lost(self, link: Link) -> bool:
        chance = self._kernel.random
        return bool(link.loss) and (chance.random() < link.loss or chance.random() < link.loss)

    def _link(self, source: NetNamespace, ip: str) -> Link:
        owner = self._tables.owners.get(ip)
        return self._links.between(source.node, owner.node) if owner else NO_LINK
