"""Lab 05, Scheduling II: what its notebook asks, checks and breaks. Syllabus: C3, part of C4, C5, C6, C7, C9."""

from collections import Counter
from collections.abc import Callable, Iterator

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.taints import tolerates, toleration_seconds
from k8slab.apimachinery.types import Object, labels
from k8slab.client import Cluster, apply
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, holds, missing
from k8slab.lessons.judging import all_ready, chosen_freely, exists, image_is, is_ready, say

__all__ = ["CONTENT"]

_ZONE = "topology.kubernetes.io/zone"
_DEDICATED = {"key": "dedicated", "value": "search", "effect": "NoSchedule"}
_ANY = {"key": "example.com/any", "effect": "NoSchedule"}
_LOST = tuple({"key": f"node.kubernetes.io/{why}", "effect": "NoExecute"} for why in ("unreachable", "not-ready"))


def _has_taint(node: Object, taint: Object) -> bool:
    return any(all(t.get(key) == value for key, value in taint.items()) for t in node["spec"].get("taints") or ())


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _pods_of(cluster: Cluster, deployment: Object) -> list[Object]:
    selector = selector_of(deployment["spec"]["selector"]) or ()
    return [p for p in cluster.list("pods") if matches(selector, labels(p)) and "deletionTimestamp" not in p["metadata"]]


def _reserved(cluster: Cluster) -> Iterator[Finding]:
    nodes = cluster.list("nodes")
    kept = [n for n in nodes if _has_taint(n, _DEDICATED)]
    look = "kubectl get nodes -o custom-columns=NODE:.metadata.name,TAINTS:.spec.taints"
    yield say(
        len(kept) == 1,
        f"the taint dedicated=search:NoSchedule is on {', '.join(map(_name, kept))}",
        f"the taint dedicated=search:NoSchedule is on {len(kept)} nodes; one is asked for"
        if kept
        else "no node has the taint dedicated=search:NoSchedule",
        look,
    )
    found, pod = exists(cluster, "pod/search")
    yield found
    if pod and kept:
        yield from _let_in(pod, kept[0], nodes)


def _let_in(pod: Object, kept: Object, nodes: list[Object]) -> Iterator[Finding]:
    """Yield whether a pod tolerates the taint (and no other), insists on the node, and runs there."""
    look = "kubectl get pod search -o yaml"
    tolerations = pod["spec"].get("tolerations") or ()
    yield image_is(pod["spec"]["containers"][0], "chatter/history")
    yield say(
        any(tolerates(t, _DEDICATED) for t in tolerations),
        "it tolerates the taint",
        "it does not tolerate dedicated=search:NoSchedule",
        look,
    )
    yield say(
        not any(tolerates(t, _ANY) for t in tolerations),
        "it tolerates no taint besides",
        "it tolerates every taint, also the control plane's: name the key",
        look,
    )
    spec = {**pod["spec"], "nodeName": ""}
    others = [n for n in nodes if n is not kept and allows_node(spec, n)]
    yield say(
        not others,
        "it insists on that node",
        f"it would also go to {' or '.join(map(_name, others))}: a toleration lets it in, but does not draw it there",
        look,
    )
    yield chosen_freely(pod)
    where = pod["spec"].get("nodeName")
    if where:
        yield say(
            where == _name(kept), f"it is on {where}", f"it is on {where}, not on {_name(kept)}", "kubectl get pod search -o wide"
        )
    yield is_ready(pod)


def _spread(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    template = deployment["spec"]["template"]
    yield image_is(template["spec"]["containers"][0], "chatter/web")
    yield from _over_zones(template)
    yield from all_ready(deployment, 4)
    zones = {_name(n): labels(n).get(_ZONE) for n in cluster.list("nodes")}
    counts = Counter(zones.get(p["spec"].get("nodeName") or "") for p in _pods_of(cluster, deployment))
    told = ", ".join(f"{count} in {zone}" for zone, count in sorted(counts.items(), key=str))
    every = [counts.get(zone, 0) for zone in {z for z in zones.values() if z}]
    if every:
        yield say(
            max(every) - min(every) <= 1, f"they are spread: {told}", f"they are not spread: {told}", "kubectl get pods -o wide"
        )


def _over_zones(template: Object) -> Iterator[Finding]:
    """Yield whether a pod template has the constraint: over zones, at most 1 apart, as a rule, counting its own pods."""
    constraints = template["spec"].get("topologySpreadConstraints") or ()
    look = "kubectl get deployment web -o yaml"
    zonal = [c for c in constraints if c.get("topologyKey") == _ZONE]
    if not zonal:
        yield missing(f"no topologySpreadConstraint has topologyKey {_ZONE}", look)
        return
    rule = min(zonal, key=lambda c: (c["whenUnsatisfiable"] != "DoNotSchedule", c["maxSkew"]))
    selector = selector_of(rule.get("labelSelector"))
    yield say(
        selector is not None and matches(selector, labels(template)),
        "the constraint counts its own pods",
        "the labelSelector of the constraint does not match the Deployment's own pods, so it counts others",
        look,
    )
    yield say(
        rule["whenUnsatisfiable"] == "DoNotSchedule",
        "it is a rule: DoNotSchedule",
        "it is only a wish: whenUnsatisfiable is ScheduleAnyway",
        look,
    )
    skew = rule["maxSkew"]
    yield say(skew == 1, "two zones differ by 1 at most", f"maxSkew is {skew}: two zones may differ by {skew}", look)


def _cpu(spec: Object) -> float:
    return sum(float(parse_quantity((c.get("resources") or {}).get("requests", {}).get("cpu", "0"))) for c in spec["containers"])


def _important(cluster: Cluster) -> Iterator[Finding]:
    yield from _class(cluster)
    found, pod = exists(cluster, "pod/vip")
    yield found
    kept, bulk = exists(cluster, "deployment/bulk")
    yield kept
    if not pod or not bulk:
        return
    name = pod["spec"].get("priorityClassName") or "none"
    look = "kubectl get pod vip -o yaml"
    yield say(
        name == "chatter-vip", "vip has the class chatter-vip", f"the priority class of vip is {name}, not chatter-vip", look
    )
    yield image_is(pod["spec"]["containers"][0], "chatter/gateway")
    asked, each = _cpu(pod["spec"]), _cpu(bulk["spec"]["template"]["spec"])
    yield say(
        asked >= each > 0,
        "vip requests as much CPU as a pod of bulk",
        "vip requests less CPU than a pod of bulk: it was to keep its request, and bulk its own",
        look,
    )
    free = sum(not n["spec"].get("taints") for n in cluster.list("nodes"))
    yield say(
        bulk["spec"]["replicas"] >= free,
        f"bulk still wants {bulk['spec']['replicas']} pods",
        f"bulk was scaled down to {bulk['spec']['replicas']}; it was to be left alone",
        "kubectl get deployment bulk",
    )
    yield chosen_freely(pod)
    yield is_ready(pod)


def _class(cluster: Cluster) -> Iterator[Finding]:
    found = cluster.find("priorityclass", "chatter-vip", "")
    if found is None:
        yield missing("there is no PriorityClass chatter-vip", "kubectl get priorityclasses")
        return
    look = "kubectl describe priorityclass chatter-vip"
    value = found["value"]
    yield say(value > 0, f"its value is {value}", f"its value is {value}, not more than the 0 of other pods", look)
    yield say(
        not found.get("globalDefault"),
        "it is for those pods only that name it",
        "it is the globalDefault: every new pod of the cluster would be that important",
        look,
    )
    yield say(
        found.get("preemptionPolicy", "PreemptLowerPriority") != "Never",
        "it may preempt",
        "its preemptionPolicy is Never: such pods wait first in the queue, but push nobody out",
        look,
    )


def _budgets(cluster: Cluster, deployment: Object) -> list[Object]:
    """Return the PodDisruptionBudgets that cover the pods of a Deployment."""
    found = []
    for budget in cluster.list("poddisruptionbudgets"):
        selector = selector_of(budget["spec"].get("selector"))
        if selector is not None and matches(selector, labels(deployment["spec"]["template"])):
            found.append(budget)
    return found


def _one_budget(cluster: Cluster, deployment: Object) -> Iterator[Finding | Object]:
    """Yield whether exactly one budget covers a Deployment's pods, and the budget when its status is known."""
    found, name = _budgets(cluster, deployment), _name(deployment)
    look = "kubectl get poddisruptionbudgets -o wide"
    if len(found) != 1:
        names = " and ".join(map(_name, found))
        yield missing(
            f"two budgets cover the pods of {name}: {names}. The eviction API then refuses"
            if found
            else f"no PodDisruptionBudget in namespace {cluster.namespace} selects the pods of {name}",
            look,
        )
        return
    (budget,) = found
    yield holds(f"the budget {_name(budget)} covers the pods of {name}")
    if (budget.get("status") or {}).get("observedGeneration") != budget["metadata"].get("generation"):
        yield missing("the disruption controller has not counted yet", look, soon=True)
        return
    yield budget


def _protected(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if deployment:
        yield from _budget_of_two(cluster, deployment)
        yield from all_ready(deployment, 3)


def _budget_of_two(cluster: Cluster, deployment: Object) -> Iterator[Finding]:
    look = "kubectl get poddisruptionbudgets"
    for entry in _one_budget(cluster, deployment):
        if isinstance(entry, Finding):
            yield entry
            continue
        wanted = entry["status"]["desiredHealthy"]
        yield say(
            wanted == 2,
            "2 of them must stay",
            f"{wanted} of them must stay: no pod could ever be evicted, and no node drained"
            if wanted >= 3
            else f"{wanted} of them must stay; 2 are asked for",
            look,
        )


def _drained(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    cordoned = [_name(n) for n in cluster.list("nodes") if n["spec"].get("unschedulable")]
    yield say(
        bool(cordoned),
        f"{' and '.join(cordoned)} takes no new pods",
        "no node is cordoned: what leaves a node may come back to it",
        "kubectl get nodes",
    )
    yield from _budget_of_two(cluster, deployment)
    yield from all_ready(deployment, 3)
    if cordoned:
        yield from _nobody_on(cluster, cordoned)


def _nobody_on(cluster: Cluster, cordoned: list[str]) -> Iterator[Finding]:
    there = [
        p
        for p in cluster.list("pods")
        if p["spec"].get("nodeName") in cordoned
        and not any(owner["kind"] == "DaemonSet" for owner in p["metadata"].get("ownerReferences") or ())
    ]
    if there:
        names = ", ".join(map(_name, there))
        leaving = all("deletionTimestamp" in p["metadata"] for p in there)
        yield missing(f"still on {' or '.join(cordoned)}: {names}", "kubectl get pods -o wide", soon=leaving)
    else:
        yield holds(f"no pod of this lab is on {' or '.join(cordoned)}")


def _impatient(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if not deployment:
        return
    look = "kubectl get deployment rooms -o yaml"
    yield image_is(deployment["spec"]["template"]["spec"]["containers"][0], "chatter/rooms")
    tolerations = deployment["spec"]["template"]["spec"].get("tolerations") or ()
    yield say(
        not any(tolerates(t, _ANY) for t in tolerations),
        "it tolerates no taint besides",
        "it tolerates every taint, also the control plane's: name the keys",
        look,
    )
    yield from all_ready(deployment, 1)
    for pod in _pods_of(cluster, deployment)[:1]:
        for taint in _LOST:
            seconds = toleration_seconds(pod["spec"].get("tolerations") or (), taint)
            yield say(
                seconds == 30,
                f"it stays for 30 s on a node that is {taint['key'].partition('/')[2]}",
                f"it stays for {seconds:g} s on a node with the taint {taint['key']}, not for 30 s",
                look,
            )


def _movable(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/history")
    yield found
    if not deployment:
        return
    look = "kubectl get poddisruptionbudgets"
    yield from all_ready(deployment, 2)
    for entry in _one_budget(cluster, deployment):
        if isinstance(entry, Finding):
            yield entry
            continue
        status = entry["status"]
        yield say(
            status["desiredHealthy"] >= 1, "one of them must stay", "the budget protects nothing: both pods may go at once", look
        )
        allowed = status["disruptionsAllowed"]
        if not allowed and status["currentHealthy"] < status["expectedPods"]:
            yield missing("some of its pods are not healthy yet, so none may be evicted", look, soon=True)
        else:
            yield say(
                allowed > 0,
                f"{allowed} of them may be evicted now",
                "none of them may be evicted: ALLOWED DISRUPTIONS is 0",
                look,
            )


_HISTORY = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "history"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "history"}},
        "template": {
            "metadata": {"labels": {"app": "history"}},
            "spec": {"containers": [{"name": "history", "image": "chatter/history:1.0"}]},
        },
    },
}


def _stuck(**budgets: Object) -> Callable[[Cluster], None]:
    """Return what makes the Deployment history with these budgets."""

    def inject(cluster: Cluster) -> None:
        apply(cluster, _HISTORY, manager="colleague")
        for name, rule in budgets.items():
            cluster.delete("poddisruptionbudgets", name)
            spec = {"selector": {"matchLabels": {"app": "history"}}, **rule}
            meta = {"name": name, "labels": {"app": "history"}}
            apply(
                cluster,
                {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec},
                manager="colleague",
            )

    return inject


_EXERCISES = (
    Exercise(
        "05.1",
        "Taint one worker dedicated=search:NoSchedule, and run the pod search there.",
        _reserved,
        (
            "Two things are needed: the pod must be let in, and it must want no other node.",
            "kubectl taint node NAME dedicated=search:NoSchedule; spec.tolerations lets in; a label and nodeSelector draw.",
        ),
        solution='''
worker = [n["metadata"]["name"] for n in lab.cluster.list("nodes", "") if not n["spec"].get("taints")][-1]
lab.kubectl(f"taint node {worker} dedicated=search:NoSchedule")
lab.kubectl(f"label node {worker} dedicated=search")
lab.apply("""
apiVersion: v1
kind: Pod
metadata: {name: search}
spec:
  nodeSelector: {dedicated: search}
  tolerations: [{key: dedicated, operator: Equal, value: search, effect: NoSchedule}]
  containers: [{name: main, image: "chatter/history:1.0"}]
""")
''',
        reason="The taint keeps all others away from the node; the label, with nodeSelector, keeps search away from all others.",
        owns=("pod/search",),
    ),
    Exercise(
        "05.2",
        "Make a Deployment web (4 pods of chatter/web:1.0) that is always spread evenly over the zones.",
        _spread,
        (
            "Anti-affinity allows one pod in each zone. What allows as many as in the other zones, and one more?",
            "spec.topologySpreadConstraints: maxSkew 1, topologyKey topology.kubernetes.io/zone, DoNotSchedule, a labelSelector.",
        ),
        solution='''
lab.apply(web + """
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: web}}
""")
''',
        reason="A zone that would get more than one pod ahead of the emptiest one is filtered out.",
        owns=("deployment/web",),
    ),
    Exercise(
        "05.3",
        "Make a PriorityClass chatter-vip, and give it to the pod vip, so that it runs although bulk has filled the nodes.",
        _important,
        (
            "Pods of bulk have priority 0. What makes vip more important, and when is that decided?",
            "kubectl create priorityclass chatter-vip --value=100000; spec.priorityClassName of a new pod vip.",
        ),
        solution="""
lab.kubectl("create priorityclass chatter-vip --value=100000")
lab.kubectl("delete pod vip")
lab.apply(vip.replace("spec:", "spec:\\n  priorityClassName: chatter-vip"))
""",
        reason="A pod's priority is written into it when it is made. The scheduler then may take the room of less important pods.",
        owns=("pod/vip",),
    ),
    Exercise(
        "05.4",
        "Protect gateway: of its 3 pods, 2 must stay up whatever is drained.",
        _protected,
        (
            "Which object tells those who want to evict pods how many they may take?",
            "A PodDisruptionBudget has a selector and minAvailable or maxUnavailable. kubectl create poddisruptionbudget --help",
        ),
        solution="""
lab.kubectl("create poddisruptionbudget gateway --selector=app=gateway --min-available=2")
""",
        reason="3 healthy pods less 2 that must stay: one disruption is allowed at a time.",
        owns=("poddisruptionbudget/gateway",),
    ),
    Exercise(
        "05.5",
        "Empty one worker that has a pod of gateway: no new pods there, and its pods evicted.",
        _drained,
        (
            "Two steps: first no new pods, then the old ones away, by asking the budget.",
            "kubectl cordon NAME, then kubectl drain NAME with the flags that the text names.",
        ),
        solution="""
pod = lab.cluster.list("pods", label_selector="app=gateway")[0]
worker = pod["spec"]["nodeName"]
lab.kubectl(f"cordon {worker}")
lab.kubectl(f"drain {worker} {flags}")
""",
        reason="drain cordons, too; doing it first is only more careful. Eviction asks the budget, deleting would not.",
    ),
    Exercise(
        "05.6",
        "Make the Deployment rooms leave a lost node after 30 seconds instead of 300.",
        _impatient,
        (
            "Where do the 300 seconds come from? Look at the tolerations of any running pod.",
            "tolerations of the template for node.kubernetes.io/not-ready and /unreachable, effect NoExecute, tolerationSeconds: 30.",
        ),
        solution='''
lab.apply(rooms + """
      tolerations:
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 30}
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}
""")
''',
        reason="Who says nothing is given both with 300 seconds, when the pod is made. Who says it, keeps what was said.",
    ),
    Exercise(
        "05.7",
        "Make it possible to drain the nodes of history again, with one of its 2 pods protected at any time.",
        _movable,
        (
            "Who is asked before a pod is evicted? Ask for all that has a say about these pods.",
            "kubectl get poddisruptionbudgets: which select app=history, and how many disruptions do they allow?",
        ),
        solution="""
lab.kubectl("delete poddisruptionbudgets -l app=history")
lab.kubectl("create poddisruptionbudget history --selector=app=history --min-available=1")
""",
        reason="One budget, and one pod more than it asks for: so there is always one that may move.",
        owns=("deployment/history", "poddisruptionbudget/history", "poddisruptionbudget/history-old"),
        fault="stuck",
    ),
)

_PREDICTIONS = (
    Prediction(
        "05.a",
        "A pod tolerates the taint of a node. Will it be put on that node?",
        ("yes, always", "perhaps: it is one node among others", "no"),
        1,
        "A toleration takes away a reason against the node. It is no reason for it.",
    ),
    Prediction(
        "05.b",
        "A node with running pods gets a taint with NoExecute. What happens to pods that do not tolerate it?",
        ("nothing: they are running already", "they are moved to another node", "they are deleted"),
        2,
        "Pods are never moved. They are deleted; whoever owns them, a ReplicaSet perhaps, makes new ones. Who has no owner is gone.",
    ),
    Prediction(
        "05.c",
        "2 zones with 2 pods of web each, maxSkew 1. No worker of one zone takes new pods. You scale to 6. How many run?",
        ("4", "5", "6"),
        1,
        "The other zone may be one ahead: 3 to 2. The sixth would make it 4 to 2, so it stays Pending. A zone counts, even when its "
        "nodes take nothing new; nodeTaintsPolicy: Honor would leave such nodes out.",
    ),
    Prediction(
        "05.d",
        "vip takes the place of a pod of bulk. What becomes of that pod?",
        (
            "it is stopped for a while and goes on later",
            "it is deleted; the Deployment makes another, which is Pending",
            "it moves",
        ),
        1,
        "It gets its time to end well (terminationGracePeriodSeconds). Its successor finds no room and waits.",
    ),
    Prediction(
        "05.e",
        "A machine is switched off. One minute later, what does kubectl get pods say about its pods?",
        ("Running", "Terminating", "Failed"),
        0,
        "Only the kubelet writes a pod's status, and it is off. The control plane cannot know whether the pods still run; it only "
        "marks them as not Ready, so that no Service sends them anything.",
    ),
)

_QUIZZES = (
    Quiz(
        "05.q1",
        "A node shall be emptied of what is on it, except for pods that know about it. Which effect does its taint need?",
        (
            Option("PreferNoSchedule", "That costs the node points when nodes are scored. Nobody has to leave."),
            Option("NoSchedule", "That keeps new pods away. Those that are there stay."),
            Option("NoExecute", "It keeps new pods away, and those that are there without a toleration go.", right=True),
        ),
    ),
    Quiz(
        "05.q2",
        "gateway has a budget with minAvailable: 2. Against what does it protect?",
        (
            Option("a node that crashes", "Nobody can refuse a crash. It is counted, though: afterwards fewer may be evicted."),
            Option("kubectl drain", "Drain evicts, and evicting asks the budget.", right=True),
            Option("kubectl delete pod", "Deleting does not ask. Only evicting does."),
        ),
    ),
)

_FAULTS = (
    Fault(
        "05.stuck",
        "The machines need a new kernel, one after the other. But the drain of a node does not get past a pod of history.",
        (
            Break(
                _stuck(history={"minAvailable": 2}),
                "The budget asked for 2 available pods, and there are 2: never one too many. ALLOWED DISRUPTIONS was 0, and would have "
                "stayed so for ever.",
            ),
            Break(
                _stuck(history={"maxUnavailable": 0}),
                "The budget had maxUnavailable: 0. That forbids every eviction, with any number of pods.",
            ),
            Break(
                _stuck(history={"minAvailable": 1}, **{"history-old": {"minAvailable": 1}}),
                "Two budgets covered the same pods, a new one and a forgotten one. Each allowed a disruption; but the eviction API cannot "
                "take from two at once, and answers with an error.",
            ),
        ),
        exercise="05.7",
    ),
)

CONTENT = LabContent(
    "05",
    "Scheduling II",
    exercises=_EXERCISES,
    predictions=_PREDICTIONS,
    faults=_FAULTS,
    quizzes=_QUIZZES,
    syllabus=("C3", "C4", "C5", "C6", "C7", "C9"),
    node_keys=("dedicated", "maintenance"),
    owns=("priorityclass/chatter-vip", "fault/lost-machine", "fault/full-disk"),
    needs=("admin",),
    reading=(
        ("Taints and tolerations", "https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"),
        ("Pod topology spread", "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"),
        ("Priority and preemption", "https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"),
        ("Safely drain a node", "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/"),
        ("Disruptions", "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/"),
        ("Node status", "https://kubernetes.io/docs/reference/node/node-status/"),
        ("Node-pressure eviction", "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"),
    ),
)
