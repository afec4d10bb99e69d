"""How a program finds the address of a host: literal, /etc/hosts, then DNS along the search path (in life: the C library).

Questions are datagrams to the name server, through its Service to a CoreDNS pod. In a cluster without such pods (the Service
kube-dns has no selector) the network answers by itself, and policies judge a pod that is not there.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.kernel import Kernel
from k8slab.sim.network.datagrams import Datagrams
from k8slab.sim.network.dns import Answer, ClusterDns, decode, question
from k8slab.sim.network.errors import ConnectError, NameserverTimeout, Refused, UnknownHost
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
    tables, services, dns, forwarder, datagrams
        Who is reachable, who is the name server, what it says, whether policies let a pod ask, and what carries questions.
    """

    def __init__(
        self, kernel: Kernel, tables: Tables, services: ServiceTable, dns: ClusterDns, forwarder: Forwarder, datagrams: Datagrams
    ) -> None:
        self._kernel, self._tables, self._services, self._dns = kernel, tables, services, dns
        self._forwarder, self._datagrams = forwarder, datagrams

    async def lookup(
        self, source: NetNamespace, name: str, type: str = "A", server: str = "", timeout: float = DNS_TIMEOUT,
        path: PacketPath | None = None,
    ) -> Answer:  # fmt: skip
        """Ask a name server for one full name; ``path`` gets the way of the question.

        Raises
        ------
        NameserverTimeout
            If no name server answers.
        """
        address = server or (source.resolv.nameservers[0] if source.resolv.nameservers else "")
        if self._own(address) and source.node not in self._tables.down:
            answers = address in self._tables.node_ips or self._network_answers(source)
            if answers:
                return self._dns.query(name, type)
        elif address and source.node not in self._tables.down:
            way = path or PacketPath(0, self._kernel.now(), source.name, address)
            try:
                data = await self._datagrams.exchange(source, address, 53, question(name, type), timeout, way)
            except ConnectError as error:
                raise NameserverTimeout(name, 53, address, refused=isinstance(error, Refused)) from None
            answer = decode(data)
            if answer is not None:
                return answer
        await self._kernel.sleep(timeout)
        raise NameserverTimeout(name, 53, address)

    async def resolve(self, source: NetNamespace, host: str, path: PacketPath) -> str:
        """Return the address of a host, and note every question and answer."""
        if is_address(host) or host in _hosts(source):
            return _hosts(source).get(host, host)
        candidates = source.resolv.candidates(host) if source.resolv.nameservers else []
        for candidate in candidates:
            way = PacketPath(0, self._kernel.now(), source.name, source.resolv.nameservers[0])
            try:
                answer = await self.lookup(source, candidate, path=way)
            except NameserverTimeout as error:
                self._note_silence(source, candidate, path, way)
                raise NameserverTimeout(host, 53, error.ip, error.refused) from None
            _note_answer(path, candidate, answer, way, source, candidates)
            if answer.addresses:
                return self._kernel.random.choice(answer.addresses)
        raise UnknownHost(host)

    def would_resolve(self, source: NetNamespace, host: str, path: PacketPath) -> str | None:
        """Do the same without time passing, taking the first of several addresses; without one, None and the path's verdict."""
        if is_address(host) or host in _hosts(source):
            return _hosts(source).get(host, host)
        candidates = source.resolv.candidates(host) if source.resolv.nameservers else []
        for candidate in candidates:
            way = PacketPath(0, path.time, source.name, source.resolv.nameservers[0])
            wait = self._would_be_silent(source, source.resolv.nameservers[0], way)
            if wait is not None:
                self._note_silence(source, candidate, path, way)
                path.verdict, path.ended = NameserverTimeout.kind, path.time + wait
                return None
            answer = self._dns.query(candidate)
            _note_answer(path, candidate, answer, way, source, candidates)
            if answer.addresses:
                return answer.addresses[0]
        path.verdict = UnknownHost.kind
        return None

    def _would_be_silent(self, source: NetNamespace, server: str, way: PacketPath) -> float | None:
        """Return the seconds until a program would know that no name server answers; None if one would."""
        if self._own(server):
            return None if server in self._tables.node_ips or self._network_answers(source) else DNS_TIMEOUT
        outcome = self._forwarder.forward(source, server, 53, "UDP", way, way.time, None)
        if outcome.listener is not None and not self._dns.silent:
            return None
        return 0.0 if outcome.error is Refused else DNS_TIMEOUT

    def _own(self, server: str) -> bool:
        """Whether no pods stand behind a name server: it is a node's own resolver, or cluster DNS without CoreDNS."""
        if server in self._tables.node_ips:
            return True
        service = self._service(server)
        return service is not None and not service["spec"].get("selector")

    def _service(self, server: str) -> Object | None:
        key = self._services.owner_of(server)
        return self._services.get("kube-dns", "kube-system") if key == "kube-system/kube-dns" else None

    def _network_answers(self, source: NetNamespace) -> bool:
        return not self._dns.silent and self._forwarder.may_ask_names(source)

    def _note_silence(self, source: NetNamespace, name: str, path: PacketPath, way: PacketPath) -> None:
        server = source.resolv.nameservers[0]
        path.step("dns", f"{name} -> no answer from {server}", question=name, answers=[], server=server)
        if way.steps:
            path.steps += [s for s in way.steps if s["layer"] in ("service", "policy", "target")]
            path.policy, path.dropped = way.policy or path.policy, way.dropped
        elif server not in self._tables.node_ips:
            self._forwarder.may_ask_names(source, path)


def _hosts(source: NetNamespace) -> dict[str, str]:
    return {"localhost": "127.0.0.1", source.hostname: source.ip, **source.hosts}


def _note_answer(
    path: PacketPath, name: str, answer: Answer, way: PacketPath, source: NetNamespace, candidates: list[str]
) -> None:
    found = [f"{r.type} {r.value}" for r in answer.records]
    by: Object = {"server": way.destination} | ({"answeredBy": way.target} if way.target else {})
    if name == candidates[0]:
        by |= {"ndots": source.resolv.ndots, "candidates": candidates}
    path.step("dns", f"{name} -> {', '.join(found) or answer.rcode}", question=name, answers=found, **by)
