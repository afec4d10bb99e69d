"""VolumeBinding: the pod's claims must have, or be able to get, volumes that the node can reach.

Upstream: pkg/scheduler/framework/plugins/volumebinding. Claims of a WaitForFirstConsumer class are bound or provisioned for
the chosen node before the pod is bound. Simplified: no CSIStorageCapacity, and no scoring by storage capacity (off by
default upstream).
"""

from typing import Any

from k8slab.apimachinery.pod_claims import foreign
from k8slab.apimachinery.types import Object, annotations, deep_copy
from k8slab.sim.scheduler.events import EventKind
from k8slab.sim.scheduler.interface import (
    SKIP,
    Code,
    CycleState,
    FilterPlugin,
    Handle,
    PreBindPlugin,
    PreFilterPlugin,
    ReservePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.volumes import (
    NO_PROVISIONER,
    SELECTED_NODE,
    claim_of,
    find_volume,
    is_bound,
    storage_class_of,
    topology_allowed,
    volume_fits_node,
)
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["VolumeBinding"]

REASON_NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
REASON_BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
REASON_VOLUME_GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
REASON_UNBOUND_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"


class _Claims:
    """The pod's claims, sorted by what they still need, and per node which volume each would get."""

    def __init__(self) -> None:
        self.bound: list[Object] = []
        self.delayed: list[Object] = []
        self.choices: dict[str, list[tuple[Object, Object | None]]] = {}  #: node -> (claim, volume or None: provision)


class VolumeBinding(PreFilterPlugin, FilterPlugin, ReservePlugin, PreBindPlugin):
    """Finds volumes for claims, node by node, and binds them for the chosen one."""

    name = "VolumeBinding"

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._reserved: dict[str, str] = {}  #: volume -> pod that will get it

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        if not pod.claims:
            return None, SKIP
        known = _Claims()
        for name, ephemeral in pod.claims:
            claim = claim_of(self.handle, pod, name)
            if claim is None:
                text = f'persistentvolumeclaim "{name}" not found'
                if ephemeral:
                    text = f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
                return None, Status(Code.UNRESOLVABLE, text)
            refusal = (ephemeral and foreign(claim, pod.obj)) or self._sort(known, claim)
            if refusal:
                return None, Status(Code.UNRESOLVABLE, refusal)
        state.data[self.name] = known
        return None, None

    def _sort(self, known: _Claims, claim: Object) -> str | None:
        name = claim["metadata"]["name"]
        if (claim.get("status") or {}).get("phase") == "Lost":
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim["spec"].get("volumeName")}"'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        if is_bound(claim):
            known.bound.append(claim)
            return None
        storage_class = storage_class_of(self.handle, claim)
        mode = (storage_class or {}).get("volumeBindingMode")
        if mode != "WaitForFirstConsumer" or claim["spec"].get("volumeName"):
            return REASON_UNBOUND_IMMEDIATE
        known.delayed.append(claim)
        return None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        known: _Claims = state.data[self.name]
        for claim in known.bound:
            volume = self.handle.get("persistentvolumes", claim["spec"]["volumeName"])
            if volume is None:
                return Status(Code.UNRESOLVABLE, REASON_VOLUME_GONE)
            if not volume_fits_node(volume, node):
                return Status(Code.UNRESOLVABLE, REASON_NODE_CONFLICT, detail=volume["metadata"]["name"])
        choices: list[tuple[Object, Object | None]] = []
        taken = {volume for volume, owner in self._reserved.items() if owner != pod.uid}
        for claim in known.delayed:
            volume = find_volume(claim, self.handle.list("persistentvolumes"), node, taken)
            if volume is None and not self._can_provision(claim, node):
                return Status(Code.UNRESOLVABLE, REASON_BIND_CONFLICT, detail=claim["metadata"]["name"])
            if volume is not None:
                taken.add(volume["metadata"]["name"])
            choices.append((claim, volume))
        known.choices[node.name] = choices
        return None

    def _can_provision(self, claim: Object, node: NodeInfo) -> bool:
        selected = annotations(claim).get(SELECTED_NODE)
        storage_class = storage_class_of(self.handle, claim)
        if storage_class is None or (selected and selected != node.name):
            return False
        return storage_class.get("provisioner") != NO_PROVISIONER and topology_allowed(storage_class, node)

    def reserve(self, state: CycleState, pod: PodInfo, node: str) -> Status | None:
        known: _Claims | None = state.data.get(self.name)
        for _, volume in known.choices.get(node, ()) if known else ():
            if volume is not None:
                self._reserved[volume["metadata"]["name"]] = pod.uid
        return None

    def unreserve(self, state: CycleState, pod: PodInfo, node: str) -> None:
        self._reserved = {volume: owner for volume, owner in self._reserved.items() if owner != pod.uid}

    def pre_bind(self, state: CycleState, pod: PodInfo, node: str) -> Status | None:
        """Write the choices to the API once, then wait until the claims are bound."""
        known: _Claims | None = state.data.get(self.name)
        if known is None or not known.delayed:
            return None
        for claim, volume in known.choices.pop(node, ()):
            self._write(claim, volume, node)
        claims = [claim_of(self.handle, pod, c["metadata"]["name"]) for c in known.delayed]
        if any(claim is None for claim in claims):
            return Status(Code.ERROR, "a PersistentVolumeClaim was deleted while binding its volume", plugin=self.name)
        if not all(claim and is_bound(claim) for claim in claims):
            return Status(Code.WAIT, "binding volumes", plugin=self.name)
        self.unreserve(state, pod, node)
        return None

    def _write(self, claim: Object, volume: Object | None, node: str) -> None:
        assert self.handle.update is not None
        if volume is None:
            changed = deep_copy(claim)
            changed["metadata"]["annotations"] = {**annotations(claim), SELECTED_NODE: node}
            self.handle.update("persistentvolumeclaims", changed)
            return
        changed, meta = deep_copy(volume), claim["metadata"]
        reference: dict[str, Any] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1"}
        reference |= {key: meta[key] for key in ("namespace", "name", "uid", "resourceVersion") if key in meta}
        changed["spec"]["claimRef"] = reference
        changed["metadata"]["annotations"] = {**annotations(volume), "pv.kubernetes.io/bound-by-controller": "yes"}
        self.handle.update("persistentvolumes", changed)

    def events(self) -> tuple[EventKind, ...]:
        resources = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass", "CSINode")
        changes = tuple((resource, action) for resource in resources for action in ("Add", "Update"))
        return (*changes, ("Node", "Add"), ("Node", "UpdateNodeLabel"))
