"""What can be said of any object in a word, and to which workload a pod belongs: what every graph tells of its nodes.

`words_of` gives ``status`` (the word that kubectl's table has, or the figure that matters: "2/3 ready", "Bound", "ClusterIP")
and ``state`` (the class that a picture has a shape and colour for). Pure functions of one object, of any cluster.
"""

from typing import NamedTuple

from k8slab.apimachinery.types import Object, controller_of, labels
from k8slab.topology.status import node_status, pod_class, pod_status

__all__ = ["Words", "Workload", "replicas_text", "words_of", "workload_of"]

_HASH = "pod-template-hash"
_APP_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
_PHASES = {"Bound": "running", "Available": "running", "Active": "running", "Pending": "pending", "Released": "unready",
           "Failed": "failed", "Lost": "failed", "Terminating": "terminating"}  # fmt: skip


class Words(NamedTuple):
    """A status to read and a state to draw."""

    status: str
    state: str


class Workload(NamedTuple):
    """What a pod is a copy of; ``kind`` is "" if no controller made it and only a label says what it belongs to."""

    kind: str
    name: str


def replicas_text(obj: Object) -> str:
    """Return "2/3 ready" of an object that counts replicas, else "".

    >>> replicas_text({"spec": {"replicas": 3}, "status": {"readyReplicas": 2}})
    '2/3 ready'
    """
    wanted = (obj.get("spec") or {}).get("replicas")
    return "" if wanted is None else f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{wanted} ready"


def words_of(obj: Object) -> Words:
    """Return status and state of an object of any kind.

    >>> words_of({"kind": "Service", "metadata": {}, "spec": {"type": "NodePort"}})
    Words(status='NodePort', state='object')
    >>> words_of({"kind": "Deployment", "metadata": {}, "spec": {"replicas": 2}, "status": {}})
    Words(status='0/2 ready', state='unready')
    """
    kind, spec, status = obj.get("kind"), obj.get("spec") or {}, obj.get("status") or {}
    if kind == "Pod":
        word = pod_status(obj)
        return Words(word, pod_class(obj, word))
    if kind == "Node":
        word = node_status(obj)
        return Words(word, "running" if word == "Ready" else "unready")
    if kind == "DaemonSet":
        return _counted(int(status.get("numberReady") or 0), int(status.get("desiredNumberScheduled") or 0))
    if kind == "Job":
        return _job(status)
    if kind == "Service":
        return Words(spec.get("type") or "ClusterIP", "object")
    if kind == "EndpointSlice":
        ends = obj.get("endpoints") or ()
        ready = sum((e.get("conditions") or {}).get("ready", True) is not False for e in ends)
        return Words(f"{ready}/{len(ends)} ready", "object")
    if spec.get("replicas") is not None:
        return _counted(int(status.get("readyReplicas") or 0), int(spec["replicas"]))
    phase = status.get("phase")
    return Words(phase, _PHASES.get(phase, "object")) if isinstance(phase, str) else Words("", "object")


def _counted(ready: int, wanted: int) -> Words:
    return Words(f"{ready}/{wanted} ready", "running" if ready >= wanted else "unready")


def _job(status: Object) -> Words:
    for condition in status.get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed"):
            return Words(condition["type"], "succeeded" if condition["type"] == "Complete" else "failed")
    return Words(f"{int(status.get('succeeded') or 0)} done", "starting")


def workload_of(pod: Object) -> Workload:
    """Return what a pod belongs to: its controller (of a ReplicaSet with a template's hash, the Deployment), else its label.

    >>> owner = [{"kind": "ReplicaSet", "name": "web-7d9c6b8f5", "controller": True}]
    >>> workload_of({"metadata": {"ownerReferences": owner, "labels": {"pod-template-hash": "7d9c6b8f5"}}})
    Workload(kind='Deployment', name='web')
    >>> workload_of({"metadata": {"labels": {"app": "chat"}}})
    Workload(kind='', name='chat')
    """
    owner, tags = controller_of(pod), labels(pod)
    if owner is None:
        return Workload("", next((tags[name] for name in _APP_LABELS if tags.get(name)), ""))
    suffix = f"-{tags[_HASH]}" if tags.get(_HASH) else ""
    if owner["kind"] == "ReplicaSet" and suffix and owner["name"].endswith(suffix):
        return Workload("Deployment", owner["name"].removesuffix(suffix))
    return Workload(owner["kind"], owner["name"])
