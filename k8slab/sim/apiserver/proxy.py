"""``pods/proxy``, ``services/proxy`` and ``nodes/proxy``: HTTP through the API server into the cluster.

Upstream: pkg/registry/core/{pod,service,node}/strategy.go (ResourceLocation) and k8s.io/apimachinery/pkg/util/proxy. The
connection begins at the control plane's node, goes straight to the address of a Pod (never through kube-proxy), and policies
judge it as that node's. Simplified: whole answers instead of streams, and no upgrades (WebSockets) through the proxy.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError, bad_request, internal_error, not_found
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.kubelets import Kubelets
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.driver import Driver
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import ConnectError, NetNamespace, Network, TimedOut
from k8slab.sim.network.http import Request as InnerRequest
from k8slab.sim.network.http import Response as InnerResponse
from k8slab.sim.network.http import Url
from k8slab.sim.network.tls import Trust

__all__ = ["Proxy", "split_target"]

_KUBELET_PORT = 10250
#: Seconds until a connection that nobody answers is given up.
_PATIENCE = 30.0
_HOP_BY_HOP = {
    "authorization", "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_LINK = re.compile(rb"""(?i)(\b(?:href|src|action|cite|data|poster|formaction)\s*=\s*["'])(/[^"'/][^"']*|/)(?=["'])""")


@dataclass(frozen=True)
class _Target:
    """Where a request goes: an address, or the kubelet of a node."""

    scheme: str
    ip: str
    port: int
    node: str = ""

    @property
    def address(self) -> str:
        return f"{self.ip}:{self.port}"


def split_target(name: str) -> tuple[str, str, str]:
    """Split the name in a proxy's URL into scheme, name and port.

    >>> split_target("web"), split_target("web:8080"), split_target("https:web:"), split_target("web:")
    (('http', 'web', ''), ('http', 'web', '8080'), ('https', 'web', ''), ('http', 'web', ''))
    >>> split_target("gopher:web:70")
    Traceback (most recent call last):
    ValueError: gopher:web:70
    """
    parts = name.split(":")
    if len(parts) == 1:
        parts = ["", parts[0], ""]
    elif len(parts) == 2:
        parts = ["", *parts]
    if len(parts) != 3 or parts[0] not in ("", "http", "https") or not parts[1]:
        raise ValueError(name)
    return parts[0] or "http", parts[1], parts[2]


class Proxy:
    """Serves the ``proxy`` subresources.

    Parameters
    ----------
    store, kernel, driver, network, kubelets
        The cluster's.
    source
        Gives the network namespace that the API server runs in.
    """

    def __init__(
        self, store: Store, kernel: Kernel, driver: Driver, network: Network, kubelets: Kubelets,
        source: Callable[[], NetNamespace | None],
    ) -> None:  # fmt: skip
        self._store, self._kernel, self._driver = store, kernel, driver
        self._network, self._kubelets, self._source = network, kubelets, source

    def serves(self, info: RequestInfo) -> bool:
        """Whether a request is for here."""
        return not info.group and info.subresource == "proxy" and info.resource in ("pods", "services", "nodes")

    async def answer(self, request: Request, info: RequestInfo) -> Response:
        """Pass a request on and its answer back."""
        prefix, path = _split_path(request, info)
        query = request.scope["query_string"].decode("latin-1")
        target = self._target(info)
        if not path and request.method in ("GET", "HEAD"):
            where = f"{prefix}/" + (f"?{query}" if query else "")
            return Response(301, b"", "text/html; charset=utf-8", [(b"location", where.encode())])
        asked = InnerRequest(request.method, path or "/", query, _headers(request, prefix), await request.body())
        inner = await self._ask(target, asked)
        return _outer(inner, target, prefix)

    async def _ask(self, target: _Target, request: InnerRequest) -> InnerResponse:
        if target.node:
            try:
                return self._kubelets.on(target.node).answer(request)
            except StatusError as error:
                if error.code != 500:
                    raise
                raise _unreachable(error.message.removeprefix("error dialing backend: ")) from None
        source = self._source()
        if source is None:
            raise internal_error("the control plane has no node, so no way into the cluster")
        url = Url(target.scheme, target.ip, target.port, request.path, request.query)
        work = self._network.http(
            source, request.method, url, dict(request.headers), request.body, _PATIENCE, Trust(verify=False)
        )
        visit = self._kernel.spawn(work, f"proxy to {target.address}")
        self._driver.let_time_pass(visit)
        try:
            return await self._driver.result(visit)
        except TimedOut:
            raise _unreachable(f"dial tcp {target.address}: i/o timeout") from None
        except ConnectError as error:
            text = error.text[0].lower() + error.text[1:]
            raise _unreachable(f"dial tcp {target.address}: connect: {text}") from None

    # --- where to ---

    def _target(self, info: RequestInfo) -> _Target:
        try:
            scheme, name, port = split_target(info.name)
        except ValueError:
            raise bad_request(f'invalid {info.resource[:-1]} request "{info.name}"') from None
        find = {"pods": self._pod, "services": self._service, "nodes": self._node}[info.resource]
        return find(info, scheme, name, port)

    def _get(self, resource: str, namespace: str, name: str) -> Object:
        key = f"{namespace}/{name}" if namespace else name
        # Nodes and Services are stored under other names than their resources', as upstream has it.
        prefix = {"nodes": "/registry/minions/", "services": "/registry/services/specs/"}.get(resource, f"/registry/{resource}/")
        entry = self._store.get(prefix, key)
        if entry is None:
            raise not_found("", resource, name)
        return entry.value

    def _pod(self, info: RequestInfo, scheme: str, name: str, port: str) -> _Target:
        pod = self._get("pods", info.namespace, name)
        ip = (pod.get("status") or {}).get("podIP", "")
        if not ip:
            raise bad_request("address not allowed")
        if not port:
            declared = [c["ports"][0]["containerPort"] for c in pod["spec"]["containers"] if c.get("ports")]
            port = str(declared[0] if declared else 443 if scheme == "https" else 80)
        return _Target(scheme, ip, _number(info, port))

    def _service(self, info: RequestInfo, scheme: str, name: str, port: str) -> _Target:
        service = self._get("services", info.namespace, name)
        ports = service["spec"].get("ports") or []
        if port.isdigit():
            named = [p.get("name", "") for p in ports if p["port"] == int(port)]
            if not named:
                raise _unavailable(f'no service port {port} found for service "{name}"')
            port = named[0]
        pairs = self._network.services.endpoints(f"{info.namespace}/{name}", port)
        ready = [(endpoint.ip, number) for endpoint, number in pairs if endpoint.ready]
        if not ready:
            raise _unavailable(f'no endpoints available for service "{info.name}"')
        ip, number = self._kernel.random.choice(ready)
        return _Target(scheme, ip, number)

    def _node(self, info: RequestInfo, scheme: str, name: str, port: str) -> _Target:
        node = self._get("nodes", "", name)
        addresses = [a["address"] for a in (node.get("status") or {}).get("addresses") or () if a["type"] == "InternalIP"]
        if not addresses:
            raise bad_request("address not allowed")
        number = _number(info, port) if port else _KUBELET_PORT
        return _Target(scheme, addresses[0], number, name if number == _KUBELET_PORT else "")


def _split_path(request: Request, info: RequestInfo) -> tuple[str, str]:
    """Return the path up to ``proxy`` and what follows, as they were escaped."""
    parts = request.scope.get("raw_path", request.path.encode()).decode("latin-1").split("/")
    own = 8 if info.namespace else 6  # "", "api", "v1", ("namespaces", its name,) resource, name, "proxy"
    return "/".join(parts[:own]), "".join(f"/{part}" for part in parts[own:])


def _number(info: RequestInfo, port: str) -> int:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise _unreachable(f'dial tcp: lookup {port}: unknown port in "{info.name}"')
    return int(port)


def _unavailable(text: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", text)


def _unreachable(text: str) -> StatusError:
    return _unavailable(f"error trying to reach service: {text}")


def _headers(request: Request, prefix: str) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
    host = request.headers.get("host", "")
    return {**kept, "x-forwarded-host": host, "x-forwarded-proto": "https", "x-forwarded-uri": prefix}


def _outer(inner: InnerResponse, target: _Target, prefix: str) -> Response:
    """Return the answer as the client sees it: links that begin at the server's root lead back through the proxy."""
    body, headers = inner.body, dict(inner.headers)
    kind = next((headers.pop(name) for name in list(headers) if name.lower() == "content-type"), "text/plain; charset=utf-8")
    if kind.startswith("text/html"):
        body = _LINK.sub(lambda m: m[1] + prefix.encode() + m[2], body)
    sent = []
    for name, text in headers.items():
        if name.lower() == "location":
            text = text.removeprefix(f"{target.scheme}://{target.address}").removeprefix(f"{target.scheme}://{target.ip}")
            text = prefix + text if text.startswith("/") else text
        if name.lower() not in _HOP_BY_HOP:
            sent.append((name.lower().encode("latin-1"), text.encode("latin-1")))
    return Response(inner.status, body, kind, [*sent, (b"cache-control", b"no-cache, private")])
