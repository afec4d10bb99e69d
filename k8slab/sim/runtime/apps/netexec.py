"""agnhost, the image of Kubernetes' own end-to-end tests: netexec, serve-hostname, liveness.

Upstream: test/images/agnhost. Simplified: netexec answers /, /hostname, /clientip, /dial, /echo, /header, /healthz, /readyz,
/shell and /exit, and on its UDP port hostname, clientip and echo.
"""

import json
from urllib.parse import unquote

from k8slab.sim.network.errors import ConnectError
from k8slab.sim.network.http import Request, Response
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["datagram", "liveness", "netexec", "porter", "serve_hostname"]

_MOST_TRIES = 100


def _text(body: str, status: int = 200) -> Response:
    return Response(status, body.encode(), {"Content-Type": "text/plain; charset=utf-8"})


async def netexec(server: SimulatedServer, request: Request) -> Response:
    """Answer as ``agnhost netexec``."""
    match request.path:
        case "/":
            return _text(server.fill("NOW: {iso}"))
        case "/hostname" | "/hostName":
            return _text(server.container.config.network.hostname)
        case "/clientip":
            return _text(f"{request.client_ip}:{request.client_port}")
        case "/dial":
            return await _dial(server, request)
        case "/echo":
            return _text(request.argument("msg"), int(request.argument("code", "200")))
        case "/header":
            return _text(request.headers.get(request.argument("key").lower(), ""))
        case "/healthz" | "/readyz":
            return _text("")
        case "/shell":
            return await _shell(server, unquote(request.argument("shellCommand") or request.argument("cmd")))
        case "/exit":
            server.container.kernel.call_soon(server.exit, int(request.argument("code", "0")))
            return _text("")
    return _text("404 page not found\n", 404)


async def datagram(server: SimulatedServer, data: bytes, client_ip: str) -> bytes | None:
    """Answer a datagram: ``hostname``, ``clientip`` or ``echo TEXT``; nothing else."""
    word, _, rest = data.decode("utf-8", "replace").strip().partition(" ")
    match word.lower():
        case "hostname":
            return server.container.config.network.hostname.encode()
        case "clientip":
            return client_ip.encode()
        case "echo":
            return rest.encode()
    return None


async def _dial(server: SimulatedServer, request: Request) -> Response:
    """Ask another netexec, some times, and tell what it answered: how the end-to-end tests probe a network from inside."""
    asked, host, port = (request.argument(name) for name in ("request", "host", "port"))
    tries, protocol = request.argument("tries", "1"), request.argument("protocol", "http").lower()
    if not (host and port.isdigit() and tries.isdigit() and protocol in ("http", "udp")):
        return _text(f"host, port, tries or protocol is missing or not simulated: {request.query}", 400)
    network, source = server.container.network, server.container.config.network
    told: dict[str, list[str]] = {}
    for _ in range(min(int(tries), _MOST_TRIES)):
        try:
            if protocol == "udp":
                body = await network.datagram(source, host, int(port), unquote(asked).encode(), 5)
            else:
                body = (await network.http(source, "GET", f"http://{host}:{port}/{unquote(asked)}", {}, b"", 5)).body
        except ConnectError as error:
            told.setdefault("errors", []).append(str(error))
        else:
            told.setdefault("responses", []).append(body.decode("utf-8", "replace"))
    return _text(json.dumps(told))


async def _shell(server: SimulatedServer, command: str) -> Response:
    from k8slab.sim.runtime.process import Input

    chunks: list[bytes] = []
    code = await server.container.exec(["sh", "-c", command], Input(), chunks.append, chunks.append)
    answer = {"output": b"".join(chunks).decode("utf-8", "replace")} | ({"error": f"exit status {code}"} if code else {})
    return Response(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


async def serve_hostname(server: SimulatedServer, request: Request) -> Response:
    """Answer every request with the host name."""
    return _text(server.container.config.network.hostname)


async def liveness(server: SimulatedServer, request: Request) -> Response:
    """Be healthy for ten seconds, then never again (the example of the Kubernetes documentation)."""
    age = server.container.kernel.now() - server.container.started_at
    if request.path == "/healthz" and age > 10:
        return _text(f"error: {age:.9g}s", 500)
    return _text("ok")


async def porter(server: SimulatedServer, request: Request) -> Response:
    """Answer on each port with the variable of that port (``SERVE_PORT_80=...``)."""
    body = server.container.environment().get(f"SERVE_PORT_{request.port}", "")
    kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
    return Response(200, body.encode(), {"Content-Type": f"{kind}; charset=utf-8"})
