"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node.

Upstream: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go. The limit stands in the node's CSINode. Simplified: volumes
of claims only (no inline CSI volumes, no migrated in-tree ones).
"""

from collections.abc import Iterable

from k8slab.sim.scheduler.events import EventKind
from k8slab.sim.scheduler.interface import SKIP, Code, CycleState, FilterPlugin, PreFilterPlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.volumes import storage_class_of
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["NodeVolumeLimits"]

REASON = "node(s) exceed max volume count"


class NodeVolumeLimits(PreFilterPlugin, FilterPlugin):
    """Counts the volumes per driver on the node."""

    name = "NodeVolumeLimits"

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        return None, None if pod.claims else SKIP

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        csi_node = self.handle.get("csinodes.storage.k8s.io", node.name)
        drivers = ((csi_node or {}).get("spec") or {}).get("drivers") or ()
        limits = {d["name"]: d["allocatable"]["count"] for d in drivers if (d.get("allocatable") or {}).get("count") is not None}
        if not limits:
            return None
        wanted = self._volumes(f"{pod.namespace}/{name}" for name, _ in pod.claims)
        used = self._volumes(node.used_claims)
        for driver, limit in limits.items():
            new = {volume for volume, by in wanted.items() if by == driver and volume not in used}
            if new and len(new) + sum(1 for by in used.values() if by == driver) > limit:
                return Status(Code.UNSCHEDULABLE, REASON, detail=driver)
        return None

    def _volumes(self, claims: Iterable[str]) -> dict[str, str]:
        """Return volume (or claim, while it has none) -> CSI driver."""
        found = {}
        for key in claims:
            namespace, _, name = key.partition("/")
            claim = self.handle.get("persistentvolumeclaims", name, namespace)
            if claim is None:
                continue
            volume = self.handle.get("persistentvolumes", claim["spec"].get("volumeName") or "")
            if volume is not None and "csi" in volume["spec"]:
                found[volume["spec"]["csi"]["volumeHandle"]] = volume["spec"]["csi"]["driver"]
            elif volume is None and (storage_class := storage_class_of(self.handle, claim)):
                found[key] = storage_class.get("provisioner", "")
        return found

    def events(self) -> tuple[EventKind, ...]:
        return (
            ("CSINode", "Add"),
            ("CSINode", "Update"),
            ("AssignedPod", "Delete"),
            ("PersistentVolumeClaim", "Add"),
            ("PersistentVolumeClaim", "Update"),
        )
