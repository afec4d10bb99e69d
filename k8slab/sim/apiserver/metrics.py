"""What the API server counts, for ``/metrics``.

Upstream: k8s.io/apiserver/pkg/endpoints/metrics, pkg/storage/etcd3/metrics. Simplified: there are hundreds upstream, about
machinery that this server does not have; here are the version, how many objects there are, and the requests that came over
HTTP: how many, how long they took on the cluster's clock, who made them, what authorization said. The components of this process
use no HTTP; what they count themselves (work queues, scheduling, who leads) is added to the same answer, where a real cluster
has a port for each.
"""

from collections import Counter
from functools import lru_cache

from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.authorization import Decision
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Store
from k8slab.sim.exposition import Family, Histogram, Labels, Metric

__all__ = ["RequestCounter", "objects"]

_VERBS = {"create": "POST", "update": "PUT", "proxy": "CONNECT"}
_LONG_RUNNING, _STREAMS = ("watch",), ("exec", "attach", "portforward", "proxy", "log")
_SECONDS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60)
_DURATION = (
    "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, "
    "scope and component."
)
_USERS = "[ALPHA] Counter of authenticated requests broken out by username."
_DECISIONS = "[ALPHA] Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision."
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
    """Counts requests, and what authentication and authorization said of them."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str, str, str, int]] = Counter()
        self._durations = Histogram("apiserver_request_duration_seconds", _DURATION, _SECONDS)
        self._authentications: Counter[str] = Counter()
        self._users: Counter[str] = Counter()
        self._decisions: Counter[tuple[str, str]] = Counter()

    def count(self, info: RequestInfo, code: int, seconds: float) -> None:
        """Count an answered request for a resource."""
        scope = "resource" if info.name or info.verb == "create" else "namespace" if info.namespace else "cluster"
        self._counts[info.verb, info.group, info.version, info.resource, info.subresource, scope, code] += 1
        if info.verb not in _LONG_RUNNING and info.subresource not in _STREAMS:
            self._durations.observe(seconds, _request_labels(info, scope))

    def authenticated(self, user: UserInfo | None) -> None:
        """Count an attempt to be somebody; None for one that failed."""
        self._authentications["failure" if user is None else "success"] += 1
        if user is not None:
            system = user.name.startswith("system:") or user.name == "kubernetes-admin"
            self._users[user.name if system else "other"] += 1

    def decided(self, decision: Decision) -> None:
        """Count a decision: by RBAC unless the node authorizer or the group of masters allowed it."""
        kind = "RBAC" if decision.evidence is not None or not decision.allowed else "other"
        self._decisions["allowed" if decision.allowed else "denied", kind] += 1

    def families(self) -> list[Metric]:
        """Return the counts."""
        values: dict[Labels, float] = {}
        for (verb, group, version, resource, subresource, scope, code), count in self._counts.items():
            labels = (
                ("code", str(code)), ("component", "apiserver"), ("group", group), ("resource", resource), ("scope", scope),
                ("subresource", subresource), ("verb", _VERBS.get(verb, verb.upper())), ("version", version),
            )  # fmt: skip
            values[labels] = count
        attempts: dict[Labels, float] = {(("result", r),): float(n) for r, n in self._authentications.items()}
        users: dict[Labels, float] = {(("username", u),): float(n) for u, n in self._users.items()}
        decisions: dict[Labels, float] = {
            (("decision", d), ("name", kind.lower()), ("type", kind)): float(n) for (d, kind), n in self._decisions.items()
        }
        return [
            Family("apiserver_request_total", "counter", _REQUESTS, values),
            self._durations,
            Family("authentication_attempts", "counter", "[ALPHA] Counter of authenticated attempts.", attempts),
            Family("authenticated_user_requests", "counter", _USERS, users),
            Family("apiserver_authorization_decisions_total", "counter", _DECISIONS, decisions),
        ]


@lru_cache(maxsize=4096)
def _request_labels(info: RequestInfo, scope: str) -> Labels:
    return (
        ("component", "apiserver"), ("dry_run", ""), ("group", info.group), ("resource", info.resource), ("scope", scope),
        ("subresource", info.subresource), ("verb", _VERBS.get(info.verb, info.verb.upper())), ("version", info.version),
    )  # fmt: skip
