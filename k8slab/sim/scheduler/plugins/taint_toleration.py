"""TaintToleration: keeps pods off nodes with taints they do not tolerate, and prefers nodes with fewer soft ones.

Upstream: pkg/scheduler/framework/plugins/tainttoleration. Since 1.35 the reason no longer names the taint (it ended up in
the pod's status, where tenants may read it); the taint stands in the trace only.
"""

from collections.abc import Sequence
from typing import Any

from k8slab.sim.scheduler.events import ClusterEvent, EventKind
from k8slab.sim.scheduler.interface import Code, CycleState, FilterPlugin, NodeList, PreScorePlugin, ScorePlugin, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.helpers import default_normalize, find_untolerated_taint, tolerates
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["TaintToleration"]

REASON = "node(s) had untolerated taint(s)"


class TaintToleration(FilterPlugin, PreScorePlugin, ScorePlugin):
    """NoSchedule and NoExecute filter; PreferNoSchedule scores."""

    name = "TaintToleration"
    local = True
    normalizes = True

    def signature(self, pod: PodInfo) -> Any:
        return pod.spec.get("tolerations")

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not node.taints:
            return None
        taint = find_untolerated_taint(node.taints, pod.spec.get("tolerations") or ())
        if taint is None:
            return None
        return Status(Code.UNRESOLVABLE, REASON, detail=f"{{{taint['key']}: {taint.get('value') or ''}}}")

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Status | None:
        tolerations = pod.spec.get("tolerations") or ()
        state.data[self.name] = [t for t in tolerations if t.get("effect") in (None, "", "PreferNoSchedule")]
        return None

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        """Return how many soft taints of the node the pod does not tolerate."""
        if not node.taints:
            return 0
        tolerations = state.data[self.name]
        return sum(1 for t in node.taints if t.get("effect") == "PreferNoSchedule" and not tolerates(tolerations, t))

    def normalize(self, scores: Sequence[int]) -> Sequence[int]:
        return default_normalize(scores, reverse=True)

    def events(self) -> tuple[EventKind, ...]:
        return ("Node", "Add"), ("Node", "UpdateNodeTaint"), ("TargetPod", "UpdatePodToleration")

    def hint(self, pod: PodInfo, event: ClusterEvent) -> bool:
        if event.resource == "TargetPod" or event.new is None:
            return True
        tolerations = pod.spec.get("tolerations") or ()

        def refused(node: Any) -> bool:
            return find_untolerated_taint((node.get("spec") or {}).get("taints") or (), tolerations) is not None

        return (event.old is None or refused(event.old)) and not refused(event.new)
