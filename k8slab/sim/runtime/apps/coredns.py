"""CoreDNS: answers for the cluster's names on UDP port 53; /health, /ready and /metrics over HTTP.

The records are those of `k8slab.sim.network.dns`, made from Services and EndpointSlices. Of the Corefile only the plugins ``log``
and ``errors`` are looked at: the other plugins do what kubeadm's Corefile says. Upstream: github.com/coredns/coredns.
"""

import re

from k8slab.sim.exposition import CONTENT_TYPE, Family, Labels, text
from k8slab.sim.network.dns import ask, encode
from k8slab.sim.network.http import Request, Response
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["answer", "http"]

_RELOAD = 30.0
_LOG = re.compile(r"^\s*log\b", re.MULTILINE)


async def http(server: SimulatedServer, request: Request) -> Response:
    """Answer the plugins' HTTP ports: health (8080), ready (8181), prometheus (9153)."""
    match request.port, request.path:
        case 8080, "/health":
            return Response(200, b"OK", {"Content-Type": "text/plain; charset=utf-8"})
        case 8181, "/ready":
            ready = not server.container.network.dns.silent
            return Response(200 if ready else 503, b"OK" if ready else b"kubernetes", {"Content-Type": "text/plain"})
        case 9153, "/metrics":
            return Response(200, _metrics(server).encode(), {"Content-Type": CONTENT_TYPE})
    return Response(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})


async def answer(server: SimulatedServer, data: bytes, client_ip: str) -> bytes | None:
    """Answer a question, and log it if the Corefile says so."""
    dns = server.container.network.dns
    if dns.silent:
        return None
    name, type = ask(data)
    found = dns.query(name, type)
    counts: dict[str, int] = server.state.setdefault("responses", {})
    counts[found.rcode] = counts.get(found.rcode, 0) + 1
    if _logs(server):
        size = 40 + sum(16 + len(r.value) for r in found.records)
        asked = f'"{type} IN {name}. udp {len(name) + 18} false 512"'
        server.log(f"[INFO] {client_ip}:53 - 1 {asked} {found.rcode} qr,aa,rd {size} 0.0001s\n")
    return encode(found)


def _logs(server: SimulatedServer) -> bool:
    """Whether the Corefile has the plugin log; a changed one is noticed within 30 s (the plugin reload)."""
    now, (read_at, found) = server.container.kernel.now(), server.state.get("log", (None, False))
    if read_at is None or now - read_at >= _RELOAD:
        corefile = server.container.mounted_file("/etc/coredns/Corefile") or b""
        found = _LOG.search(corefile.decode("utf-8", "replace")) is not None
        server.state["log"] = now, found
    return bool(found)


def _metrics(server: SimulatedServer) -> str:
    counts: dict[str, int] = server.state.get("responses", {})
    values: dict[Labels, float] = {(("rcode", code), ("server", "dns://:53")): float(n) for code, n in counts.items()}
    total: dict[Labels, float] = {(("server", "dns://:53"),): float(sum(counts.values()))}
    return text(
        [
            Family("coredns_dns_responses_total", "counter", "Counter of response status codes.", values),
            Family("coredns_dns_requests_total", "counter", "Counter of DNS requests.", total),
        ]
    )
