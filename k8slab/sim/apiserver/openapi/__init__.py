"""OpenAPI documents: what each kind's fields are and what each path takes, for ``kubectl explain``, validation and generators.

Real component: kube-apiserver's OpenAPI v2 and v3 handlers and the merging that kube-aggregator and apiextensions-apiserver
do. A document is built when it is first asked for (some tens of milliseconds) and kept as bytes until the kinds change.

Upstream: k8s.io/kube-openapi/pkg/handler3, k8s.io/apiserver/pkg/server/routes/openapi.go.
What the HTTP layer does: ``/openapi/v3`` is `OpenApi.index`; ``/openapi/v3/apis/apps/v1?hash=...`` is `OpenApi.v3`, which the
client may keep if the hash is the current one (Cache-Control: public, immutable; Etag: the hash in quotes); ``/openapi/v2`` is
`OpenApi.v2`. All are JSON. kubectl 1.37 reads v3, and asks for v2 in protobuf (and nothing else) where v3 does not know a
kind: before it says "no matches for kind", and for ``explain --output=plaintext-openapiv2``. Simplified: the answer is a
document without paths and definitions, so that the first of the two works.
"""

import hashlib
from collections.abc import Callable, Iterable

import orjson

from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.scheme import Scheme

__all__ = ["OpenApi"]


class OpenApi:
    """The documents of the kinds that a scheme holds.

    >>> from k8slab.sim.apiserver.scheme import Scheme
    >>> orjson.loads(OpenApi(Scheme()).index())["paths"]["apis/apps/v1"]["serverRelativeURL"].partition("?")[0]
    '/openapi/v3/apis/apps/v1'
    """

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._cache: dict[str, bytes] = {}
        self._generation = scheme.generation

    def index(self) -> bytes:
        """Return the document of ``/openapi/v3``: where each group version's document is."""
        return self._cached("index", self._build_index)

    def hash(self, path: str) -> str | None:
        """Return the hash of a group version's document by its path ("apis/apps/v1"), None if there is none.

        It is made from what the document is made from, so that an index does not need all documents.
        """
        resources = self._resources(path)
        if not resources:
            return None
        digest = hashlib.sha512(GIT_VERSION.encode())
        for resource in resources:
            digest.update(repr(resource).encode())
        return digest.hexdigest().upper()

    def v3(self, path: str) -> bytes | None:
        """Return the document of a group version by its path ("api/v1", "apis/apps/v1"), None if there is none."""
        resources = self._resources(path)
        return self._cached(path, lambda: self._build(resources, "v3")) if resources else None

    def v2(self) -> bytes:
        """Return the document of ``/openapi/v2``: everything, as Swagger."""
        return self._cached("v2", lambda: self._build(self._scheme, "v2"))

    def v2_protobuf(self) -> bytes:
        """Return a document of ``/openapi/v2`` in protobuf that describes nothing.

        >>> OpenApi(Scheme()).v2_protobuf()[:5]
        b'\\n\\x032.0'
        """
        info = _field(1, b"Kubernetes") + _field(2, GIT_VERSION.encode())
        return _field(1, b"2.0") + _field(2, info)

    def _cached(self, key: str, build: Callable[[], bytes]) -> bytes:
        if self._generation != self._scheme.generation:
            self._generation = self._scheme.generation
            self._cache.clear()
        if key not in self._cache:
            self._cache[key] = build()
        return self._cache[key]

    def _resources(self, path: str) -> list[Resource]:
        match path.split("/"):
            case ["api", version]:
                return self._scheme.in_version("", version)
            case ["apis", group, version] if group:
                return self._scheme.in_version(group, version)
            case _:
                return []

    def _build_index(self) -> bytes:
        paths = [f"apis/{g.name}/{v}" if g.name else f"api/{v}" for g in self._scheme.groups() for v in g.versions]
        entries = {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self.hash(path)}"} for path in paths}
        return orjson.dumps({"paths": entries})

    def _build(self, resources: Iterable[Resource], version: str) -> bytes:
        # Loaded late: few sessions ask for OpenAPI.
        from k8slab.sim.apiserver.openapi.document import build_v2, build_v3

        build = build_v2 if version == "v2" else build_v3
        return build(list(resources))


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field of fewer than 128 bytes."""
    return bytes((number << 3 | 2, len(value))) + value
