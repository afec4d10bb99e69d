"""Waiting for the cluster to get somewhere, on any clock.

``kubectl wait`` for notebooks: a thing and a state, in words. On a stepped clock waiting moves the clock (`Clock.until`),
so a lab behaves the same whether time runs by itself or not.
"""

import re
from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.client.clock import Tick
from k8slab.client.cluster import Cluster
from k8slab.client.errors import NotYet
from k8slab.errors import K8slabError
from k8slab.topology.status import pod_status, restart_count

__all__ = ["State", "holds", "wait_for"]

#: "Ready" or "Ready=False" (a condition), "exists", "deleted", "phase=Running", "status=CrashLoopBackOff" (as kubectl
#: prints it), "updated" (all pods of the present template, and available), "replicas=3" (that many ready), "restarts=2"
#: (at least), or a function of the object.
State = str | Callable[[Object], bool]


def wait_for(
    cluster: Cluster,
    thing: str,
    state: State = "Ready",
    *,
    namespace: str | None = None,
    timeout: float = 60,
    tick: Tick | None = None,
) -> str:
    """Let time pass until ``pod/web`` is ``Ready`` (or ``deleted``, ``phase=…``, ``status=…``); say that it is.

    ``tick`` is called while real time passes, with the seconds that are left.

    Raises
    ------
    NotYet
        If it is not so after ``timeout`` seconds of the cluster's time; tells how it stands instead.
    """
    resource, slash, name = thing.partition("/")
    if not slash or not name:
        raise K8slabError(f"What to wait for is written as kind/name, for example 'pod/web', not {thing!r}.")
    latest: list[Object | None] = [None]

    def reached() -> bool:
        latest[0] = cluster.find(resource, name, namespace)
        return holds(latest[0], state)

    if cluster.clock.until(reached, timeout, tick):
        return f"{thing}: {_words(state)}"
    raise NotYet(f"{thing} is not {_words(state)} after {timeout:g} s: it {_stands(latest[0])}.")


def holds(obj: Object | None, state: State) -> bool:
    """Whether an object (None: there is none) is in a state.

    >>> holds({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "Ready"), holds(None, "deleted")
    (True, True)
    """
    if obj is None:
        return state == "deleted"
    if callable(state):
        return state(obj)
    field, equals, value = state.partition("=")
    match field if equals else state:
        case "deleted":
            return False
        case "exists":
            return True
        case "phase":
            return (obj.get("status") or {}).get("phase") == value
        case "status":
            return pod_status(obj) == value
        case "updated":
            return _updated(obj)
        case "replicas":
            return int((obj.get("status") or {}).get("readyReplicas") or 0) == int(value)
        case "restarts":
            return restart_count(obj) >= int(value)
        case condition if re.fullmatch(r"[A-Za-z]+", condition):
            return _condition(obj, condition) == (value or "True")
    raise K8slabError(
        f"Unknown state {state!r}. Known: a condition such as 'Ready', 'exists', 'deleted', 'updated', 'phase=…', 'status=…', "
        "'restarts=…'."
    )


def _updated(obj: Object) -> bool:
    """Whether a Deployment's rollout is complete, as ``kubectl rollout status`` means it."""
    status, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == obj["metadata"].get("generation") and counts == {wanted}


def _condition(obj: Object, kind: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c["status"] for c in conditions if c["type"] == kind), "")


def _words(state: State) -> str:
    return getattr(state, "__name__", "as wanted") if callable(state) else state


def _stands(obj: Object | None) -> str:
    if obj is None:
        return "does not exist"
    if obj.get("kind") == "Pod":
        return f"is {pod_status(obj)}"
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return "has the conditions " + (", ".join(f"{c['type']}={c['status']}" for c in conditions) or "none")
