"""The node of a pod does not answer any more: what the pod's status says is old."""

from k8slab.apimachinery.types import Object
from k8slab.explain.answer import KNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import condition, kubectl, since
from k8slab.explain.world import World

__all__ = ["lost", "node_problem"]


def lost(world: World, pod: Object) -> Answer | None:
    """Say that a pod's node is lost, where the pod is not Ready because of that."""
    if condition(pod, "Ready").get("status") == "True":
        return None
    problem = node_problem(world, pod["spec"]["nodeName"])
    if problem is None:
        return None
    name, verdict, says, seen = problem
    change = "Bring the node back; or delete it, so that the pod's controller makes a new one elsewhere."
    return Answer(f"pod.node.{verdict}", f"{label_of(pod)} is on node {name}, which {says}.", f"node/{name}",
                  "status.conditions[Ready]" if verdict == "not-ready" else "metadata.name", "", KNOWN, seen, change,
                  kubectl(f"describe node {name}"))  # fmt: skip


def node_problem(world: World, name: str) -> tuple[str, str, str, tuple[Evidence, ...]] | None:
    """Return (name, verdict, words, evidence) if a node is gone or not Ready; None if it is well or cannot be seen."""
    node = world.get("nodes", name)
    if node is None:
        return (name, "gone", "does not exist any more", ()) if world.lacks("nodes", name) else None
    ready = condition(node, "Ready")
    if not ready or ready.get("status") == "True":
        return None
    ago = since(world.age(ready.get("lastTransitionTime")))
    says = "has stopped reporting" if ready["status"] == "Unknown" else "is not Ready"
    seen = (Evidence(f"node/{name} status.conditions[Ready]", f"{ready['status']}: {ready.get('message', '')} ({ago} ago)"),)
    return name, "not-ready", f"{says} ({ready.get('reason', 'NotReady')})", seen
