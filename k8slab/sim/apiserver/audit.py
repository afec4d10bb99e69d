"""The audit log: who did what, when, and why it was allowed or refused.

Upstream: k8s.io/apiserver/pkg/audit with a policy of one line (level Metadata for everything, stage ResponseComplete) and
the log backend. The newest events stay in memory; with a file, each becomes a line of JSON, written in batches because
every request of every component passes here.

Simplified: one stage and one level; reads by components through their caches are not requests here and do not appear, nor
do the components' Events and Leases; audit ids count up instead of being random, so that logging leaves the cluster's
random source alone.
"""

from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO

import orjson

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Decision
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.kernel import Kernel

__all__ = ["RULE", "AuditLog"]

#: Ours: the rule that allowed a request, as JSON. Upstream names the binding and the role only.
RULE = "sim.k8slab.dev/rule"
_FLUSH_SECONDS = 1.0
_ALLOWED = Decision(True)
#: What components write all the time; usual audit policies leave it out too.
_CHATTER = ("events", "leases")

#: What `AuditLog.record` keeps: sequence, received, finished, then its parameters in their order; `_event` reads it.
_Record = tuple[
    int, float, float, UserInfo, str, Resource | None, str, str, str, int, Decision | None, UserInfo | None, str, str,
    StatusError | None, Mapping[str, str] | None,
]  # fmt: skip


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
        decision: Decision | None = _ALLOWED,
        received: float | None = None,
        impersonated: UserInfo | None = None,
        uri: str = "",
        user_agent: str = "",
        error: StatusError | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Note a request that has been answered.

        Parameters
        ----------
        user, verb, resource, subresource, namespace, name
            The request; ``resource`` is None for a path that is no resource.
        code
            HTTP status of the answer.
        decision
            Of authorization; None if the request did not come as far.
        received
            When the request came, if not now.
        impersonated
            As whom the user acted.
        uri, user_agent
            Of an HTTP request.
        error
            The answer, if it was one.
        annotations
            What admission has to say.
        """
        if resource is not None and resource.plural in _CHATTER and user.name.startswith("system:"):
            return
        now = self._kernel.now()
        self._sequence += 1
        began = now if received is None else received
        entry = (self._sequence, began, now, user, verb, resource, subresource, namespace, name, code,
                 decision, impersonated, uri, user_agent, error, annotations)  # fmt: skip
        self._records.append(entry)
        if self._file is not None:
            self._pending.append(entry)
            if len(self._pending) == 1:
                self._kernel.call_later(_FLUSH_SECONDS, self.flush)

    def events(self, after: int = 0) -> list[Object]:
        """Return the events in memory as ``audit.k8s.io/v1`` objects, oldest first, without the first ``after`` ever recorded."""
        return [_event(record) for record in self._records if record[0] > after]

    def lines(self) -> bytes:
        """Return the events in memory as the log has them: a line of JSON each."""
        return b"".join(orjson.dumps(_event(r), option=orjson.OPT_APPEND_NEWLINE) for r in self._records)

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
    sequence, began, ended, user, verb, resource, subresource, namespace, name, code = record[:10]
    decision, acting, uri, agent, error, annotations = record[10:]
    event: Object = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{sequence:08x}-0000-4000-8000-000000000000",
        "stage": "ResponseComplete",
        "requestURI": uri or _uri(verb, resource, subresource, namespace, name),
        "verb": verb,
        "user": _user(user),
    }
    if acting is not None:
        event["impersonatedUser"] = _user(acting)
    event["sourceIPs"] = ["127.0.0.1"]
    if agent:
        event["userAgent"] = agent
    if resource is not None:
        event["objectRef"] = _object_ref(resource, subresource, namespace, name)
    event["responseStatus"] = _response(code, error)
    event["requestReceivedTimestamp"] = _timestamp(began)
    event["stageTimestamp"] = _timestamp(ended)
    notes = {**_decision(decision), **(annotations or {})} if decision is not None else annotations
    if notes:
        event["annotations"] = notes
    return event


def _decision(decision: Decision) -> dict[str, str]:
    word = "allow" if decision.allowed else "forbid"
    notes = {"authorization.k8s.io/decision": word, "authorization.k8s.io/reason": decision.reason}
    if decision.evidence is not None:
        notes[RULE] = orjson.dumps(decision.evidence.rule, option=orjson.OPT_SORT_KEYS).decode()
    return notes


@lru_cache(maxsize=1024)
def _user(user: UserInfo) -> Object:
    return user.to_object()


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return rfc3339(seconds)[:-1]


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06d}Z"


def _uri(verb: str, resource: Resource | None, subresource: str, namespace: str, name: str) -> str:
    """The path an HTTP client would have used for what a component did in process."""
    if resource is None:
        return "/"
    uri = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.api_version}"
    if namespace and resource.namespaced:
        uri += f"/namespaces/{namespace}"
    uri += f"/{resource.plural}"
    if name and (verb != "create" or subresource):
        uri += f"/{name}"
    return f"{uri}/{subresource}" if subresource else uri


def _object_ref(resource: Resource, subresource: str, namespace: str, name: str) -> Object:
    ref = {"resource": resource.plural}
    if namespace:
        ref["namespace"] = namespace
    if name:
        ref["name"] = name
    if resource.group:
        ref["apiGroup"] = resource.group
    ref["apiVersion"] = resource.version
    if subresource:
        ref["subresource"] = subresource
    return ref


def _response(code: int, error: StatusError | None) -> Object:
    status: Object = {"metadata": {}}
    if error is not None:
        status |= {"status": "Failure", "message": error.message, "reason": error.reason}
        if error.details:
            status["details"] = error.details
    status["code"] = code
    return status
