"""The arithmetic of a rolling update: how large each ReplicaSet may be now.

Upstream: k8s.io/kubernetes/pkg/controller/deployment/{rolling,sync}.go and util/deployment_util.go. Pure: Deployments
and ReplicaSets in, the sizes to set out.

Two bounds hold at every moment: never more than ``replicas + maxSurge`` pods, never fewer than
``replicas - maxUnavailable`` of them available.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.apimachinery.intstr import scaled_value
from k8slab.apimachinery.types import Object, annotations

__all__ = ["DESIRED", "MAXIMUM", "Scale", "active", "available", "bounds", "max_surge", "max_unavailable", "needs_scaling",
           "new_size", "plan_new", "plan_old", "plan_scale", "replicas", "total"]  # fmt: skip

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


class Scale(NamedTuple):
    """Set the size of a ReplicaSet."""

    replica_set: Object
    replicas: int


def replicas(obj: Object) -> int:
    """Return the wanted size of a Deployment or ReplicaSet."""
    return int(obj["spec"].get("replicas", 1))


def available(obj: Object) -> int:
    """Return how many replicas are available."""
    return int((obj.get("status") or {}).get("availableReplicas", 0))


def total(sets: Iterable[Object]) -> int:
    """Return the sum of the wanted sizes."""
    return sum(replicas(s) for s in sets)


def active(sets: Iterable[Object]) -> list[Object]:
    """Return the ReplicaSets that want at least one pod."""
    return [s for s in sets if replicas(s) > 0]


def by_age(sets: Iterable[Object]) -> list[Object]:
    """Return ReplicaSets, oldest first."""
    return sorted(sets, key=lambda s: (s["metadata"].get("creationTimestamp", ""), s["metadata"]["name"]))


def bounds(surge: int | str, unavailable: int | str, wanted: int) -> tuple[int, int]:
    """Resolve maxSurge (rounded up) and maxUnavailable (rounded down); both zero would never move, so 0/0 is 0/1.

    >>> bounds("25%", "25%", 10), bounds("25%", "25%", 1), bounds("0%", "1%", 10)
    ((3, 2), (1, 0), (0, 1))
    """
    high, low = scaled_value(surge, wanted, round_up=True), scaled_value(unavailable, wanted, round_up=False)
    return (high, low) if high or low else (0, 1)


def _bounds_of(deployment: Object) -> tuple[int, int]:
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    return bounds(rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"), replicas(deployment))


def max_surge(deployment: Object) -> int:
    """Return how many pods beyond ``replicas`` there may be."""
    return _bounds_of(deployment)[0]


def max_unavailable(deployment: Object) -> int:
    """Return how many of the wanted pods may be missing."""
    return min(_bounds_of(deployment)[1], replicas(deployment))


def new_size(deployment: Object, sets: Sequence[Object], new: Object | None) -> int:
    """Return the size of the new ReplicaSet: as many as the surge has room for."""
    wanted, size = replicas(deployment), replicas(new) if new else 0
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return wanted
    room = wanted + max_surge(deployment) - total(sets)
    return size if room <= 0 else size + min(room, wanted - size)


def plan_new(deployment: Object, sets: Sequence[Object], new: Object) -> Scale | None:
    """Return how the new ReplicaSet changes, None if it has its size."""
    wanted = replicas(deployment)
    if replicas(new) == wanted:
        return None
    size = wanted if replicas(new) > wanted else new_size(deployment, sets, new)
    return Scale(new, size) if size != replicas(new) else None


def plan_old(deployment: Object, sets: Sequence[Object], new: Object, old: Sequence[Object]) -> list[Scale]:
    """Return how the old ReplicaSets shrink: first their unhealthy pods, then as many as availability allows."""
    sizes = {s["metadata"]["uid"]: replicas(s) for s in old}
    if not total(old):
        return []
    minimum = replicas(deployment) - max_unavailable(deployment)
    removable = total(sets) - minimum - (replicas(new) - available(new))
    if removable <= 0:
        return []
    _drop_unhealthy(by_age(old), sizes, removable)
    _drop_surplus(by_age(old), sizes, sum(available(s) for s in sets) - minimum)
    return [Scale(s, sizes[s["metadata"]["uid"]]) for s in by_age(old) if sizes[s["metadata"]["uid"]] != replicas(s)]


def _drop_unhealthy(old: Sequence[Object], sizes: dict[str, int], removable: int) -> None:
    for replica_set in old:
        uid = replica_set["metadata"]["uid"]
        count = max(0, min(removable, sizes[uid] - available(replica_set)))
        sizes[uid] -= count
        removable -= count


def _drop_surplus(old: Sequence[Object], sizes: dict[str, int], removable: int) -> None:
    for replica_set in old:
        uid = replica_set["metadata"]["uid"]
        count = max(0, min(removable, sizes[uid]))
        sizes[uid] -= count
        removable -= count


def needs_scaling(deployment: Object, sets: Iterable[Object]) -> bool:
    """Whether somebody changed ``spec.replicas`` since the ReplicaSets were sized."""
    return any(_number(s, DESIRED) not in (None, replicas(deployment)) for s in active(sets))


def _number(replica_set: Object, annotation: str) -> int | None:
    try:
        return int(annotations(replica_set)[annotation])
    except (KeyError, ValueError):
        return None


def plan_scale(deployment: Object, new: Object | None, old: Sequence[Object]) -> list[Scale]:
    """Return the sizes after ``spec.replicas`` changed: all to the one active set, or in proportion during a rollout."""
    sets = [s for s in (*old, new) if s is not None]
    wanted = replicas(deployment)
    only = _active_or_latest(new, old)
    if only is not None:
        return [Scale(only, wanted)] if replicas(only) != wanted else []
    if new is not None and _saturated(deployment, new):
        return [Scale(s, 0) for s in active(old)]
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return []
    return _proportional(deployment, active(sets))


def _active_or_latest(new: Object | None, old: Sequence[Object]) -> Object | None:
    alive = active([s for s in (*old, new) if s is not None])
    if not alive:
        return new or (by_age(old)[-1] if old else None)
    return alive[0] if len(alive) == 1 else None


def _saturated(deployment: Object, new: Object) -> bool:
    """Whether the new ReplicaSet is all that is wanted."""
    wanted = replicas(deployment)
    return _number(new, DESIRED) == wanted and replicas(new) == wanted and available(new) == wanted


def _proportional(deployment: Object, sets: Sequence[Object]) -> list[Scale]:
    wanted = replicas(deployment)
    allowed = wanted + max_surge(deployment) if wanted else 0
    change = allowed - total(sets)
    newest_first = change > 0
    ordered = sorted(
        sets, key=lambda s: (s["metadata"].get("creationTimestamp", ""), s["metadata"]["name"]), reverse=newest_first
    )
    ordered.sort(key=replicas, reverse=True)
    added, sizes = 0, []
    for replica_set in ordered:
        share = _share(deployment, replica_set, change, added) if change else 0
        sizes.append(replicas(replica_set) + share)
        added += share
    if ordered and change:
        sizes[0] = max(0, sizes[0] + change - added)
    return [Scale(s, size) for s, size in zip(ordered, sizes, strict=True)]


def _share(deployment: Object, replica_set: Object, change: int, added: int) -> int:
    """Return the part of a change that falls to one ReplicaSet, by its present size."""
    if change == added:
        return 0
    fraction = _fraction(deployment, replica_set)
    return min(fraction, change - added) if change > 0 else max(fraction, change - added)


def _fraction(deployment: Object, replica_set: Object) -> int:
    size = replicas(replica_set)
    if replicas(deployment) == 0:
        return -size
    before = _number(replica_set, MAXIMUM) or (deployment.get("status") or {}).get("replicas", 0)
    if not before:
        return 0
    return int(size * (replicas(deployment) + max_surge(deployment)) / before + 0.5) - size
