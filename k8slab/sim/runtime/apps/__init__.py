"""What the servers of the image catalogue answer: one function per kind of server, looked up by the name in the image file."""

from collections.abc import Callable, Coroutine
from typing import Any

from k8slab.sim.kernel import Future
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.sockets import Connection
from k8slab.sim.network.tls import Identity
from k8slab.sim.runtime.apps import chatter, coredns, ingress, netexec, nginx, redis, static
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["APPS", "DATAGRAM_APPS", "RAW_APPS", "TLS_APPS"]

App = Callable[[SimulatedServer, Request], Coroutine[Future[Any], None, Response]]
DatagramApp = Callable[[SimulatedServer, bytes, str], Coroutine[Future[Any], None, bytes | None]]
RawApp = Callable[[SimulatedServer, Connection], Coroutine[Future[Any], None, None]]

APPS: dict[str, App] = {
    "static": static.files,
    "nginx": nginx.serve,
    "python": static.listing,
    "text": static.text,
    "echo": static.echo,
    "netexec": netexec.netexec,
    "serve-hostname": netexec.serve_hostname,
    "liveness": netexec.liveness,
    "porter": netexec.porter,
    "chatter-web": chatter.web,
    "chatter-gateway": chatter.gateway,
    "chatter-rooms": chatter.rooms,
    "chatter-history": chatter.history,
    "coredns": coredns.http,
    "ingress-nginx": ingress.serve,
}
#: The certificates of the apps that have ``tls-ports``.
TLS_APPS: dict[str, Callable[[SimulatedServer], Identity | None]] = {"ingress-nginx": ingress.identity}
DATAGRAM_APPS: dict[str, DatagramApp] = {"coredns": coredns.answer, "netexec": netexec.datagram}
RAW_APPS: dict[str, RawApp] = {"redis": redis.serve, "silent": redis.silent}
