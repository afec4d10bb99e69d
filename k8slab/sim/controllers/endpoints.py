"""The Endpoints controller: the older, single-object form of a Service's endpoints.

Upstream: k8s.io/kubernetes/pkg/controller/endpoint. Deprecated since 1.33 in favour of EndpointSlices, still served.
"""

from collections.abc import Sequence

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, annotations, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.base import terminating_namespace
from k8slab.sim.controllers.service_endpoints import (
    HEADLESS,
    TRIGGER_TIME,
    ServiceController,
    address_of,
    is_headless,
    ports_of,
    selects,
    wanted_pods,
)

__all__ = ["EndpointsController", "subsets"]

MAXIMUM = 1000  #: addresses in one object
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
_MANAGED_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}


def subsets(service: Object, candidates: Sequence[Object]) -> list[Object]:
    """Return the subsets of an Endpoints object: addresses by their ports, ready and not ready."""
    publish = service["spec"].get("publishNotReadyAddresses", False)
    family = (service["spec"].get("ipFamilies") or ["IPv4"])[0]
    groups: dict[tuple[tuple[str, int, str, str], ...], dict[str, list[Object]]] = {}
    for pod in wanted_pods(candidates, terminating=publish):
        ports, ip = ports_of(service, pod), address_of(pod, family)
        if not ip or (not ports and not is_headless(service)):
            continue
        group = groups.setdefault(ports, {"addresses": [], "notReadyAddresses": []})
        group["addresses" if publish or pods.is_ready(pod) else "notReadyAddresses"].append(_address(service, pod, ip))
    return [_subset(ports, groups[ports]) for ports in sorted(groups)]


def _address(service: Object, pod: Object, ip: str) -> Object:
    meta, spec = pod["metadata"], pod["spec"]
    address: Object = {"ip": ip}
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        address["hostname"] = spec["hostname"]
    if spec.get("nodeName"):
        address["nodeName"] = spec["nodeName"]
    address["targetRef"] = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    return address


def _subset(ports: tuple[tuple[str, int, str, str], ...], group: dict[str, list[Object]]) -> Object:
    subset: Object = {key: sorted(found, key=lambda a: str(a["ip"])) for key, found in group.items() if found}
    if ports:
        subset["ports"] = [_port(*port) for port in ports]
    return subset


def _port(name: str, number: int, protocol: str, app_protocol: str) -> Object:
    port: Object = {"name": name} if name else {}
    port |= {"port": number, "protocol": protocol}
    return {**port, "appProtocol": app_protocol} if app_protocol else port


def truncated(found: list[Object]) -> tuple[list[Object], bool]:
    """Return at most `MAXIMUM` addresses, ready ones first, and whether some were left out."""
    room, over = MAXIMUM, False
    result = [dict(subset) for subset in found]
    for key in ("addresses", "notReadyAddresses"):
        for subset in result:
            kept = subset.get(key, [])[:room]
            over = over or len(kept) < len(subset.get(key, []))
            room -= len(kept)
            if key in subset:
                subset[key] = kept
    return [{k: v for k, v in s.items() if v} for s in result if s.get("addresses") or s.get("notReadyAddresses")], over


class EndpointsController(ServiceController):
    """Keeps one Endpoints object per Service with a selector."""

    name = "endpoints-controller"
    account = "endpoint-controller"

    def setup(self) -> None:  # noqa: D102
        super().setup()
        self.watch("endpoints", self._endpoints_changed)

    def _endpoints_changed(self, type: EventType, endpoints: Object, old: Object | None) -> None:
        if type == "DELETED" or (type == "ADDED" and _MANAGED_BY.items() <= labels(endpoints).items()):
            self.queue.add(f"{endpoints['metadata']['namespace']}/{endpoints['metadata']['name']}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        service = self.informer("services").get(name, namespace)
        current = self.informer("endpoints").get(name, namespace)
        if service is None:
            if current is not None and _MANAGED_BY.items() <= labels(current).items():
                self.client.delete("endpoints", name, namespace, uid=current["metadata"]["uid"])
        elif selects(service):
            self._write(service, current)
        return None

    def _write(self, service: Object, current: Object | None) -> None:
        wanted, over = truncated(subsets(service, self.selected(service)))
        meta = {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"]}
        marks = {**labels(service), **_MANAGED_BY, **({HEADLESS: ""} if is_headless(service) else {})}
        notes = {k: v for k, v in annotations(service).items() if k != "kubectl.kubernetes.io/last-applied-configuration"}
        if over:
            notes[_OVER_CAPACITY] = "truncated"
        if current is not None:
            known = {k: v for k, v in annotations(current).items() if k != TRIGGER_TIME}
            if ((current.get("subsets") or []), labels(current), known) == (wanted, marks, notes):
                return
            meta = current["metadata"]
        notes[TRIGGER_TIME] = rfc3339(self.kernel.now())
        new: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {**meta, "labels": marks, "annotations": notes}}
        new |= {"subsets": wanted} if wanted else {}
        self._put(service, new, exists=current is not None)

    def _put(self, service: Object, new: Object, exists: bool) -> None:
        try:
            self.client.update("endpoints", new) if exists else self.client.create("endpoints", new)
        except StatusError as error:
            if terminating_namespace(error):
                return
            if error.reason not in ("Conflict", "NotFound", "AlreadyExists"):
                verb, where = "Update" if exists else "Create", f"{new['metadata']['namespace']}/{new['metadata']['name']}"
                text = f"Failed to {verb.lower()} endpoint {where}: {error.message}"
                self.event(service, "Warning", f"FailedTo{verb}Endpoint", text)
            raise
