"""What the API server counts, for ``/metrics``.

Upstream: k8s.io/apiserver/pkg/endpoints/metrics, pkg/storage/etcd3/metrics. Simplified: there are hundreds upstream, about
machinery that this server does not have; here are the version, how many objects there are, and the requests that came over
HTTP. The components of this process use no HTTP; what they count themselves (work queues, scheduling) is added to the same
answer, where a real cluster has a port for each.
"""

from collections import Counter

from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Store
from k8slab.sim.exposition import Family, Labels

__all__ = ["RequestCounter", "objects"]

_VERBS = {"create": "POST", "update": "PUT", "proxy": "CONNECT"}
_OBJECTS = "[STABLE] Number of stored objects at the time of last check split by kind."
_REQUESTS = (
    "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, "
    "and HTTP response code."
)


def objects(scheme: Scheme, store: Store) -> list[Family]:
    """Return the version, and the number of stored objects by kind."""
    stored = [r for r in scheme if r.stored and r.stored_as == r.api_version]
    counts: dict[Labels, float] = {(("group", r.group), ("resource", r.plural)): store.count(r.storage_prefix) for r in stored}
    version: dict[Labels, float] = {(("git_version", GIT_VERSION), ("major", "1"), ("minor", "37")): 1}
    return [
        Family("apiserver_resource_objects", "gauge", _OBJECTS, counts),
        Family("kubernetes_build_info", "gauge", "[ALPHA] A metric with a constant '1' value labeled by the version.", version),
        Family("etcd_revision", "gauge", "Revision of the latest write to the store.", {(): store.revision}),
    ]


class RequestCounter:
    """Counts requests for resources."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str, str, str, int]] = Counter()

    def count(self, info: RequestInfo, code: int) -> None:
        """Count an answered request."""
        scope = "resource" if info.name or info.verb == "create" else "namespace" if info.namespace else "cluster"
        self._counts[info.verb, info.group, info.version, info.resource, info.subresource, scope, code] += 1

    def families(self) -> list[Family]:
        """Return the counts."""
        values: dict[Labels, float] = {}
        for (verb, group, version, resource, subresource, scope, code), count in self._counts.items():
            labels = (
                ("code", str(code)), ("component", "apiserver"), ("group", group), ("resource", resource), ("scope", scope),
                ("subresource", subresource), ("verb", _VERBS.get(verb, verb.upper())), ("version", version),
            )  # fmt: skip
            values[labels] = count
        return [Family("apiserver_request_total", "counter", _REQUESTS, values)]
