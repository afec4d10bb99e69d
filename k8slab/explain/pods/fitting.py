"""The words for each change that would give a pod a node: what is wrong, where, and what to do."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from k8slab.apimachinery.podresources import pod_amounts
from k8slab.apimachinery.quantity import format_quantity, parse_quantity
from k8slab.apimachinery.quota import format_amount
from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.explain.answer import Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.relaxations import Relaxation
from k8slab.explain.pods.simulation import Inputs, free_on
from k8slab.explain.wording import condition, join, kubectl
from k8slab.explain.world import World

__all__ = ["Words", "words_for"]


class Words(NamedTuple):
    """One cause in words, and who is responsible."""

    verdict: str
    says: str
    change: str
    object: str
    field: str
    namespace: str
    command: str
    evidence: tuple[Evidence, ...] = ()


def words_for(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    """Return the words for a change that was tried and works."""
    make: Callable[[World, Inputs, Relaxation, Author], Words] = _WORDS.get(relaxation.verdict, _plain)
    return make(world, given, relaxation, author)


def _of_pod(relaxation: Relaxation, author: Author, verdict: str, says: str, change: str, *seen: Evidence) -> Words:
    return Words(verdict, says, change, author.label, author.field(relaxation.field), author.namespace,
                 kubectl(author.edit, author.namespace), seen)  # fmt: skip


_SAYS = {
    "node-affinity": (
        "its required node affinity matches no node that has room",
        "Correct the affinity, or label a node so that it matches.",
    ),
    "pod-affinity": (
        "its required pod affinity asks for company that no suitable node has",
        "Correct the affinity's labels or topologyKey, or start the pods it asks for.",
    ),
    "pod-anti-affinity": (
        "its required pod anti-affinity refuses the pods that are there already",
        "Add nodes (or zones), run fewer replicas, or make it preferred instead of required.",
    ),
    "volume-zone": (
        "its volume is in a zone where no suitable node is",
        "Add room in that zone, or make a new volume elsewhere.",
    ),
    "volume-limit": ("the nodes can attach no more volumes", "Add nodes, or use fewer volumes on each."),
    "volume-in-use": ("its claim may be used by one pod only (ReadWriteOncePod), and another pod has it", "End the other pod."),
    "volume": (
        "its volume can be reached only from nodes that are not suitable",
        "Make room on the volume's node, or move the data.",
    ),
}


def _plain(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    says, change = _SAYS[relaxation.verdict]
    if relaxation.verdict.startswith("volume"):
        return _volume(world, given, relaxation, says, change)
    return _of_pod(relaxation, author, relaxation.verdict, says, change)


def _volume(world: World, given: Inputs, relaxation: Relaxation, says: str, change: str) -> Words:
    where, name = given.pod["metadata"].get("namespace", ""), relaxation.detail
    seen = tuple(
        Evidence(f"persistentvolume/{name_of(v)} spec.nodeAffinity", str(v["spec"]["nodeAffinity"]))
        for v in given.others.get("persistentvolumes", ())
        if (v["spec"].get("claimRef") or {}).get("name") == name and v["spec"].get("nodeAffinity")
    )
    return Words(relaxation.verdict, f"claim {name}: {says}", change, f"persistentvolumeclaim/{name}", "spec.volumeName", where,
                 kubectl(f"describe pvc {name}", where), seen)  # fmt: skip


def _resource(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    resource = relaxation.detail
    asked = pod_amounts(given.pod["spec"], "requests").get(resource, parse_quantity(0))
    open_nodes = {n["name"] for n in relaxation.apply(given).run()["nodes"] if n.get("feasible")}
    nodes = [n for n in given.nodes if name_of(n) in open_nodes]
    largest = max((_allocatable(n, resource) for n in nodes), default=parse_quantity(0))
    free, best = max(
        ((free_on(given, n).get(resource, parse_quantity(0)), name_of(n)) for n in nodes), default=(parse_quantity(0), "")
    )
    wanted, most, left = (format_amount(resource, a) for a in (asked, largest, max(free, parse_quantity(0))))
    seen = tuple(
        Evidence(
            f"node/{name_of(n)}",
            f"{format_amount(resource, _allocatable(n, resource))} {resource} allocatable, "
            f"{_amount(resource, free_on(given, n).get(resource, parse_quantity(0)))} not requested yet",
        )
        for n in nodes[:5]
    )
    kind = resource if resource in ("cpu", "memory", "ephemeral-storage") else "extended-resource"
    if kind == "extended-resource" and not largest:
        return _of_pod(relaxation, author, f"{kind}.too-large", f"it requests {wanted} {resource}, which no suitable node offers",
                       f"Add a node that has {resource}, or leave the request out.", *seen)  # fmt: skip
    if asked > largest:
        says = f"it requests {wanted} {resource}, and no suitable node has more than {most} in all"
        return _of_pod(
            relaxation, author, f"{kind}.too-large", says, f"Request at most {left} {resource}, or add larger nodes.", *seen
        )
    says = f"it requests {wanted} {resource}, and the most that is left on a suitable node is {left} (on {best})"
    change = f"Request at most {left} {resource}, let other pods request less, or add a node."
    return _of_pod(relaxation, author, f"{kind}.full", says, change, *seen)


def _amount(resource: str, amount: Fraction) -> str:
    return format_amount(resource, max(amount, parse_quantity(0)))


def _allocatable(node: Object, resource: str) -> Fraction:
    return parse_quantity(((node.get("status") or {}).get("allocatable") or {}).get(resource, "0"))


def _pods(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    most = format_quantity(max(_allocatable(n, "pods") for n in given.nodes))
    return Words("pods", f"the nodes hold as many pods as they may ({most} each)", "Add a node, or remove pods.",
                 f"node/{relaxation.node}", relaxation.field, "", "kubectl get pods -A -o wide")  # fmt: skip


def _cordoned(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    all_cordoned = [name_of(n) for n in given.nodes if (n.get("spec") or {}).get("unschedulable")]
    return Words("cordoned", f"{join(all_cordoned)} would do, but {'are' if len(all_cordoned) > 1 else 'is'} cordoned",
                 f"Uncordon {relaxation.node}.", f"node/{relaxation.node}", "spec.unschedulable", "",
                 f"kubectl uncordon {relaxation.node}",
                 (Evidence(f"node/{relaxation.node} spec.unschedulable", "true"),))  # fmt: skip


def _not_ready(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    node = next(n for n in given.nodes if name_of(n) == relaxation.node)
    ready = condition(node, "Ready")
    seen = (Evidence(f"node/{relaxation.node} status.conditions[Ready]", f"{ready.get('status')}: {ready.get('message', '')}"),)
    trouble = relaxation.detail.rpartition("/")[2]
    return Words("node-not-ready", f"node {relaxation.node} would do, but it has the taint {relaxation.detail}",
                 f"Repair node {relaxation.node} ({trouble}).", f"node/{relaxation.node}", "spec.taints", "",
                 f"kubectl describe node {relaxation.node}", seen)  # fmt: skip


def _taint(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    key = relaxation.detail.partition(":")[0].partition("=")[0]
    tainted = [name_of(n) for n in given.nodes if any(t["key"] == key for t in (n.get("spec") or {}).get("taints") or ())]
    says = f"it does not tolerate the taint {relaxation.detail} of {join(tainted[:5])}"
    change = (
        f"Add a toleration for {relaxation.detail}, or remove the taint: kubectl taint node {tainted[0]} {relaxation.detail}-"
    )
    return _of_pod(relaxation, author, "taint", says, change, Evidence(f"node/{tainted[0]} spec.taints", relaxation.detail))


def _selector(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    key, value = relaxation.detail, given.pod["spec"]["nodeSelector"][relaxation.detail]
    there = sorted({labels(n)[key] for n in given.nodes if key in labels(n)})
    says = f"its nodeSelector wants {key}={value}, " + (
        f"and the nodes have {join([f'{key}={v}' for v in there[:5]], 'or')}" if there and value not in there
        else "and the nodes that have it are not suitable otherwise" if there else f"and no node has a label {key}"
    )  # fmt: skip
    change = f"Correct the nodeSelector, or label a node: kubectl label node {_first_worker(given)} {key}={value}"
    return _of_pod(relaxation, author, "node-selector", says, change)


def _first_worker(given: Inputs) -> str:
    names = [name_of(n) for n in given.nodes if not (n.get("spec") or {}).get("taints")]
    return (names or [name_of(given.nodes[0])])[0]


def _host_port(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    takers = [
        label_of({"kind": "Pod", **p})
        for p in given.pods
        if any(str(q.get("hostPort")) == relaxation.detail for c in p["spec"]["containers"] for q in c.get("ports") or ())
    ]
    says = f"port {relaxation.detail} of every suitable node is taken" + (f" by {join(takers[:4])}" if takers else "")
    change = "Leave hostPort out and use a Service, choose another port, or run at most one such pod per node."
    return _of_pod(relaxation, author, "host-port", says, change)


def _spread(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    constraint = given.pod["spec"]["topologySpreadConstraints"][int(relaxation.field.partition("[")[2].rstrip("]"))]
    key = relaxation.detail
    if not any(key in labels(n) for n in given.nodes):
        return _of_pod(relaxation, author, "spread-label", f"it is to be spread over {key}, and no node has that label",
                       f"Correct topologyKey, or label the nodes with {key}.")  # fmt: skip
    says = f"another pod where there is room would break its spread over {key} (maxSkew {constraint.get('maxSkew')})"
    return _of_pod(
        relaxation,
        author,
        "spread",
        says,
        "Make room where few of them are, raise maxSkew, or use whenUnsatisfiable: ScheduleAnyway.",
    )


def _existing(world: World, given: Inputs, relaxation: Relaxation, author: Author) -> Words:
    shy = [p for p in given.pods if "requiredDuringSchedulingIgnoredDuringExecution" in
           ((p["spec"].get("affinity") or {}).get("podAntiAffinity") or {})]  # fmt: skip
    owner = author_of(world, {"kind": "Pod", **shy[0]}) if shy else author
    field = owner.field("affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    says = f"pods of {owner.label} are there, and their required anti-affinity refuses pods with its labels"
    return Words("existing-anti-affinity", says, "Correct their anti-affinity, or this pod's labels.", owner.label, field,
                 owner.namespace, kubectl(owner.edit, owner.namespace))  # fmt: skip


_WORDS: dict[str, Callable[[World, Inputs, Relaxation, Author], Words]] = {
    "resource": _resource,
    "pods": _pods,
    "cordoned": _cordoned,
    "node-not-ready": _not_ready,
    "taint": _taint,
    "node-selector": _selector,
    "host-port": _host_port,
    "spread": _spread,
    "existing-anti-affinity": _existing,
}
