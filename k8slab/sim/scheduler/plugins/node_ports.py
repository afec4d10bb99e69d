"""NodePorts: a host port can be held by one pod of a node only.

Upstream: pkg/scheduler/framework/plugins/nodeports.
"""

from typing import Any

from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import SKIP, Code, CycleState, FilterPlugin, PreFilterPlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo, host_ports

__all__ = ["NodePorts"]

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts(PreFilterPlugin, FilterPlugin):
    """Compares wanted host ports with those in use; 0.0.0.0 stands for every address."""

    name = "NodePorts"
    local = True

    def signature(self, pod: PodInfo) -> Any:
        return pod.ports

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, Status | None]:
        return None, None if pod.ports else SKIP

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        return Status(Code.UNSCHEDULABLE, REASON) if any(node.port_conflict(port) for port in pod.ports) else None

    def events(self) -> tuple[EventKind, ...]:
        return ("AssignedPod", "Delete"), ("Node", "Add")

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "Node" or event.old is None:
            return True
        freed = {port[1:] for port in host_ports(event.old["spec"])}
        return any(port[1:] in freed for port in pod.ports)
