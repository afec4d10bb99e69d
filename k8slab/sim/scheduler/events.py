"""What happened in the cluster, in the words that queueing hints use.

Upstream: pkg/scheduler/framework/events.go. An event names a resource and the actions in it; a pod in the unschedulable
pool is tried again only if a plugin that rejected it registered for such an event and its hint says that it may help.
"""

from dataclasses import dataclass

from k8slab.apimachinery.types import Object, labels
from k8slab.sim.scheduler.resources import pod_requests

__all__ = ["ClusterEvent", "EventKind", "node_changes", "pod_changes"]

#: (resource, action), for example ("Node", "Add") or ("AssignedPod", "Delete").
EventKind = tuple[str, str]


@dataclass(frozen=True)
class ClusterEvent:
    """One change.

    Parameters
    ----------
    resource
        ``Node``, ``AssignedPod``, ``TargetPod`` (the waiting pod itself), ``PersistentVolumeClaim`` ...
    actions
        ``Add``, ``Delete``, ``Update``, or finer: ``UpdateNodeTaint``, ``UpdatePodLabel`` ...
    old, new
        The object before and after; None where there is none.
    """

    resource: str
    actions: frozenset[str]
    old: Object | None = None
    new: Object | None = None

    @property
    def label(self) -> str:
        """The event as the trace and upstream's metrics name it, for example ``NodeUpdateNodeTaint``."""
        return self.resource + "And".join(sorted(self.actions))

    @property
    def kinds(self) -> list[EventKind]:
        """The (resource, action) pairs."""
        return [(self.resource, action) for action in sorted(self.actions)]


def _taints(node: Object) -> tuple[object, bool]:
    spec = node.get("spec") or {}
    return spec.get("taints") or [], bool(spec.get("unschedulable"))


def node_changes(old: Object, new: Object) -> frozenset[str]:
    """Return which parts of a node that matter for scheduling differ."""
    actions = set()
    if labels(old) != labels(new):
        actions.add("UpdateNodeLabel")
    if _taints(old) != _taints(new):
        actions.add("UpdateNodeTaint")
    if (old.get("status") or {}).get("allocatable") != (new.get("status") or {}).get("allocatable"):
        actions.add("UpdateNodeAllocatable")
    return frozenset(actions)


def pod_changes(old: Object, new: Object) -> frozenset[str]:
    """Return which parts of a pod that matter for scheduling differ."""
    actions = set()
    if labels(old) != labels(new):
        actions.add("UpdatePodLabel")
    if old["spec"] is new["spec"] or old["spec"] == new["spec"]:
        return frozenset(actions)
    if old["spec"].get("tolerations") != new["spec"].get("tolerations"):
        actions.add("UpdatePodToleration")
    if old["spec"].get("schedulingGates") and not new["spec"].get("schedulingGates"):
        actions.add("UpdatePodSchedulingGatesEliminated")
    before, after = pod_requests(old["spec"]), pod_requests(new["spec"])
    if any(after.get(name, 0) < amount for name, amount in before.items()):
        actions.add("UpdatePodScaleDown")
    return frozenset(actions)
