"""The network of the cluster: who has which address, who listens where, and how a connection finds its way.

Stands for the CNI plugin, the nodes' routes and kube-proxy's rules. A connection is decided at once; only what the
real thing would wait for (no answer to SYN, no host behind an address) takes simulated time.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from errno import EADDRINUSE
from ipaddress import IPv4Address
from typing import NamedTuple
from zlib import crc32

from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel
from k8slab.sim.network.addresses import AddressPool
from k8slab.sim.network.datagrams import Datagrams, Echo
from k8slab.sim.network.dns import Answer, ClusterDns
from k8slab.sim.network.errors import ConnectError, NameserverTimeout, Refused, Reset, TimedOut, UnknownHost
from k8slab.sim.network.flows import FlowLog
from k8slab.sim.network.forwarding import SYN_TIMEOUT, Forwarder, HostPort, Tables
from k8slab.sim.network.http import Request, Response, Url, parse_request, parse_response, parse_url
from k8slab.sim.network.ingress import IngressTable
from k8slab.sim.network.links import DATA_RETRY, NO_LINK, SYN_RETRY, TCP_GIVES_UP, Link, Links, trip_time
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.path import PacketPath, PathLog
from k8slab.sim.network.policies import PolicyAgent
from k8slab.sim.network.resolver import Resolver, is_address
from k8slab.sim.network.routes import PodNetwork, Reach, interfaces, node_routes, pod_routes
from k8slab.sim.network.services import ServiceTable
from k8slab.sim.network.sockets import Connection, Listener, Server
from k8slab.sim.network.tls import PLAIN_TEXT, STRICT, Trust, check
from k8slab.sim.network.waiting import OutOfTime, within
from k8slab.sim.streams import Pipe

__all__ = ["Network"]


class _Target(NamedTuple):
    listener: Listener
    ip: str
    port: int
    path: PacketPath
    client_ip: str
    link: Link


class Network:
    """Addresses, sockets, Services and names of the whole cluster.

    Parameters
    ----------
    client
        Reads Services and EndpointSlices (``system:kube-proxy``), and what the CNI plugin reads: policies and whom they select.
    kernel
        Clock, chance and coroutines.
    enforce_policies
        Whether the CNI plugin drops what NetworkPolicies do not allow.
    kind
        How packets get from node to node.
    """

    def __init__(self, client: Client, kernel: Kernel, enforce_policies: bool = True, kind: PodNetwork = "routed") -> None:
        self._client, self._kernel = client, kernel
        self.services = ServiceTable(client)
        self.dns = ClusterDns(self.services)
        self.paths = PathLog()
        self._tables = Tables(kind=kind)
        self._forwarder = Forwarder(self._tables, self.services, PolicyAgent(client, enforce_policies))
        self._ports = 32768
        self._idle: dict[tuple[str, int], list[Connection]] = {}  #: connections that wait for a request, by whom they lead to
        self.links = Links(client)
        self._datagrams = Datagrams(kernel, self._tables, self._forwarder, self.links, self.paths)
        self._resolver = Resolver(kernel, self._tables, self.services, self.dns, self._forwarder, self._datagrams)
        self.flows = FlowLog()
        self.ingress: IngressTable | None = None  #: what an Ingress controller in the cluster goes by
        self.paths.subscribe(self.flows.add)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Follow the Services."""
        self._unsubscribe = self._client.informer("services").subscribe(self.services.service_changed)

    def stop(self) -> None:
        """Stop following."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    # --- addresses ---

    def add_node(self, namespace: NetNamespace, pod_cidr: str) -> None:
        """Connect a node, with the range its pods' addresses come from; known nodes keep what they have."""
        if namespace.node not in self._tables.pools:
            self._tables.pools[namespace.node] = AddressPool(pod_cidr)
        self._tables.node_ips[namespace.ip] = namespace.node
        self._tables.nodes[namespace.node] = Reach(namespace.node, namespace.ip, self._tables.pools[namespace.node].cidr)
        self._tables.owners[namespace.ip] = namespace
        self._tables.down.discard(namespace.node)

    def set_reachable(self, node: str, reachable: bool) -> None:
        """Plug a node's cable in or out: packets to and from a node that is out are lost."""
        (self._tables.down.discard if reachable else self._tables.down.add)(node)

    def allocate(self, node: str) -> str:
        """Return a free pod address of a node."""
        return self._tables.pools[node].allocate()

    def attach(self, namespace: NetNamespace, host_ports: Iterable[HostPort] = ()) -> None:
        """Connect a pod that got its address from `allocate`, and lead ports of its node to it (the plugin portmap)."""
        self._tables.owners[namespace.ip] = namespace
        for wanted in host_ports:
            for ip, node in self._tables.node_ips.items():
                if node == namespace.node and wanted.ip in ("", "0.0.0.0", ip):
                    self._tables.host_ports[ip, wanted.port, wanted.protocol] = (namespace.ip, wanted.container_port)

    def release(self, node: str, ip: str) -> None:
        """Take a pod's address back and close every socket on it."""
        self._tables.owners.pop(ip, None)
        self._tables.pools[node].release(ip)
        for key in [k for k, target in self._tables.host_ports.items() if target[0] == ip]:
            del self._tables.host_ports[key]

    # --- sockets ---

    def listen(
        self, ip: str, port: int, server: Server, protocol: str = "TCP", loopback_only: bool = False, container: str = ""
    ) -> None:
        """Open a listening socket; ``container`` is whose, for those who look at paths.

        Raises
        ------
        OSError
            If the port is taken on this address.
        """
        if (ip, port, protocol) in self._tables.listeners:
            raise OSError(EADDRINUSE, "Address already in use")
        self._tables.listeners[ip, port, protocol] = Listener(server, loopback_only, container)

    def unlisten(self, ip: str, port: int, protocol: str = "TCP") -> None:
        """Close a listening socket and the connections that wait for another request; harmless if there is none."""
        self._tables.listeners.pop((ip, port, protocol), None)
        for connection in self._idle.pop((ip, port), ()):
            connection.close()

    def listening(self, ip: str, port: int, protocol: str = "TCP") -> bool:
        """Whether somebody listens."""
        return (ip, port, protocol) in self._tables.listeners

    # --- names ---

    async def lookup(self, source: NetNamespace, name: str, type: str = "A", server: str = "", timeout: float = 5.0) -> Answer:
        """Ask a name server for one full name; see `Resolver.lookup`."""
        return await self._resolver.lookup(source, name, type, server, timeout)

    async def resolve(self, source: NetNamespace, host: str) -> str:
        """Return the address of a host as a program would get it; a failure leaves its path, as no connection will."""
        path = PacketPath(0, self._kernel.now(), source.name, host)
        try:
            return await self._resolver.resolve(source, host, path)
        except UnknownHost as error:
            failed = self.paths.open(path.time, path.source, path.destination)
            failed.steps, failed.policy, failed.dropped = path.steps, path.policy, path.dropped
            self._close(failed, error.kind)
            raise

    async def datagram(self, source: NetNamespace, host: str, port: int, data: bytes, timeout: float = 5.0) -> bytes:
        """Send a datagram (UDP) and return the answer; see `Datagrams.send`."""
        ip = await self.resolve(source, host)
        return await self._datagrams.send(source, host, ip, port, data, timeout)

    async def ping(self, source: NetNamespace, host: str, timeout: float = 1.0) -> tuple[str, Echo]:
        """Send an ICMP echo request; return the host's address and what became of it."""
        ip = await self.resolve(source, host)
        return ip, await self._datagrams.ping(source, ip, timeout)

    def routes(self, source: NetNamespace) -> list[str]:
        """Return the routing table that a pod or a node has."""
        tables = self._tables
        me = tables.nodes[source.node]
        if source.ip not in tables.node_ips:
            return pod_routes(tables.kind, source.ip, me.pod_cidr)
        pods = sorted((IPv4Address(ip), end) for ip, end in tables.owners.items() if end.node == me.node and ip != me.ip)
        links = [(str(ip), f"veth{crc32(end.name.encode()):08x}") for ip, end in pods]
        return node_routes(tables.kind, me, (n for n in tables.nodes.values() if n != me), links)

    def interfaces(self, source: NetNamespace) -> list[tuple[str, int, str]]:
        """Return name, MTU and address of the interfaces that a pod or a node has, beside ``lo``."""
        me = self._tables.nodes[source.node]
        return interfaces(self._tables.kind, source.ip, 24, me.pod_cidr, source.ip in self._tables.node_ips)

    # --- connections ---

    async def connect(
        self, source: NetNamespace, host: str, port: int, protocol: str = "TCP", timeout: float | None = None
    ) -> Connection:
        """Open a connection.

        Raises
        ------
        ConnectError
            One of its kinds, if the connection does not come about.
        """
        target = await self._reach(source, host, port, protocol, timeout)
        self._close(target.path, "connected")
        to_server, to_client = Pipe(self._kernel), Pipe(self._kernel)
        served = Connection(to_server, to_client, target.client_ip)
        server = target.listener.server
        work = self._serve_http(server, served, target) if server.speaks_http else server.accept(served)
        serving = self._kernel.spawn(work, f"connection to {host}:{port}")
        serving.add_done_callback(lambda _: self._carried(target.path, to_server, to_client))
        return Connection(to_client, to_server, target.ip)

    def _carried(self, path: PacketPath, there: Pipe, back: Pipe) -> None:
        """Note how much a connection has carried, now that it is over."""
        path.sent, path.received = there.passed, back.passed
        self.flows.carried(path)

    async def http(
        self,
        source: NetNamespace,
        method: str,
        url: str | Url,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        timeout: float | None = None,
        trust: Trust = STRICT,
        connect_timeout: float | None = None,
    ) -> Response:
        """Send a request and return the response; ``timeout`` covers everything from name resolution to the last byte.

        Over ``https`` the server's certificate has to satisfy ``trust``.

        Raises
        ------
        ConnectError
            If no connection comes about, or no answer in time (`TimedOut` with phase ``response``).
        """
        where = parse_url(url) if isinstance(url, str) else url
        deadline = None if timeout is None else self._kernel.now() + timeout
        target = await self._reach(source, where.host, where.port, "TCP", connect_timeout or timeout)
        if where.scheme == "https":
            self._handshake(target, where, trust)
        given = {k.lower(): v for k, v in (headers or {}).items()}
        shown = where.host if where.port in (80, 443) else f"{where.host}:{where.port}"
        request = Request(method, where.path, where.query, {"host": shown, **given}, body, target.client_ip, 0, where.port)
        self._ports = 32768 + (self._ports - 32767) % 28232
        request.client_port, request.port = self._ports, target.port
        left = None if deadline is None else max(0.0, deadline - self._kernel.now())
        try:
            plain = where.scheme == "http" and target.listener.server.tls is not None
            response = PLAIN_TEXT if plain else await within(self._kernel, left, self._exchange(target, request))
        except OutOfTime:
            target.path.step("http", f"{method} {request.target}: no answer within {timeout or TCP_GIVES_UP:g} s")
            self._close(target.path, "timeout")
            raise TimedOut(where.host, where.port, target.ip, "response") from None
        except Reset as error:
            target.path.step("http", f"{method} {request.target}: {error.text}")
            self._close(target.path, error.kind)
            raise
        target.path.step("http", f"{method} {request.target}: {response.status}", status=response.status)
        target.path.sent, target.path.received = _size(request), len(response.head()) + len(response.body)
        self._close(target.path, f"answered {response.status}")
        return response

    def _handshake(self, target: _Target, where: Url, trust: Trust) -> None:
        try:
            check(target.listener.server.tls, trust, where.host, where.port, target.ip)
        except ConnectError as error:
            target.path.step("tls", error.text)
            self._close(target.path, error.kind)
            raise

    async def _exchange(self, target: _Target, request: Request) -> Response:
        await self._travel(target.link)
        server = target.listener.server
        if server.speaks_http:
            return await server.handle(request)
        to_server, to_client = Pipe(self._kernel), Pipe(self._kernel)
        head = f"{request.method} {request.target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
        to_server.write(head.encode() + b"\r\n" + request.body)
        self._kernel.spawn(server.accept(Connection(to_server, to_client, target.client_ip)))
        data = b""
        while chunk := await to_client.read():
            data += chunk
        return parse_response(data)

    async def _serve_http(self, server: Server, connection: Connection, target: _Target) -> None:
        """Answer one request after the other, until one of both sides wants no more."""
        try:
            await self._converse(server, connection, target)
        finally:
            connection.close()

    async def _converse(self, server: Server, connection: Connection, target: _Target) -> None:
        data, keep_alive = b"", True
        while keep_alive and (chunk := await self._next_words(connection, target)):
            data += chunk
            while keep_alive and data:
                try:
                    received = parse_request(data)
                except ValueError:
                    connection.outgoing.write(Response(400, b"Bad Request\n", {"Connection": "close"}).encode())
                    return
                if received is None:
                    break
                data, keep_alive = received.rest, received.keep_alive and self._listens(target)
                keep_alive = await self._answer(server, connection, target, received.request, keep_alive) and keep_alive

    async def _next_words(self, connection: Connection, target: _Target) -> bytes:
        """Wait for what the client says; if the server closes its socket meanwhile, that is nothing any more."""
        waiting = self._idle.setdefault((target.ip, target.port), [])
        waiting.append(connection)
        try:
            return await connection.incoming.read()
        finally:
            if connection in waiting:
                waiting.remove(connection)

    def _listens(self, target: _Target) -> bool:
        """Whether a connection leads to a socket that is still open, not to a server that waits for its last answers."""
        return self._tables.listeners.get((target.ip, target.port, "TCP")) is target.listener

    async def _answer(self, server: Server, connection: Connection, target: _Target, request: Request, keep_alive: bool) -> bool:
        """Answer a request; return whether there was an answer."""
        request.client_ip, request.port = connection.peer, target.port
        try:
            response = await server.handle(request)
        except Reset:  # the pipe ends without an answer
            return False
        if not keep_alive:
            response.headers.setdefault("Connection", "close")
        connection.outgoing.write(response.head().encode() if request.method == "HEAD" else response.encode())
        return True

    # --- the way of a packet ---

    async def _reach(self, source: NetNamespace, host: str, port: int, protocol: str, timeout: float | None) -> _Target:
        path = self.paths.open(self._kernel.now(), source.name, f"{host}:{port}")
        deadline = None if timeout is None else self._kernel.now() + timeout
        try:
            ip = host if is_address(host) else await within(self._kernel, timeout, self._resolver.resolve(source, host, path))
            return await self._forward(source, host, ip, port, protocol, deadline, path)
        except OutOfTime:
            self._close(path, "dns-timeout")
            raise NameserverTimeout(host, port) from None
        except ConnectError as error:
            path.step("verdict", f"{error.kind}: {error.text}")
            self._close(path, error.kind)
            raise

    async def _forward(
        self, source: NetNamespace, host: str, ip: str, port: int, protocol: str, deadline: float | None, path: PacketPath
    ) -> _Target:
        """Do what the forwarder decides; a sender that gets no answer waits, for as long as it or its kernel does."""
        kernel = self._kernel
        outcome = self._forwarder.forward(source, ip, port, protocol, path, kernel.now(), kernel.random)
        link = self._link(source, outcome.ip)
        trip = trip_time(link, SYN_RETRY, kernel.random)
        wait = outcome.wait or (SYN_TIMEOUT if trip is None else trip)
        if link != NO_LINK:
            _note_link(path, link, wait)
        left = None if deadline is None else max(0.0, deadline - kernel.now())
        if left is not None and left < wait:
            await kernel.sleep(left)
            raise TimedOut(host, port, ip)
        if wait:
            await kernel.sleep(wait)
        if trip is None:
            raise TimedOut(host, port, ip)
        if outcome.listener is None:
            raise (outcome.error or Refused)(host, port, ip)
        return _Target(outcome.listener, outcome.ip, outcome.port, path, outcome.client_ip, link)

    def _link(self, source: NetNamespace, ip: str) -> Link:
        owner = self._tables.owners.get(ip)
        return self.links.between(source.node, owner.node) if owner else NO_LINK

    async def _travel(self, link: Link) -> None:
        """Let a request and its answer be on their way; raise OutOfTime when TCP gives up."""
        trip = trip_time(link, DATA_RETRY, self._kernel.random)
        if trip is None:
            await self._kernel.sleep(TCP_GIVES_UP)
            raise OutOfTime
        if trip:
            await self._kernel.sleep(trip)

    # --- what would happen ---

    def namespace_of_pod(self, namespace: str, name: str) -> NetNamespace | None:
        """Return the network namespace of a running pod."""
        pod = self._client.informer("pods").get(name, namespace)
        owner = self._tables.owners.get((pod or {}).get("status", {}).get("podIP", ""))
        if pod is None or owner is None:
            return None
        return replace(owner, name=f"{namespace}/{name}") if pod["spec"].get("hostNetwork") else owner

    def namespace_of_node(self, name: str) -> NetNamespace | None:
        """Return the network namespace of a node."""
        return next((self._tables.owners[ip] for ip, node in self._tables.node_ips.items() if node == name), None)

    def trace(self, source: NetNamespace, host: str, port: int, protocol: str = "TCP") -> PacketPath:
        """Return the path that a connection would take now; nothing is sent, no time passes, nothing is kept."""
        path = PacketPath(0, self._kernel.now(), source.name, f"{host}:{port}")
        ip = self._resolver.would_resolve(source, host, path)
        if ip is not None:
            outcome = self._forwarder.forward(source, ip, port, protocol, path, path.time, None)
            path.verdict = outcome.error.kind if outcome.error else "connected"
            path.ended += outcome.wait
            link = self._link(source, outcome.ip)
            if link != NO_LINK and not outcome.wait:
                _note_link(path, link, 2 * link.latency)
                path.ended += 2 * link.latency
        return path

    def _close(self, path: PacketPath, verdict: str) -> None:
        self.paths.close(path, verdict, self._kernel.now())


def _note_link(path: PacketPath, link: Link, seconds: float) -> None:
    text = f"{link.latency * 1000:g} ms each way, {link.loss:.0%} of packets lost"
    path.step("link", text, seconds=seconds, latency=link.latency, loss=link.loss)


def _size(request: Request) -> int:
    head = len(f"{request.method} {request.target} HTTP/1.1\r\n\r\n")
    return head + sum(len(k) + len(v) + 4 for k, v in request.headers.items()) + len(request.body)
