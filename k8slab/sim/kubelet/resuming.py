"""A pod that was on the node before this kubelet knew it: its machine was off in between.

When the cluster's process starts again, its nodes "boot": containers that ran are gone and are started anew where the restart
policy allows, as after a reboot of a real node.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord

__all__ = ["resume"]

_LOST = "The container could not be located when the pod was terminated"


def resume(record: PodRecord, status: Object, now: str) -> None:
    """Fill a fresh record with what the API knows of the pod's containers."""
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    known = {s["name"]: s for kind in kinds for s in status.get(kind) or ()}
    waiting = any(c["type"] == "PodResizePending" for c in status.get("conditions") or ())
    for container in record.containers:
        if container.name in known:
            _resume_container(record, container, known[container.name], now)
            if waiting:
                container.allocated = container.applied = known[container.name].get("resources") or {}


def _resume_container(pod: PodRecord, container: ContainerRecord, status: Object, now: str) -> None:
    container.restart_count = status.get("restartCount", 0)
    container.last = (status.get("lastState") or {}).get("terminated")
    state = status.get("state") or {}
    if state.get("terminated"):
        container.state, container.terminated = "terminated", state["terminated"]
    elif state.get("running"):
        began = state["running"].get("startedAt", now)
        lost = {"containerID": status.get("containerID", ""), "startedAt": began, "finishedAt": now}
        if container.kind == "ephemeral" or (container.kind != "sidecar" and pod.restart_policy == "Never"):
            container.state = "terminated"
            container.terminated = {**lost, "exitCode": 137, "reason": "ContainerStatusUnknown", "message": _LOST}
        else:
            container.last = {**lost, "exitCode": 255, "reason": "Unknown"}
