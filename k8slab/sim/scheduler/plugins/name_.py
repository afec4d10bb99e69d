"""NodeName: a pod that already names a node fits that node only.

Upstream: pkg/scheduler/framework/plugins/nodename.
"""

from typing import Any

from k8slab.sim.scheduler.interface import Code, CycleState, FilterPlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["NodeName"]

REASON = "node(s) didn't match the requested node name"


class NodeName(FilterPlugin):
    """Compares ``spec.nodeName``; only a what-if meets a pod that has one, the scheduler leaves such pods alone."""

    name = "NodeName"
    local = True

    def signature(self, pod: PodInfo) -> Any:
        return pod.spec.get("nodeName")

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        wanted = pod.spec.get("nodeName")
        return Status(Code.UNRESOLVABLE, REASON) if wanted and wanted != node.name else None
