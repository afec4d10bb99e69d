"""Requests and responses over ASGI, as small as they can be.

uvicorn parses HTTP and TLS; a framework on top would double the time to start and to answer. Upstream's limits apply:
a body may have 3 MiB.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError

__all__ = ["MAX_BODY", "Request", "Response", "Stream", "send_response", "send_stream"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
MAX_BODY = 3 * 1024 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Request:
    """One HTTP request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self._receive = scope, receive
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.annotations: dict[str, str] = {}  #: what the audit log is told besides

    @cached_property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; of a repeated one, the last."""
        return {k.decode("latin-1"): v.decode("latin-1") for k, v in self.scope["headers"]}

    def all_headers(self) -> list[tuple[str, str]]:
        """Return every header, repeated ones repeatedly."""
        return [(k.decode("latin-1"), v.decode("latin-1")) for k, v in self.scope["headers"]]

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one, the first."""
        pairs = parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return dict(reversed(pairs))

    def query_values(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [v for k, v in parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True) if k == name]

    def flag(self, name: str) -> bool:
        """Whether a boolean query parameter is on; present without a value counts."""
        return self.query.get(name, "false").lower() not in ("false", "0")

    def number(self, name: str) -> int | None:
        """Return an integer query parameter, None if absent; 400 if it is not a number."""
        text = self.query.get(name, "")
        if not text:
            return None
        if not _INTEGER.fullmatch(text):
            raise StatusError(400, "BadRequest", f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)

    async def body(self) -> bytes:
        """Return the whole body; 413 if it is too large."""
        declared = self.headers.get("content-length", "0")
        too_large = StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BODY}")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise too_large
        data = bytearray()
        while True:
            message = await self._receive()
            data += message.get("body", b"")
            if len(data) > MAX_BODY:
                raise too_large
            if not message.get("more_body"):
                return bytes(data)

    async def disconnected(self) -> None:
        """Wait until the client is gone; call it after the body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


@dataclass
class Response:
    """A complete answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    is_object: bool = False  #: whether it is an object in JSON: one line, which is laid out before it is sent to people

    @classmethod
    def json(cls, status: int, obj: Object) -> "Response":
        """Return an answer with an object."""
        return cls(status, orjson.dumps(obj, option=orjson.OPT_APPEND_NEWLINE), is_object=True)

    @classmethod
    def text(cls, status: int, text: str) -> "Response":
        """Return an answer in plain text."""
        return cls(status, text.encode(), "text/plain; charset=utf-8")


@dataclass
class Stream:
    """An answer that goes on: its chunks are sent as they come, until they end or the client goes."""

    chunks: AsyncIterator[bytes]
    content_type: str = "application/json"


async def send_response(send: Send, response: Response) -> None:
    """Send a complete answer."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *response.headers,
    ]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-cache, private"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def send_stream(send: Send, stream: Stream) -> None:
    """Send the chunks of a stream."""
    headers = [(b"content-type", stream.content_type.encode()), (b"cache-control", b"no-cache, private")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    async for chunk in stream.chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
