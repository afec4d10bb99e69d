"""The EndpointSlice mirroring controller: hand-written Endpoints of a Service without selector appear as slices.

Upstream: k8s.io/kubernetes/pkg/controller/endpointslicemirroring. Simpler: one slice per subset and address family, found
again by its ports and rewritten as a whole; annotations are not mirrored.
"""

from k8slab.apimachinery.types import Object, key_of, labels, split_key
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.endpointslice import slices_of
from k8slab.sim.controllers.endpointslice_plan import MANAGED_BY, SERVICE_NAME

__all__ = ["CONTROLLER", "EndpointSliceMirroringController", "mirrored"]

CONTROLLER = "endpointslicemirroring-controller.k8s.io"
MAXIMUM = 1000  #: addresses of one subset
_SLICES = "endpointslices.discovery.k8s.io"
_INDEX = "service-of-slice"
_SKIP = ("endpointslice.kubernetes.io/skip-mirror", "endpoints.kubernetes.io/managed-by")


def mirrored(endpoints: Object) -> list[Object]:
    """Return addressType, ports and endpoints of the slices that say the same as an Endpoints object."""
    result = []
    for subset in endpoints.get("subsets") or ():
        for family in ("IPv4", "IPv6"):
            found = [
                _endpoint(address, ready)
                for key, ready in (("addresses", True), ("notReadyAddresses", False))
                for address in subset.get(key) or ()
                if (":" in address["ip"]) == (family == "IPv6")
            ]
            if found:
                ports = [{"name": "", "protocol": "TCP", **port} for port in subset.get("ports") or ()]
                result.append({"addressType": family, "ports": ports, "endpoints": found[:MAXIMUM]})
    return result


def _endpoint(address: Object, ready: bool) -> Object:
    endpoint: Object = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    return endpoint | {key: address[key] for key in ("hostname", "nodeName", "targetRef") if key in address}


class EndpointSliceMirroringController(Controller):
    """Keeps mirrors of Endpoints that no controller writes."""

    name = "endpointslice-mirroring-controller"
    account = "endpointslicemirroring-controller"

    def setup(self) -> None:  # noqa: D102
        self.informer(_SLICES).add_index(_INDEX, slices_of)
        for resource in ("endpoints", "services"):
            self.watch(resource, self._changed)
        self.watch(_SLICES, self._slice_changed)

    def _changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        self.queue.add(key_of(obj))

    def _slice_changed(self, type: EventType, endpoint_slice: Object, old: Object | None) -> None:
        marks = labels(endpoint_slice)
        if type != "ADDED" and marks.get(MANAGED_BY) == CONTROLLER:
            self.queue.add(f"{endpoint_slice['metadata']['namespace']}/{marks.get(SERVICE_NAME, '')}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        endpoints, service = self.informer("endpoints").get(name, namespace), self.informer("services").get(name, namespace)
        wanted = (
            mirrored(endpoints) if endpoints is not None and service is not None and _is_hand_made(endpoints, service) else []
        )
        existing = self.informer(_SLICES).by_index(_INDEX, f"{key}/{CONTROLLER}")
        spare = {str(s["metadata"]["name"]): s for s in existing if "deletionTimestamp" not in s["metadata"]}
        for content in wanted:
            self._put(endpoints or {}, content, spare)
        for surplus in spare:
            self.client.delete(_SLICES, surplus, namespace)
        return None

    def _put(self, endpoints: Object, content: Object, spare: dict[str, Object]) -> None:
        meta = endpoints["metadata"]
        marks = {**labels(endpoints), MANAGED_BY: CONTROLLER, SERVICE_NAME: meta["name"]}
        same = [s for s in spare.values() if s["addressType"] == content["addressType"]]
        current = next((s for s in same if s.get("ports") == content["ports"]), same[0] if same else None)
        if current is None:
            owner = {"apiVersion": "v1", "kind": "Endpoints", "name": meta["name"], "uid": meta["uid"]}
            owners = [{**owner, "controller": True, "blockOwnerDeletion": True}]
            identity = {
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "labels": marks,
                "ownerReferences": owners,
            }
            new = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": identity, **content}
            self.client.create(_SLICES, new)
            return
        del spare[current["metadata"]["name"]]
        wanted = {**current, "metadata": {**current["metadata"], "labels": marks}, **content}
        if wanted != current:
            self.client.update(_SLICES, wanted)


def _is_hand_made(endpoints: Object, service: Object) -> bool:
    marks = labels(endpoints)
    return not service["spec"].get("selector") and not any(marks.get(label) for label in _SKIP)
