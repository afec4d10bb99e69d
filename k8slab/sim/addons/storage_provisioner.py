"""The provisioner behind the cluster's storage classes: makes volumes for claims, grows, attaches and deletes them.

Real components: local-path-provisioner, and the sidecars of CSI drivers (external-provisioner, external-resizer,
external-attacher; sigs.k8s.io/sig-storage-lib-external-provisioner). Which driver can do what is data
(`k8slab.sim.addons.storage_classes`). Simplified: everything takes no time, capacity is unlimited, no CSIStorageCapacity,
no snapshots and clones. Keys of the queue are ``claim/namespace/name`` and ``volume/name``.
"""

from collections.abc import Callable

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, annotations, key_of, labels
from k8slab.sim.addons.storage_classes import ACCOUNT, DRIVERS, Driver
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel

__all__ = ["StorageProvisioner", "new_volume", "refusal"]

_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
_ATTACHMENTS = "volumeattachments.storage.k8s.io"
_PROVISIONER, _SELECTED = "volume.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node"
_BY = "pv.kubernetes.io/provisioned-by"
RETRY = 15.0
_PENDING = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."


def requested(claim: Object) -> str:
    """Return the size a claim asks for."""
    return str(claim["spec"]["resources"]["requests"]["storage"])


def refusal(claim: Object, driver: Driver, node: str) -> str | None:
    """Return why a driver cannot make a volume for a claim, None if it can."""
    spec = claim["spec"]
    if spec.get("selector"):
        return "claim.Spec.Selector is not supported"
    if spec.get("dataSource") or spec.get("dataSourceRef"):
        return "data sources (snapshots and clones) are not supported by this driver"
    if not driver.csi:
        if not set(spec.get("accessModes") or ()) <= driver.modes:
            return "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
        if not node:
            return "configuration error, no node was specified"
    for mode in spec.get("accessModes") or ():
        if mode not in driver.modes:
            return f"rpc error: code = InvalidArgument desc = Volume capabilities not supported: access mode {mode}"
    return None


def new_volume(claim: Object, storage_class: Object, place: str) -> Object:
    """Return the volume that a class's driver makes for a claim, at a place: a value of the driver's topology label."""
    provisioner, meta = str(storage_class["provisioner"]), claim["metadata"]
    driver, name = DRIVERS[provisioner], f"pvc-{meta['uid']}"
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta["namespace"], "name": meta["name"]}
    spec: Object = {
        "capacity": {"storage": requested(claim)},
        "accessModes": list(claim["spec"]["accessModes"]),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "storageClassName": storage_class["metadata"]["name"],
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "claimRef": {**reference, "uid": meta["uid"], "resourceVersion": meta["resourceVersion"]},
    }
    if driver.csi:
        attributes = {"storage.kubernetes.io/csiProvisionerIdentity": provisioner}
        spec["csi"] = {"driver": provisioner, "volumeHandle": f"vol-{meta['uid']}", "volumeAttributes": attributes}
    else:
        path = f"/var/local-path-provisioner/{name}_{meta['namespace']}_{meta['name']}"
        spec["hostPath"] = {"path": path, "type": "DirectoryOrCreate"}
    if driver.topology:
        expression = {"key": driver.topology, "operator": "In", "values": [place]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = list(storage_class["mountOptions"])
    notes = {_BY: provisioner}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "annotations": notes}, "spec": spec}


class StorageProvisioner(Controller):
    """Does what the drivers of the cluster's classes do.

    Parameters
    ----------
    client, kernel
        The API as the add-on's account, and the clock.
    discard
        Called with a volume whose content is to be deleted.
    """

    name = account = ACCOUNT

    def __init__(self, client: Client, kernel: Kernel, discard: Callable[[Object], object]) -> None:
        super().__init__(client, kernel)
        self._discard = discard

    def setup(self) -> None:  # noqa: D102
        self.watch(_CLAIMS, self._claim_changed)
        self.watch(_VOLUMES, self._volume_changed)
        self.watch(_ATTACHMENTS, self._attachment_changed)

    def _claim_changed(self, type: EventType, claim: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or old != claim):
            self.queue.add(f"claim/{key_of(claim)}")

    def _volume_changed(self, type: EventType, volume: Object, old: Object | None) -> None:
        if type != "DELETED" and annotations(volume).get(_BY) in DRIVERS:
            self.queue.add(f"volume/{volume['metadata']['name']}")

    def _attachment_changed(self, type: EventType, attachment: Object, old: Object | None) -> None:
        volume = attachment["spec"]["source"].get("persistentVolumeName")
        if type == "DELETED" and volume:
            self.queue.add(f"volume/{volume}")
        elif attachment["spec"]["attacher"] in DRIVERS and not (attachment.get("status") or {}).get("attached"):
            self.client.update(_ATTACHMENTS, {**attachment, "status": {"attached": True}}, "status")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        kind, _, rest = key.partition("/")
        if kind == "volume":
            volume = self.informer(_VOLUMES).get(rest)
            return None if volume is None else self._reclaim(volume)
        namespace, _, name = rest.partition("/")
        claim = self.informer(_CLAIMS).get(name, namespace)
        if claim is None or "deletionTimestamp" in claim["metadata"]:
            return None
        if claim["spec"].get("volumeName"):
            self._grow(claim)
            return None
        return self._provision(claim)

    def _tell(self, obj: Object, provisioner: str, type: str, reason: str, message: str) -> None:
        component = f"{provisioner}_{ACCOUNT}"
        self.client.event(obj, "Warning" if type == "Warning" else "Normal", reason, message, component=component)

    # --- make ---

    def _provision(self, claim: Object) -> float | None:
        storage_class = self.informer(_CLASSES).get(claim["spec"].get("storageClassName") or "")
        provisioner = annotations(claim).get(_PROVISIONER, "")
        if storage_class is None or provisioner not in DRIVERS or storage_class["provisioner"] != provisioner:
            return None
        node = annotations(claim).get(_SELECTED, "")
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and not node:
            return None
        if self.informer(_VOLUMES).get(f"pvc-{claim['metadata']['uid']}") is not None:
            return None
        text = f'External provisioner is provisioning volume for claim "{key_of(claim)}"'
        self._tell(claim, provisioner, "Normal", "Provisioning", text)
        driver = DRIVERS[provisioner]
        problem = refusal(claim, driver, node)
        place = "" if problem else self._place(driver, storage_class, node)
        if not problem and driver.topology and not place:
            problem = f'no node has the label "{driver.topology}" that volumes of this driver need'
        if problem:
            text = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {problem}'
            self._tell(claim, provisioner, "Warning", "ProvisioningFailed", text)
            return RETRY
        volume = self.client.create(_VOLUMES, new_volume(claim, storage_class, place))
        text = f"Successfully provisioned volume {volume['metadata']['name']}"
        self._tell(claim, provisioner, "Normal", "ProvisioningSucceeded", text)
        return None

    def _place(self, driver: Driver, storage_class: Object, node: str) -> str:
        """Return where the volume goes: at the scheduler's node, else (Immediate) at any that the class allows."""
        if not driver.topology:
            return ""
        if node:
            found = self.informer("nodes").get(node)
            return labels(found).get(driver.topology, "") if found else ""
        terms = storage_class.get("allowedTopologies") or [{}]
        allowed = {
            labels(one).get(driver.topology, "")
            for one in self.informer("nodes").list()
            if any(
                all(labels(one).get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ()) for term in terms
            )
        }
        places = sorted(allowed - {""})
        return self.kernel.random.choice(places) if places else ""

    # --- delete ---

    def _reclaim(self, volume: Object) -> float | None:
        spec, meta = volume["spec"], volume["metadata"]
        released = (volume.get("status") or {}).get("phase") == "Released"
        if not released or spec.get("persistentVolumeReclaimPolicy") != "Delete" or "deletionTimestamp" in meta:
            return None
        for attachment in self.informer(_ATTACHMENTS).list():
            if attachment["spec"]["source"].get("persistentVolumeName") == meta["name"]:
                text = f"persistentvolume {meta['name']} is still attached to node {attachment['spec']['nodeName']}"
                self._tell(volume, annotations(volume)[_BY], "Warning", "VolumeFailedDelete", text)
                return RETRY
        self._discard(volume)
        self.client.delete(_VOLUMES, meta["name"], uid=meta["uid"])
        return None

    # --- grow ---

    def _grow(self, claim: Object) -> None:
        status, wanted = claim.get("status") or {}, requested(claim)
        volume = self.informer(_VOLUMES).get(claim["spec"]["volumeName"])
        provisioner = annotations(volume).get(_BY, "") if volume else ""
        if volume is None or status.get("phase") != "Bound" or provisioner not in DRIVERS or not DRIVERS[provisioner].csi:
            return
        if parse_quantity(wanted) <= parse_quantity((status.get("capacity") or {}).get("storage", "0")):
            return
        name = volume["metadata"]["name"]
        if parse_quantity(volume["spec"]["capacity"]["storage"]) < parse_quantity(wanted):
            self._tell(claim, provisioner, "Normal", "Resizing", f"External resizer is resizing volume {name}")
            self.client.update(_VOLUMES, {**volume, "spec": {**volume["spec"], "capacity": {"storage": wanted}}})
        elif (status.get("allocatedResources") or {}).get("storage") == wanted:
            return
        if DRIVERS[provisioner].resizes_on_node:
            now = rfc3339(self.kernel.now())
            pending = {"type": "FileSystemResizePending", "status": "True", "lastTransitionTime": now, "message": _PENDING}
            status = {**status, "conditions": [{**pending, "lastProbeTime": None}], "allocatedResources": {"storage": wanted}}
            status["allocatedResourceStatuses"] = {"storage": "NodeResizePending"}
            text = "Require file system resize of volume on node"
            self._tell(claim, provisioner, "Normal", "FileSystemResizeRequired", text)
        else:
            gone = ("conditions", "allocatedResourceStatuses")
            kept = {k: v for k, v in status.items() if k not in gone}
            status = {**kept, "capacity": {"storage": wanted}, "allocatedResources": {"storage": wanted}}
            self._tell(claim, provisioner, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")
        self.client.update(_CLAIMS, {**claim, "status": status}, "status")
