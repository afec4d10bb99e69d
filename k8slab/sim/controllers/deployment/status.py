"""What a Deployment says about itself: counts, and the conditions Available, Progressing and ReplicaFailure.

Upstream: k8s.io/kubernetes/pkg/controller/deployment/{progress,sync}.go. Pure.
"""

from collections.abc import Sequence

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.controllers import conditions
from k8slab.sim.controllers.deployment.rolling import max_unavailable, replicas

__all__ = [
    "NEW_AVAILABLE",
    "TIMED_OUT",
    "complete",
    "condition",
    "deadline",
    "rollout_status",
    "seconds_to_deadline",
    "with_counts",
]

NEW_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def condition(type: str, status: str, reason: str, message: str, now: float) -> Object:
    """Return a condition of a Deployment."""
    stamp = rfc3339(now)
    return {
        "type": type,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def deadline(deployment: Object) -> int | None:
    """Return ``progressDeadlineSeconds``, None if progress is not watched."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return None if seconds is None or seconds == 2**31 - 1 else int(seconds)


def with_counts(deployment: Object, sets: Sequence[Object], new: Object | None, now: float) -> Object:
    """Return the status with fresh counts and a fresh Available condition."""
    old, meta = deployment.get("status") or {}, deployment["metadata"]
    sums = {
        key: sum((s.get("status") or {}).get(key, 0) for s in sets) for key in ("replicas", "readyReplicas", "availableReplicas")
    }
    updated = ((new or {}).get("status") or {}).get("replicas", 0)
    unavailable = max(0, sums["replicas"] - sums["availableReplicas"])
    counts = {**sums, "updatedReplicas": updated, "unavailableReplicas": unavailable}
    status: Object = {"observedGeneration": meta["generation"]} if meta.get("generation") else {}
    status |= {key: counts[key] for key in _COUNTS if counts[key]}
    status["terminatingReplicas"] = sum((s.get("status") or {}).get("terminatingReplicas", 0) for s in sets)
    if old.get("collisionCount") is not None:
        status["collisionCount"] = old["collisionCount"]
    enough = sums["availableReplicas"] >= replicas(deployment) - max_unavailable(deployment)
    status["conditions"] = conditions.put(list(old.get("conditions") or ()), _availability(enough, now))
    return status


def _availability(enough: bool, now: float) -> Object:
    if enough:
        text = "Deployment has minimum availability."
        return condition("Available", "True", "MinimumReplicasAvailable", text, now)
    text = "Deployment does not have minimum availability."
    return condition("Available", "False", "MinimumReplicasUnavailable", text, now)


def complete(deployment: Object, status: Object) -> bool:
    """Whether the rollout is done: everything updated, available, and nothing old left."""
    wanted = replicas(deployment)
    counts = {status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")}
    return counts == {wanted} and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)


def _progressed(old: Object, new: Object) -> bool:
    def outdated(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = any(new.get(key, 0) > old.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return grown or outdated(new) < outdated(old)


def _timed_out(deployment: Object, status: Object, now: float) -> bool:
    current, limit = conditions.find(status["conditions"], "Progressing"), deadline(deployment)
    if current is None or limit is None or current["reason"] == NEW_AVAILABLE:
        return False
    return current["reason"] == TIMED_OUT or parse_time(current["lastUpdateTime"]) + limit < now


def rollout_status(deployment: Object, sets: Sequence[Object], new: Object | None, now: float) -> Object:
    """Return the status during and after a rollout (upstream: ``syncRolloutStatus``)."""
    old, status = deployment.get("status") or {}, with_counts(deployment, sets, new, now)
    current = conditions.find(old.get("conditions"), "Progressing")
    if deadline(deployment) is None:
        status["conditions"] = conditions.without(status["conditions"], "Progressing")
    else:
        settled = status.get("replicas", 0) == status.get("updatedReplicas", 0) and current and current["reason"] == NEW_AVAILABLE
        if not settled:
            status["conditions"] = _progress(deployment, old, status, new, now)
    failure = _failure(sets, new)
    rest = status["conditions"]
    status["conditions"] = conditions.put(rest, failure) if failure else conditions.without(rest, "ReplicaFailure")
    return status


def _progress(deployment: Object, old: Object, status: Object, new: Object | None, now: float) -> list[Object]:
    subject = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    known: list[Object] = status["conditions"]
    if complete(deployment, status):
        done = condition("Progressing", "True", NEW_AVAILABLE, f"{subject} has successfully progressed.", now)
        return conditions.put(known, done)
    if _progressed(old, status):
        going = condition("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", now)
        current = conditions.find(old.get("conditions"), "Progressing")
        if current and current["status"] == "True":
            going["lastTransitionTime"] = current["lastTransitionTime"]
        return [*conditions.without(known, "Progressing"), going]
    if _timed_out(deployment, status, now):
        late = condition("Progressing", "False", TIMED_OUT, f"{subject} has timed out progressing.", now)
        return conditions.put(known, late)
    return known


def _failure(sets: Sequence[Object], new: Object | None) -> Object | None:
    """Return the ReplicaFailure of the new ReplicaSet, else of any."""
    for replica_set in [*([new] if new else []), *sets]:
        found = conditions.find((replica_set.get("status") or {}).get("conditions"), "ReplicaFailure")
        if found:
            return {**found, "lastUpdateTime": found["lastTransitionTime"]}
    return None


def seconds_to_deadline(deployment: Object, status: Object, now: float) -> float | None:
    """Return when to look whether progress has stalled, None if nobody waits for it."""
    current, limit = conditions.find(status.get("conditions"), "Progressing"), deadline(deployment)
    if current is None or limit is None or complete(deployment, status) or current["reason"] == TIMED_OUT:
        return None
    return max(1.0, parse_time(current["lastUpdateTime"]) + limit - now + 1.0)
