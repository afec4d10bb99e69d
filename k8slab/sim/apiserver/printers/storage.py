"""Rows of volumes, claims, storage classes and the objects of storage drivers.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.apiserver.printers.cells import NONE, UNSET, access_modes, age, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, NAME, column, printer

__all__: list[str] = []

_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_PV, _PVC, _CLASS, _DRIVER = (
    "core.v1.PersistentVolume",
    "core.v1.PersistentVolumeClaim",
    "storage.v1.StorageClass",
    "storage.v1.CSIDriverSpec",
)


def _class_of(obj: Object) -> str:
    by_annotation = annotations(obj).get(_CLASS_ANNOTATION)
    return by_annotation if by_annotation is not None else spec_of(obj).get("storageClassName") or ""


def _phase(obj: Object) -> str:
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else status_of(obj).get("phase", "")


@printer(
    "",
    "PersistentVolume",
    (
        NAME,
        column("Capacity", (f"{_PV}Spec", "capacity")),
        column("Access Modes", (f"{_PV}Spec", "accessModes")),
        column("Reclaim Policy", (f"{_PV}Spec", "persistentVolumeReclaimPolicy")),
        column("Status", (f"{_PV}Status", "phase")),
        column("Claim", (f"{_PV}Spec", "claimRef")),
        column("StorageClass", "StorageClass of the pv"),
        column("VolumeAttributesClass", "VolumeAttributesClass of the pv"),
        column("Reason", (f"{_PV}Status", "reason")),
        AGE,
        column("VolumeMode", (f"{_PV}Spec", "volumeMode"), wide=True),
    ),
)
def _volume(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    claim = spec.get("claimRef")
    return [
        obj["metadata"]["name"],
        (spec.get("capacity") or {}).get("storage", "0"),
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class_of(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        status_of(obj).get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


@printer(
    "",
    "PersistentVolumeClaim",
    (
        NAME,
        column("Status", (f"{_PVC}Status", "phase")),
        column("Volume", (f"{_PVC}Spec", "volumeName")),
        column("Capacity", (f"{_PVC}Status", "capacity")),
        column("Access Modes", (f"{_PVC}Status", "accessModes")),
        column("StorageClass", "StorageClass of the pvc"),
        column("VolumeAttributesClass", "VolumeAttributesClass of the pvc"),
        AGE,
        column("VolumeMode", (f"{_PVC}Spec", "volumeMode"), wide=True),
    ),
)
def _claim(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    bound = bool(spec.get("volumeName"))
    return [
        obj["metadata"]["name"],
        _phase(obj),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if bound else "",
        access_modes(status.get("accessModes")) if bound else "",
        _class_of(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


@printer(
    "storage.k8s.io",
    "StorageClass",
    (
        NAME,
        column("Provisioner", (_CLASS, "provisioner")),
        column("ReclaimPolicy", (_CLASS, "reclaimPolicy")),
        column("VolumeBindingMode", (_CLASS, "volumeBindingMode")),
        column("AllowVolumeExpansion", (_CLASS, "allowVolumeExpansion")),
        AGE,
    ),
)
def _storage_class(obj: Object, now: float) -> list[Any]:
    notes = annotations(obj)
    default = " (default)" if any(notes.get(key) == "true" for key in _DEFAULT_CLASS) else ""
    return [
        obj["metadata"]["name"] + default,
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


@printer(
    "storage.k8s.io",
    "VolumeAttributesClass",
    (NAME, column("DriverName", ("storage.v1.VolumeAttributesClass", "driverName")), AGE),
)
def _attributes_class(obj: Object, now: float) -> list[Any]:
    default = annotations(obj).get("volumeattributesclass.alpha.kubernetes.io/is-default-class") == "true"
    return [obj["metadata"]["name"] + (" (default)" if default else ""), obj.get("driverName", ""), age(obj, now)]


@printer(
    "storage.k8s.io",
    "VolumeAttachment",
    (
        NAME,
        column("Attacher", ("storage.v1.VolumeAttachmentSpec", "attacher"), format="name"),
        column("PV", ("storage.v1.VolumeAttachmentSource", "persistentVolumeName")),
        column("Node", ("storage.v1.VolumeAttachmentSpec", "nodeName")),
        column("Attached", ("storage.v1.VolumeAttachmentStatus", "attached"), "boolean"),
        AGE,
    ),
)
def _attachment(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    volume = (spec.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool(status_of(obj).get("attached"))
    return [obj["metadata"]["name"], spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age(obj, now)]


@printer(
    "storage.k8s.io",
    "CSINode",
    (NAME, column("Drivers", "Drivers indicates the number of CSI drivers registered on the node", "integer"), AGE),
)
def _csi_node(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], len(spec_of(obj).get("drivers") or ()), age(obj, now)]


@printer(
    "storage.k8s.io",
    "CSIDriver",
    (
        NAME,
        column("AttachRequired", (_DRIVER, "attachRequired"), "boolean"),
        column("PodInfoOnMount", (_DRIVER, "podInfoOnMount"), "boolean"),
        column("StorageCapacity", (_DRIVER, "storageCapacity"), "boolean"),
        column("TokenRequests", (_DRIVER, "tokenRequests")),
        column("RequiresRepublish", (_DRIVER, "requiresRepublish"), "boolean"),
        column("Modes", (_DRIVER, "volumeLifecycleModes")),
        AGE,
    ),
)
def _csi_driver(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    tokens = spec.get("tokenRequests")
    return [
        obj["metadata"]["name"],
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        UNSET if tokens is None else ",".join(token.get("audience", "") for token in tokens),
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        age(obj, now),
    ]


@printer(
    "storage.k8s.io",
    "CSIStorageCapacity",
    (
        NAME,
        column("StorageClassName", ("storage.v1.CSIStorageCapacity", "storageClassName")),
        column("Capacity", ("storage.v1.CSIStorageCapacity", "capacity")),
    ),
)
def _csi_capacity(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("storageClassName", ""), obj.get("capacity") or UNSET]
