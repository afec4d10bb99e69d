"""A rollout as numbers: the ReplicaSets of a Deployment, how many pods each had over time, and what the strategy allows.

Pure functions over a Deployment, its ReplicaSets and the recorded versions of them (`k8slab.client.history`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

from k8slab.apimachinery.types import Object, annotations, controller_of, name_of

__all__ = ["Generation", "Version", "bounds", "generations", "newest_first", "over_time", "owned", "state_of"]

Version = tuple[float, str, Object]  # when (seconds), type of change, object
_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Generation:
    """One ReplicaSet of a Deployment as it is."""

    name: str
    uid: str
    revision: int
    images: str
    wanted: int
    pods: int
    ready: int
    available: int
    current: bool


def owned(deployment: Object, sets: Iterable[Object]) -> list[Object]:
    """Return the ReplicaSets that a Deployment controls."""
    uid = deployment["metadata"].get("uid")
    return [s for s in sets if (controller_of(s) or {}).get("uid") == uid]


def newest_first(deployment: Object, sets: Iterable[Object]) -> list[Object]:
    """Return the ReplicaSets of a Deployment, newest revision first."""
    return sorted(owned(deployment, sets), key=_revision, reverse=True)


def generations(deployment: Object, sets: Iterable[Object]) -> list[Generation]:
    """Return the ReplicaSets of a Deployment, newest revision first; the newest is current."""
    return [_generation(s, i == 0) for i, s in enumerate(newest_first(deployment, sets))]


def _revision(obj: Object) -> int:
    text = annotations(obj).get(_REVISION, "0")
    return int(text) if text.isdigit() else 0


def _generation(obj: Object, current: bool) -> Generation:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    images = ", ".join(c.get("image", "") for c in containers)
    return Generation(
        name_of(obj), obj["metadata"].get("uid", ""), _revision(obj), images, spec.get("replicas", 1), status.get("replicas", 0),
        status.get("readyReplicas", 0), status.get("availableReplicas", 0), current,
    )  # fmt: skip


def bounds(deployment: Object) -> tuple[int, int]:
    """Return how many pods must be available, and how many there may be, while a rolling update is under way.

    >>> bounds({"spec": {"replicas": 10, "strategy": {"type": "RollingUpdate"}}})
    (8, 13)
    """
    spec = deployment.get("spec") or {}
    replicas, strategy = spec.get("replicas", 1), spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, replicas
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
    missing = _share(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if not surge and not missing:
        missing = 1  # as upstream: something must be able to move
    return replicas - missing, replicas + surge


def _share(value: object, whole: int, *, up: bool) -> int:
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    part = int(text[:-1]) * whole / 100
    return ceil(part) if up else floor(part)


def over_time(uid: str, versions: Iterable[Version], field: str) -> tuple[tuple[float, float], ...]:
    """Return (time, number) of a status field of one object, a point for each time it changed.

    >>> v = lambda t, n: (t, "MODIFIED", {"metadata": {"uid": "u"}, "status": {"replicas": n}})
    >>> over_time("u", [v(1.0, 2), v(2.0, 2), v(3.0, 1)], "replicas")
    ((1.0, 2), (3.0, 1))
    """
    points: list[tuple[float, float]] = []
    for when, type_, obj in versions:
        if obj["metadata"].get("uid") != uid:
            continue
        number = 0 if type_ == "DELETED" else (obj.get("status") or {}).get(field, 0)
        if not points or points[-1][1] != number:
            points.append((when, number))
    return tuple(points)


def state_of(deployment: Object, found: Iterable[Generation]) -> tuple[str, str]:
    """Return how a rollout stands, in a sentence, and whether that is good (ok), bad (no) or under way (info)."""
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    wanted = spec.get("replicas", 1)
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    progressing, failure = conditions.get("Progressing") or {}, conditions.get("ReplicaFailure") or {}
    if failure.get("status") == "True":
        return f"Pods cannot be made: {failure.get('message', '')}", "no"
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return f"Stuck: {progressing.get('message', 'the progress deadline is over')}", "no"
    if spec.get("paused"):
        return "Paused: changes of the template wait until it is resumed.", "warn"
    current = next((g for g in found if g.current), None)
    behind = (deployment["metadata"].get("generation") or 0) > (status.get("observedGeneration") or 0)
    done = not behind and current is not None and status.get("updatedReplicas", 0) == wanted == status.get("availableReplicas", 0)
    if done and status.get("replicas", 0) == wanted:
        return f"Complete: {wanted} of {wanted} pods are of the current revision and available.", "ok"
    new = current.available if current else 0
    old = sum(g.pods for g in found if not g.current)
    return f"Under way: {new} of {wanted} new pods are available, {old} old {'one is' if old == 1 else 'ones are'} left.", "info"
