"""How a program finds the address of a host: literal, /etc/hosts, then DNS along the search path (in life: the C library)."""

from k8slab.sim.kernel import Kernel
from k8slab.sim.network.dns import Answer, ClusterDns
from k8slab.sim.network.errors import NameserverTimeout, UnknownHost
from k8slab.sim.network.forwarding import Forwarder, Tables
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.path import PacketPath
from k8slab.sim.network.services import ServiceTable

__all__ = ["DNS_TIMEOUT", "Resolver", "is_address"]

DNS_TIMEOUT = 5.0


def is_address(host: str) -> bool:
    """Whether a host is given by its address.

    >>> is_address("10.96.0.10"), is_address("web")
    (True, False)
    """
    return host.count(".") == 3 and host.replace(".", "").isdigit()


class Resolver:
    """Resolves names for pods and nodes.

    Parameters
    ----------
    kernel
        Clock and chance.
    tables, services, dns, forwarder
        Who is reachable, who is the name server, what it says, and whether policies let a pod ask.
    """

    def __init__(self, kernel: Kernel, tables: Tables, services: ServiceTable, dns: ClusterDns, forwarder: Forwarder) -> None:
        self._kernel, self._tables, self._services, self._dns = kernel, tables, services, dns
        self._forwarder = forwarder

    async def lookup(
        self, source: NetNamespace, name: str, type: str = "A", server: str = "", timeout: float = DNS_TIMEOUT
    ) -> Answer:
        """Ask a name server for one full name.

        Raises
        ------
        NameserverTimeout
            If no name server answers.
        """
        address = server or (source.resolv.nameservers[0] if source.resolv.nameservers else "")
        if source.node in self._tables.down or not self._answers(source, address):
            await self._kernel.sleep(timeout)
            raise NameserverTimeout(name, 53, address)
        return self._dns.query(name, type)

    async def resolve(self, source: NetNamespace, host: str, path: PacketPath) -> str:
        """Return the address of a host, and note every question and answer."""
        if is_address(host) or host in _hosts(source):
            return _hosts(source).get(host, host)
        for candidate in source.resolv.candidates(host) if source.resolv.nameservers else ():
            try:
                answer = await self.lookup(source, candidate)
            except NameserverTimeout:
                self._note_silence(source, candidate, path)
                raise
            _note_answer(path, candidate, answer)
            if answer.addresses:
                return self._kernel.random.choice(answer.addresses)
        raise UnknownHost(host)

    def would_resolve(self, source: NetNamespace, host: str, path: PacketPath) -> str | None:
        """Do the same without time passing, taking the first of several addresses; without one, None and the path's verdict."""
        if is_address(host) or host in _hosts(source):
            return _hosts(source).get(host, host)
        for candidate in source.resolv.candidates(host) if source.resolv.nameservers else ():
            if not self._answers(source, source.resolv.nameservers[0]):
                self._note_silence(source, candidate, path)
                path.verdict, path.ended = NameserverTimeout.kind, path.time + DNS_TIMEOUT
                return None
            answer = self._dns.query(candidate)
            _note_answer(path, candidate, answer)
            if answer.addresses:
                return answer.addresses[0]
        path.verdict = UnknownHost.kind
        return None

    def _answers(self, source: NetNamespace, server: str) -> bool:
        """Whether a name server answers: cluster DNS while its Service exists and policies allow, or a node's own resolver."""
        if server in self._tables.node_ips:
            return True
        return (
            not self._dns.silent
            and self._services.owner_of(server) == "kube-system/kube-dns"
            and self._forwarder.may_ask_names(source)
        )

    def _note_silence(self, source: NetNamespace, name: str, path: PacketPath) -> None:
        server = source.resolv.nameservers[0]
        path.step("dns", f"{name} -> no answer from {server}", question=name, answers=[])
        if server not in self._tables.node_ips:
            self._forwarder.may_ask_names(source, path)


def _hosts(source: NetNamespace) -> dict[str, str]:
    return {"localhost": "127.0.0.1", source.hostname: source.ip, **source.hosts}


def _note_answer(path: PacketPath, name: str, answer: Answer) -> None:
    found = [f"{r.type} {r.value}" for r in answer.records]
    path.step("dns", f"{name} -> {', '.join(found) or answer.rcode}", question=name, answers=found)
