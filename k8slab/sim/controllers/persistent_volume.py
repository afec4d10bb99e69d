"""The persistent volume binder: finds volumes for claims, binds the two, and sees to volumes whose claim is gone.

Upstream: k8s.io/kubernetes/pkg/controller/volume/persistentvolume. Volumes of a StorageClass are made by the class's
provisioner, which is no part of the controller manager; this controller asks for them by an annotation, as upstream.
A released volume with reclaim policy Delete is left to its provisioner, and fails if it has none; Recycle is not
implemented. Keys of the queue are ``claim/namespace/name`` and ``volume/name``.
"""

from k8slab.apimachinery.types import Object, annotations, key_of
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.volume_matching import (
    BIND_COMPLETED,
    PROVISIONER,
    SELECTED_NODE,
    bound_claim,
    bound_volume,
    find_volume,
    is_for,
    mismatch,
)

__all__ = ["PersistentVolumeBinder"]

_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
RETRY = 15.0  #: upstream looks at everything again so often


class PersistentVolumeBinder(Controller):
    """Binds claims to volumes."""

    name = "persistentvolume-binder-controller"
    account = "persistent-volume-binder"
    source = "persistentvolume-controller"

    def setup(self) -> None:  # noqa: D102
        self.watch(_CLAIMS, self._claim_changed)
        self.watch(_VOLUMES, self._volume_changed)

    def _claim_changed(self, type: EventType, claim: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(f"claim/{key_of(claim)}")
        volume = (old or claim)["spec"].get("volumeName")
        if volume:
            self.queue.add(f"volume/{volume}")

    def _volume_changed(self, type: EventType, volume: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(f"volume/{volume['metadata']['name']}")
        reference = volume["spec"].get("claimRef")
        if reference:
            self.queue.add(f"claim/{reference['namespace']}/{reference['name']}")
        elif type != "DELETED":
            for claim in self.informer(_CLAIMS).list():
                if not claim["spec"].get("volumeName"):
                    self.queue.add(f"claim/{key_of(claim)}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        kind, _, rest = key.partition("/")
        if kind == "volume":
            volume = self.informer(_VOLUMES).get(rest)
            if volume is not None:
                self._settle_volume(volume)
            return None
        namespace, _, name = rest.partition("/")
        claim = self.informer(_CLAIMS).get(name, namespace)
        if claim is None:
            return None
        if BIND_COMPLETED in annotations(claim):
            self._keep_bound(claim)
            return None
        return self._find_and_bind(claim)

    def _settle_volume(self, volume: Object) -> None:
        """Bring the phase of a volume up to date."""
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            self._set_volume_phase(volume, "Available")
            return
        claim = self.informer(_CLAIMS).get(reference["name"], reference["namespace"])
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            self._release(volume)
        elif claim["spec"].get("volumeName") == volume["metadata"]["name"]:
            self._set_volume_phase(volume, "Bound")

    def _release(self, volume: Object) -> None:
        """Say that a volume's claim is gone; one that was made by hand cannot be deleted by anybody but its maker."""
        spec = volume["spec"]
        if (volume.get("status") or {}).get("phase") == "Failed":
            return
        released = self._set_volume_phase(volume, "Released")
        if spec.get("persistentVolumeReclaimPolicy") != "Delete" or _PROVISIONED_BY in annotations(volume):
            return
        name, path = volume["metadata"]["name"], (spec.get("hostPath") or {}).get("path", "")
        text = f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
        if path.startswith("/tmp/"):
            self.client.delete(_VOLUMES, name, uid=volume["metadata"]["uid"])
            return
        if path:
            text = f"host_path deleter only supports /tmp/.+ but received provided {path}"
        self.event(volume, "Warning", "VolumeFailedDelete", text)
        self._set_volume_phase(released, "Failed", text)

    def _set_volume_phase(self, volume: Object, phase: str, message: str = "") -> Object:
        if (volume.get("status") or {}).get("phase") == phase:
            return volume
        status = {k: v for k, v in (volume.get("status") or {}).items() if k != "message"}
        status |= {"phase": phase, **({"message": message} if message else {})}
        return self.client.update(_VOLUMES, {**volume, "status": status}, "status")

    def _find_and_bind(self, claim: Object) -> float | None:
        name = claim["spec"].get("volumeName")
        if name:
            volume = self.informer(_VOLUMES).get(name)
            if volume is None:
                self._set_claim_phase(claim, "Pending")
                return RETRY
            if volume["spec"].get("claimRef") and not is_for(volume, claim):
                text = f'volume "{name}" already bound to a different claim.'
                self.event(claim, "Warning", "FailedBinding", text)
                self._set_claim_phase(claim, "Pending")
                return RETRY
            reason = "" if is_for(volume, claim) else mismatch(claim, volume)
            if reason:
                self.event(claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {reason}')
                self._set_claim_phase(claim, "Pending")
                return RETRY
            self._bind(claim, volume)
            return None
        volume = find_volume(claim, self.informer(_VOLUMES).list(), only_reserved=self._waits(claim))
        if volume is not None:
            self._bind(claim, volume)
            return None
        self._ask_for_volume(claim)
        return RETRY

    def _class_of(self, claim: Object) -> Object | None:
        name = claim["spec"].get("storageClassName")
        return self.informer(_CLASSES).get(name) if name else None

    def _waits(self, claim: Object) -> bool:
        """Whether the scheduler has to choose a node first."""
        storage_class = self._class_of(claim)
        late = storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        return late and SELECTED_NODE not in annotations(claim)

    def _ask_for_volume(self, claim: Object) -> None:
        self._set_claim_phase(claim, "Pending")
        claim = self.informer(_CLAIMS).get(claim["metadata"]["name"], claim["metadata"]["namespace"]) or claim
        name, storage_class = claim["spec"].get("storageClassName"), self._class_of(claim)
        if self._waits(claim):
            text = "waiting for first consumer to be created before binding"
            self.event(claim, "Normal", "WaitForFirstConsumer", text)
        elif not name:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.event(claim, "Normal", "FailedBinding", text)
        elif storage_class is None:
            self.event(claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found')
        elif storage_class["provisioner"] == _NO_PROVISIONER:
            text = f'storageclass "{name}" has no provisioner: a volume has to be created by hand'
            self.event(claim, "Normal", "FailedBinding", text)
        else:
            self._ask_provisioner(claim, storage_class["provisioner"])

    def _ask_provisioner(self, claim: Object, provisioner: str) -> None:
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
            "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
            "registered."
        )
        self.event(claim, "Normal", "ExternalProvisioning", text)
        if annotations(claim).get(PROVISIONER) != provisioner:
            meta = {**claim["metadata"], "annotations": {**annotations(claim), PROVISIONER: provisioner}}
            self.client.update(_CLAIMS, {**claim, "metadata": meta})

    def _bind(self, claim: Object, volume: Object) -> None:
        """Write volume, its phase, claim, its phase, in this order: after any of them a restart finds its way."""
        wanted = bound_volume(volume, claim)
        if wanted is not volume:
            volume = self.client.update(_VOLUMES, wanted)
        self._set_volume_phase(volume, "Bound")
        bound = bound_claim(claim, volume)
        if bound is not claim:
            bound = self.client.update(_CLAIMS, bound)
        status = {"phase": "Bound", "accessModes": volume["spec"].get("accessModes") or []}
        if (bound.get("status") or {}).get("phase") != "Bound":  # later, whoever makes it larger says so
            status["capacity"] = volume["spec"]["capacity"]
        if {k: (bound.get("status") or {}).get(k) for k in status} != status:
            self.client.update(_CLAIMS, {**bound, "status": {**(bound.get("status") or {}), **status}}, "status")

    def _keep_bound(self, claim: Object) -> None:
        name = claim["spec"].get("volumeName")
        volume = self.informer(_VOLUMES).get(name) if name else None
        if volume is not None and (not volume["spec"].get("claimRef") or is_for(volume, claim)):
            self._bind(claim, volume)
            return
        if volume is not None:
            text = "Two claims are bound to the same volume, this one is bound incorrectly"
            reason = "ClaimMisbound"
        else:
            reason = "ClaimLost"
            what = "its PersistentVolume" if name else "reference to PersistentVolume"
            text = f"Bound claim has lost {what}. Data on the volume is lost!"
        if (claim.get("status") or {}).get("phase") != "Lost":
            self.event(claim, "Warning", reason, text)
            self._set_claim_phase(claim, "Lost")

    def _set_claim_phase(self, claim: Object, phase: str) -> None:
        status = claim.get("status") or {}
        if status.get("phase") != phase:
            kept = {k: v for k, v in status.items() if k not in ("accessModes", "capacity")}
            self.client.update(_CLAIMS, {**claim, "status": {**kept, "phase": phase}}, "status")
