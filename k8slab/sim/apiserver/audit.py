"""The audit log: who did what, when, and why it was allowed or refused.

Upstream: k8s.io/apiserver/pkg/audit with a policy of one line (level Metadata for everything, stage ResponseComplete) and
the log backend. The newest events stay in memory; with a file, each becomes a line of JSON, written in batches because
every request of every component passes here.

Simplified: one stage and one level; reads by components through their caches are not requests here and do not appear;
audit ids count up instead of being random, so that logging leaves the cluster's random source alone.
"""

from collections import deque
from pathlib import Path
from typing import IO, NamedTuple

import orjson

from k8slab.apimachinery.timestamps import rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Decision
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.kernel import Kernel

__all__ = ["AuditLog"]

_FLUSH_SECONDS = 1.0
_ALLOWED = Decision(True)


class _Record(NamedTuple):
    sequence: int
    received: float
    finished: float
    user: UserInfo
    verb: str
    resource: Resource | None
    subresource: str
    namespace: str
    name: str
    code: int
    decision: Decision
    impersonated: UserInfo | None
    uri: str
    user_agent: str
    error: StatusError | None


class AuditLog:
    """Remembers requests.

    Parameters
    ----------
    kernel
        The clock, and what flushes the file.
    path
        Where the lines go; None keeps the log in memory only.
    limit
        How many events stay in memory.
    """

    def __init__(self, kernel: Kernel, path: Path | None = None, limit: int = 10_000) -> None:
        self._kernel = kernel
        self._records: deque[_Record] = deque(maxlen=limit)
        self._pending: list[_Record] = []
        self._file: IO[bytes] | None = path.open("ab") if path else None
        self._sequence = 0

    def record(
        self,
        user: UserInfo,
        verb: str,
        resource: Resource | None,
        subresource: str,
        namespace: str,
        name: str,
        code: int,
        *,
        decision: Decision = _ALLOWED,
        received: float | None = None,
        impersonated: UserInfo | None = None,
        uri: str = "",
        user_agent: str = "",
        error: StatusError | None = None,
    ) -> None:
        """Note a request that has been answered.

        Parameters
        ----------
        user, verb, resource, subresource, namespace, name
            The request; ``resource`` is None for a path that is no resource.
        code
            HTTP status of the answer.
        decision
            Of authorization.
        received
            When the request came, if not now.
        impersonated
            As whom the user acted.
        uri, user_agent
            Of an HTTP request.
        error
            The answer, if it was one.
        """
        now = self._kernel.now()
        self._sequence += 1
        what = (user, verb, resource, subresource, namespace, name, code, decision, impersonated, uri, user_agent, error)
        entry = _Record(self._sequence, now if received is None else received, now, *what)
        self._records.append(entry)
        if self._file is not None:
            self._pending.append(entry)
            if len(self._pending) == 1:
                self._kernel.call_later(_FLUSH_SECONDS, self.flush)

    def events(self, after: int = 0) -> list[Object]:
        """Return the events in memory as ``audit.k8s.io/v1`` objects, oldest first, without the first ``after`` ever recorded."""
        return [_event(record) for record in self._records if record.sequence > after]

    def flush(self) -> None:
        """Write what is not yet in the file."""
        if self._file is not None and self._pending:
            self._file.write(b"".join(orjson.dumps(_event(r), option=orjson.OPT_APPEND_NEWLINE) for r in self._pending))
            self._file.flush()
            self._pending.clear()

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None


def _event(record: _Record) -> Object:
    event: Object = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{record.sequence:08x}-0000-4000-8000-000000000000",
        "stage": "ResponseComplete",
        "requestURI": record.uri or _uri(record),
        "verb": record.verb,
        "user": record.user.to_object(),
        "impersonatedUser": record.impersonated.to_object() if record.impersonated else None,
        "sourceIPs": ["127.0.0.1"],
        "userAgent": record.user_agent,
        "objectRef": _object_ref(record),
        "responseStatus": _response(record),
        "requestReceivedTimestamp": rfc3339_micro(record.received),
        "stageTimestamp": rfc3339_micro(record.finished),
        "annotations": {
            "authorization.k8s.io/decision": "allow" if record.decision.allowed else "forbid",
            "authorization.k8s.io/reason": record.decision.reason,
        },
    }
    return {key: value for key, value in event.items() if value not in (None, "")}


def _uri(record: _Record) -> str:
    """The path an HTTP client would have used for what a component did in process."""
    resource = record.resource
    if resource is None:
        return "/"
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.api_version}"
    scope = f"/namespaces/{record.namespace}" if resource.namespaced and record.namespace else ""
    name = record.name if record.verb != "create" or record.subresource else ""
    return "/".join(part for part in (f"{root}{scope}/{resource.plural}", name, record.subresource) if part)


def _object_ref(record: _Record) -> Object | None:
    if record.resource is None:
        return None
    ref = {
        "resource": record.resource.plural,
        "namespace": record.namespace,
        "name": record.name,
        "apiGroup": record.resource.group,
        "apiVersion": record.resource.version,
        "subresource": record.subresource,
    }
    return {key: value for key, value in ref.items() if value}


def _response(record: _Record) -> Object:
    status: Object = {"metadata": {}}
    if record.error is not None:
        status |= {"status": "Failure", "message": record.error.message, "reason": record.error.reason}
        if record.error.details:
            status["details"] = record.error.details
    return {**status, "code": record.code}
