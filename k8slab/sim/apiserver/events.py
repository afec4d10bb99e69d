"""Recording Events: what components say about objects.

Upstream: client-go/tools/record (EventRecorder, EventCorrelator). The same event about the same object raises ``count``
and ``lastTimestamp`` of the one there is; `correlator` combines similar ones and stops floods.
"""

from typing import TYPE_CHECKING

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.correlator import COMBINED, Correlator, Said
from k8slab.sim.kernel import Kernel

if TYPE_CHECKING:
    from k8slab.sim.apiserver.loopback import LoopbackClient

__all__ = ["EventRecorder"]

#: Upstream's correlator remembers as many; older ones start a new event.
_REMEMBERED = 4096


class EventRecorder:
    """Writes the Events of one component."""

    def __init__(self, client: "LoopbackClient", kernel: Kernel) -> None:
        self._client, self._kernel = client, kernel
        self._known: dict[tuple[str, ...], tuple[str, str, int]] = {}
        self._written = 0
        self._correlator = Correlator()

    def record(self, obj: Object, type_: str, reason: str, message: str, component: str, field_path: str, host: str) -> None:
        """Write an Event, or count one more of it."""
        subject = (obj.get("kind", ""), obj["metadata"].get("uid", ""), obj["metadata"]["name"])
        written = self._correlator.admit(Said((component, host), subject, type_, reason, message), self._kernel.now())
        if written is None:
            return
        message = written
        combined = "" if message.startswith(COMBINED) else message
        identity = (*subject, field_path, type_, reason, combined, component)
        known = self._known.get(identity)
        if known and self._count(identity, message, *known):
            return
        event = self._create(obj, type_, reason, message, component, field_path, host)
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[identity] = (event["metadata"]["name"], event["metadata"]["namespace"], 1)

    def _create(self, obj: Object, type_: str, reason: str, message: str, component: str, field_path: str, host: str) -> Object:
        from k8slab.sim.apiserver.errors import StatusError

        while True:
            event = self._event(obj, type_, reason, message, component, field_path, host)
            try:
                self._client.record(event)
            except StatusError as error:
                if error.code != 409:
                    raise
                continue  # on a stepped clock another component says something about the same object at the same instant
            return event

    def _count(self, identity: tuple[str, ...], message: str, name: str, namespace: str, count: int) -> bool:
        from k8slab.sim.apiserver.errors import StatusError

        patch = {"count": count + 1, "lastTimestamp": rfc3339(self._kernel.now()), "message": message[:1024]}
        try:
            self._client.patch("events", name, namespace, patch)
        except StatusError as error:
            if error.code != 404:
                raise
            return False
        self._known[identity] = (name, namespace, count + 1)
        return True

    def _event(self, obj: Object, type_: str, reason: str, message: str, component: str, field_path: str, host: str) -> Object:
        meta, now = obj["metadata"], self._kernel.now()
        self._written += 1
        involved = {
            "kind": obj.get("kind"),
            "namespace": meta.get("namespace"),
            "name": meta["name"],
            "uid": meta.get("uid"),
            "apiVersion": obj.get("apiVersion"),
            "resourceVersion": meta.get("resourceVersion"),
            "fieldPath": field_path,
        }
        source = {"component": component, "host": host} if host else {"component": component}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{meta['name']}.{int(now * 1e9) + self._written:x}",
                "namespace": meta.get("namespace") or "default",
            },
            "involvedObject": {k: v for k, v in involved.items() if v},
            "reason": reason,
            "message": message[:1024],
            "source": source,
            "firstTimestamp": rfc3339(now),
            "lastTimestamp": rfc3339(now),
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        }
