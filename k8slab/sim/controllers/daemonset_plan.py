"""Where a DaemonSet's pods belong and which go when its template changes. All functions are pure.

Upstream: k8s.io/kubernetes/pkg/controller/daemon (daemon_controller.go, update.go, util/daemonset_util.go).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from k8slab.apimachinery.intstr import scaled_value
from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.taints import tolerates
from k8slab.apimachinery.types import Object, labels
from k8slab.sim.controllers import pods

__all__ = [
    "HASH",
    "TEMPLATE_GENERATION",
    "Placement",
    "make_pod",
    "max_surge",
    "node_of",
    "outdated",
    "place",
    "should_run",
    "status_of",
    "surging",
]

HASH = "controller-revision-hash"
TEMPLATE_GENERATION = "pod-template-generation"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TOLERATIONS = [
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
    *(
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoSchedule"}
        for key in ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
    ),
]
_HOST_NETWORK = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"}


class Placement(NamedTuple):
    """What to do on all nodes together."""

    create_on: list[str]
    delete: list[Object]
    failed: list[Object]


def _with_tolerations(spec: Object) -> list[Object]:
    wanted = [*_TOLERATIONS, *([_HOST_NETWORK] if spec.get("hostNetwork") else [])]
    known: list[Object] = spec.get("tolerations") or []
    return [*known, *(t for t in wanted if t not in known)]


def should_run(template_spec: Object, node: Object) -> tuple[bool, bool]:
    """Return whether a pod should be started on a node, and whether one that runs there may stay."""
    if template_spec.get("nodeName") not in (None, "", node["metadata"]["name"]) or not allows_node(template_spec, node):
        return False, False
    tolerations = _with_tolerations(template_spec)
    repelling = [t for t in node["spec"].get("taints") or () if not any(tolerates(own, t) for own in tolerations)]
    start = not any(t["effect"] in ("NoSchedule", "NoExecute") for t in repelling)
    return start, not any(t["effect"] == "NoExecute" for t in repelling)


def node_of(pod: Object) -> str:
    """Return the node that a daemon pod is on or meant for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                return str(field["values"][0])
    return ""


def make_pod(daemonset: Object, reference: Object, node: str, digest: str) -> Object:
    """Return the pod for one node."""
    pod = pods.from_template(daemonset["spec"]["template"], daemonset, reference)
    generation = str(daemonset["metadata"].get("annotations", {}).get("deprecated.daemonset.template.generation", "1"))
    pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), HASH: digest, TEMPLATE_GENERATION: generation}
    spec = pod["spec"]
    spec["tolerations"] = _with_tolerations(spec)
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    affinity = spec.get("affinity") or {}
    node_affinity = {**(affinity.get("nodeAffinity") or {}), _REQUIRED: {"nodeSelectorTerms": terms}}
    spec["affinity"] = {**affinity, "nodeAffinity": node_affinity}
    return pod


def by_node(own: Iterable[Object]) -> dict[str, list[Object]]:
    """Return the pods per node."""
    result: dict[str, list[Object]] = {}
    for pod in own:
        result.setdefault(node_of(pod), []).append(pod)
    return result


def place(daemonset: Object, nodes: Sequence[Object], own: Iterable[Object], digest: str, now: float) -> Placement:
    """Return on which nodes a pod is missing and which pods are too many, misplaced or failed."""
    plan, template_spec = Placement([], [], []), daemonset["spec"]["template"]["spec"]
    placed = by_node(own)
    for node in nodes:
        start, stay = should_run(template_spec, node)
        present = placed.pop(node["metadata"]["name"], [])
        alive = [p for p in present if not pods.is_terminating(p)]
        failed = [p for p in alive if pods.phase(p) == "Failed"]
        running = [p for p in alive if pods.phase(p) != "Failed"]
        if stay:
            plan.failed.extend(failed)
            plan.delete.extend(_surplus(daemonset, running, digest, now))
        else:
            plan.delete.extend(alive)
        if start and not present:
            plan.create_on.append(str(node["metadata"]["name"]))
    for orphaned in placed.values():
        plan.delete.extend(p for p in orphaned if not pods.is_terminating(p))
    return plan


def _surplus(daemonset: Object, running: Iterable[Object], digest: str, now: float) -> list[Object]:
    """Return the pods beyond one per node; in a surge an old one may stay until the new one is available."""
    oldest = sorted(running, key=lambda p: (not pods.is_ready(p), str(p["metadata"]["creationTimestamp"])))
    if not max_surge(daemonset, 1):
        return oldest[1:]
    new = [p for p in oldest if labels(p).get(HASH) == digest]
    old = [p for p in oldest if labels(p).get(HASH) != digest]
    surplus = new[1:] + old[1:]
    minimum = daemonset["spec"].get("minReadySeconds", 0)
    if new and old and (not pods.is_ready(old[0]) or pods.is_available(new[0], minimum, now)):
        surplus.append(old[0])
    return surplus


def max_surge(daemonset: Object, desired: int) -> int:
    """Return how many nodes may run an old and a new pod at the same time."""
    strategy = daemonset["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return 0
    return scaled_value((strategy.get("rollingUpdate") or {}).get("maxSurge", 0), desired, round_up=True)


def surging(daemonset: Object, nodes: Sequence[Object], own: Iterable[Object], digest: str, now: float) -> list[str]:
    """Return the nodes whose old pod gets a new one beside it: all where it is not available, others up to maxSurge."""
    template_spec, minimum = daemonset["spec"]["template"]["spec"], daemonset["spec"].get("minReadySeconds", 0)
    targets = [str(n["metadata"]["name"]) for n in nodes if should_run(template_spec, n)[0]]
    room, placed = max_surge(daemonset, len(targets)), by_node(own)
    allowed: list[str] = []
    candidates: list[str] = []
    for name in targets:
        present = [p for p in placed.get(name, ()) if not pods.is_terminating(p)]
        new = [p for p in present if labels(p).get(HASH) == digest]
        if new and len(present) > 1:
            room -= not pods.is_available(new[0], minimum, now)
        elif present and not new:
            available = pods.is_available(present[0], minimum, now)
            (candidates if available else allowed).append(name)
    return allowed + candidates[: max(0, room)]


def outdated(daemonset: Object, nodes: Sequence[Object], own: Iterable[Object], digest: str, now: float) -> list[Object]:
    """Return the pods of an old template that may go now: those not available, and others up to maxUnavailable."""
    template_spec, minimum = daemonset["spec"]["template"]["spec"], daemonset["spec"].get("minReadySeconds", 0)
    targets = [str(n["metadata"]["name"]) for n in nodes if should_run(template_spec, n)[0]]
    rolling = (daemonset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    room = max(1, scaled_value(rolling.get("maxUnavailable", 1), len(targets), round_up=True))
    placed, replaceable, candidates = by_node(own), [], []
    for name in targets:
        present = [p for p in placed.get(name, ()) if not pods.is_terminating(p)]
        healthy = any(pods.is_available(p, minimum, now) for p in present)
        old = [p for p in present if labels(p).get(HASH) != digest]
        if not healthy:
            room -= 1
            replaceable += old
        else:
            candidates += old
    return replaceable + candidates[: max(0, room)]


def status_of(daemonset: Object, nodes: Sequence[Object], own: Iterable[Object], digest: str, now: float) -> Object:
    """Return the counts of a DaemonSet's status."""
    minimum, placed = daemonset["spec"].get("minReadySeconds", 0), by_node(own)
    counts = dict.fromkeys(("desired", "current", "misscheduled", "ready", "updated", "available"), 0)
    for node in nodes:
        start, stay = should_run(daemonset["spec"]["template"]["spec"], node)
        present = [p for p in placed.get(str(node["metadata"]["name"]), ()) if not pods.is_terminating(p)]
        counts["desired"] += start
        counts["misscheduled"] += bool(present) and not start and not stay
        if start and present:
            _count(counts, min(present, key=lambda p: str(p["metadata"]["creationTimestamp"])), digest, minimum, now)
    return _as_status(daemonset, counts)


def _count(counts: dict[str, int], pod: Object, digest: str, minimum: int, now: float) -> None:
    counts["current"] += 1
    counts["ready"] += pods.is_ready(pod)
    counts["available"] += pods.is_available(pod, minimum, now)
    counts["updated"] += labels(pod).get(HASH) == digest


def _as_status(daemonset: Object, counts: Mapping[str, int]) -> Object:
    status: Object = {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "desiredNumberScheduled": counts["desired"],
        "numberReady": counts["ready"],
        "observedGeneration": daemonset["metadata"].get("generation", 0),
    }
    optional = {
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": counts["desired"] - counts["available"],
    }
    status |= {key: value for key, value in optional.items() if value}
    collisions = (daemonset.get("status") or {}).get("collisionCount")
    return status if collisions is None else {**status, "collisionCount": collisions}
