"""Sockets of simulated programs: whoever listens, and the two ends of a connection."""

from collections.abc import Coroutine
from typing import Any, NamedTuple, Protocol

from k8slab.sim.kernel import Future
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.tls import Identity
from k8slab.sim.streams import Pipe

__all__ = ["Connection", "Listener", "Server"]


class Server(Protocol):
    """Whoever listens: one that speaks HTTP answers requests, another one gets the raw connection."""

    @property
    def speaks_http(self) -> bool:
        """Whether it speaks HTTP."""
        ...

    @property
    def tls(self) -> Identity | None:
        """The certificate it shows; None for plain text."""
        ...

    def handle(self, request: Request) -> Coroutine[Future[Any], None, Response]:
        """Answer an HTTP request."""
        ...

    def accept(self, connection: "Connection") -> Coroutine[Future[Any], None, None]:
        """Serve a raw connection until it ends."""
        ...

    def datagram(self, data: bytes, client_ip: str) -> Coroutine[Future[Any], None, bytes | None]:
        """Answer a datagram (UDP); None: no answer."""
        ...


class Connection(NamedTuple):
    """One end of a TCP connection: read from ``incoming``, write to ``outgoing``."""

    incoming: Pipe
    outgoing: Pipe
    peer: str

    def close(self) -> None:
        """End both directions."""
        self.incoming.close()
        self.outgoing.close()


class Listener(NamedTuple):
    """A listening socket."""

    server: Server
    loopback_only: bool
    container: str = ""  #: whose it is
