"""ingress-nginx: hands requests to the pods behind the Services that Ingresses name.

Goes past the Services to their ready endpoints, in turn, as ingress-nginx does; a pod that cannot be reached is tried again with
the next one, three in all. Every hop is a connection of the controller's pod, with its path, its flow and its policies.
Simplified: no sticky sessions, canaries, rate limits, authentication and snippets; the annotations rewrite-target, use-regex,
ssl-redirect and force-ssl-redirect are known. Upstream: github.com/kubernetes/ingress-nginx.
"""

from k8slab.sim.network.errors import ConnectError, TimedOut
from k8slab.sim.network.http import PHRASES, Request, Response, Url
from k8slab.sim.network.ingress import Backend, Forward, IngressTable, Page, Redirect, decide
from k8slab.sim.network.tls import Identity
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["identity", "serve"]

_HTTPS = 443
_TRIES, _CONNECT, _READ = 3, 5.0, 60.0
_TITLES = {503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
_LOG = (
    '{client} - - [{time}] "{request}" {status} {size} "-" "{agent}" {asked} {seconds} [{upstream}] [] {address} {size} '
    "{seconds} {status} {id}\n"
)


def _table(server: SimulatedServer) -> IngressTable | None:
    return server.container.network.ingress


def identity(server: SimulatedServer) -> Identity | None:
    """Return the certificates that it shows."""
    table = _table(server)
    return None if table is None else table.identity()


def _page(status: int, headers: dict[str, str] | None = None) -> Response:
    title = _TITLES.get(status, f"{status} {PHRASES.get(status, '')}")
    lines = ["<html>", f"<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
    lines += ["<hr><center>nginx</center>", "</body>", "</html>", ""]
    return Response(status, "\r\n".join(lines).encode(), {"Content-Type": "text/html", **(headers or {})})


async def serve(server: SimulatedServer, request: Request) -> Response:
    """Answer a request to port 80 or 443; port 10254 tells how the controller is."""
    if request.port == 10254:
        return Response(200, b"ok") if request.path == "/healthz" else Response(404, b"404 page not found\n")
    table = _table(server)
    server.state["requests"] = server.state.get("requests", 0) + 1
    scheme = "https" if request.port == _HTTPS else "http"
    host, _, port = request.headers.get("host", "").partition(":")
    mapped = table.host_ports.get(port, "") if table else ""
    what = decide(table.sites, scheme, host, request.path, request.query, mapped) if table else Page(404)
    began, address, upstream = server.container.kernel.now(), "-", ""
    if isinstance(what, Forward) and table is not None:
        backend = what.backend
        upstream = f"{backend.namespace}-{backend.service}-{backend.port}"
        response, address = await _forward(server, table, backend, request, what.path, scheme)
    elif isinstance(what, Redirect):
        response = _page(308, {"Location": what.location})
    else:
        response, upstream = _page(what.status if isinstance(what, Page) else 404), "upstream-default-backend"
    if scheme == "https":
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    _note(server, request, response, upstream, address, server.container.kernel.now() - began)
    return response


async def _forward(
    server: SimulatedServer, table: IngressTable, backend: Backend, request: Request, path: str, scheme: str
) -> tuple[Response, str]:
    """Ask the backend's pods in turn, and return the answer and who gave it."""
    addresses = table.addresses(backend)
    if not addresses:
        return _page(503), "-"
    turns: dict[Backend, int] = server.state.setdefault("turns", {})
    error: ConnectError | None = None
    for _ in range(min(_TRIES, len(addresses))):
        turn = turns[backend] = turns.get(backend, -1) + 1
        ip, port = addresses[turn % len(addresses)]
        url, headers = Url("http", ip, port, path, request.query), _headers(server, request, scheme)
        network, own = server.container.network, server.container.config.network
        try:
            limit = _CONNECT + _READ
            answer = await network.http(own, request.method, url, headers, request.body, limit, connect_timeout=_CONNECT)
        except ConnectError as failed:
            error = failed
            if isinstance(failed, TimedOut) and failed.phase == "response":
                break
            continue
        return Response(answer.status, answer.body, dict(answer.headers)), f"{ip}:{port}"
    return _page(504 if isinstance(error, TimedOut) else 502), f"{ip}:{port}"


def _headers(server: SimulatedServer, request: Request, scheme: str) -> dict[str, str]:
    host = request.headers.get("host", "")
    return {
        **request.headers,
        "host": host,
        "x-request-id": f"{server.state['requests']:032x}",
        "x-real-ip": request.client_ip,
        "x-forwarded-for": request.client_ip,
        "x-forwarded-host": host,
        "x-forwarded-port": str(request.port),
        "x-forwarded-proto": scheme,
        "x-forwarded-scheme": scheme,
        "x-scheme": scheme,
    }


def _note(server: SimulatedServer, request: Request, response: Response, upstream: str, address: str, seconds: float) -> None:
    fields = {
        "client": request.client_ip, "request": f"{request.method} {request.target} HTTP/1.1", "status": str(response.status),
        "size": str(len(response.body)), "agent": request.headers.get("user-agent", "-"), "asked": str(len(request.body) + 80),
        "seconds": f"{seconds:.3f}", "upstream": upstream, "address": address, "id": f"{server.state['requests']:032x}",
    }  # fmt: skip
    server.log(_LOG, fields=fields)
