"""Which pod of a StatefulSet is next: created, waited for, deleted, replaced. All functions are pure.

Upstream: k8s.io/kubernetes/pkg/controller/statefulset (stateful_set_control.go, stateful_set_utils.go).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from k8slab.apimachinery.intstr import scaled_value
from k8slab.apimachinery.types import Object, deep_copy, labels
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.ownership import controller_reference

__all__ = [
    "HASH",
    "Step",
    "claim_owners",
    "claims_for",
    "make_pod",
    "next_steps",
    "ordinal",
    "ordinals",
    "status_of",
    "template_of",
]

HASH = "controller-revision-hash"
_POD_NAME, _POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
_NAME = re.compile(r"(.*)-([0-9]+)")


@dataclass(frozen=True)
class Step:
    """One thing to do to one pod; ``pod`` is the present one, None to create it."""

    action: Literal["create", "delete", "replace", "scale-down"]
    ordinal: int
    pod: Object | None = None


def ordinal(pod: Object) -> int:
    """Return the number at the end of the pod's name, -1 if there is none."""
    match = _NAME.fullmatch(pod["metadata"]["name"])
    return int(match[2]) if match else -1


def ordinals(statefulset: Object) -> range:
    """Return the ordinals that should exist."""
    start = (statefulset["spec"].get("ordinals") or {}).get("start", 0)
    return range(start, start + statefulset["spec"].get("replicas", 1))


def _is_ordered(statefulset: Object) -> bool:
    return str(statefulset["spec"].get("podManagementPolicy", "OrderedReady")) == "OrderedReady"


def partition(statefulset: Object) -> int:
    """Return the ordinal below which pods keep the current revision."""
    rolling = (statefulset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    start = (statefulset["spec"].get("ordinals") or {}).get("start", 0)
    return int(start + rolling.get("partition", 0))


def _rolls(statefulset: Object) -> bool:
    return str((statefulset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")) == "RollingUpdate"


def next_steps(statefulset: Object, own: Iterable[Object], update_revision: str, now: float) -> list[Step]:
    """Return what to do now; an ordered set does one thing and waits for its effect."""
    wanted, ordered = ordinals(statefulset), _is_ordered(statefulset)
    by_ordinal = {ordinal(pod): pod for pod in own}
    condemned = sorted((o for o in by_ordinal if o not in wanted), reverse=True)
    steps: list[Step] = []
    for number in wanted:
        step, settled = _replica_step(statefulset, number, by_ordinal.get(number), now)
        steps += [step] if step else []
        if ordered and not settled:
            return steps
    first_unhealthy = next((o for o in sorted(by_ordinal) if not _is_available(statefulset, by_ordinal[o], now)), None)
    for number in condemned:
        pod = by_ordinal[number]
        if pods.is_terminating(pod) or (ordered and not _is_available(statefulset, pod, now) and number != first_unhealthy):
            if ordered:
                return steps
            continue
        steps.append(Step("scale-down", number, pod))
        if ordered:
            return steps
    if steps or not _rolls(statefulset):
        return steps
    limit = ((statefulset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable")
    if limit is None:
        return _update_step(statefulset, by_ordinal, update_revision)
    return _update_steps(statefulset, by_ordinal, update_revision, limit, now)


def _replica_step(statefulset: Object, number: int, pod: Object | None, now: float) -> tuple[Step | None, bool]:
    """Return what to do with one replica, and whether the next one may be looked at."""
    if pod is None:
        return Step("create", number), False
    if pods.is_terminating(pod):
        return None, False
    if pods.is_finished(pod):
        return Step("replace", number, pod), False
    return None, _is_available(statefulset, pod, now)


def _is_available(statefulset: Object, pod: Object, now: float) -> bool:
    minimum = statefulset["spec"].get("minReadySeconds", 0)
    return not pods.is_terminating(pod) and pods.phase(pod) == "Running" and pods.is_available(pod, minimum, now)


def _update_step(statefulset: Object, by_ordinal: dict[int, Object], update_revision: str) -> list[Step]:
    """Return the replica with the highest ordinal that still has an old revision, unless one before it is not healthy."""
    for number in reversed(ordinals(statefulset)):
        pod = by_ordinal.get(number)
        if number < partition(statefulset) or pod is None:
            break
        if labels(pod).get(HASH) != update_revision and not pods.is_terminating(pod):
            return [Step("delete", number, pod)]
        if pods.is_terminating(pod) or not pods.is_ready(pod):
            break
    return []


def _update_steps(
    statefulset: Object, by_ordinal: dict[int, Object], update_revision: str, limit: int | str, now: float
) -> list[Step]:
    """Return the replicas with the highest ordinals that have an old revision, so many that maxUnavailable is kept."""
    wanted = ordinals(statefulset)
    room = max(1, scaled_value(limit, len(wanted), round_up=False))
    room -= sum(1 for o in wanted if o not in by_ordinal or not _is_available(statefulset, by_ordinal[o], now))
    old = [
        Step("delete", number, pod)
        for number in reversed(wanted)
        if number >= partition(statefulset)
        and (pod := by_ordinal.get(number)) is not None
        and labels(pod).get(HASH) != update_revision
        and not pods.is_terminating(pod)
    ]
    return old[: max(0, room)]


def claim_owners(statefulset: Object, pod: Object) -> list[Object]:
    """Return who owns the claims of a pod, as persistentVolumeClaimRetentionPolicy says: nobody, the set, or the pod.

    A claim that is to go with its set belongs to the set; one that is to go when the set shrinks belongs to its pod from the
    moment the pod is beyond the replicas.
    """
    policy = statefulset["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    condemned = ordinal(pod) not in ordinals(statefulset)
    if condemned and policy.get("whenScaled") == "Delete":
        return [controller_reference("v1", "Pod", pod)]
    if policy.get("whenDeleted") == "Delete":
        return [controller_reference("apps/v1", "StatefulSet", statefulset)]
    return []


def template_of(revision: Object) -> Object:
    """Return the pod template that a revision holds."""
    return {k: v for k, v in revision["data"]["spec"]["template"].items() if k != "$patch"}


def make_pod(statefulset: Object, reference: Object, number: int, current: Object, update: Object) -> Object:
    """Return the pod with an ordinal: of the current revision below the partition, else of the update's."""
    revision = current if _rolls(statefulset) and number < partition(statefulset) else update
    name = f"{statefulset['metadata']['name']}-{number}"
    pod = pods.from_template(template_of(revision), statefulset, reference, name)
    marks = {_POD_NAME: name, _POD_INDEX: str(number), HASH: revision["metadata"]["name"]}
    pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), **marks}
    spec = pod["spec"]
    spec["hostname"] = name
    if statefulset["spec"].get("serviceName"):
        spec["subdomain"] = statefulset["spec"]["serviceName"]
    own = [
        {"name": t, "persistentVolumeClaim": {"claimName": c["metadata"]["name"]}}
        for t, c in claims_for(statefulset, name).items()
    ]
    if own:
        templated = {volume["name"] for volume in own}
        spec["volumes"] = [*own, *(v for v in spec.get("volumes") or () if v["name"] not in templated)]
    return pod


def claims_for(statefulset: Object, pod_name: str) -> dict[str, Object]:
    """Return the volume claims of one pod by the names of their templates."""
    result = {}
    for template in statefulset["spec"].get("volumeClaimTemplates") or ():
        meta = template["metadata"]
        marks = {**(meta.get("labels") or {}), **(statefulset["spec"]["selector"].get("matchLabels") or {})}
        identity = {"name": f"{meta['name']}-{pod_name}", "namespace": statefulset["metadata"]["namespace"], "labels": marks}
        if meta.get("annotations"):
            identity["annotations"] = dict(meta["annotations"])
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": identity, "spec": deep_copy(template["spec"])}
        result[str(meta["name"])] = claim
    return result


def status_of(statefulset: Object, own: Sequence[Object], current: Object, update: Object, now: float) -> Object:
    """Return the status; when every replica has the update revision and is ready, that becomes the current one."""
    minimum, old = statefulset["spec"].get("minReadySeconds", 0), statefulset.get("status") or {}
    names = (current["metadata"]["name"], update["metadata"]["name"])
    alive = [p for p in own if not pods.is_terminating(p)]
    ready = [p for p in own if pods.phase(p) == "Running" and pods.is_ready(p)]
    counts = [sum(1 for p in alive if labels(p).get(HASH) == name) for name in names]
    status: Object = {"observedGeneration": statefulset["metadata"].get("generation", 0), "replicas": len(own)}
    if names[0] != names[1] and counts[1] == len(own) == len(ready) == len(ordinals(statefulset)) and _rolls(statefulset):
        names, counts = (names[1], names[1]), [counts[1], counts[1]]
    optional = {"readyReplicas": len(ready), "currentReplicas": counts[0], "updatedReplicas": counts[1]}
    status |= {key: value for key, value in optional.items() if value}
    status["availableReplicas"] = sum(1 for p in ready if pods.is_available(p, minimum, now))
    return {**status, "currentRevision": names[0], "updateRevision": names[1], "collisionCount": old.get("collisionCount") or 0}
