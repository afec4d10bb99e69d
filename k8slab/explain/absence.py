"""Something that is asked about and is not there: what is called nearly so, and who misses it."""

from difflib import get_close_matches

from k8slab.apimachinery.types import name_of
from k8slab.explain.answer import UNKNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.question import About
from k8slab.explain.wording import count, kubectl
from k8slab.explain.world import World
from k8slab.topology.uses import pod_spec_uses

__all__ = ["absent"]

_KINDS = {"configmaps": "ConfigMap", "secrets": "Secret", "persistentvolumeclaims": "PersistentVolumeClaim",
          "serviceaccounts": "ServiceAccount"}  # fmt: skip


def absent(world: World, question: About) -> Answer:
    """Return the answer about an object that was not found."""
    where = f" in namespace {question.namespace}" if question.namespace else ""
    label, resource = question.label, question.resource
    if not world.lacks(resource, question.name, question.namespace):
        text = f"{label}{where} could not be read, so nothing can be said about it."
        return Answer("unknown", text, label, "", question.namespace, confidence=UNKNOWN)
    if question.namespace and world.lacks("namespaces", question.namespace):
        text = f"There is no namespace {question.namespace}, so there is no {label} in it."
        return Answer(
            "absent.namespace", text, f"namespace/{question.namespace}", "metadata.name", command="kubectl get namespaces"
        )
    names = [] if resource == "secrets" else [name_of(o) for o in world.peek(resource, question.namespace)]
    near = get_close_matches(question.name, names, 1, 0.6)
    hint = f" Did you mean {label.partition('/')[0]}/{near[0]}?" if near else ""
    users = _users(world, question)
    missed = f" {count(len(users), 'pod reads', 'pods read')} it." if users else ""
    other = "or its name or namespace is another one" if where else "or its name is another one"
    return Answer(
        "absent", f"There is no {label}{where}.{missed}{hint}", label, "metadata.name", question.namespace, evidence=tuple(users),
        change=f"It has to be created, {other}.", command=kubectl(f"get {resource.partition('.')[0]}", question.namespace),
    )  # fmt: skip


def _users(world: World, question: About) -> list[Evidence]:
    """Where pods name it."""
    kind = _KINDS.get(question.resource)
    if kind is None:
        return []
    return [
        Evidence(label_of(pod), f"{field} names it")
        for pod in world.peek("pods", question.namespace)
        for used, name, field, _ in list(pod_spec_uses(pod["spec"]))
        if (used, name) == (kind, question.name)
    ][:5]
