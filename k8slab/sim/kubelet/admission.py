"""Whether a pod may run on the node it was bound to (upstream: pkg/kubelet/lifecycle/predicate.go). Pure.

Checked: the node selector and required node affinity, CPU, memory, number of pods.
"""

from k8slab.apimachinery.labels import matches
from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.types import Object

__all__ = ["Requests", "rejection", "requests_of"]

#: Millicores, bytes and pods.
Requests = tuple[int, int, int]


def requests_of(pod: Object) -> Requests:
    """Return what a pod asks for: the sum of its containers, or its largest init container if that is more."""
    spec = pod["spec"]
    cpu = memory = 0
    for container in spec["containers"]:
        wanted = (container.get("resources") or {}).get("requests")
        if wanted:
            cpu += milli_value(wanted.get("cpu", "0"))
            memory += value(wanted.get("memory", "0"))
    for container in spec.get("initContainers") or ():
        wanted = (container.get("resources") or {}).get("requests") or {}
        own_cpu, own_memory = milli_value(wanted.get("cpu", "0")), value(wanted.get("memory", "0"))
        if container.get("restartPolicy") == "Always":
            cpu, memory = cpu + own_cpu, memory + own_memory
        else:
            cpu, memory = max(cpu, own_cpu), max(memory, own_memory)
    return cpu, memory, 1


def rejection(pod: Object, node: Object | None, wanted: Requests, used: Requests, capacity: Requests) -> tuple[str, str] | None:
    """Return (reason, message) if the node cannot take a pod, None if it can."""
    if node is not None and not _node_matches(pod["spec"], node):
        return (
            "NodeAffinity",
            "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        )
    for name, asked, in_use, available in zip(("cpu", "memory", "pods"), wanted, used, capacity, strict=True):
        if asked and in_use + asked > available:
            numbers = f"requested: {asked}, used: {in_use}, capacity: {available}"
            return f"OutOf{name}", f"Pod was rejected: Node didn't have enough resource: {name}, {numbers}"
    return None


def _node_matches(spec: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(k) != v for k, v in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if not affinity:
        return True
    return any(_term_matches(term, labels, node["metadata"]["name"]) for term in affinity.get("nodeSelectorTerms") or ())


def _term_matches(term: Object, labels: dict[str, str], name: str) -> bool:
    by_label = tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in term.get("matchExpressions") or ())
    by_field = tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in term.get("matchFields") or ())
    if not by_label and not by_field:
        return False
    return matches(by_label, labels) and matches(by_field, {"metadata.name": name})
