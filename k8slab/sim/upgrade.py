"""Connections that leave HTTP for SPDY: the bare socket under messages of its own, beside ASGI's WebSockets.

The application is called with a scope of type ``upgrade``. It answers ``upgrade.accept`` (with headers), then sends and
receives ``upgrade.send`` and ``upgrade.receive`` until ``upgrade.close`` or ``upgrade.disconnect``; or it refuses with
``http.response.start`` and ``http.response.body``, as for any request.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from k8slab.sim.apiserver.http import Scope

__all__ = ["SPDY", "UpgradedProtocol"]

SPDY = "SPDY/3.1"


class UpgradedProtocol(asyncio.Protocol):
    """Carries one upgraded connection.

    Parameters
    ----------
    app, scope
        Who serves it, and what was asked.
    connections
        Those of the server, which breaks them off when it ends.
    """

    def __init__(self, app: Any, scope: Scope, connections: set[Any]) -> None:
        self._app, self._scope, self._connections = app, scope, connections
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection over and run the application."""
        self.transport = transport
        self._connections.add(self)
        self._task = asyncio.ensure_future(self._app(self._scope, self._receive, self._send))
        self._task.add_done_callback(lambda _: transport.close())

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._received.put_nowait(data)

    def eof_received(self) -> None:
        """Note that the client sends no more."""
        self._received.put_nowait(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client is gone."""
        self._connections.discard(self)
        self._received.put_nowait(None)
        self._writable.set()

    def pause_writing(self) -> None:
        """Note that the client does not keep up."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it does again."""
        self._writable.set()

    def shutdown(self) -> None:
        """End with the server (uvicorn)."""
        self.transport.close()

    async def _receive(self) -> dict[str, Any]:
        data = await self._received.get()
        return {"type": "upgrade.disconnect"} if data is None else {"type": "upgrade.receive", "bytes": data}

    async def _send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "upgrade.accept":
            self.transport.write(_head(101, [(b"connection", b"Upgrade"), (b"upgrade", SPDY.encode()), *message["headers"]]))
        elif kind == "upgrade.send":
            await self._writable.wait()
            self.transport.write(message["bytes"])
        elif kind == "http.response.start":
            self.transport.write(_head(message["status"], [*message["headers"], (b"connection", b"close")]))
        elif kind == "http.response.body":
            self.transport.write(message["body"])
            self.transport.close()
        elif kind == "upgrade.close":
            self.transport.close()


def _head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*lines, b"", b""])
