"""The EndpointSlice controller: a Service's endpoints in slices of at most a hundred.

Upstream: k8s.io/kubernetes/pkg/controller/endpointslice. The packing is in `endpointslice_plan`. Left out: the
topology-aware routing annotation (trafficDistribution is there), and the trigger time is that of the write.
"""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, annotations, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import terminating_namespace
from k8slab.sim.controllers.endpointslice_plan import (
    MANAGED_BY,
    SERVICE_NAME,
    Change,
    Ports,
    desired_endpoints,
    plan,
    slice_labels,
)
from k8slab.sim.controllers.ownership import controller_reference
from k8slab.sim.controllers.service_endpoints import TRIGGER_TIME, ServiceController, selects

__all__ = ["CONTROLLER", "EndpointSliceController", "ports_as_objects", "slices_of"]

CONTROLLER = "endpointslice-controller.k8s.io"
_SLICES = "endpointslices.discovery.k8s.io"
_INDEX = "service-of-slice"
_ZONE = "topology.kubernetes.io/zone"


def slices_of(endpoint_slice: Object) -> tuple[str, ...]:
    """Index key of a slice: its Service and who manages it."""
    marks = labels(endpoint_slice)
    return (f"{endpoint_slice['metadata']['namespace']}/{marks.get(SERVICE_NAME, '')}/{marks.get(MANAGED_BY, '')}",)


def ports_as_objects(ports: Ports) -> list[Object]:
    """Return the ports as a slice writes them; a port without a name has the name ""."""
    return [
        {"name": name, "port": number, "protocol": protocol, **({"appProtocol": app} if app else {})}
        for name, number, protocol, app in ports
    ]


class EndpointSliceController(ServiceController):
    """Keeps the slices of every Service with a selector."""

    name = "endpointslice-controller"
    account = "endpointslice-controller"
    source = "endpoint-slice-controller"

    def setup(self) -> None:  # noqa: D102
        self._echoes: set[str] = set()  # revisions of our own writes, whose events are no news (upstream: EndpointSliceTracker)
        self.informer(_SLICES).add_index(_INDEX, slices_of)
        super().setup()
        self.watch(_SLICES, self._slice_changed)

    def _slice_changed(self, type: EventType, endpoint_slice: Object, old: Object | None) -> None:
        revision = str(endpoint_slice["metadata"]["resourceVersion"])
        if revision in self._echoes:
            self._echoes.remove(revision)
            return
        marks = labels(old or endpoint_slice)
        if type != "ADDED" and marks.get(MANAGED_BY) == CONTROLLER and marks.get(SERVICE_NAME):
            self.queue.add(f"{endpoint_slice['metadata']['namespace']}/{marks[SERVICE_NAME]}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        service = self.informer("services").get(name, namespace)
        if service is None or not selects(service) or "deletionTimestamp" in service["metadata"]:
            return None
        existing = self.informer(_SLICES).by_index(_INDEX, f"{namespace}/{name}/{CONTROLLER}")
        existing = sorted(
            (s for s in existing if "deletionTimestamp" not in s["metadata"]), key=lambda s: str(s["metadata"]["name"])
        )
        candidates, zones = self.selected(service), self._zones()
        for family in service["spec"].get("ipFamilies") or ["IPv4"]:
            own = [s for s in existing if s["addressType"] == family]
            desired = desired_endpoints(service, candidates, zones, family)
            self._relabel(service, own)
            for change in plan(desired, own):
                self._apply(service, family, change)
        return None

    def _zones(self) -> dict[str, str]:
        return {n["metadata"]["name"]: labels(n).get(_ZONE, "") for n in self.informer("nodes").list()}

    def _relabel(self, service: Object, existing: list[Object]) -> None:
        wanted = slice_labels(service, CONTROLLER)
        for position, endpoint_slice in enumerate(existing):
            if labels(endpoint_slice) != wanted:
                meta = {**endpoint_slice["metadata"], "labels": wanted}
                existing[position] = self._written({**endpoint_slice, "metadata": meta})

    def _apply(self, service: Object, family: str, change: Change) -> None:
        try:
            if change.slice is None:
                self._written(self._new(service, family, change))
            elif change.endpoints is None:
                meta = change.slice["metadata"]
                self.client.delete(_SLICES, meta["name"], meta["namespace"], uid=meta["uid"])
            else:
                meta = change.slice["metadata"]
                notes = {**annotations(change.slice), TRIGGER_TIME: rfc3339(self.kernel.now())}
                content = {"ports": ports_as_objects(change.ports), "endpoints": change.endpoints}
                self._written({**change.slice, "metadata": {**meta, "annotations": notes}, **content})
        except StatusError as error:
            if not terminating_namespace(error):
                self._report(service, error)
                raise

    def _written(self, endpoint_slice: Object) -> Object:
        update = "uid" in endpoint_slice["metadata"]
        done = self.client.update(_SLICES, endpoint_slice) if update else self.client.create(_SLICES, endpoint_slice)
        if done["metadata"]["resourceVersion"] != endpoint_slice["metadata"].get("resourceVersion"):
            self._echoes.add(str(done["metadata"]["resourceVersion"]))
        return done

    def _report(self, service: Object, error: StatusError) -> None:
        if error.reason not in ("Conflict", "NotFound"):
            where = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
            text = f"Error updating Endpoint Slices for Service {where}: {error.message}"
            self.event(service, "Warning", "FailedToUpdateEndpointSlices", text)

    def _new(self, service: Object, family: str, change: Change) -> Object:
        meta = service["metadata"]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "labels": slice_labels(service, CONTROLLER),
                "annotations": {TRIGGER_TIME: rfc3339(self.kernel.now())},
                "ownerReferences": [controller_reference("v1", "Service", service)],
            },
            "addressType": family,
            "ports": ports_as_objects(change.ports),
            "endpoints": change.endpoints or [],
        }
