"""What ingress-nginx writes to the API: the address of each Ingress that it serves, and an event when it has read one.

The address is ``localhost`` (the controller's ``--publish-status-address``), with the ports of the host that lead to it. Nothing
is written while no controller pod is ready. Upstream: internal/ingress/status, internal/ingress/controller/store.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object, annotations, key_of, split_key
from k8slab.sim.addons.ingress.install import ACCOUNT, NAMESPACE, SERVICE
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller

__all__ = ["HTTPS_MARK", "HTTP_MARK", "IngressStatus", "address_of"]

_INGRESSES = "ingresses.networking.k8s.io"
#: Annotations of the controller's Service: where the host reaches it.
HTTP_MARK, HTTPS_MARK = "k8slab.dev/http", "k8slab.dev/https"


def address_of(service: Object | None) -> Object:
    """Return the address that Ingresses get: localhost, with the ports of the host if there are any.

    >>> address_of({"metadata": {"annotations": {"k8slab.dev/http": "http://127.0.0.1:8080"}}})
    {'hostname': 'localhost', 'ports': [{'port': 8080, 'protocol': 'TCP'}]}
    """
    marks = annotations(service or {"metadata": {}})
    numbers = [int(marks[mark].rpartition(":")[2]) for mark in (HTTP_MARK, HTTPS_MARK) if mark in marks]
    ports = [{"port": number, "protocol": "TCP"} for number in numbers]
    return {"hostname": "localhost", **({"ports": ports} if ports else {})}


class IngressStatus(Controller):
    """Keeps the status of the Ingresses that the controller serves."""

    name = "ingress-nginx"
    account = ACCOUNT
    source = "nginx-ingress-controller"
    served: Callable[[Object], bool]  #: whether an Ingress is the controller's

    def setup(self) -> None:  # noqa: D102
        self.watch(_INGRESSES, self._ingress_changed)
        self.watch("ingressclasses.networking.k8s.io", lambda *_: self._all())
        self.watch("endpointslices.discovery.k8s.io", self._slice_changed)
        self.watch("services", self._service_changed)

    def _ingress_changed(self, type: EventType, ingress: Object, old: Object | None) -> None:
        if type == "DELETED":
            return
        if self._ready() and (old is None or old["spec"] != ingress["spec"]) and self.served(ingress):
            self.client.event(ingress, "Normal", "Sync", "Scheduled for sync", self.source)
        self.queue.add(key_of(ingress))

    def _slice_changed(self, type: EventType, piece: Object, old: Object | None) -> None:
        if piece["metadata"].get("namespace") == NAMESPACE:
            self._all()

    def _service_changed(self, type: EventType, service: Object, old: Object | None) -> None:
        if (service["metadata"]["name"], service["metadata"].get("namespace")) == (SERVICE, NAMESPACE):
            self._all()

    def _all(self) -> None:
        for ingress in self.informer(_INGRESSES).list():
            self.queue.add(key_of(ingress))

    def _ready(self) -> bool:
        pieces = self.informer("endpointslices.discovery.k8s.io").list(NAMESPACE)
        return any((e.get("conditions") or {}).get("ready") for p in pieces for e in p.get("endpoints") or ())

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        ingress = self.informer(_INGRESSES).get(name, namespace)
        if ingress is None or not self._ready() or not self.served(ingress):
            return None
        wanted = [address_of(self.informer("services").get(SERVICE, NAMESPACE))]
        if ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") != wanted:
            try:
                self.client.patch(
                    _INGRESSES, name, namespace, {"status": {"loadBalancer": {"ingress": wanted}}}, "merge", "status"
                )
            except StatusError as error:
                if error.code != 404:
                    raise
        return None
