"""``networklinks`` of the glass box: latency and loss between two zones (or inside one), to be created and deleted.

apiVersion: sim.k8slab.dev/v1alpha1
kind: NetworkLink
metadata: {name: slow}
spec: {zones: [zone-a, zone-b], latencySeconds: 0.05, loss: 0.01}
"""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError, already_exists, invalid, not_found
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import Link, Network

__all__ = ["RESOURCE", "NetworkLinks"]

_GROUP, _VERSION = "sim.k8slab.dev", "v1alpha1"
_SPEC: Object = {
    "type": "object",
    "properties": {
        "zones": {"type": "array", "items": {"type": "string"}, "description": "Two zones, or one for the links inside it."},
        "latencySeconds": {"type": "number", "description": "Seconds that a packet takes one way."},
        "loss": {"type": "number", "description": "The share of packets that are lost, from 0 to 1."},
    },
}


def _column(name: str, path: str, type: str) -> Object:
    return {"name": name, "type": type, "jsonPath": path}


RESOURCE = Resource(
    _GROUP, _VERSION, "NetworkLink", "networklinks", "networklink", namespaced=False, verbs=("create", "delete", "get", "list"),
    printer_columns=(
        _column("Zones", ".spec.zones", "string"), _column("Latency", ".spec.latencySeconds", "number"),
        _column("Loss", ".spec.loss", "number"), _column("Age", ".metadata.creationTimestamp", "date"),
    ),
    schema={"type": "object", "description": "NetworkLink slows the network between zones, or makes it lossy.",
            "properties": {"spec": _SPEC}},
)  # fmt: skip


class NetworkLinks:
    """The NetworkLinks there are; they last as long as the server's process.

    Parameters
    ----------
    network, kernel
        Whose links, and the clock.
    """

    def __init__(self, network: Network, kernel: Kernel) -> None:
        self._network, self._kernel = network, kernel
        self._objects: dict[str, Object] = {}

    def list(self) -> list[Object]:
        """Return the objects by name."""
        return [self._objects[name] for name in sorted(self._objects)]

    def create(self, body: Object) -> Object:
        """Make a link as an object says; one link per pair of zones."""
        name, spec = str((body.get("metadata") or {}).get("name") or ""), body.get("spec") or {}
        errors = _errors(name, spec)
        if errors:
            raise invalid(_GROUP, RESOURCE.kind, name, errors)
        zones = sorted({spec["zones"][0], spec["zones"][-1]})
        if name in self._objects or any(sorted(set(o["spec"]["zones"])) == zones for o in self._objects.values()):
            raise already_exists(_GROUP, RESOURCE.plural, name)
        link = Link(float(spec.get("latencySeconds", 0)), float(spec.get("loss", 0)))
        self._network.links.set(zones[0], zones[-1], link)
        meta = {"name": name, "uid": self._kernel.uuid(), "creationTimestamp": rfc3339(self._kernel.now())}
        shown = {"zones": list(spec["zones"]), "latencySeconds": link.latency, "loss": link.loss}
        self._objects[name] = {"apiVersion": RESOURCE.api_version, "kind": RESOURCE.kind, "metadata": meta, "spec": shown}
        return self._objects[name]

    def delete(self, name: str) -> Object:
        """Take a link away, and return the Status that says so."""
        gone = self._objects.pop(name, None)
        if gone is None:
            raise not_found(_GROUP, RESOURCE.plural, name)
        self._network.links.set(gone["spec"]["zones"][0], gone["spec"]["zones"][-1], None)
        details = {"name": name, "group": _GROUP, "kind": RESOURCE.plural, "uid": gone["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _errors(name: str, spec: Object) -> list[FieldError]:
    zones, errors = spec.get("zones"), []
    if not name:
        errors.append(FieldError("FieldValueRequired", "metadata.name", "name is required"))
    if not isinstance(zones, list) or len(zones) not in (1, 2) or not all(isinstance(z, str) and z for z in zones):
        errors.append(FieldError("FieldValueInvalid", "spec.zones", "must be one or two names of zones", zones))
    for field, most in (("latencySeconds", 60), ("loss", 1)):
        value = spec.get(field, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            errors.append(FieldError("FieldValueInvalid", f"spec.{field}", f"must be between 0 and {most}", value))
    return errors
