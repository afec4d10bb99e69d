"""What is served beside resources: health, version, discovery, OpenAPI, metrics.

Upstream: k8s.io/apiserver/pkg/server (healthz.go, routes/) and pkg/endpoints/discovery.
"""

from collections.abc import Callable, Iterable
from functools import partial

import orjson

from k8slab.sim.apiserver import discovery, openapi
from k8slab.sim.apiserver.errors import resource_not_found
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.metrics import objects
from k8slab.sim.apiserver.negotiation import negotiate
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Store
from k8slab.sim.exposition import CONTENT_TYPE, Metric, text

__all__ = ["Paths", "nothing_here"]

_HEALTH = ("/healthz", "/livez", "/readyz")


class Paths:
    """Answers requests that name no resource.

    Parameters
    ----------
    scheme
        The kinds that discovery and OpenAPI describe.
    store
        What the metrics count.
    """

    def __init__(self, scheme: Scheme, store: Store) -> None:
        self._scheme = scheme
        #: What gives the metrics of the components.
        self.metrics: list[Callable[[], Iterable[Metric]]] = [partial(objects, scheme, store)]
        #: Documents that others give, by path; they get the request.
        self.documents: dict[str, Callable[[Request], Response]] = {}
        self._documents = openapi.OpenApi(scheme)

    async def answer(self, request: Request) -> Response:
        """Answer, or 404."""
        path = request.path.rstrip("/") or "/"
        if path.startswith(_HEALTH):
            return _health(request, path)
        if path == "/version":
            return Response(200, orjson.dumps(discovery.version(), option=orjson.OPT_INDENT_2))
        if path == "/metrics":
            return Response(200, text(f for source in self.metrics for f in source()).encode(), CONTENT_TYPE)
        if path in self.documents:
            return self.documents[path](request)
        if path.startswith("/openapi"):
            return self._openapi(request, path)
        document = self._discovery(request, path)
        return nothing_here(self._scheme, path) if document is None else document

    def _discovery(self, request: Request, path: str) -> Response | None:
        form = negotiate(request.headers.get("accept", ""))
        if form.kind == "APIGroupDiscoveryList":
            document = discovery.aggregated(self._scheme, path, form.version)
            if document is not None:
                return Response(200, orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE), form.content_type, is_object=True)
        address = request.headers.get("host", "")
        classic = discovery.document(self._scheme, path, address)
        return Response.json(200, classic) if classic is not None else None

    def _openapi(self, request: Request, path: str) -> Response:
        path = path.removeprefix("/openapi")
        if path == "/v3":
            return Response(200, self._documents.index())
        if path == "/v2":
            if "protobuf" in request.headers.get("accept", "") and "json" not in request.headers["accept"]:
                return Response(200, self._documents.v2_protobuf(), "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            return Response(200, self._documents.v2())
        document = self._documents.v3(path.removeprefix("/v3/"))
        if document is None:
            return _page_not_found()
        etag = self._documents.hash(path.removeprefix("/v3/")) or ""
        headers = [(b"etag", f'"{etag}"'.encode())]
        if request.query.get("hash") == etag:
            headers.append((b"cache-control", b"public, immutable"))
        return Response(200, document, headers=headers)


def nothing_here(scheme: Scheme, path: str) -> Response:
    """Answer 404: as a page outside of the groups that the server itself has, as a Status within (where go-restful routes).

    Raises
    ------
    StatusError
        The Status.
    """
    parts = path.strip("/").split("/")
    own = {group.name for group in scheme.groups() if is_built_in(group.name)}
    if parts[0] == "api" or (parts[0] == "apis" and len(parts) > 1 and parts[1] in own):
        raise resource_not_found()
    return _page_not_found()


def _page_not_found() -> Response:
    return Response.text(404, "404 page not found\n")


def _health(request: Request, path: str) -> Response:
    root, _, check = path[1:].partition("/")
    if check and check not in _CHECKS:
        return _page_not_found()
    if not request.flag("verbose"):
        return Response.text(200, "ok")
    lines = [f"[+]{name} ok" for name in _CHECKS]
    return Response.text(200, "\n".join([*lines, f"{root} check passed", ""]))


_CHECKS = ("ping", "log", "etcd", "informer-sync", "poststarthook/rbac/bootstrap-roles", "shutdown")
