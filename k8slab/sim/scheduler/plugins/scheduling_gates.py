"""SchedulingGates: a pod with gates does not enter the queue until somebody removes them.

Upstream: pkg/scheduler/framework/plugins/schedulinggates.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.events import EventKind
from k8slab.sim.scheduler.interface import Code, PreEnqueuePlugin, Status

__all__ = ["SchedulingGates"]

REASON = "waiting for scheduling gates: [{}]"


class SchedulingGates(PreEnqueuePlugin):
    """Looks at ``spec.schedulingGates``."""

    name = "SchedulingGates"

    def pre_enqueue(self, pod: Object) -> Status | None:
        gates = pod["spec"].get("schedulingGates")
        if not gates:
            return None
        return Status(Code.UNRESOLVABLE, REASON.format(" ".join(gate["name"] for gate in gates)), plugin=self.name)

    def events(self) -> tuple[EventKind, ...]:
        return (("TargetPod", "UpdatePodSchedulingGatesEliminated"),)
