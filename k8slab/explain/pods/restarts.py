"""A pod that runs and is ready: whether it was restarted a short while ago, else that nothing is wrong."""

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.crash import crash_of
from k8slab.explain.pods.states import containers
from k8slab.explain.wording import condition, count, kubectl, since
from k8slab.explain.world import World
from k8slab.topology.status import container_counts, pod_status, restart_count

__all__ = ["healthy", "restarts"]

_RECENT = 600.0  #: after ten minutes without a crash the kubelet itself forgets it


def restarts(world: World, pod: Object) -> Answer | None:
    """Say why a container that runs now was restarted within the last ten minutes."""
    for container in containers(pod):
        before = (container.status.get("lastState") or {}).get("terminated")
        if container.running is None or not before or container.terminated:
            continue
        ago = world.age(before.get("finishedAt"))
        if ago > _RECENT or not container.status.get("restartCount"):
            continue
        inner = crash_of(world, pod, container)
        again = count(int(container.status["restartCount"]), "time")
        return Answer(
            inner.verdict.replace("pod.crash.", "pod.restarted."),
            f"{label_of(pod)} runs now, but was restarted {again}, the last time {since(ago)} ago. {inner.sentence}",
            inner.object, inner.field, inner.namespace, inner.confidence, inner.evidence, inner.change, inner.command,
        )  # fmt: skip
    return None


def healthy(world: World, pod: Object) -> Answer:
    """Say that nothing is wrong, as far as the pod itself tells."""
    ready, total = container_counts(pod)
    seen = (Evidence(f"{label_of(pod)} status", f"{pod_status(pod)}, {ready}/{total} containers ready"),)
    if condition(pod, "Ready").get("status") == "True":
        again = restart_count(pod)
        text = f"{label_of(pod)} is Running and Ready" + (
            f"; it was restarted {count(again, 'time')} long ago." if again else "."
        )
        return Answer("pod.healthy", text, label_of(pod), "status.phase", namespace_of(pod), evidence=seen,
                      command=kubectl(f"logs {name_of(pod)}", namespace_of(pod)))  # fmt: skip
    text = f"{label_of(pod)} is {pod_status(pod)}, and nothing that was seen tells why."
    return Answer("unknown", text, label_of(pod), "status", namespace_of(pod), UNKNOWN if pod_status(pod) else LIKELY, seen,
                  "", kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip
