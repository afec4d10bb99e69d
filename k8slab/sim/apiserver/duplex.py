"""A connection that has been upgraded: messages of bytes in both directions, over a WebSocket or the bare socket.

Of the channel protocols there is a form in text for browsers, ``base64``: the channel is a digit, the rest is encoded.

The door tells of both with the same messages, ``websocket.*`` (ASGI's own) and ``upgrade.*`` (SPDY, see `k8slab.sim.door`).
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import suppress

from k8slab.sim.apiserver.http import Receive, Send

__all__ = ["CHUNK", "Duplex"]

#: Bytes in one message: clients have limits, and upstream copies through buffers of this size.
CHUNK = 32 * 1024


class Duplex:
    """One upgraded connection.

    Parameters
    ----------
    receive, send
        ASGI's.
    kind
        ``websocket`` or ``upgrade``.
    protocol
        What was agreed on.
    """

    def __init__(self, receive: Receive, send: Send, kind: str, protocol: str) -> None:
        self._receive, self._send, self._kind, self.protocol = receive, send, kind, protocol
        self._text = "base64" in protocol
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._run())
        self._closing = False

    def write(self, data: bytes) -> None:
        """Send a message, in order, without waiting: the kernel's callbacks cannot wait."""
        if data and not self._closing:
            self._queue.put_nowait(data)

    def write_channel(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel, in as many messages as they need."""
        for start in range(0, len(data), CHUNK):
            self.write(bytes([channel]) + data[start : start + CHUNK])

    async def messages(self) -> AsyncIterator[bytes]:
        """Give each message of the client, until it is gone."""
        while True:
            message = await self._receive()
            if message["type"] == f"{self._kind}.disconnect":
                return
            data = message.get("bytes") or (message.get("text") or "").encode()
            if data:
                yield _decoded(data) if self._text else data

    async def close(self) -> None:
        """Send what is left, and hang up."""
        if not self._closing:
            self._closing = True
            self._queue.put_nowait(None)
        await self._sender

    def _content(self, data: bytes) -> dict[str, bytes | str]:
        if not self._text:
            return {"bytes": data}
        return {"text": chr(ord("0") + data[0]) + base64.b64encode(data[1:]).decode()}

    async def _run(self) -> None:
        gone = False
        while (data := await self._queue.get()) is not None:
            try:
                if not gone:
                    await self._send({"type": f"{self._kind}.send", **self._content(data)})
            except Exception:
                gone = True
        if not gone:
            with suppress(Exception):  # the client was first
                await self._send({"type": f"{self._kind}.close", "code": 1000})


def _decoded(frame: bytes) -> bytes:
    try:
        return bytes([(frame[0] - ord("0")) & 0xFF]) + base64.b64decode(frame[1:], validate=True)
    except binascii.Error:
        return frame[:1]
