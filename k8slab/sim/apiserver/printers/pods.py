"""The row of a pod: how many containers are ready, what the pod is doing, how often something in it was restarted.

Upstream: printPod in pkg/printers/internalversion/printers.go. The STATUS column is no field of the API: it is worked out
here from the phase, the reason, the conditions and the states of all containers.
"""

from typing import Any, NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.cells import NONE, age, since, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, NAME, column, printer

__all__ = ["summary"]

_COLUMNS = (
    NAME,
    column("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    column("Status", "The aggregate status of the containers in this pod."),
    column(
        "Restarts",
        "The number of times the containers in this pod have been restarted "
        "and when the last container in this pod has restarted.",
    ),
    AGE,
    column("IP", ("core.v1.PodStatus", "podIP"), wide=True),
    column("Node", ("core.v1.PodSpec", "nodeName"), wide=True),
    column("Nominated Node", ("core.v1.PodStatus", "nominatedNodeName"), wide=True),
    column("Readiness Gates", ("core.v1.PodSpec", "readinessGates"), wide=True),
)
_ROW_CONDITIONS = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


class Summary(NamedTuple):
    """What the row says of the containers."""

    ready: int
    total: int
    reason: str
    restarts: int
    last_restart: str


class _Init(NamedTuple):
    """What the init containers say: the reason if one of them still has to finish, and the counts."""

    reason: str | None
    ready: int
    restarts: int
    last_restart: str
    sidecar_restarts: int
    sidecar_last_restart: str


def summary(pod: Object) -> Summary:
    """Work out READY, STATUS and RESTARTS.

    >>> summary({"metadata": {}, "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Pending"}})
    Summary(ready=0, total=1, reason='Pending', restarts=0, last_restart='')
    """
    spec, status = spec_of(pod), status_of(pod)
    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    init = _init_containers(spec, status, sidecars)
    if init.reason is not None and not _has(status, "Initialized"):
        ready, reason, restarts, last = init.ready, init.reason, init.restarts, init.last_restart
    else:
        base = init.reason or _base_reason(status)
        ready, reason, restarts, last = _containers(status, base)
        ready += init.ready
        restarts += init.sidecar_restarts
        last = max(last, init.sidecar_last_restart)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return Summary(ready, total, reason, restarts, last)


def _base_reason(status: Object) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return status.get("reason") or status.get("phase") or ""


def _init_containers(spec: Object, status: Object, sidecars: set[str]) -> _Init:
    ready = restarts = sidecar_restarts = 0
    last = sidecar_last = ""
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        count, ended = container.get("restartCount", 0), _last_end(container)
        restarts, last = restarts + count, max(last, ended)
        sidecar = container["name"] in sidecars
        if sidecar:
            sidecar_restarts, sidecar_last = sidecar_restarts + count, max(sidecar_last, ended)
        state = container.get("state") or {}
        terminated = state.get("terminated")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        waiting = (state.get("waiting") or {}).get("reason")
        if terminated is not None:
            reason = "Init:" + _end_of(terminated)
        elif waiting and waiting != "PodInitializing":
            reason = "Init:" + waiting
        else:
            reason = f"Init:{index}/{len(spec.get('initContainers') or ())}"
        return _Init(reason, ready, restarts, last, sidecar_restarts, sidecar_last)
    return _Init(None, ready, restarts, last, sidecar_restarts, sidecar_last)


def _containers(status: Object, reason: str) -> tuple[int, str, int, str]:
    ready = restarts = 0
    last, running = "", False
    for container in reversed(status.get("containerStatuses") or ()):
        restarts, last = restarts + container.get("restartCount", 0), max(last, _last_end(container))
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting:
            reason = waiting
        elif state.get("terminated") is not None:
            reason = _end_of(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            ready, running = ready + 1, True
    if reason == "Completed" and running:
        reason = "Running" if _has(status, "Ready") else "NotReady"
    return ready, reason, restarts, last


def _end_of(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    return f"Signal:{terminated['signal']}" if terminated.get("signal") else f"ExitCode:{terminated.get('exitCode', 0)}"


def _last_end(container: Object) -> str:
    """Return when the previous run of a container ended; RFC 3339 times in UTC compare as text."""
    return ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""


def _has(status: Object, type: str) -> bool:
    return any(c["type"] == type and c.get("status") == "True" for c in status.get("conditions") or ())


def _readiness_gates(spec: Object, status: Object) -> str:
    gates = spec.get("readinessGates") or ()
    return f"{sum(_has(status, gate['conditionType']) for gate in gates)}/{len(gates)}" if gates else NONE


def _row_conditions(pod: Object) -> list[Object]:
    phase = status_of(pod).get("phase", "")
    message = _ROW_CONDITIONS.get(phase)
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}] if message else []


@printer("", "Pod", _COLUMNS, conditions=_row_conditions)
def _pod(pod: Object, now: float) -> list[Any]:
    spec, status = spec_of(pod), status_of(pod)
    what = summary(pod)
    restarts = (
        f"{what.restarts} ({since(what.last_restart, now)} ago)" if what.restarts and what.last_restart else str(what.restarts)
    )
    addresses = status.get("podIPs") or ({"ip": status.get("podIP")},)
    return [
        pod["metadata"]["name"],
        f"{what.ready}/{what.total}",
        what.reason,
        restarts,
        age(pod, now),
        addresses[0].get("ip") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]
