"""The health of nodes as controllers judge it: silence, conditions, taints, zones. All functions are pure.

Upstream: k8s.io/kubernetes/pkg/controller/nodelifecycle (node_lifecycle_controller.go) and pkg/util/node.
"""

from collections.abc import Iterable
from typing import Literal

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, labels
from k8slab.sim.controllers.conditions import find

__all__ = ["NOT_READY", "NO_EXECUTE", "PODS_BY_NODE", "UNREACHABLE", "ZoneState", "eviction_interval", "last_heard",
           "pods_by_node", "ready_status", "silent_conditions", "with_schedule_taints", "without_taints", "zone_of",
           "zone_state"]  # fmt: skip

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
NO_EXECUTE = {"False": NOT_READY, "Unknown": UNREACHABLE}  #: the taint that drives pods away, by status of Ready
PODS_BY_NODE = "pods-by-node"

ZoneState = Literal["Normal", "PartialDisruption", "FullDisruption"]

_SCHEDULE_TAINTS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_OWN = {*_SCHEDULE_TAINTS.values(), _UNSCHEDULABLE}
_JUDGED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")

_QUICK, _SLOW = 10.0, 100.0  # seconds from node to node: 0.1 and 0.01 per second
_LARGE, _UNHEALTHY = 50, 0.55


def pods_by_node(pod: Object) -> tuple[str, ...]:
    """Index key of a pod: its node."""
    node = pod["spec"].get("nodeName")
    return (node,) if node else ()


def ready_status(node: Object) -> str | None:
    """Return the status of the Ready condition, None if there is none."""
    condition = find((node.get("status") or {}).get("conditions"), "Ready")
    return condition["status"] if condition else None


def last_heard(node: Object, lease: Object | None, since: float) -> float:
    """Return when the kubelet was last heard of: its lease, its status, or at least since we listen."""
    times = [since]
    if lease is not None and (lease.get("spec") or {}).get("renewTime"):
        times.append(parse_time(lease["spec"]["renewTime"]))
    condition = find((node.get("status") or {}).get("conditions"), "Ready")
    if condition is None:
        times.append(parse_time(node["metadata"]["creationTimestamp"]))
    elif condition.get("lastHeartbeatTime"):
        times.append(parse_time(condition["lastHeartbeatTime"]))
    return max(times)


def silent_conditions(node: Object, now: float) -> list[Object]:
    """Return the conditions of a node whose kubelet is silent: unknown."""
    conditions = list((node.get("status") or {}).get("conditions") or ())
    for type in _JUDGED:
        current = find(conditions, type)
        if current is None:
            conditions.append(_never_posted(type, node, now))
        elif current["status"] != "Unknown":
            text = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
            unknown = {**current, "status": "Unknown", "lastTransitionTime": rfc3339(now), **text}
            conditions = [unknown if c is current else c for c in conditions]
    return conditions


def _never_posted(type: str, node: Object, now: float) -> Object:
    return {
        "type": type,
        "status": "Unknown",
        "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
        "lastTransitionTime": rfc3339(now),
        "reason": "NodeStatusNeverUpdated",
        "message": "Kubelet never posted node status.",
    }


def with_schedule_taints(node: Object, now: float) -> list[Object]:
    """Return the node's taints with the NoSchedule ones that its conditions and ``spec.unschedulable`` ask for."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    wanted = [key for c in conditions if (key := _SCHEDULE_TAINTS.get((c["type"], c["status"])))]
    if node["spec"].get("unschedulable"):
        wanted.append(_UNSCHEDULABLE)
    taints: list[Object] = node["spec"].get("taints") or []
    kept = [t for t in taints if t["effect"] != "NoSchedule" or t["key"] not in _OWN or t["key"] in wanted]
    known = {t["key"] for t in kept if t["effect"] == "NoSchedule"}
    return kept + [{"key": key, "effect": "NoSchedule", "timeAdded": rfc3339(now)} for key in wanted if key not in known]


def without_taints(taints: Iterable[Object], keys: Iterable[str]) -> list[Object]:
    """Return the taints without the NoExecute ones of these keys."""
    return [t for t in taints if t["effect"] != "NoExecute" or t["key"] not in keys]


def zone_of(node: Object) -> str:
    """Return the region and zone of a node in one word."""
    have = labels(node)
    return f"{have.get('topology.kubernetes.io/region', '')}:{have.get('topology.kubernetes.io/zone', '')}"


def zone_state(ready: int, not_ready: int) -> ZoneState:
    """Return how a zone is doing.

    >>> zone_state(3, 0), zone_state(1, 2), zone_state(2, 3), zone_state(0, 1)
    ('Normal', 'Normal', 'PartialDisruption', 'FullDisruption')
    """
    if not_ready and not ready:
        return "FullDisruption"
    if not_ready > 2 and not_ready / (ready + not_ready) >= _UNHEALTHY:
        return "PartialDisruption"
    return "Normal"


def eviction_interval(state: ZoneState, size: int) -> float | None:
    """Return the seconds between the evictions of two nodes of a zone, None to evict nothing.

    >>> eviction_interval("Normal", 10), eviction_interval("PartialDisruption", 10), eviction_interval("PartialDisruption", 100)
    (10.0, None, 100.0)
    """
    if state == "PartialDisruption":
        return _SLOW if size > _LARGE else None
    return _QUICK
