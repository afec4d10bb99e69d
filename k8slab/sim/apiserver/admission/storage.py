"""Small plugins about storage: DefaultStorageClass, StorageObjectInUseProtection, PersistentVolumeClaimResize.

Upstream: plugin/pkg/admission/storage/{storageclass/setdefault,storageobjectinuseprotection,persistentvolume/resize}.
"""

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object, annotations, name_of
from k8slab.sim.apiserver.admission.indexes import DefaultClass
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.client import Client

__all__ = ["DefaultStorageClass", "PersistentVolumeClaimResize", "StorageObjectInUseProtection"]

_CLASSES = "storageclasses.storage.k8s.io"
_BETA = "volume.beta.kubernetes.io/storage-class"
_FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}


class DefaultStorageClass(Plugin):
    """Gives a claim without a class the default one, the newest if several are marked."""

    def __init__(self, client: Client) -> None:
        prefix = "kubernetes.io/is-default-class"
        self._defaults = DefaultClass(client, _CLASSES, f"storageclass.{prefix}", f"storageclass.beta.{prefix}")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New claims."""
        return (resource, subresource, operation) == ("persistentvolumeclaims", "", "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Set ``storageClassName``."""
        claim = request.new
        if claim["spec"].get("storageClassName") is None and _BETA not in annotations(claim):
            for default in self._defaults.all()[:1]:
                claim["spec"]["storageClassName"] = name_of(default)


class StorageObjectInUseProtection(Plugin):
    """Adds the finalizers that keep claims and volumes while they are used."""

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New claims, volumes and volume attributes classes."""
        return resource in _FINALIZERS and not subresource and operation == "CREATE"

    def admit(self, request: AdmissionRequest) -> None:
        """Add the finalizer."""
        meta, finalizer = request.new["metadata"], _FINALIZERS[request.resource.full_name]
        if finalizer not in (meta.get("finalizers") or ()):
            meta["finalizers"] = [*(meta.get("finalizers") or ()), finalizer]


class PersistentVolumeClaimResize(Plugin):
    """Lets a claim grow only if it is bound and its class allows it."""

    def __init__(self, client: Client) -> None:
        self._classes = client.informer(_CLASSES)

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """Changed claims."""
        return (resource, subresource, operation) == ("persistentvolumeclaims", "", "UPDATE")

    def validate(self, request: AdmissionRequest) -> None:
        """Refuse to grow."""
        old, new = _storage(request.old), _storage(request.new)
        if old is None or new is None or parse_quantity(new) <= parse_quantity(old):
            return
        if (request.old.get("status") or {}).get("phase") != "Bound":
            raise request.forbidden("Only bound persistent volume claims can be expanded")
        name = annotations(request.new).get(_BETA) or request.new["spec"].get("storageClassName") or ""
        if not (self._classes.get(name) or {}).get("allowVolumeExpansion"):
            text = (
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
            )
            raise request.forbidden(text)


def _storage(claim: Object) -> str | None:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    found: str | None = requests.get("storage")
    return found
