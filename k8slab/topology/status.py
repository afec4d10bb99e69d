"""What state a pod or node is in, in the one word that kubectl prints, and the few classes a picture can show.

Upstream: k8s.io/kubernetes/pkg/printers/internalversion (printPod, printNode). Pure functions of one object, so they
judge pods of any cluster.
"""

from typing import Any, Literal

from k8slab.apimachinery.types import Object

__all__ = ["POD_CLASSES", "PodClass", "container_counts", "node_roles", "node_status", "pod_class", "pod_status", "restart_count"]

PodClass = Literal["pending", "starting", "running", "unready", "succeeded", "failed", "backoff", "terminating", "unknown"]

#: Every class with its meaning, in the order of a legend.
POD_CLASSES: dict[PodClass, str] = {
    "pending": "Pending, no node yet",
    "starting": "Starting",
    "running": "Running and ready",
    "unready": "Running, not ready",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "backoff": "Failing, will be retried",
    "terminating": "Terminating",
    "unknown": "Unknown",
}

_RETRIED = ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull",
            "CreateContainerConfigError", "CreateContainerError", "RunContainerError")  # fmt: skip


def pod_status(pod: Object) -> str:
    """Return the STATUS column of ``kubectl get pods``.

    >>> pod_status({"metadata": {}, "spec": {}, "status": {"phase": "Pending"}})
    'Pending'
    """
    status = pod.get("status") or {}
    reason: str = status.get("reason") or status.get("phase") or "Unknown"
    gated = _condition(pod, "PodScheduled")
    if gated.get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    initializing = _init_reason(pod)
    if initializing:
        reason = initializing
    elif status.get("containerStatuses"):
        reason = _containers_reason(pod, reason)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else reason if _over(status) else "Terminating"
    return reason


def _over(status: Object) -> bool:
    return status.get("phase") in ("Succeeded", "Failed")


def _condition(obj: Object, kind: str) -> Object:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == kind), {})


def _sidecars(pod: Object) -> set[str]:
    return {c["name"] for c in (pod.get("spec") or {}).get("initContainers") or () if c.get("restartPolicy") == "Always"}


def _init_reason(pod: Object) -> str:
    """Return "Init:…" while an init container is not done, else ""."""
    sidecars = _sidecars(pod)
    total = len((pod.get("spec") or {}).get("initContainers") or ())
    if _condition(pod, "Initialized").get("status") == "True":
        return ""
    for index, container in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if (ended and ended.get("exitCode") == 0) or (container["name"] in sidecars and container.get("started")):
            continue
        if ended:
            return "Init:" + _ended(ended)
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{total}"
    return ""


def _ended(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _containers_reason(pod: Object, reason: str) -> str:
    running = False
    for container in reversed(pod["status"]["containerStatuses"]):
        state: dict[str, Any] = container.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            reason = _ended(state["terminated"])
        elif container.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        return "Running" if _condition(pod, "Ready").get("status") == "True" else "NotReady"
    return reason


def pod_class(pod: Object, status: str = "") -> PodClass:
    """Return the class that decides a pod's shape and colour in a picture; ``status`` is its `pod_status`, if known.

    >>> pod_class({"metadata": {}, "spec": {"nodeName": "worker-1"}, "status": {"phase": "Pending"}})
    'starting'
    """
    status = status or pod_status(pod)
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Failed":
        return "failed"
    if pod["metadata"].get("deletionTimestamp"):
        return "terminating"
    if phase == "Succeeded":
        return "succeeded"
    if status.removeprefix("Init:") in _RETRIED or (
        phase == "Running" and status.removeprefix("Init:") in ("Error", "OOMKilled")
    ):
        return "backoff"
    if phase == "Pending":
        return "starting" if (pod.get("spec") or {}).get("nodeName") else "pending"
    if phase == "Running":
        return "running" if _condition(pod, "Ready").get("status") == "True" else "unready"
    return "unknown"


def container_counts(pod: Object) -> tuple[int, int]:
    """Return (ready, all) containers, as in the READY column; sidecars count."""
    sidecars = _sidecars(pod)
    status = pod.get("status") or {}
    ready = sum(bool(c.get("ready")) for c in status.get("containerStatuses") or ())
    ready += sum(bool(c.get("ready")) for c in status.get("initContainerStatuses") or () if c["name"] in sidecars)
    return ready, len((pod.get("spec") or {}).get("containers") or ()) + len(sidecars)


def restart_count(pod: Object) -> int:
    """Return how often the containers of a pod have been restarted."""
    sidecars = _sidecars(pod)
    status = pod.get("status") or {}
    again = [c for c in status.get("initContainerStatuses") or () if c["name"] in sidecars]
    return sum(int(c.get("restartCount") or 0) for c in [*(status.get("containerStatuses") or ()), *again])


def node_roles(node: Object) -> tuple[str, ...]:
    """Return the roles of a node: the labels ``node-role.kubernetes.io/<role>``."""
    prefix = "node-role.kubernetes.io/"
    return tuple(sorted(k.removeprefix(prefix) for k in node["metadata"].get("labels") or {} if k.startswith(prefix)))


def node_status(node: Object) -> str:
    """Return the STATUS column of ``kubectl get nodes``.

    >>> node_status({"metadata": {}, "spec": {"unschedulable": True}, "status": {}})
    'Unknown,SchedulingDisabled'
    """
    ready = _condition(node, "Ready").get("status")
    word = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return word + (",SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else "")
