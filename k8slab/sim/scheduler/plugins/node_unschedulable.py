"""NodeUnschedulable: cordoned nodes take no pods, unless they tolerate it.

Upstream: pkg/scheduler/framework/plugins/nodeunschedulable.
"""

from typing import Any

from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import Code, CycleState, FilterPlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.helpers import tolerates
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["NodeUnschedulable"]

REASON = "node(s) were unschedulable"

_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeUnschedulable(FilterPlugin):
    """Looks at ``spec.unschedulable`` of the node."""

    name = "NodeUnschedulable"
    local = True

    def signature(self, pod: PodInfo) -> Any:
        return pod.spec.get("tolerations")

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not node.unschedulable or tolerates(pod.spec.get("tolerations") or (), _TAINT):
            return None
        return Status(Code.UNRESOLVABLE, REASON)

    def events(self) -> tuple[EventKind, ...]:
        return ("Node", "Add"), ("Node", "UpdateNodeTaint"), ("TargetPod", "UpdatePodToleration")

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "TargetPod":
            return True
        return event.new is not None and not (event.new.get("spec") or {}).get("unschedulable")
