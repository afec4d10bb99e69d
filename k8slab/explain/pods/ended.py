"""A pod that is over: completed, evicted, turned away by its node, preempted, past its deadline, or failed.

Upstream: pkg/kubelet/eviction, pkg/kubelet/lifecycle (admission), pkg/kubelet/kubelet.go; the reasons are theirs.
"""

import re

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Confidence, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.crash import crash_of
from k8slab.explain.pods.states import containers
from k8slab.explain.wording import clause, condition, kubectl
from k8slab.explain.world import World

__all__ = ["ended"]

_LOW = re.compile(r"low on resource: ([\w-]+(?:\.[\w-]+)*)")


def ended(world: World, pod: Object) -> Answer | None:
    """Say how a pod came to its end."""
    status = pod.get("status") or {}
    phase, name, namespace = status.get("phase"), label_of(pod), namespace_of(pod)
    if phase == "Succeeded":
        text = f"{name} has done its work: all its containers ended with exit code 0."
        return Answer("pod.completed.healthy", text, name, "status.phase", namespace,
                      evidence=(Evidence(f"{name} status.phase", "Succeeded"),))  # fmt: skip
    if phase != "Failed":
        return None
    reason, message = status.get("reason", ""), status.get("message", "")
    seen = (Evidence(f"{name} status", f"Failed: {reason} {message}".strip()),)
    author = author_of(world, pod)
    if reason == "Evicted":
        return _evicted(pod, author, message, seen)
    if reason == "DeadlineExceeded":
        seconds = pod["spec"].get("activeDeadlineSeconds")
        return _end("deadline", f"{name} ran longer than its activeDeadlineSeconds of {seconds}, so it was stopped.", author,
                    "activeDeadlineSeconds", seen, "Give it more time, or make its work shorter.")  # fmt: skip
    if reason.startswith("OutOf"):
        what = reason.removeprefix("OutOf")
        text = f"The kubelet turned {name} away: when it came, node {pod['spec'].get('nodeName')} had not enough {what} left."
        return _end(
            "rejected.resources",
            text,
            author,
            "containers",
            seen,
            "Nothing, if a controller makes another; a pod with a nodeName of its own goes round the scheduler.",
        )
    if reason in ("NodeAffinity", "NodeSelectorMismatching"):
        text = f"The kubelet turned {name} away: its node does not match its node selector or affinity any more."
        field = "nodeSelector" if pod["spec"].get("nodeSelector") else "affinity.nodeAffinity"
        return _end("rejected.node-affinity", text, author, field, seen, "Correct the selector, or the node's labels.")
    if reason in ("Terminated", "NodeShutdown", "Shutdown"):
        text = f"{name} ended because node {pod['spec'].get('nodeName')} was shut down."
        return Answer("pod.ended.node-shutdown", text, f"node/{pod['spec'].get('nodeName')}", "", "", KNOWN, seen,
                      "Nothing: its controller makes another.", kubectl("get nodes"))  # fmt: skip
    return _disrupted(pod, author, seen) or _failed(world, pod, author, seen)


def _evicted(pod: Object, author: Author, message: str, seen: tuple[Evidence, ...]) -> Answer:
    name, node = label_of(pod), pod["spec"].get("nodeName")
    low = _LOW.search(message)
    if low:
        what = low[1]
        text = f"Node {node} was low on {what}, so its kubelet evicted {name}, which used more of it than it had requested."
        change = f"Request as much {what} as the program uses, so that it lands where there is room and others go first."
        if what == "pids":
            text, change = f"Node {node} was low on process ids, so its kubelet evicted {name}.", "Start fewer processes."
        field = (
            f"containers[0].resources.requests.{what}" if what in ("memory", "ephemeral-storage") else "containers[0].resources"
        )
        return _end(f"evicted.{what}", text, author, field, seen, change)
    if "EmptyDir" in message:
        volume = re.search(r'volume "([^"]+)"', message)
        at = next((i for i, v in enumerate(pod["spec"].get("volumes") or ()) if volume and v["name"] == volume[1]), 0)
        text = f"{name} wrote more into an emptyDir than the volume's sizeLimit, so it was evicted."
        return _end(
            "evicted.emptydir", text, author, f"volumes[{at}].emptyDir.sizeLimit", seen, "Raise sizeLimit, or write less."
        )
    if "ephemeral local storage usage exceeds" in message or "ephemeral-storage" in message:
        text = f"{name} used more local disk than its limit of ephemeral-storage, so it was evicted."
        return _end("evicted.ephemeral-limit", text, author, "containers[0].resources.limits.ephemeral-storage", seen,
                    "Raise the limit, or write less to the container's disk.")  # fmt: skip
    condition_text = "node had condition" in message
    text = (
        f"{name} was turned away by node {node}: {clause(message)}."
        if condition_text
        else f"{name} was evicted: {clause(message)}."
    )
    return _end("evicted.pressure" if condition_text else "evicted.other", text, author, "", seen, "Relieve the node.",
                KNOWN if condition_text else LIKELY)  # fmt: skip


_DISRUPTIONS = {
    "PreemptionByScheduler": ("preempted", "was preempted: a pod of higher priority needed its place", "priorityClassName",
                              "Give it a higher priority, or the cluster more room."),
    "DeletionByTaintManager": ("tainted", "was removed by a NoExecute taint that it does not tolerate", "tolerations",
                               "Add a toleration, or remove the taint."),
    "EvictionByEvictionAPI": ("drained", "was evicted through the API, as kubectl drain does", "", "Nothing."),
}  # fmt: skip


def _disrupted(pod: Object, author: Author, seen: tuple[Evidence, ...]) -> Answer | None:
    target = condition(pod, "DisruptionTarget")
    known = _DISRUPTIONS.get(target.get("reason", "")) if target.get("status") == "True" else None
    if known is None:
        return None
    verdict, says, field, change = known
    seen = (
        *seen,
        Evidence(f"{label_of(pod)} status.conditions[DisruptionTarget]", f"{target['reason']}: {target.get('message', '')}"),
    )
    return _end(f"disrupted.{verdict}", f"{label_of(pod)} {says}.", author, field, seen, change)


def _failed(world: World, pod: Object, author: Author, seen: tuple[Evidence, ...]) -> Answer:
    for container in containers(pod):
        if container.terminated and container.terminated.get("exitCode") != 0:
            return crash_of(world, pod, container).with_evidence(*seen)
    reason = (pod.get("status") or {}).get("reason") or ""
    text = f"{label_of(pod)} has failed{f' ({reason})' if reason else ''}, and nothing that was seen tells why."
    return Answer("unknown", text, author.label, "", author.namespace, UNKNOWN, seen, "",
                  kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip


def _end(
    verdict: str, text: str, author: Author, field: str, seen: tuple[Evidence, ...], change: str, sure: Confidence = KNOWN
) -> Answer:
    return Answer(f"pod.{verdict}", text, author.label, author.field(field), author.namespace, sure, seen, change,
                  kubectl(author.edit, author.namespace))  # fmt: skip
