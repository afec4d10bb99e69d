"""What the exercises of lab 10 about availability are judged by: load runs, spread, budgets, leases. Reads only."""

from collections.abc import Iterator

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, labels
from k8slab.client import Cluster
from k8slab.lessons.exercise import Finding, holds, missing
from k8slab.lessons.judging import exists, image_is, rolled_out, say
from k8slab.lessons.lab10_autoscaling import runs_loads
from k8slab.topology.rollouts import newest_first

__all__ = ["leader_known", "nothing_lost", "over_zones"]

_HISTORY = "deployment.kubernetes.io/revision-history"
_ZONE = "topology.kubernetes.io/zone"


def nothing_lost(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.4."""
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if deployment is None:
        return
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    yield image_is(container, "chatter/rooms")
    look = "kubectl get deployment rooms -o yaml"
    yield say("readinessProbe" in container, "its pods have a readiness probe", "its pods have no readiness probe", look)
    hook = "preStop" in (container.get("lifecycle") or {})
    yield say(hook, "its pods have a preStop hook", "its pods have no preStop hook", look)
    wanted = deployment["spec"]["replicas"]
    yield say(wanted >= 3, f"it wants {wanted} pods", f"it wants {wanted} pods; three are needed", "kubectl get deployment rooms")
    yield _none_missing(deployment)
    yield rolled_out(deployment)
    if runs_loads(cluster):
        yield _measured(cluster, deployment)


def _none_missing(deployment: Object) -> Finding:
    """Return whether a rolling update leaves all pods there; a share of them is rounded down."""
    wanted, strategy = deployment["spec"]["replicas"], deployment["spec"]["strategy"]
    unavailable = str((strategy.get("rollingUpdate") or {}).get("maxUnavailable", "100%"))
    share = wanted * int(unavailable.rstrip("%")) // 100 if unavailable.endswith("%") else int(unavailable)
    wrong = f"its strategy is {strategy['type']}, maxUnavailable {unavailable}: {share} of {wanted} pods may be missing"
    look = "kubectl get deployment rooms -o jsonpath={.spec.strategy}"
    return say(share == 0, "no ready pod goes before another is ready", wrong, look)


def _measured(cluster: Cluster, deployment: Object) -> Finding:
    """Return whether a load run saw the last rollout and lost nothing."""
    look = "kubectl get loadruns"
    began = _rollout_began(cluster, deployment)
    runs = [r for r in cluster.list("loadruns.sim.k8slab.dev") if "//rooms" in r["spec"]["url"]]
    seen = [
        r for r in runs if (r.get("status") or {}).get("startTime", "~") <= began <= (r["status"].get("completionTime") or "~")
    ]
    if not seen:
        over = ", ".join(r["metadata"]["name"] for r in runs if (r.get("status") or {}).get("completionTime", "~") < began)
        again = f". A load run runs once, and {over} ended before: give the next one another name" if over else ""
        return missing(f"no messages came in while the present version was rolled out: nothing is measured{again}", look)
    run = seen[-1]
    name, status = run["metadata"]["name"], run["status"]
    if status.get("failed"):
        return missing(f"{name} lost {status['failed']} of {status['requests']} messages: {status['outcomes']}", look)
    if status["phase"] != "Complete":
        return missing(f"{name} is still running", look, soon=True)
    enough = status["requests"] >= 100
    return say(enough, f"{name} lost no message", f"{name} sent only {status['requests']} messages", look)


def _rollout_began(cluster: Cluster, deployment: Object) -> str:
    """Return when the present version's rollout began: its ReplicaSet was made then, or (one of before) its first pod."""
    sets = newest_first(deployment, cluster.list("replicasets"))
    if not sets:
        return ""
    current = sets[0]
    made: list[str] = [current["metadata"]["creationTimestamp"]]
    if _HISTORY in current["metadata"]["annotations"]:
        mine = selector_of(current["spec"]["selector"]) or ()
        made += [min((p["metadata"]["creationTimestamp"] for p in cluster.list("pods") if matches(mine, labels(p))), default="")]
    return max(made)


def over_zones(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.5."""
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if deployment is None:
        return
    template, wanted = deployment["spec"]["template"], deployment["spec"]["replicas"]
    yield say(wanted == 4, "it wants 4 pods", f"it wants {wanted} pods, not 4", "kubectl get deployment rooms")
    yield _zone_rule(template)
    yield rolled_out(deployment)
    yield from _in_zones(cluster, deployment)
    yield from _budget(cluster, labels(template))


def _zone_rule(template: Object) -> Finding:
    spec, own = template["spec"], labels(template)
    constraints = spec.get("topologySpreadConstraints") or ()
    spread = [c for c in constraints if c["topologyKey"] == _ZONE and _speaks_of(c, own)]
    anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    wishes = [w["podAffinityTerm"] for w in anti.get("preferredDuringSchedulingIgnoredDuringExecution") or ()]
    apart = [t for t in wishes if t["topologyKey"] == _ZONE and _speaks_of(t, own)]
    look = "kubectl get deployment rooms -o yaml"
    if any(c["topologyKey"] == _ZONE for c in constraints) and not spread:
        return missing("its constraint does not speak of its own pods: look at the labelSelector", look)
    if any(c["maxSkew"] == 1 for c in spread) or apart:
        return holds("its template asks to be spread over the zones")
    if spread:
        return missing(f"maxSkew is {spread[0]['maxSkew']}: one zone may have that many pods more than another", look)
    return missing(f"nothing in its template speaks of {_ZONE}: where pods are now is chance", look)


def _speaks_of(term: Object, own: dict[str, str]) -> bool:
    selector = selector_of(term.get("labelSelector"))
    return selector is not None and matches(selector, own)


def _in_zones(cluster: Cluster, deployment: Object) -> Iterator[Finding]:
    zone_of = {n["metadata"]["name"]: labels(n).get(_ZONE, "") for n in cluster.list("nodes", "") if not _tainted(n)}
    counts = dict.fromkeys(sorted(set(zone_of.values())), 0)
    selector = selector_of(deployment["spec"]["selector"]) or ()
    for pod in cluster.list("pods"):
        node = pod["spec"].get("nodeName")
        if node in zone_of and matches(selector, labels(pod)) and "deletionTimestamp" not in pod["metadata"]:
            counts[zone_of[node]] += 1
    words = ", ".join(f"{zone or 'no zone'}: {n}" for zone, n in counts.items())
    even = max(counts.values()) - min(counts.values()) <= 1
    yield say(even, f"the pods are spread ({words})", f"the pods are not spread evenly ({words})", "kubectl get pods -o wide")


def _tainted(node: Object) -> bool:
    return any(taint["effect"] == "NoSchedule" for taint in node["spec"].get("taints") or ())


def _budget(cluster: Cluster, own: dict[str, str]) -> Iterator[Finding]:
    look = "kubectl get pdb"
    all_ = cluster.list("poddisruptionbudgets.policy")
    found = [b for b in all_ if b["spec"].get("selector") and matches(selector_of(b["spec"]["selector"]) or (), own)]
    if len(found) != 1:
        names = ", ".join(b["metadata"]["name"] for b in found)
        yield missing(
            f"{names} speak of the same pods: then no eviction is allowed" if found
            else "no PodDisruptionBudget speaks of the pods of rooms", look,
        )  # fmt: skip
        return
    name, status = found[0]["metadata"]["name"], found[0].get("status") or {}
    missing_at_most = status.get("expectedPods", 0) - status.get("desiredHealthy", 0)
    right = f"pdb/{name} lets one pod go at a time"
    if missing_at_most == 1:
        yield holds(right)
    else:
        settled = status.get("expectedPods") == 4
        yield missing(
            f"pdb/{name} lets {missing_at_most} of {status.get('expectedPods', 0)} pods go, not one", look, soon=not settled
        )


def leader_known(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.6."""
    found, told = exists(cluster, "configmap/leaders")
    yield found
    if told is None:
        return
    name = (told.get("data") or {}).get("scheduler")
    look = "kubectl get configmap leaders -o yaml"
    yield say(name is not None, "it has the key scheduler", "it has no key scheduler", look)
    if name is None:
        return
    try:
        lease = cluster.find("leases.coordination.k8s.io", "kube-scheduler", "kube-system")
    except ApiException:
        lease = None
    if lease is None:
        yield missing("there is no lease kube-scheduler in kube-system to compare it with", "kubectl get leases -A")
        return
    holder = lease["spec"].get("holderIdentity")
    if name.strip() == holder:
        yield holds("that is who leads the kube-scheduler now")
        return
    others = cluster.list("leases.coordination.k8s.io", "kube-system")
    other = next((o["metadata"]["name"] for o in others if o["spec"].get("holderIdentity") == name.strip()), "")
    short = holder and holder.startswith(name.strip() + "_")
    hint = f": it leads {other}" if other else ": the name goes on after the host's name" if short else ""
    yield missing(f"{name.strip() or 'nobody'} does not lead the kube-scheduler{hint}", "kubectl get leases -n kube-system")
