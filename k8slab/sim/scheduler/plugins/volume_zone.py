"""VolumeZone: a bound volume with zone or region labels wants a node with the same ones.

Upstream: pkg/scheduler/framework/plugins/volumezone.
"""

from k8slab.apimachinery.types import labels
from k8slab.sim.scheduler.events import EventKind
from k8slab.sim.scheduler.interface import SKIP, Code, CycleState, FilterPlugin, PreFilterPlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.volumes import claim_of
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["VolumeZone"]

REASON = "node(s) had no available volume zone"

#: Label of the volume -> labels of the node that mean the same.
_SAME = {
    "topology.kubernetes.io/zone": "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region": "failure-domain.beta.kubernetes.io/region",
}
_TOPOLOGY = {**_SAME, **{old: new for new, old in _SAME.items()}}


class VolumeZone(PreFilterPlugin, FilterPlugin):
    """Compares the topology labels of bound volumes with the node's."""

    name = "VolumeZone"

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        wanted: list[tuple[str, set[str]]] = []
        for name, _ in pod.claims:
            claim = claim_of(self.handle, pod, name)
            bound_to = claim["spec"].get("volumeName") if claim else None
            volume = self.handle.get("persistentvolumes", bound_to) if bound_to else None
            pairs = labels(volume).items() if volume else ()
            wanted += [(key, set(value.split("__"))) for key, value in pairs if key in _TOPOLOGY]
        state.data[self.name] = wanted
        return None, None if wanted else SKIP

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not any(key in node.labels for key in _TOPOLOGY):
            return None
        for key, zones in state.data[self.name]:
            if node.labels.get(key, node.labels.get(_TOPOLOGY[key])) not in zones:
                return Status(Code.UNRESOLVABLE, REASON, detail=f"{key}={'__'.join(sorted(zones))}")
        return None

    def events(self) -> tuple[EventKind, ...]:
        resources = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass")
        changes = tuple((resource, action) for resource in resources for action in ("Add", "Update"))
        return (*changes, ("Node", "Add"), ("Node", "UpdateNodeLabel"))
