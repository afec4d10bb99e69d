"""The history of a Deployment: which ReplicaSet is the new one, revision numbers, annotations, what may be forgotten.

Upstream: k8s.io/kubernetes/pkg/controller/deployment/util/deployment_util.go. Pure.
"""

from collections.abc import Iterable, Sequence

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.controllers.deployment.rolling import DESIRED, MAXIMUM, by_age, max_surge, new_size, replicas
from k8slab.sim.controllers.hashing import template_hash

__all__ = ["HASH_LABEL", "HISTORY", "REVISION", "find_new", "forgettable", "make_new", "max_revision", "new_annotations",
           "revision_of", "same_template", "size_annotations"]  # fmt: skip

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
_HISTORY_LIMIT = 2000  # characters
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
}


def same_template(a: Object, b: Object) -> bool:
    """Whether two pod templates are equal, the hash label aside.

    >>> same_template({"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}}}, {"metadata": {"labels": {"app": "a"}}})
    True
    """
    return a.get("spec") == b.get("spec") and _plain_meta(a) == _plain_meta(b)


def _plain_meta(template: Object) -> Object:
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if v and k != "labels"}
    kept = {k: v for k, v in ((template.get("metadata") or {}).get("labels") or {}).items() if k != HASH_LABEL}
    return {**meta, "labels": kept}


def find_new(deployment: Object, sets: Iterable[Object]) -> Object | None:
    """Return the (oldest) ReplicaSet with the Deployment's template."""
    template = deployment["spec"]["template"]
    return next((s for s in by_age(sets) if same_template(s["spec"]["template"], template)), None)


def revision_of(obj: Object) -> int:
    """Return the revision that an object is annotated with, 0 if none."""
    try:
        return int(annotations(obj)[REVISION])
    except (KeyError, ValueError):
        return 0


def max_revision(sets: Iterable[Object]) -> int:
    """Return the highest revision."""
    return max((revision_of(s) for s in sets), default=0)


def size_annotations(deployment: Object) -> dict[str, str]:
    """Return the annotations that remember, on each ReplicaSet, what size the whole had."""
    wanted = replicas(deployment)
    return {DESIRED: str(wanted), MAXIMUM: str(wanted + max_surge(deployment))}


def new_annotations(deployment: Object, known: dict[str, str], revision: int, exists: bool) -> dict[str, str]:
    """Return the annotations of the new ReplicaSet: those of the Deployment, the revision and its history."""
    result = {**known, **{k: v for k, v in annotations(deployment).items() if k not in _NOT_COPIED}}
    before = known.get(REVISION)
    number = int(before) if before and before.isdigit() else 0
    if number < revision:
        result[REVISION] = str(revision)
        if before:
            result[HISTORY] = _history(known.get(HISTORY, ""), before)
    return result if exists else {**result, **size_annotations(deployment)}


def _history(history: str, revision: str) -> str:
    entries = [*filter(None, history.split(",")), revision]
    while len(",".join(entries)) > _HISTORY_LIMIT:
        entries.pop(0)
    return ",".join(entries)


def make_new(deployment: Object, reference: Object, old: Sequence[Object]) -> Object:
    """Return the ReplicaSet for the Deployment's template, with its first size."""
    meta, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    name = template_hash(template, (deployment.get("status") or {}).get("collisionCount", 0))
    pod_labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: name}
    selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), HASH_LABEL: name}}
    new: Object = {
        "replicas": new_size(deployment, old, None),
        "selector": selector,
        "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": pod_labels}},
    }
    if spec.get("minReadySeconds"):
        new["minReadySeconds"] = spec["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{name}",
            "namespace": meta["namespace"],
            "labels": pod_labels,
            "annotations": new_annotations(deployment, {}, max_revision(old) + 1, exists=False),
            "ownerReferences": [reference],
        },
        "spec": new,
    }


def forgettable(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """Return the old ReplicaSets beyond ``revisionHistoryLimit``, as far as they are empty and settled."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    if limit is None or limit == 2**31 - 1:
        return []
    alive = [s for s in old if "deletionTimestamp" not in s["metadata"]]
    surplus = sorted(by_age(alive), key=revision_of)[: max(0, len(alive) - limit)]
    return [s for s in surplus if _settled(s)]


def _settled(replica_set: Object) -> bool:
    status = replica_set.get("status") or {}
    seen = status.get("observedGeneration", 0) >= replica_set["metadata"].get("generation", 0)
    return replicas(replica_set) == 0 and not status.get("replicas") and seen
