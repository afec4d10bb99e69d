"""The API server's door to the host: the listening socket, and uvicorn behind it; it can be shut and opened again.

While it is shut, connections are refused and those that were open are broken off, as when kube-apiserver is down; nobody else
gets its port.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from k8slab.errors import K8slabError
from k8slab.sim.apiserver.app import ApiServer
from k8slab.sim.apiserver.pki import Pki
from k8slab.sim.upgrade import SPDY, UpgradedProtocol

__all__ = ["HOST", "Door", "listen"]

HOST = "127.0.0.1"
_BACKLOG = 256

#: Real seconds that the answer to whoever shuts the door has to get out.
_LAST_WORDS = 0.2

#: OpenSSL's X509_V_FLAG_NO_CHECK_TIME: kube-apiserver too looks at a client's certificate after the handshake, and says 401.
_NO_CHECK_TIME = 0x200000

#: How often, and how many real seconds apart, connections are broken off: some are still shaking hands when the door is shut.
_ROUNDS, _ROUND = 10, 0.02


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, telling the application of the client's certificate."""

    def connection_made(self, transport: Any) -> None:
        """Note the certificate of the connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self._certificate = tls.getpeercert(binary_form=True) if tls is not None else None

    def _should_upgrade(self) -> bool:
        return self._get_upgrade() == SPDY.lower().encode() or super()._should_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to who speaks what it becomes."""
        if self._get_upgrade() != SPDY.lower().encode():
            super().handle_websocket_upgrade()
            return
        path, _, query = self.url.partition(b"?")
        scope = {**self.scope, "type": "upgrade", "path": unquote(path.decode("ascii")), "query_string": query}
        self.connections.discard(self)
        protocol = UpgradedProtocol(self.app, scope, self.connections)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)

    def on_url(self, url: bytes) -> None:
        """Begin a request."""
        super().on_url(url)
        self.scope["peer_certificate"] = self._certificate  # type: ignore[typeddict-unknown-key]


def _web_socket(**connection: Any) -> asyncio.Protocol:
    from k8slab.sim.websocket import WebSocket

    return WebSocket(**connection)


class _Server(Server):
    """uvicorn's server, leaving signals to `main`: open watches would keep it from ending."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen(port: int, chosen: bool) -> socket.socket:
    """Return a listening socket on loopback; a port that was not asked for may become another one."""
    listener = _bound(port, chosen)
    listener.listen(_BACKLOG)
    return listener


def _bound(port: int, chosen: bool) -> socket.socket:
    """Return a socket that has a port, and refuses connections until it listens."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        if chosen:
            listener.close()
            raise K8slabError(f'port "{port}" on {HOST} cannot be used: {error.strerror}; choose another with --port') from error
        listener.bind((HOST, 0))
    listener.setblocking(False)
    return listener


class Door:
    """Serves an application over TLS.

    Parameters
    ----------
    app, pki
        What is served, and with which certificates.
    listener
        The socket it begins with; the port stays.
    """

    def __init__(self, app: ApiServer, pki: Pki, listener: socket.socket) -> None:
        self._app, self._pki, self._listener = app, pki, listener
        self.port: int = listener.getsockname()[1]
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._wanted = True
        self._turning = asyncio.Lock()

    async def open(self) -> None:
        """Begin to serve; return when clients are let in."""
        server = self._server = _Server(_settings(self._app, self._pki))
        serving = self._serving = asyncio.ensure_future(server.serve(sockets=[self._listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.002)

    async def close(self) -> None:
        """Break off every connection and stop to listen."""
        server, serving = self._server, self._serving
        if server is None or serving is None:
            self._listener.close()
            return
        self._server = self._serving = None
        server.should_exit = server.force_exit = True
        for listening in server.servers:
            listening.close()  # first of all: a client whose connection breaks is back within a millisecond
        for _ in range(_ROUNDS):
            for connection in list(server.server_state.connections):
                with contextlib.suppress(Exception):
                    connection.transport.abort()
            await asyncio.sleep(_ROUND)
        await serving
        self._listener.close()

    def turn(self, down: bool) -> None:
        """Shut the door soon (True), or open it again."""
        self._wanted = not down
        self._task = asyncio.ensure_future(self._follow(_LAST_WORDS if down else 0.0))

    async def _follow(self, delay: float) -> None:
        await asyncio.sleep(delay)
        async with self._turning:
            if self._wanted and self._server is None:
                self._listener.listen(_BACKLOG)
                await self.open()
            elif not self._wanted and self._server is not None:
                await self.close()
                self._listener = _bound(self.port, chosen=True)


def _settings(app: ApiServer, pki: Pki) -> Config:
    """Return the server's settings; whether a client's certificate has expired is asked later, of the cluster's clock."""
    certificate, key = pki.serving_files
    settings = Config(
        app,
        http=_Protocol,
        ws=_web_socket,  # type: ignore[arg-type]  # anything that makes one
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=str(pki.ca_file),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        timeout_keep_alive=600,
        server_header=False,
        date_header=False,
    )
    settings.load()
    if settings.ssl is not None:
        settings.ssl.verify_flags |= _NO_CHECK_TIME
    return settings
