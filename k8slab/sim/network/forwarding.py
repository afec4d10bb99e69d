"""The way of a packet, decided at one instant: kube-proxy's rules, the route, policies, the socket at the end.

Deciding is apart from waiting, so that the same code answers "what would happen" without anything being sent.
"""

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.network.addresses import AddressPool
from k8slab.sim.network.errors import ConnectError, Refused, TimedOut, Unreachable
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.path import PacketPath
from k8slab.sim.network.policies import PolicyAgent
from k8slab.sim.network.policy import Peer, Verdict
from k8slab.sim.network.routes import PodNetwork, Reach, crossing, gateway
from k8slab.sim.network.services import ServiceTable
from k8slab.sim.network.sockets import Listener

__all__ = ["ARP_TIMEOUT", "SYN_TIMEOUT", "Forwarder", "HostPort", "Outcome", "Tables"]

#: How long Linux tries to connect before it gives up, and how long ARP takes to.
SYN_TIMEOUT, ARP_TIMEOUT = 127.0, 3.1


class HostPort(NamedTuple):
    """A port of a node (of one address, or of all) that leads to a port of a pod."""

    ip: str
    port: int
    protocol: str
    container_port: int


@dataclass
class Tables:
    """What the nodes' kernels know: ranges, addresses, sockets, host ports, and which cables are out."""

    pools: dict[str, AddressPool] = field(default_factory=dict)
    node_ips: dict[str, str] = field(default_factory=dict)
    owners: dict[str, NetNamespace] = field(default_factory=dict)
    listeners: dict[tuple[str, int, str], Listener] = field(default_factory=dict)
    host_ports: dict[tuple[str, int, str], tuple[str, int]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    kind: PodNetwork = "routed"
    nodes: dict[str, Reach] = field(default_factory=dict)


class Outcome(NamedTuple):
    """What becomes of a connection: a socket at an address, or an error that the sender gets after ``wait`` seconds."""

    ip: str
    port: int
    listener: Listener | None = None
    client_ip: str = ""
    error: type[ConnectError] | None = None
    wait: float = 0.0


class _Hop(NamedTuple):
    """Where kube-proxy sends a packet, and the node whose address it puts in place of the sender's ("": it keeps it)."""

    ip: str
    port: int
    masquerade: str = ""
    rejected: bool = False
    dropped: bool = False


class Forwarder:
    """Decides what becomes of connections.

    Parameters
    ----------
    tables, services, policies
        What it goes by.
    """

    def __init__(self, tables: Tables, services: ServiceTable, policies: PolicyAgent) -> None:
        self._tables, self._services, self._policies = tables, services, policies

    def forward(
        self, source: NetNamespace, ip: str, port: int, protocol: str, path: PacketPath, now: float, chance: random.Random | None
    ) -> Outcome:
        """Decide about one connection to an address, and note each step; without chance, nothing is remembered of it."""
        if ip.startswith("127."):
            path.step("route", f"{source.name}: stays in its own network namespace")
            return self._deliver(source.ip, port, protocol, path, "127.0.0.1", loopback=True)
        hop = self._translate(source, ip, port, protocol, path, now, chance)
        if hop.rejected:
            return Outcome(ip, port, error=Refused)
        if hop.dropped:
            return Outcome(ip, port, error=TimedOut, wait=SYN_TIMEOUT)
        if hop.ip.startswith("127."):
            path.step("target", f"{hop.ip}:{hop.port} is the host's, outside of the simulated network")
            return Outcome(ip, port, error=Refused)
        owner = self._tables.owners.get(hop.ip)
        self._note_route(source, hop.ip, owner, path)
        if not self._permitted(source, hop, owner, protocol, path):
            return Outcome(hop.ip, hop.port, error=TimedOut, wait=SYN_TIMEOUT)
        if owner is None and any(hop.ip in pool for pool in self._tables.pools.values()):
            return Outcome(hop.ip, hop.port, error=Unreachable, wait=ARP_TIMEOUT)
        if owner is None or ({owner.node, source.node} & self._tables.down and hop.ip != source.ip):
            return Outcome(hop.ip, hop.port, error=TimedOut, wait=SYN_TIMEOUT)
        return self._deliver(hop.ip, hop.port, protocol, path, hop.masquerade or source.ip)

    def may_ask_names(self, source: NetNamespace, path: PacketPath | None = None) -> bool:
        """Whether policies let a pod ask cluster DNS."""
        peer = self._policies.peer(source)
        return self._heed(self._policies.judge(peer, peer, self._policies.name_server(), 53, "UDP"), path)

    def way(self, source: NetNamespace, ip: str) -> tuple[list[str], bool]:
        """Return the routers on the way to an address, and whether a packet without ports (ICMP) gets there and back."""
        tables, owner = self._tables, self._tables.owners.get(ip)
        if ip.startswith("127.") or ip == source.ip:
            return [], True
        from_pod = source.ip not in tables.node_ips
        here, there = tables.nodes.get(source.node), tables.nodes.get(owner.node if owner else "")
        hops = [gateway(here.pod_cidr)] if from_pod and here else []
        if here and there and here != there and ip not in tables.node_ips:
            base = there.pod_cidr.partition("/")[0]
            hops.append(there.ip if tables.kind == "routed" else base)
        if owner is None or {owner.node, source.node} & tables.down:
            return hops, False
        return hops, self._permitted(source, _Hop(ip, 0), owner, "ICMP", None)

    def _deliver(self, ip: str, port: int, protocol: str, path: PacketPath, client_ip: str, loopback: bool = False) -> Outcome:
        owner = self._tables.owners.get(ip)
        name = owner.name if owner else ip
        listener = self._tables.listeners.get((ip, port, protocol))
        if listener is None or (listener.loopback_only and not loopback):
            path.step("target", f"{name} does not listen on {protocol} port {port}")
            return Outcome(ip, port, error=Refused)
        path.target = name
        where: Object = {"ip": ip, "port": port, "node": owner.node if owner else ""}
        where |= {"container": listener.container} if listener.container else {}
        path.step("target", f"{name} listens on {protocol} port {port}", **where)
        return Outcome(ip, port, listener, client_ip)

    def _permitted(
        self, source: NetNamespace, hop: _Hop, owner: NetNamespace | None, protocol: str, path: PacketPath | None
    ) -> bool:
        """Ask the policies, and note what they say."""
        sender = self._policies.peer(source)
        target = self._policies.peer(owner) if owner else Peer(hop.ip)
        entered = self._tables.node_ips.get(hop.masquerade, "")
        # The address is changed on the way out of a node, after its policies have seen the packet.
        seen_as = Peer(hop.masquerade, None, {}, entered) if entered and entered != target.node else sender
        return self._heed(self._policies.judge(sender, seen_as, target, hop.port, protocol), path)

    def _heed(self, verdicts: list[Verdict], path: PacketPath | None) -> bool:
        """Note verdicts, and return whether the packet goes on."""
        if path is not None:
            for verdict in verdicts:
                self._note(verdict, path)
        return not self._policies.enforced or all(v.allowed for v in verdicts)

    def _note(self, verdict: Verdict, path: PacketPath) -> None:
        path.policy = verdict.policy or path.policy
        path.dropped = self._policies.enforced and not verdict.allowed
        unheeded = "" if verdict.allowed or self._policies.enforced else "; this network plugin does not enforce policies"
        path.step(
            "policy", f"{verdict.direction.lower()}: {verdict.text}{unheeded}", direction=verdict.direction,
            allowed=verdict.allowed, policy=verdict.policy, rule=verdict.rule, isolating=list(verdict.isolating),
        )  # fmt: skip

    def _translate(
        self, source: NetNamespace, ip: str, port: int, protocol: str, path: PacketPath, now: float, chance: random.Random | None
    ) -> _Hop:
        """Do what kube-proxy's rules (and the plugin's for host ports) do with a packet: rewrite, reject or let it pass."""
        key, number = self._services.owner_of(ip), "port"
        entered = self._tables.node_ips.get(ip, "") if key is None else ""
        if entered:
            key, number = self._services.owner_of_node_port(port, protocol), "nodePort"
        service = self._services.get(*reversed(key.split("/"))) if key else None
        if key is None or service is None:
            return self._host_port(ip, port, protocol, path)
        entry = _port_of(service, number, port, protocol)
        if entry is None:
            path.step("service", f"{key} has no port {port}/{protocol}: rejected", service=key)
            return _Hop(ip, port, rejected=True)
        policy, masquerade = _traffic_policy(service, ip, entered, source)
        choice = self._services.choose(key, entry, source.ip, now, chance, entered or source.node, policy)
        path.service = key
        backend = choice.backend
        if backend is None:
            path.step("service", choice.text, service=key, servicePort=entry["port"], **choice.details)
            return _Hop(ip, port, rejected=not choice.dropped, dropped=choice.dropped)
        rewritten: Object = {"destination": f"{ip}:{port} -> {backend.ip}:{backend.port}"}
        rewritten |= {"source": f"{source.ip} -> {masquerade}"} if masquerade else {}
        path.step("service", choice.text, service=key, servicePort=entry["port"], **choice.details, rewritten=rewritten)
        return _Hop(backend.ip, backend.port, masquerade)

    def _note_route(self, source: NetNamespace, ip: str, owner: NetNamespace | None, path: PacketPath) -> None:
        if ip == source.ip:
            path.step("route", f"{source.name}: stays in its own network namespace")
        elif owner is None:
            path.step("route", f"{source.node}: nobody has {ip}")
        elif owner.node == source.node:
            path.step("route", f"{source.node}: {ip} is on the same node")
        else:
            here, there = self._tables.nodes.get(source.node), self._tables.nodes.get(owner.node)
            to_pod = here and there and ip not in self._tables.node_ips
            details = crossing(self._tables.kind, here, there) if here and there and to_pod else {}
            path.step("route", f"{source.node} -> {owner.node}: {ip} is on another node", **details)

    def _host_port(self, ip: str, port: int, protocol: str, path: PacketPath) -> _Hop:
        mapped = self._tables.host_ports.get((ip, port, protocol))
        if mapped is None:
            return _Hop(ip, port)
        path.step("hostport", f"{self._tables.node_ips[ip]}: host port {port} belongs to {mapped[0]}:{mapped[1]}")
        return _Hop(*mapped)


def _traffic_policy(service: Object, ip: str, entered: str, source: NetNamespace) -> tuple[str, str]:
    """Return the traffic policy that applies to a connection, and the address that replaces the sender's ("" if none does).

    Pods that use a Service's outer addresses, or a node port of their own node, are inside: Local is not for them.
    """
    spec = service["spec"]
    if ip == spec.get("clusterIP"):
        return spec.get("internalTrafficPolicy") or "Cluster", ""
    policy = spec.get("externalTrafficPolicy") or "Cluster"
    if not entered:
        return "Cluster", ""
    if policy == "Local":
        return ("Cluster" if entered == source.node else "Local"), ""
    return "Cluster", ip


def _port_of(service: Object, key: str, port: int, protocol: str) -> Object | None:
    ports = service["spec"].get("ports") or ()
    return next((p for p in ports if p.get(key) == port and p.get("protocol", "TCP") == protocol), None)
