"""Pods as controllers see them: active or not, ready, available, which one to delete first, made from a template.

Upstream: k8s.io/kubernetes/pkg/controller/controller_utils.go and pkg/api/v1/pod. All functions are pure.
"""

import math
from collections.abc import Iterable, Mapping
from functools import cmp_to_key

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, annotations, deep_copy
from k8slab.sim.controllers.conditions import find

__all__ = ["by_deletion_preference", "from_template", "is_active", "is_available", "is_finished", "is_ready", "is_terminating",
           "phase", "ready_since", "restarts", "seconds_until_available"]  # fmt: skip

_Rank = tuple[bool, int, bool, int, int]

_PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def phase(pod: Object) -> str:
    """Return ``status.phase``, Pending before there is one."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_finished(pod: Object) -> bool:
    """Whether the pod has ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_terminating(pod: Object) -> bool:
    """Whether the pod was asked to stop."""
    return "deletionTimestamp" in pod["metadata"]


def is_active(pod: Object) -> bool:
    """Whether the pod counts as a replica: neither ended nor going."""
    return "deletionTimestamp" not in pod["metadata"] and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def is_ready(pod: Object) -> bool:
    """Whether the Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions")
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions or ())


def ready_since(pod: Object) -> float | None:
    """Return when the pod became ready, None if it is not."""
    condition = find((pod.get("status") or {}).get("conditions"), "Ready")
    if condition is None or condition["status"] != "True" or not condition.get("lastTransitionTime"):
        return None
    return parse_time(condition["lastTransitionTime"])


def seconds_until_available(pod: Object, min_ready_seconds: int, now: float) -> float | None:
    """Return how long a pod must still stay ready to be available: 0 if it is, None if it is not ready."""
    if not is_ready(pod):
        return None
    if min_ready_seconds == 0:
        return 0.0
    since = ready_since(pod)
    return None if since is None else max(0.0, since + min_ready_seconds - now)


def is_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    """Whether the pod has been ready for ``minReadySeconds``."""
    return seconds_until_available(pod, min_ready_seconds, now) == 0.0


def restarts(pod: Object) -> int:
    """Return the highest restart count of the pod's containers."""
    status = pod.get("status") or {}
    statuses = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    return max((s.get("restartCount", 0) for s in statuses), default=0)


def from_template(template: Object, owner: Object, reference: Object, name: str = "") -> Object:
    """Return a new pod of a pod template, controlled by an owner.

    Parameters
    ----------
    template
        A PodTemplateSpec.
    owner
        The controlling object; gives the namespace and the prefix of the name.
    reference
        The owner reference.
    name
        A fixed name instead of a generated one.
    """
    source = template.get("metadata") or {}
    meta: Object = {"name": name} if name else {"generateName": f"{owner['metadata']['name']}-"}
    meta["namespace"] = owner["metadata"]["namespace"]
    for key in ("labels", "annotations"):
        if source.get(key):
            meta[key] = dict(source[key])
    if source.get("finalizers"):
        meta["finalizers"] = list(source["finalizers"])
    meta["ownerReferences"] = [reference]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": deep_copy(template["spec"])}


def by_deletion_preference(pods: Iterable[Object], ranks: Mapping[str, int], now: float) -> list[Object]:
    """Return pods in the order in which a controller deletes them (upstream: ``ActivePodsWithRanks``).

    Parameters
    ----------
    pods
        Active pods.
    ranks
        By node name: how many related pods run there; where more are, one goes first.
    now
        For comparing ages on a logarithmic scale, so that roughly equally old pods go in random (uid) order.
    """
    decorated = [(_first_keys(pod, ranks), pod) for pod in pods]

    def compare(a: tuple[_Rank, Object], b: tuple[_Rank, Object]) -> int:
        if a[0] != b[0]:
            return -1 if a[0] < b[0] else 1
        return _compare_ages(a[1], b[1], now)

    return [pod for _, pod in sorted(decorated, key=cmp_to_key(compare))]


def _first_keys(pod: Object, ranks: Mapping[str, int]) -> _Rank:
    node = pod["spec"].get("nodeName", "")
    try:
        cost = int(annotations(pod).get(_DELETION_COST, "0"))
    except ValueError:
        cost = 0
    return (bool(node), _PHASE_RANK.get(phase(pod), 0), is_ready(pod), cost, -ranks.get(node, 0))


def _compare_ages(a: Object, b: Object, now: float) -> int:
    since_a, since_b = ready_since(a), ready_since(b)
    if since_a is not None and since_b is not None and since_a != since_b:
        return _logarithmic(since_a, since_b, now) or _compare(a["metadata"]["uid"], b["metadata"]["uid"])
    if restarts(a) != restarts(b):
        return -1 if restarts(a) > restarts(b) else 1
    made_a, made_b = (parse_time(p["metadata"]["creationTimestamp"]) for p in (a, b))
    difference = _logarithmic(made_a, made_b, now) if made_a != made_b else 0
    return difference or _compare(a["metadata"]["uid"], b["metadata"]["uid"])


def _logarithmic(a: float, b: float, now: float) -> int:
    """Younger first, by order of magnitude of the age in nanoseconds."""
    rank_a, rank_b = (int(math.log2(age * 1e9)) if age > 0 else -1 for age in (now - a, now - b))
    return rank_a - rank_b


def _compare(a: str, b: str) -> int:
    return -1 if a < b else int(a > b)
