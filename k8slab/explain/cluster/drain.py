"""What keeps a node from being drained, or a pod from being evicted.

Upstream: k8s.io/kubectl/pkg/drain (filters.go: which pods stop a drain), pkg/registry/core/pod/storage/eviction.go.
"""

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, annotations, controller_of, labels, name_of, namespace_of
from k8slab.client.tables import Table
from k8slab.explain.answer import KNOWN, UNKNOWN, Answer, Evidence
from k8slab.explain.wording import condition, count, join, kubectl
from k8slab.explain.world import World

__all__ = ["budget_of", "budget_trouble", "drain", "eviction"]

_MIRROR = "kubernetes.io/config.mirror"
_PDBS = "poddisruptionbudgets.policy"

#: (pod, kind of obstacle, words, flag that passes it)
_Obstacle = tuple[Object, str, str, str]


def drain(world: World, name: str) -> Answer:
    """Say what would stop ``kubectl drain``."""
    node = world.get("nodes", name)
    if node is None:
        if world.lacks("nodes", name):
            return Answer("absent", f"There is no node/{name}.", f"node/{name}", "metadata.name", command="kubectl get nodes")
        return Answer("unknown", f"node/{name} cannot be seen.", f"node/{name}", confidence=UNKNOWN)
    here = [p for p in world.list("pods") if p["spec"].get("nodeName") == name]
    found = [o for pod in here for o in _obstacles(world, pod)]
    blocked = [o for o in found if o[1] == "pdb"]
    flags = sorted({o[3] for o in found if o[3]})
    command = f"kubectl drain {name}" + "".join(f" {flag}" for flag in flags)
    rows = tuple((f"{namespace_of(p)}/{name_of(p)}", words, flag or "-") for p, _, words, flag in found)
    table = Table(("POD", "STOPS THE DRAIN", "FLAG"), rows, f"Pods of {name}") if rows else None
    if blocked:
        pod, _, words, _ = blocked[0]
        budget = budget_of(world, pod)
        label = f"poddisruptionbudget/{name_of(budget)}" if budget else ""
        several = len(_budgets(world, pod)) > 1
        text = f"A drain of {name} would {'fail at' if several else 'wait for'} pod/{name_of(pod)}: {words}."
        field = "spec.selector" if several else _budget_field(budget)
        change = _ONE_BUDGET if several else "Run more ready replicas, repair the ones that are not ready, or relax the budget."
        return Answer("drain.pdb", text, label, field, namespace_of(pod), KNOWN, _budget_seen(budget), change,
                      kubectl(f"describe {label}", namespace_of(pod)), table=table)  # fmt: skip
    for kind, verdict in (("unmanaged", "drain.unmanaged"), ("local", "drain.local-storage"), ("daemonset", "drain.daemonset")):
        these = [o for o in found if o[1] == kind]
        if these:
            pod = these[0][0]
            text = f"kubectl drain {name} refuses without {join(flags)}: {these[0][2]}" + (
                f" (and {count(len(found) - 1, 'other obstacle')})." if len(found) > 1 else "."
            )
            return Answer(verdict, text, f"pod/{name_of(pod)}", _FIELDS[kind], namespace_of(pod), KNOWN, (),
                          _CHANGES[kind], command, table=table)  # fmt: skip
    text = f"Nothing stands in the way of draining {name}: {count(len(here), 'pod')} can be moved."
    return Answer("drain.healthy", text, f"node/{name}", "", command=command)


_ONE_BUDGET = "Let only one budget select these pods: delete the others, or change their selectors."
_FIELDS = {"unmanaged": "metadata.ownerReferences", "local": "spec.volumes", "daemonset": "metadata.ownerReferences"}
_CHANGES = {
    "unmanaged": "Nobody would make this pod again. Save what it is for, then use --force.",
    "local": "Its emptyDir is lost with it. If that does not matter, use --delete-emptydir-data.",
    "daemonset": "Its DaemonSet would make it again at once, so it can only be left out: --ignore-daemonsets.",
}


def _obstacles(world: World, pod: Object) -> list[_Obstacle]:
    if _MIRROR in annotations(pod) or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return []
    owner = controller_of(pod)
    name = f"pod/{name_of(pod)}"
    if owner and owner["kind"] == "DaemonSet":
        return [(pod, "daemonset", f"{name} belongs to the DaemonSet {owner['name']}", "--ignore-daemonsets")]
    found: list[_Obstacle] = []
    if owner is None:
        found.append((pod, "unmanaged", f"{name} belongs to no controller", "--force"))
    local = [v["name"] for v in pod["spec"].get("volumes") or () if "emptyDir" in v]
    if local:
        found.append((pod, "local", f"{name} has data on the node (emptyDir {join(local)})", "--delete-emptydir-data"))
    trouble = budget_trouble(world, pod)
    return [*found, (pod, "pdb", trouble, "")] if trouble else found


def _budgets(world: World, pod: Object) -> list[Object]:
    parsed = [(selector_of(b["spec"].get("selector")), b) for b in world.list(_PDBS, namespace_of(pod))]
    return [budget for selector, budget in parsed if selector is not None and matches(selector, labels(pod))]


def budget_of(world: World, pod: Object) -> Object | None:
    """Return a disruption budget that selects a pod and allows no disruption now, else any that selects it."""
    return min(_budgets(world, pod), key=lambda b: (b.get("status") or {}).get("disruptionsAllowed", 0), default=None)


def budget_trouble(world: World, pod: Object) -> str:
    """Return why a budget does not let a pod go now, "" if it does."""
    budgets = _budgets(world, pod)
    if len(budgets) > 1:
        return f"it is in {len(budgets)} disruption budgets ({join(name_of(b) for b in budgets)}), and eviction allows only one"
    budget = budget_of(world, pod)
    if budget is None:
        return ""
    status = budget.get("status") or {}
    if int(status.get("disruptionsAllowed") or 0) > 0:
        return ""
    ready = condition(pod, "Ready").get("status") == "True"
    if not ready:
        if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
            return ""
        if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) and status.get("desiredHealthy", 0) > 0:
            return ""
    return (f"budget {name_of(budget)} wants {status.get('desiredHealthy')} healthy pods, "
            f"and there are {status.get('currentHealthy')} (of {status.get('expectedPods')} expected)")  # fmt: skip


def _budget_field(budget: Object | None) -> str:
    spec = (budget or {}).get("spec") or {}
    return "spec.minAvailable" if "minAvailable" in spec else "spec.maxUnavailable"


def _budget_seen(budget: Object | None) -> tuple[Evidence, ...]:
    if budget is None:
        return ()
    status = budget.get("status") or {}
    words = ", ".join(f"{k} {status.get(k)}" for k in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"))
    return (Evidence(f"poddisruptionbudget/{name_of(budget)} status", words),)


def eviction(world: World, name: str, namespace: str) -> Answer:
    """Say what would keep a pod from being evicted."""
    pod = world.get("pods", name, namespace)
    label = f"pod/{name}"
    if pod is None:
        sure = KNOWN if world.lacks("pods", name, namespace) else UNKNOWN
        text = f"There is no {label} in namespace {namespace}." if sure == KNOWN else f"{label} cannot be seen."
        return Answer("absent" if sure == KNOWN else "unknown", text, label, "metadata.name", namespace, sure)
    trouble = budget_trouble(world, pod)
    if not trouble:
        return Answer("eviction.healthy", f"{label} may be evicted: no disruption budget forbids it now.", label, "", namespace)
    budget = budget_of(world, pod)
    holder = f"poddisruptionbudget/{name_of(budget)}" if budget else ""
    several = len(_budgets(world, pod)) > 1
    return Answer(
        "eviction.pdb",
        f"{label} may not be evicted: {trouble}.",
        holder,
        "spec.selector" if several else _budget_field(budget),
        namespace,
        KNOWN,
        _budget_seen(budget),
        _ONE_BUDGET if several else "Run more ready replicas, or relax the budget.",
        kubectl(f"describe {holder}", namespace),
    )
