"""A Deployment (or ReplicaSet) that has not the ready pods it wants.

Upstream: pkg/controller/deployment (progress, conditions) and pkg/controller/replicaset.
"""

from k8slab.apimachinery.types import Object, annotations, labels, name_of
from k8slab.explain.answer import LIKELY, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import condition, count
from k8slab.explain.workloads.creation import creation
from k8slab.explain.workloads.members import by_pods, owned_pods, say, unknown, waiting
from k8slab.explain.world import World
from k8slab.topology.status import container_counts

__all__ = ["DEPLOYMENTS", "REPLICA_SETS", "newest"]

_REVISION = "deployment.kubernetes.io/revision"


def newest(world: World, deployment: Object) -> Object | None:
    """Return the ReplicaSet of a Deployment's present template: the one with the highest revision."""
    sets = world.owned("replicasets.apps", deployment)
    return max(sets, key=lambda s: int(annotations(s).get(_REVISION, "0")), default=None)


def _stands(workload: Object) -> str:
    status, wanted = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    return f"{label_of(workload)} has {status.get('readyReplicas') or 0} of {wanted} replicas ready."


def _unseen(world: World, workload: Object) -> Answer | None:
    """The controller has not looked at the latest change."""
    seen, wanted = (workload.get("status") or {}).get("observedGeneration"), workload["metadata"].get("generation")
    if not wanted or (seen or 0) >= wanted:
        return None
    text = (
        f"{label_of(workload)} was changed, and its controller has not looked at the change yet: does "
        "kube-controller-manager run?"
    )
    told = Evidence(f"{label_of(workload)} status.observedGeneration", f"{seen or 0}, metadata.generation is {wanted}")
    return say(
        workload, "not-observed", text, "status.observedGeneration", "If it lasts, start the controller manager.", (told,), LIKELY
    )


def _paused(world: World, deployment: Object) -> Answer | None:
    if not deployment["spec"].get("paused"):
        return None
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    top = newest(world, deployment)
    template = deployment["spec"]["template"]
    current = top is not None and _same_template(top, template)
    if current and (status.get("updatedReplicas") or 0) >= wanted:
        return None
    text = f"{label_of(deployment)} is paused, so the change of its template is not rolled out."
    return say(deployment, "paused", text, "spec.paused", "Resume it.", command=_kubectl("rollout resume", deployment))


def _same_template(replica_set: Object, template: Object) -> bool:
    made = replica_set["spec"]["template"]
    plain = {k: v for k, v in labels(made).items() if k != "pod-template-hash"}
    return bool(made.get("spec") == template.get("spec") and plain == ((template.get("metadata") or {}).get("labels") or {}))


def _kubectl(words: str, workload: Object) -> str:
    from k8slab.apimachinery.types import namespace_of
    from k8slab.explain.wording import kubectl

    return kubectl(f"{words} {label_of(workload)}", namespace_of(workload))


def _zero(world: World, workload: Object) -> Answer | None:
    if workload["spec"].get("replicas", 1) != 0:
        return None
    text = f"{label_of(workload)} is scaled to 0 replicas, so it has no pods."
    return say(workload, "zero.healthy", text, "spec.replicas", "Scale it up.", command=_kubectl("scale --replicas=1", workload))


def _rollout(world: World, deployment: Object) -> Answer | None:
    """Pods of the present template that are not ready, or are not made."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    if (status.get("updatedReplicas") or 0) >= wanted and (status.get("availableReplicas") or 0) >= wanted:
        return None
    top = newest(world, deployment)
    if top is None:
        return creation(world, deployment) or (
            None if _unseen(world, deployment) else unknown(deployment, f"{_stands(deployment)} No ReplicaSet of it was found.")
        )
    refused = creation(world, top)
    if refused is not None:
        return refused
    pods = owned_pods(world, top)
    answer = by_pods(world, deployment, pods, _stands(deployment)) or _old(world, deployment, top)
    if answer is not None:
        return answer
    return _min_ready(deployment, pods) or _under_way(deployment, pods)


def _old(world: World, deployment: Object, top: Object) -> Answer | None:
    """The new pods are well; an old one is not, and nothing replaces it."""
    old = [p for s in world.owned("replicasets.apps", deployment) if name_of(s) != name_of(top) for p in owned_pods(world, s)]
    return by_pods(world, deployment, old, _stands(deployment)) if old else None


def _min_ready(deployment: Object, pods: list[Object]) -> Answer | None:
    seconds = deployment["spec"].get("minReadySeconds") or 0
    if not seconds or not pods:
        return None
    text = f"{label_of(deployment)}: its pods are ready, but count as available only after {seconds} s (minReadySeconds)."
    return say(deployment, "min-ready", text, "spec.minReadySeconds", "Nothing: wait.")


def _under_way(deployment: Object, pods: list[Object]) -> Answer:
    progress = condition(deployment, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return unknown(deployment, f"{_stands(deployment)} Its progress deadline is over, and its pods do not tell why.")
    ready = sum(container_counts(p)[0] == container_counts(p)[1] for p in pods)
    return waiting(
        deployment,
        f"{_stands(deployment)} The rollout is under way: {count(ready, 'pod')} of the new template "
        f"{'is' if ready == 1 else 'are'} ready.",
    )


def _healthy(world: World, workload: Object) -> Answer:
    wanted = workload["spec"].get("replicas", 1)
    text = f"{label_of(workload)} has all of its {count(wanted, 'replica')} ready."
    return say(workload, "healthy", text, "status.readyReplicas")


def _members(world: World, replica_set: Object) -> Answer | None:
    status, wanted = replica_set.get("status") or {}, replica_set["spec"].get("replicas", 1)
    if (status.get("readyReplicas") or 0) >= wanted:
        return None
    return (
        creation(world, replica_set)
        or by_pods(world, replica_set, owned_pods(world, replica_set), _stands(replica_set))
        or _unseen(world, replica_set)
        or waiting(replica_set, f"{_stands(replica_set)} The others are being made.")
    )


def _retired(world: World, replica_set: Object) -> Answer | None:
    """An old ReplicaSet of a Deployment has no pods, as it should be."""
    if replica_set["spec"].get("replicas", 1) != 0 or not replica_set["metadata"].get("ownerReferences"):
        return None
    owner = replica_set["metadata"]["ownerReferences"][0]
    text = (
        f"{label_of(replica_set)} has no pods: it belongs to {owner['kind'].lower()}/{owner['name']}, which keeps "
        "it for a rollback or is scaled to 0."
    )
    return say(replica_set, "retired.healthy", text, "spec.replicas")


DEPLOYMENTS = (_paused, _zero, _unseen, _rollout, _healthy)
REPLICA_SETS = (_retired, _zero, _members, _healthy)
