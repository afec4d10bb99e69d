"""A pod that was deleted and is still there: in its grace, held by a finalizer, or on a node that does not answer."""

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.lost import node_problem
from k8slab.explain.pods.states import containers
from k8slab.explain.wording import kubectl, quoted, since
from k8slab.explain.world import World, event_evidence

__all__ = ["terminating"]

_SLACK = 15.0  #: the kubelet kills at the end of the grace and then reports


def terminating(world: World, pod: Object) -> Answer | None:
    """Say what a deleted pod waits for."""
    meta = pod["metadata"]
    if not meta.get("deletionTimestamp"):
        return None
    over = world.now - parse_time(meta["deletionTimestamp"])
    name, namespace = label_of(pod), namespace_of(pod)
    seen: tuple[Evidence, ...] = (
        Evidence(f"{name} metadata.deletionTimestamp", f"{meta['deletionTimestamp']} (the end of its grace)"),
    )
    running = [c for c in containers(pod) if c.running is not None]
    lost = node_problem(world, pod["spec"]["nodeName"]) if pod["spec"].get("nodeName") else None
    if lost is not None:
        text = f"{name} was deleted, but its node {lost[0]} {lost[2]}, so nobody can confirm that its containers have ended."
        change = "Bring the node back or delete it; only if it is surely off, delete the pod with --force."
        field = "status.conditions[Ready]" if lost[1] == "not-ready" else "metadata.name"
        return Answer("pod.terminating.node-lost", text, f"node/{lost[0]}", field, "", KNOWN, (*seen, *lost[3]), change,
                      kubectl(f"describe node {lost[0]}"))  # fmt: skip
    if running and over <= _SLACK:
        return _grace(world, pod, over, seen)
    finalizers = meta.get("finalizers") or ()
    if finalizers and not running:
        seen = (*seen, Evidence(f"{name} metadata.finalizers", ", ".join(finalizers)))
        text = f"{name} was deleted and its containers have ended, but the finalizer {quoted(finalizers)} holds it."
        change = "Whoever set the finalizer has to remove it when its work is done; find out why that controller does not."
        return Answer("pod.terminating.finalizer", text, name, "metadata.finalizers", namespace, KNOWN, seen, change,
                      kubectl(f"get {name} -o jsonpath='{{.metadata.finalizers}}'", namespace))  # fmt: skip
    if over <= _SLACK:
        return _grace(world, pod, over, seen)
    text = f"{name} should have ended {since(over)} ago, and nothing that was seen tells why it has not."
    return Answer("pod.terminating.unknown", text, name, "metadata.deletionTimestamp", namespace, UNKNOWN, seen,
                  "The kubelet of its node has to answer that.", kubectl(f"describe {name}", namespace))  # fmt: skip


def _grace(world: World, pod: Object, over: float, seen: tuple[Evidence, ...]) -> Answer:
    name, grace = label_of(pod), pod["metadata"].get("deletionGracePeriodSeconds")
    left = f"{-over:.0f} s are left" if over < 0 else "it is just over"
    events = world.events(pod, "FailedPreStopHook", deciding=False)
    hook = any((c.spec.get("lifecycle") or {}).get("preStop") for c in containers(pod))
    doing = "its preStop hook and the program's own end" if hook else "the program to end on SIGTERM"
    text = f"{name} was deleted and is in its grace of {grace} s ({left}): the kubelet waits for {doing}."
    change = "Nothing: at the end of the grace the kubelet kills it. A program that ends on SIGTERM is gone sooner."
    return Answer(
        "pod.terminating.grace", text, name, "spec.terminationGracePeriodSeconds", namespace_of(pod),
        KNOWN if grace is not None else LIKELY, (*seen, *(event_evidence(e) for e in events[:1])), change,
        kubectl(f"get {name} -w", namespace_of(pod)),
    )  # fmt: skip
