"""``status`` of a pod, as its kubelet writes it: pure functions from the record.

Upstream: generateAPIPodStatus in pkg/kubelet/kubelet_pods.go and pkg/kubelet/status/generate.go.
"""

from functools import lru_cache

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord
from k8slab.sim.kubelet.stages import phase_of
from k8slab.sim.runtime.credentials import Credentials

__all__ = ["container_status", "pod_status"]

Condition = tuple[str, str, str, str]

_RESIZE = ("PodResizePending", "PodResizeInProgress")  #: conditions that are there only while they hold


def container_status(pod: PodRecord, record: ContainerRecord) -> Object:
    """Return one entry of ``containerStatuses``."""
    container = record.container
    image = record.image if container is not None else None
    status: Object = {
        "name": record.name,
        "image": image.name if image else record.spec["image"],
        "imageID": image.image_id if image else "",
        "ready": record.ready or (record.kind == "init" and record.exit_code == 0),
        "started": record.started,
        "restartCount": record.restart_count,
        "state": _state(pod, record),
        "lastState": {"terminated": record.last} if record.last else {},
    }
    if container is not None:
        status["containerID"] = f"containerd://{container.id}"
    elif record.terminated and record.terminated.get("containerID"):
        status["containerID"] = record.terminated["containerID"]
    if container is not None:
        status["user"] = _user(container.config.credentials)
        if record.spec.get("volumeMounts"):
            status["volumeMounts"] = [_volume_mount(m) for m in record.spec["volumeMounts"]]
    if container is not None and (record.allocated or record.applied):
        status["resources"] = record.applied
        if record.allocated.get("requests"):
            status["allocatedResources"] = record.allocated["requests"]
    return status


@lru_cache(maxsize=256)
def _user(who: Credentials) -> Object:
    return {"linux": {"uid": who.uid, "gid": who.gid, "supplementalGroups": list(who.groups)}}


def _volume_mount(mount: Object) -> Object:
    shown = {"name": mount["name"], "mountPath": mount["mountPath"]}
    return {**shown, "readOnly": True, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else shown


def _state(pod: PodRecord, record: ContainerRecord) -> Object:
    from k8slab.apimachinery.timestamps import rfc3339

    if record.state == "running" and record.container is not None and not record.in_post_start:
        return {"running": {"startedAt": rfc3339(record.container.started_at)}}
    if record.state == "terminated" and record.terminated is not None:
        return {"terminated": record.terminated}
    reason = record.reason or ("PodInitializing" if pod.inits else "ContainerCreating")
    return {"waiting": {"reason": reason, "message": record.message} if record.message else {"reason": reason}}


def pod_status(pod: PodRecord, host_ip: str, live: Object, now: str) -> Object:
    """Return the whole status; ``live`` is the object as the API has it, whose foreign conditions are kept."""
    phase = phase_of(pod)
    old = live.get("status") or {}
    status: Object = {"phase": phase, "conditions": _conditions(pod, phase, old.get("conditions") or [], live, now)}
    if live["metadata"].get("generation"):
        status["observedGeneration"] = live["metadata"]["generation"]
    if pod.failure is not None:
        status["reason"], status["message"] = pod.failure
    status["hostIP"], status["hostIPs"] = host_ip, [{"ip": host_ip}]
    if pod.network is not None:
        status["podIP"], status["podIPs"] = pod.network.ip, [{"ip": pod.network.ip}]
    status["startTime"] = pod.start_time
    if pod.inits:
        status["initContainerStatuses"] = [container_status(pod, c) for c in pod.inits]
    status["containerStatuses"] = [container_status(pod, c) for c in pod.mains]
    if ephemerals := pod.ephemerals:
        status["ephemeralContainerStatuses"] = [container_status(pod, c) for c in ephemerals]
    return status


def _conditions(pod: PodRecord, phase: str, old: list[Object], live: Object, now: str) -> list[Object]:
    wanted = [
        _sandbox(pod, phase),
        _initialized(pod, phase),
        *_readiness(pod, phase, live, old),
        *_disruption(pod),
        *_resize(pod),
    ]
    known = {c["type"]: c for c in old}
    generation = live["metadata"].get("generation")
    ours = [_written(condition, known.get(condition[0]), generation, now) for condition in wanted]
    written = {c["type"] for c in ours}
    foreign = [c for c in old if c["type"] not in written and c["type"] not in _RESIZE]
    return [*ours, *foreign]


def _written(condition: Condition, known: Object | None, generation: int | None, now: str) -> Object:
    type, status, reason, message = condition
    unchanged = known is not None and known["status"] == status
    since = known["lastTransitionTime"] if unchanged and known is not None else now
    written: Object = {"type": type, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    if generation:
        written["observedGeneration"] = generation
    if reason:
        written["reason"] = reason
    if message:
        written["message"] = message
    return written


def _disruption(pod: PodRecord) -> list[Condition]:
    """Say that the kubelet ended a pod that ran; one that it turned away never did."""
    if pod.failure is None or pod.failure[0] != "Evicted" or pod.network is None:
        return []
    return [("DisruptionTarget", "True", "TerminationByKubelet", pod.failure[1])]


def _resize(pod: PodRecord) -> list[Condition]:
    """Tell of a resize that waits for room, or is being carried out."""
    told = zip(_RESIZE, (pod.resize_pending, pod.resize_progress), strict=True)
    return [(type, "True", *said) for type, said in told if said is not None]


def _sandbox(pod: PodRecord, phase: str) -> Condition:
    alive = pod.network is not None and phase not in ("Succeeded", "Failed")
    return "PodReadyToStartContainers", "True" if alive else "False", "", ""


def _initialized(pod: PodRecord, phase: str) -> Condition:
    missing = [c.name for c in pod.inits if not (c.started if c.kind == "sidecar" else c.exit_code == 0)]
    began = any(c.container is not None for c in pod.mains)
    if phase == "Succeeded":
        return "Initialized", "True", "PodCompleted", ""
    if not missing or began:
        return "Initialized", "True", "", ""
    if phase == "Failed":
        return "Initialized", "False", "PodFailed", ""
    return "Initialized", "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(missing)}]"


def _readiness(pod: PodRecord, phase: str, live: Object, conditions: list[Object]) -> list[Condition]:
    containers = _containers_ready(pod, phase)
    if containers[0] != "True":
        return [("Ready", *containers), ("ContainersReady", *containers)]
    gates = [g["conditionType"] for g in live["spec"].get("readinessGates") or ()]
    values = {c["type"]: c["status"] for c in conditions}
    texts = [_gate_text(g, values.get(g)) for g in gates if values.get(g) != "True"]
    ready = ("False", "ReadinessGatesNotReady", ", ".join(texts)) if texts else ("True", "", "")
    return [("Ready", *ready), ("ContainersReady", *containers)]


def _gate_text(gate: str, value: str | None) -> str:
    if value is None:
        return f'corresponding condition of pod readiness gate "{gate}" does not exist.'
    return f'the status of pod readiness gate "{gate}" is not "True", but {value}'


def _containers_ready(pod: PodRecord, phase: str) -> tuple[str, str, str]:
    if phase == "Succeeded":
        return "False", "PodCompleted", ""
    if phase == "Failed":
        return "False", "PodFailed", ""
    unready = [c.name for c in pod.containers if c.kind in ("main", "sidecar") and not c.ready]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return "True", "", ""
