"""What the scheduler writes to the API: bindings, conditions, nominations, evictions, events.

Upstream: pkg/scheduler/schedule_one.go (updatePod), pkg/scheduler/framework/preemption (PreemptPod).
"""

from typing import Any, Literal

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler.plugins.default_binder import DefaultBinder
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["Writer"]

_MESSAGE_LIMIT = 1024
_COMPONENT = "default-scheduler"


def condition_patch(pod: PodInfo, condition: Object, now: float) -> Object | None:
    """Return the condition with its times, None if the pod has it already."""
    known: Object = next((c for c in (pod.obj.get("status") or {}).get("conditions") or () if c["type"] == condition["type"]), {})
    if all(known.get(key) == condition.get(key) for key in ("status", "reason", "message")):
        return None
    moved = known.get("status") != condition["status"]
    condition = {
        **condition,
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(now) if moved else known.get("lastTransitionTime"),
    }
    if "generation" in pod.obj["metadata"]:
        condition["observedGeneration"] = pod.obj["metadata"]["generation"]
    return condition


class Writer:
    """Writes as the scheduler's user; objects that are gone meanwhile are no error."""

    def __init__(self, client: Client, kernel: Kernel) -> None:
        self._client, self._kernel = client, kernel

    def bind(self, pod: PodInfo, node: str) -> None:
        """Give a pod its node.

        Raises
        ------
        StatusError
            If the API refuses.
        """
        self._client.create("pods", DefaultBinder.binding(pod, node), subresource="binding")

    def event(self, pod: PodInfo, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record an event about a pod."""
        if len(message) > _MESSAGE_LIMIT:
            message = message[: _MESSAGE_LIMIT - 4] + " ..."
        self._client.event(pod.obj, type, reason, message, component=_COMPONENT)

    def unscheduled(self, pod: PodInfo, reason: str, message: str, nominated: str | None) -> None:
        """Set the PodScheduled condition to False, and the nominated node unless it is None."""
        condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        changed = condition_patch(pod, condition, self._kernel.now())
        status: Object = {"conditions": [changed]} if changed else {}
        if nominated is not None and nominated != pod.nominated_node:
            status["nominatedNodeName"] = nominated or None
        if status:
            self._patch_status(pod, status)

    def clear_nomination(self, pod: PodInfo) -> None:
        """A more important pod takes the node that this one was waiting for."""
        if pod.nominated_node:
            self._patch_status(pod, {"nominatedNodeName": None})

    def preempt(self, victim: PodInfo, preemptor: PodInfo, node: str) -> None:
        """Mark a victim, delete it gracefully and say so."""
        scheduler = preemptor.spec.get("schedulerName") or _COMPONENT
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler}: preempting to accommodate a higher priority pod",
        }
        changed = condition_patch(victim, condition, self._kernel.now())
        if changed and not self._patch_status(victim, {"conditions": [changed]}):
            return
        try:
            self._client.delete("pods", victim.name, victim.namespace, uid=victim.uid)
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            return
        self.event(victim, "Normal", "Preempted", f"Preempted by pod {preemptor.uid} on node {node}")

    def _patch_status(self, pod: PodInfo, status: dict[str, Any]) -> bool:
        """Return whether the pod is still there."""
        patch = {"metadata": {"uid": pod.uid}, "status": status}
        try:
            self._client.patch("pods", pod.name, pod.namespace, patch, "strategic", subresource="status")
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            return False
        return True
