"""A reverse proxy before an embedded cluster that hides its glass box: what is left looks like any other cluster.

``sim.k8slab.dev`` is neither found nor listed, so there is no clock to move, no trace to read, no load to generate. The rest is
passed on as it is: watches, exec, port-forward. Whoever shows a client certificate is impersonated, as API gateways do it;
tokens and anonymous requests go through untouched.

By hand, before a cluster that runs: ``python -m tests.hiding STATE KUBECONFIG`` writes a kubeconfig and serves until it is
interrupted.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

__all__ = ["Hiding"]

HIDDEN = "sim.k8slab.dev"
_CHUNK = 1 << 16
_ADMIN = "kubernetes-admin"

_NOT_FOUND = {
    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound", "code": 404,
    "message": "the server could not find the requested resource",
}  # fmt: skip

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """The head of a request."""

    method: str
    path: str
    headers: Headers

    @property
    def plain(self) -> str:
        return self.path.partition("?")[0].rstrip("/")

    def has(self, prefix: str) -> bool:
        return any(name.lower().startswith(prefix) for name, _ in self.headers)

    def bytes(self, *without: str, more: Sequence[tuple[str, str]] = ()) -> bytes:
        kept = [(name, value) for name, value in self.headers if name.lower() not in without]
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*kept, *more]), "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Hiding:
    """The proxy, in a thread of its own.

    Parameters
    ----------
    state
        The state directory of the embedded cluster.
    folder
        Where its kubeconfig goes.
    """

    def __init__(self, state: Path, folder: Path) -> None:
        self.kubeconfig = folder / "elsewhere.kubeconfig"
        self._config = yaml.safe_load((state / "kubeconfig").read_text())
        upstream = urlsplit(self._config["clusters"][0]["cluster"]["server"])
        self._upstream = (str(upstream.hostname), int(upstream.port or 443))
        authority = base64.b64decode(self._config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        self._own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._own.load_cert_chain(state / "pki" / "apiserver.crt", state / "pki" / "apiserver.key")
        self._own.load_verify_locations(cadata=authority)
        self._own.verify_mode = ssl.CERT_OPTIONAL
        self._nobody, self._admin = ssl.create_default_context(cadata=authority), ssl.create_default_context(cadata=authority)
        user = self._config["users"][0]["user"]
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            pair.flush()
            self._admin.load_cert_chain(pair.name)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hiding", daemon=True)

    def __enter__(self) -> "Hiding":
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._own, limit=1 << 20)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        port = self._server.sockets[0].getsockname()[1]
        self._config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        self._config["contexts"][0]["name"] = self._config["current-context"] = "elsewhere"
        self.kubeconfig.write_text(yaml.safe_dump(self._config))
        self.kubeconfig.chmod(0o600)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of a client; it has to connect anew for the next."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = _parse(await reader.readuntil(b"\r\n\r\n"))
            if request.plain.startswith(f"/apis/{HIDDEN}"):
                writer.write(_answer(404, _NOT_FOUND))
            elif request.plain in ("/apis", "/openapi/v3"):
                writer.write(await self._without(request, writer))
            else:
                await self._pass_on(request, reader, writer)
            await writer.drain()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.close()
            await writer.wait_closed()

    async def _pass_on(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, to_them = await self._connect(request, writer)
        there = asyncio.ensure_future(_pipe(reader, to_them))
        try:
            await asyncio.wait([there, back := asyncio.ensure_future(_pipe(theirs, writer))], return_when=asyncio.FIRST_COMPLETED)
            if there.done() and not there.cancelled():  # the client is gone, or has only closed its sending side
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.shield(back), 0.5)
            back.cancel()
        finally:
            there.cancel()
            to_them.close()

    async def _without(self, request: Request, writer: asyncio.StreamWriter) -> bytes:
        """Return a list of the API's groups without ours."""
        theirs, to_them = await self._connect(request, writer)
        head, _, body = (await theirs.read()).partition(b"\r\n\r\n")
        to_them.close()
        status = int(head.split()[1])
        if status != 200:
            return head + b"\r\n\r\n" + body
        media = next(line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:"))
        return _answer(200, _filtered(json.loads(_unchunked(head, body))), media.decode())

    async def _connect(self, request: Request, writer: asyncio.StreamWriter) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        certificate = writer.get_extra_info("peercert")
        more = [] if request.has("upgrade") else [("Connection", "close")]
        names = [pair for part in (certificate or {}).get("subject", ()) for pair in part]
        user = dict(names).get("commonName", "")
        as_admin = bool(certificate) and not request.has("authorization")
        if as_admin and user != _ADMIN:
            more += [("Impersonate-User", user)]
            more += [("Impersonate-Group", value) for key, value in names if key == "organizationName"]
        reader, to_them = await asyncio.open_connection(
            *self._upstream, ssl=self._admin if as_admin else self._nobody, limit=1 << 20
        )
        without = () if request.has("upgrade") else ("connection", "accept-encoding")
        to_them.write(request.bytes(*without, more=more))
        return reader, to_them


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    return Request(method, path, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)])


def _answer(status: int, body: Any, media: str = "application/json") -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {media}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    return head.encode() + data


def _filtered(document: Any) -> Any:
    """Return any of the API's tables of contents without our group."""
    if "groups" in document:
        return {**document, "groups": [g for g in document["groups"] if g["name"] != HIDDEN]}
    if "items" in document:
        return {**document, "items": [g for g in document["items"] if g["metadata"].get("name") != HIDDEN]}
    return {**document, "paths": {path: v for path, v in document["paths"].items() if not path.startswith(f"apis/{HIDDEN}")}}


def _unchunked(head: bytes, body: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    return b"".join(_chunks(body))


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()


def main(state: str, kubeconfig: str) -> None:
    """Serve until interrupted."""
    there = Path(kubeconfig).absolute()
    with Hiding(Path(state), there.parent) as proxy:
        proxy.kubeconfig.rename(there)
        print(f"export KUBECONFIG={there}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
