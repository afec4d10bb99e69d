"""HTTP as simulated programs speak it: requests and responses as values, and as bytes where a raw socket wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

__all__ = ["PHRASES", "Received", "Request", "Response", "Url", "parse_request", "parse_response", "parse_url"]

PHRASES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 412: "Precondition Failed", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


@dataclass(slots=True)
class Request:
    """What a server gets; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client_ip: str = ""
    client_port: int = 0
    port: int = 0

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def argument(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [default])[0]


@dataclass(slots=True)
class Response:
    """What a server answers; header names as they are sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def head(self) -> str:
        """Return the status line and the headers, each line ended by CRLF, with the empty line."""
        lines = [f"HTTP/1.1 {self.status} {PHRASES.get(self.status, 'Unknown')}"]
        lines += [f"{k}: {v}" for k, v in {**self.headers, "Content-Length": str(len(self.body))}.items()]
        return "".join(line + "\r\n" for line in [*lines, ""])

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        return self.head().encode() + self.body


@dataclass(frozen=True, slots=True)
class Url:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    query: str


def parse_url(text: str) -> Url:
    """Take a URL apart; ``http://`` may be left out.

    Raises
    ------
    ValueError
        If the port is not a number.

    Examples
    --------
    >>> parse_url("web:8080/a?b=c")
    Url(scheme='http', host='web', port=8080, path='/a', query='b=c')
    """
    parts = urlsplit(text if "://" in text else f"http://{text}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Url(parts.scheme, parts.hostname or "", port, parts.path or "/", parts.query)


class Received(NamedTuple):
    """A request, what came after it, and whether the client wants to ask more on the same connection."""

    request: Request
    rest: bytes
    keep_alive: bool


def parse_request(data: bytes) -> Received | None:
    """Read the first request of a connection; None while it is incomplete, ValueError if it is not one.

    >>> received = parse_request(b"POST /a?b=c HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\nhiGET / HTTP/1.0")
    >>> received.request.target, received.request.body, received.rest, received.keep_alive
    ('/a?b=c', b'hi', b'GET / HTTP/1.0', True)
    """
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        head, separator, body = data.partition(b"\n\n")
    if not separator:
        return None
    lines = head.decode("latin-1").splitlines()
    method, target, version = lines[0].split(" ")
    headers = _headers(lines[1:])
    length = int(headers.get("content-length", "0"))
    if len(body) < length:
        return None
    path, _, query = target.partition("?")
    asked = headers.get("connection", "").lower()
    keep_alive = asked == "keep-alive" if version == "HTTP/1.0" else asked != "close"
    return Received(Request(method, path, query, headers, body[:length]), body[length:], keep_alive)


def parse_response(data: bytes) -> Response:
    """Read a whole response; ValueError if it is not one."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").splitlines()
    if not lines or not lines[0].startswith("HTTP/"):
        raise ValueError("not an HTTP response")
    headers = {k.title(): v for k, v in _headers(lines[1:]).items() if k != "content-length"}
    return Response(int(lines[0].split(" ")[1]), body, headers)


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
