"""VolumeRestrictions: a claim with access mode ReadWriteOncePod serves one pod at a time.

Upstream: pkg/scheduler/framework/plugins/volumerestrictions. Simplified: the in-tree disks that only one node can write to
(GCE, RBD, iSCSI) are not looked at.
"""

from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import SKIP, Code, CycleState, FilterPlugin, PreFilterExtensions, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.volumes import claim_of
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["VolumeRestrictions"]

REASON = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"


class _Conflicts:
    """The exclusive claims of the pod, and how many other pods use them."""

    def __init__(self, claims: frozenset[str], users: int) -> None:
        self.claims, self.users = claims, users

    def clone(self) -> "_Conflicts":
        return _Conflicts(self.claims, self.users)


class VolumeRestrictions(PreFilterExtensions, FilterPlugin):
    """Counts the other users of exclusive claims."""

    name = "VolumeRestrictions"

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        exclusive = set()
        for name, _ in pod.claims:
            claim = claim_of(self.handle, pod, name)
            if claim and "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                exclusive.add(f"{pod.namespace}/{name}")
        if not exclusive:
            return None, SKIP
        users = sum(node.used_claims.get(claim, 0) for node in self.handle.cache.nodes for claim in exclusive)
        state.data[self.name] = _Conflicts(frozenset(exclusive), users)
        return None, None

    def _change(self, state: CycleState, other: PodInfo, by: int) -> None:
        known: _Conflicts = state.data[self.name]
        known.users += by * sum(1 for name, _ in other.claims if f"{other.namespace}/{name}" in known.claims)

    def add_pod(self, state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo) -> None:
        self._change(state, added, 1)

    def remove_pod(self, state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> None:
        self._change(state, removed, -1)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        return Status(Code.UNSCHEDULABLE, REASON) if state.data[self.name].users > 0 else None

    def events(self) -> tuple[EventKind, ...]:
        return (
            ("AssignedPod", "Delete"),
            ("Node", "Add"),
            ("PersistentVolumeClaim", "Add"),
            ("PersistentVolumeClaim", "Update"),
        )

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource != "AssignedPod" or event.old is None:
            return True
        gone = PodInfo(event.old)
        return gone.namespace == pod.namespace and bool(set(gone.claims) & set(pod.claims))
