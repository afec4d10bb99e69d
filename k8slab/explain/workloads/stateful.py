"""A StatefulSet or DaemonSet that has not the ready pods it wants."""

from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.answer import KNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import count, join, kubectl, pairs
from k8slab.explain.workloads.creation import creation
from k8slab.explain.workloads.members import by_pods, owned_pods, pod_answer, say, unknown, unready, waiting
from k8slab.explain.world import World

__all__ = ["DAEMON_SETS", "STATEFUL_SETS"]

_HASH = "controller-revision-hash"


def _ordinal(pod: Object) -> int:
    number = name_of(pod).rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _stands(workload: Object) -> str:
    status, wanted = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    return f"{label_of(workload)} has {status.get('readyReplicas') or 0} of {wanted} replicas ready."


def _zero(world: World, workload: Object) -> Answer | None:
    if workload["spec"].get("replicas", 1) != 0:
        return None
    text = f"{label_of(workload)} is scaled to 0 replicas, so it has no pods."
    return say(workload, "zero.healthy", text, "spec.replicas", "Scale it up.")


def _stateful(world: World, stateful_set: Object) -> Answer | None:
    """The first pod that is not ready holds up all that come after it."""
    wanted = stateful_set["spec"].get("replicas", 1)
    pods = sorted(owned_pods(world, stateful_set), key=_ordinal)
    bad = unready(pods)
    if not bad:
        if len(pods) >= wanted:
            return None
        refused = creation(world, stateful_set)
        leaving = [p for p in pods if p["metadata"].get("deletionTimestamp")]
        if refused is not None or not leaving:
            return refused or waiting(stateful_set, f"{_stands(stateful_set)} The others are being made.")
        return pod_answer(world, leaving[0])
    ordered = stateful_set["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    stands = _stands(stateful_set)
    if ordered and len(pods) < wanted:
        stands += f" {label_of(bad[0])} must be ready before the next is made."
    answer = by_pods(world, stateful_set, bad[:1], stands)
    update = (stateful_set.get("status") or {}).get("updateRevision")
    stale = labels(bad[0]).get(_HASH)
    if answer is not None and ordered and update and stale and stale != update:
        return _stuck(stateful_set, bad[0], answer)
    return answer


def _stuck(stateful_set: Object, pod: Object, answer: Answer) -> Answer:
    text = (
        f"{label_of(pod)} is of an old template and never became ready, and an ordered StatefulSet does not replace such a pod: "
        f"the corrected template does not reach it. {answer.sentence}"
    )
    return say(
        stateful_set,
        "stuck-revision",
        text,
        "spec.template",
        f"Delete {label_of(pod)} by hand; it comes back by the new template.",
        answer.evidence,
        KNOWN,
        kubectl(f"delete {label_of(pod)}", namespace_of(pod)),
    )


def _held_back(world: World, stateful_set: Object) -> Answer | None:
    """All are ready, but the template was changed and not rolled out."""
    status = stateful_set.get("status") or {}
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if not status.get("updateRevision") or status.get("updateRevision") == status.get("currentRevision"):
        return None
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if strategy.get("type") == "OnDelete":
        text = (
            f"{label_of(stateful_set)} has a new template, and with updateStrategy OnDelete a pod takes it only when "
            "somebody deletes it."
        )
        return say(
            stateful_set, "on-delete", text, "spec.updateStrategy.type", "Delete the pods one by one, or use RollingUpdate."
        )
    if partition:
        text = f"{label_of(stateful_set)} has a new template, but only pods from number {partition} on get it (partition)."
        return say(stateful_set, "partition", text, "spec.updateStrategy.rollingUpdate.partition", "Lower the partition.")
    return waiting(stateful_set, f"{label_of(stateful_set)} is being updated, from the last pod to the first.")


def _service(world: World, stateful_set: Object) -> Answer | None:
    name, where = stateful_set["spec"].get("serviceName"), namespace_of(stateful_set)
    if not name or not world.lacks("services", name, where):
        return None
    text = (
        f"{label_of(stateful_set)} runs, but service/{name}, which its serviceName says, does not exist: its pods "
        "have no DNS names of their own."
    )
    return say(
        stateful_set, "service-missing", text, "spec.serviceName", f"Create a headless Service named {name} (clusterIP: None)."
    )


def _healthy(world: World, workload: Object) -> Answer:
    return say(
        workload,
        "healthy",
        f"{label_of(workload)} has all of its {count(workload['spec'].get('replicas', 1), 'replica')} ready.",
        "status.readyReplicas",
    )


def _daemon(world: World, daemon_set: Object) -> Answer | None:
    status = daemon_set.get("status") or {}
    wanted, ready = status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    refused = creation(world, daemon_set)
    if refused is not None and ready < max(wanted, 1):
        return refused
    if not wanted and (status.get("observedGeneration") or 0) >= (daemon_set["metadata"].get("generation") or 0):
        return _no_nodes(world, daemon_set)
    if ready >= wanted and (status.get("updatedNumberScheduled") or 0) >= wanted:
        return None
    stands = f"{label_of(daemon_set)} is ready on {ready} of {count(wanted, 'node')}."
    pods = owned_pods(world, daemon_set)
    answer = by_pods(world, daemon_set, pods, stands)
    if answer is None and (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "OnDelete" and ready >= wanted:
        text = (
            f"{label_of(daemon_set)} has a new template, and with updateStrategy OnDelete a pod takes it only when "
            "somebody deletes it."
        )
        return say(daemon_set, "on-delete", text, "spec.updateStrategy.type", "Delete the pods one by one, or use RollingUpdate.")
    if answer is None and len(pods) < wanted:
        return waiting(daemon_set, f"{stands} The others are being made.")
    return answer or unknown(daemon_set, f"{stands} Its pods do not tell why.")


def _no_nodes(world: World, daemon_set: Object) -> Answer:
    spec = daemon_set["spec"]["template"]["spec"]
    selector = spec.get("nodeSelector")
    nodes = [name_of(n) for n in world.list("nodes")]
    name = label_of(daemon_set)
    if selector:
        text = f"{name} runs on no node: its nodeSelector wants {pairs(selector)}, which none of {count(len(nodes), 'node')} has."
        seen = (Evidence(f"{name} spec.template.spec.nodeSelector", pairs(selector)),)
        change = (
            f"Correct the nodeSelector, or label a node: kubectl label node {nodes[-1] if nodes else 'NODE'} {pairs(selector)}"
        )
        return say(daemon_set, "no-nodes", text, "spec.template.spec.nodeSelector", change, seen)
    text = f"{name} runs on no node: no node suits its affinity and tolerations ({join(nodes[:5]) or 'there are none'})."
    field = "spec.template.spec.affinity" if spec.get("affinity") else "spec.template.spec.tolerations"
    return say(daemon_set, "no-nodes", text, field, "Correct affinity or tolerations.")


def _daemon_healthy(world: World, daemon_set: Object) -> Answer:
    number = (daemon_set.get("status") or {}).get("numberReady") or 0
    return say(
        daemon_set, "healthy", f"{label_of(daemon_set)} is ready on all of its {count(number, 'node')}.", "status.numberReady"
    )


STATEFUL_SETS = (_zero, _stateful, _held_back, _service, _healthy)
DAEMON_SETS = (_daemon, _daemon_healthy)
