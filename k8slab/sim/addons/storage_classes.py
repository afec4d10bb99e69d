"""The storage that every cluster of ours comes with: three classes, the drivers behind them, and the rights they need.

- ``standard``, the default: rancher's local-path-provisioner, as in kind. A directory on one node; pods stay there.
- ``zonal``: disks of a cloud, behind a CSI driver. A disk is in one zone, and attached to one node at a time; it can grow.
- ``shared``: a file server behind a CSI driver. Every node may mount a volume at the same time.

Upstream: sigs.k8s.io/kind (default storage class), github.com/rancher/local-path-provisioner, CSI drivers such as
aws-ebs-csi-driver and csi-driver-nfs. Simplified: no pods stand behind the drivers, all three act as one ServiceAccount.
"""

from dataclasses import dataclass

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client

__all__ = ["ACCOUNT", "DRIVERS", "Driver", "install_storage"]

ACCOUNT = "storage-provisioner"
_ROLE = "system:storage-provisioner"


@dataclass(frozen=True, slots=True)
class Driver:
    """What a provisioner can do."""

    topology: str  #: the node label that all nodes with access have in common; "" for everywhere
    modes: frozenset[str]
    attaches: bool = False
    resizes_on_node: bool = False
    csi: bool = True


_ONCE = frozenset(("ReadWriteOnce", "ReadWriteOncePod"))
_ZONE = "topology.kubernetes.io/zone"
DRIVERS = {
    "rancher.io/local-path": Driver("kubernetes.io/hostname", _ONCE, csi=False),
    "disk.csi.k8slab.dev": Driver(_ZONE, _ONCE, attaches=True, resizes_on_node=True),
    "file.csi.k8slab.dev": Driver("", _ONCE | {"ReadOnlyMany", "ReadWriteMany"}),
}


def _storage_class(name: str, provisioner: str, mode: str, **more: object) -> Object:
    meta: Object = {"name": name}
    if name == "standard":
        meta["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta}
    return {**head, "provisioner": provisioner, "reclaimPolicy": "Delete", "volumeBindingMode": mode, **more}


def _objects() -> list[tuple[str, Object]]:
    rules = (
        ("", "persistentvolumes", "get list watch create update patch delete"),
        ("", "persistentvolumeclaims", "get list watch update"),
        ("", "persistentvolumeclaims/status", "update patch"),
        ("", "nodes", "get list watch"),
        ("", "events", "create update patch list watch"),
        ("events.k8s.io", "events", "create update patch"),
        ("storage.k8s.io", "storageclasses", "get list watch"),
        ("storage.k8s.io", "volumeattachments", "get list watch"),
        ("storage.k8s.io", "volumeattachments/status", "update patch"),
    )
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": _ROLE}}
    written = [{"apiGroups": [group], "resources": [resource], "verbs": verbs.split()} for group, resource, verbs in rules]
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "kube-system"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _ROLE}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": "kube-system"}}
    classes = (
        _storage_class("standard", "rancher.io/local-path", "WaitForFirstConsumer"),
        _storage_class("zonal", "disk.csi.k8slab.dev", "WaitForFirstConsumer", allowVolumeExpansion=True),
        _storage_class("shared", "file.csi.k8slab.dev", "Immediate", allowVolumeExpansion=True),
    )
    return [
        ("serviceaccounts", account),
        ("clusterroles.rbac.authorization.k8s.io", {**rbac, "kind": "ClusterRole", "rules": written}),
        (
            "clusterrolebindings.rbac.authorization.k8s.io",
            {**rbac, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference},
        ),
        *(("csidrivers.storage.k8s.io", _csi_driver(name, driver)) for name, driver in DRIVERS.items() if driver.csi),
        *(("storageclasses.storage.k8s.io", storage_class) for storage_class in classes),
    ]


def _csi_driver(name: str, driver: Driver) -> Object:
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": name}}
    return {**head, "spec": {"attachRequired": driver.attaches, "podInfoOnMount": False}}


def install_storage(client: Client) -> None:
    """Create what is not there yet."""
    for resource, obj in _objects():
        meta = obj["metadata"]
        if client.informer(resource).get(meta["name"], meta.get("namespace", "")) is None:
            client.create(resource, obj)
