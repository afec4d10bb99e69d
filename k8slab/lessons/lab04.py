"""Lab 04, Scheduling I: what its notebook asks, checks and breaks. Syllabus: A4, C1, C2, part of C4."""

from collections.abc import Callable, Iterator

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply, wait_for
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import chosen_freely, condition, exists, image_is, is_ready, rolled_out, say

__all__ = ["CONTENT"]

_HOST = "kubernetes.io/hostname"
_DISK = "disk"


def _affinity(obj: Object, kind: str) -> Object:
    found: Object = (obj.get("affinity") or {}).get(kind) or {}
    return found


def _required(spec: Object, kind: str) -> list[Object]:
    return list(_affinity(spec, kind).get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def _node_of(cluster: Cluster, pod: Object) -> Object | None:
    name = pod["spec"].get("nodeName")
    return cluster.find("nodes", name, "") if name else None


def _labels(obj: Object) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("labels") or {}
    return found


def _imagined(**labels: str) -> Object:
    """Return a node that does not exist, to ask an affinity about."""
    return {"metadata": {"name": "imagined", "labels": labels}}


def _greedy(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/greedy")
    yield found
    if not pod:
        return
    container = pod["spec"]["containers"][0]
    yield image_is(container, "chatter/history")
    asked = (container.get("resources") or {}).get("requests", {}).get("cpu", "0")
    cores = float(parse_quantity(asked))
    yield say(
        cores >= 1,
        f"it requests {asked} of CPU",
        f"it requests {asked} of CPU; at least 1 is asked for",
        "kubectl describe pod greedy",
    )
    yield chosen_freely(pod)
    yield is_ready(pod)


def _on_ssd(cluster: Cluster) -> Iterator[Finding]:
    marked = [n for n in cluster.list("nodes") if _labels(n).get(_DISK) == "ssd"]
    look = "kubectl get nodes -L disk"
    yield say(
        bool(marked),
        f"the label disk=ssd is on {', '.join(n['metadata']['name'] for n in marked)}",
        "no node is labelled disk=ssd",
        look,
    )
    found, pod = exists(cluster, "pod/fast")
    yield found
    if not marked or not pod:
        return
    spec = {**pod["spec"], "nodeName": ""}
    yield say(
        allows_node(spec, _imagined(disk="ssd", **_hosts(marked))) and not allows_node(spec, _imagined(disk="hdd")),
        "it asks for a node with disk=ssd",
        "it does not insist on a node with disk=ssd: another node would do",
        "kubectl get pod fast -o yaml",
    )
    yield chosen_freely(pod)
    node = _node_of(cluster, pod)
    if node is not None:
        name = node["metadata"]["name"]
        yield say(_labels(node).get(_DISK) == "ssd", f"it is on {name}", f"it is on {name}, which has no disk=ssd", look)
    yield is_ready(pod)


def _hosts(nodes: list[Object]) -> dict[str, str]:
    """Return the other labels of the first of some nodes, for who asks for more than the disk."""
    return {key: value for key, value in _labels(nodes[0]).items() if key != _DISK}


def _not_on_ssd(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/archive")
    yield found
    if not deployment:
        return
    template = deployment["spec"]["template"]["spec"]
    yield image_is(template["containers"][0], "chatter/history")
    look = "kubectl get deployment archive -o yaml"
    yield say(
        not allows_node(template, _imagined(disk="ssd")), "it stays away from disk=ssd", "it may go to a node with disk=ssd", look
    )
    yield say(
        allows_node(template, _imagined()),
        "a node without the label disk will do",
        "a node without the label disk is refused too: that is more than was asked",
        look,
    )
    yield say(
        allows_node(template, _imagined(disk="hdd")),
        "a node with another disk will do",
        "a node with disk=hdd is refused too: that is more than was asked",
        look,
    )
    wanted = deployment["spec"]["replicas"]
    yield say(
        wanted >= 2, f"it wants {wanted} pods", f"it wants {wanted} pods; two are asked for", "kubectl get deployment archive"
    )
    yield rolled_out(deployment)


def _prefers(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/soft")
    yield found
    if not pod:
        return
    preferred = _affinity(pod["spec"], "nodeAffinity").get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    likes = [term for term in preferred if _would(term, _imagined(disk="ssd")) and not _would(term, _imagined())]
    look = "kubectl get pod soft -o yaml"
    yield say(bool(likes), "it prefers nodes with disk=ssd", "it does not prefer nodes with disk=ssd", look)
    yield say(
        allows_node({**pod["spec"], "nodeName": ""}, _imagined()),
        "another node would do",
        "it insists: without such a node it would stay Pending. A wish is preferred, not required",
        look,
    )
    yield chosen_freely(pod)
    yield is_ready(pod)


def _would(term: Object, node: Object) -> bool:
    wish = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term.get("preference") or {}]}}
    return allows_node({"affinity": {"nodeAffinity": wish}}, node)


def _about(term: Object, namespace: str, labels: dict[str, str]) -> bool:
    """Whether a term of pod affinity speaks of pods with these labels in the lab's namespace, node by node."""
    selector = selector_of(term.get("labelSelector"))
    here = namespace in (term.get("namespaces") or [namespace]) and "namespaceSelector" not in term
    return here and term.get("topologyKey") == _HOST and selector is not None and matches(selector, labels)


def _together(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    template = deployment["spec"]["template"]["spec"]
    terms = _required(template, "podAffinity")
    yield image_is(template["containers"][0], "chatter/gateway")
    yield say(
        any(_about(t, cluster.namespace, {"app": "rooms"}) for t in terms),
        "it must be on a node that has a pod with app=rooms",
        "no required podAffinity with topologyKey kubernetes.io/hostname speaks of pods with app=rooms",
        "kubectl get deployment gateway -o yaml",
    )
    yield from _placed(cluster, deployment, "rooms")


def _placed(cluster: Cluster, deployment: Object, neighbour: str) -> Iterator[Finding]:
    name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    selector = selector_of(deployment["spec"]["selector"]) or ()
    pods = [p for p in cluster.list("pods") if matches(selector, _labels(p)) and "deletionTimestamp" not in p["metadata"]]
    rooms = {p["spec"].get("nodeName") for p in cluster.list("pods") if _labels(p).get("app") == neighbour}
    yield say(
        wanted >= 2, f"it wants {wanted} pods", f"it wants {wanted} pods; two are asked for", f"kubectl get deployment {name}"
    )
    rolled = rolled_out(deployment)
    if not rolled.ok:
        yield rolled
        return
    apart = [p["metadata"]["name"] for p in pods if p["spec"].get("nodeName") not in rooms]
    yield say(
        not apart,
        f"each is beside a pod of {neighbour}",
        f"no pod of {neighbour} is beside {' and '.join(apart)}",
        "kubectl get pods -o wide",
    )


def _apart(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    template = deployment["spec"]["template"]
    terms = _required(template["spec"], "podAntiAffinity")
    yield image_is(template["spec"]["containers"][0], "chatter/web")
    yield say(
        any(_about(t, cluster.namespace, template["metadata"].get("labels") or {}) for t in terms),
        "its pods keep away from one another, node by node",
        "no required podAntiAffinity with topologyKey kubernetes.io/hostname speaks of its own pods",
        "kubectl get deployment web -o yaml",
    )
    wanted = deployment["spec"]["replicas"]
    yield say(wanted == 3, "it wants 3 pods", f"it wants {wanted} pods, not 3", "kubectl get deployment web")
    workers = [n for n in cluster.list("nodes") if not any(t["effect"] == "NoSchedule" for t in n["spec"].get("taints") or ())]
    selector = selector_of(deployment["spec"]["selector"]) or ()
    pods = [p for p in cluster.list("pods") if matches(selector, _labels(p))]
    late = _late(deployment, pods, min(wanted, len(workers)))
    if late:
        yield late
        return
    nodes = [p["spec"]["nodeName"] for p in pods if p["spec"].get("nodeName")]
    yield say(
        len(nodes) == len(set(nodes)),
        f"they are on {len(set(nodes))} nodes",
        "two of them share a node",
        "kubectl get pods -o wide",
    )


def _late(deployment: Object, pods: list[Object], most: int) -> Finding | None:
    """Return what a Deployment has still to do until so many pods of its latest template run, and no older ones."""
    status = deployment.get("status") or {}
    seen = status.get("observedGeneration") == deployment["metadata"].get("generation")
    ready, updated, all_of_them = (status.get(f"{key}eplicas", 0) for key in ("readyR", "updatedR", "r"))
    look = "kubectl get pods -o wide"
    waiting = any(condition(p, "PodScheduled") == "False" for p in pods)
    leaving = any("deletionTimestamp" in p["metadata"] for p in pods)
    if seen and updated < all_of_them and waiting and not leaving:
        return missing(
            "a rolling update makes a new pod first, and the old pods leave no node for it. Delete the Deployment and make it "
            "anew, or let an old pod go first (strategy: maxSurge 0, maxUnavailable 1)",
            look,
        )
    if not seen or ready < most or updated < all_of_them or leaving:
        return missing(f"{ready} pods are ready; there are nodes for {most}", look, soon=True)
    return None


def _search(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/search")
    yield found
    if pod:
        yield image_is(pod["spec"]["containers"][0], "chatter/history")
        yield chosen_freely(pod)
        yield is_ready(pod)


def _lost(**spec: object) -> Callable[[Cluster], None]:
    """Return what makes the pod search so that no node takes it."""

    def inject(cluster: Cluster) -> None:
        cluster.delete("pods", "search", grace_period=0)
        wait_for(cluster, "pod/search", "deleted")
        container = {"name": "search", "image": "chatter/history:1.0"}
        body = {"containers": [container], **spec}
        if "resources" in spec:
            body = {"containers": [{**container, "resources": spec["resources"]}]}
        meta = {"name": "search", "labels": {"app": "search"}}
        apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body}, manager="colleague")

    return inject


CONTENT = LabContent(
    "04",
    "Scheduling I",
    exercises=(
        Exercise(
            "04.1",
            "Make the pod greedy run: chatter/history, still with a request of at least 1 CPU.",
            _greedy,
            (
                "Which node has as much as greedy asks for? Compare its request with what the nodes can give.",
                "kubectl describe node NAME: Allocatable is what it can give. Delete the pod and make it anew with a smaller request.",
            ),
            solution="""
lab.kubectl("delete pod greedy")
lab.apply(greedy.replace('cpu: "640"', 'cpu: "1"'))
""",
            reason="A request is a promise: the pod is only put where so much is not yet promised to others.",
            owns=("pod/greedy",),
        ),
        Exercise(
            "04.2",
            "Label one worker disk=ssd, and run a pod fast that must be on such a node.",
            _on_ssd,
            (
                "Nodes have labels like everything else. How does a pod say which labels its node must have?",
                "kubectl label node NAME disk=ssd; then spec.nodeSelector of the pod, or a required node affinity.",
            ),
            solution='''
worker = lab.cluster.list("nodes", "", label_selector="!node-role.kubernetes.io/control-plane")[0]["metadata"]["name"]
lab.kubectl(f"label node {worker} disk=ssd")
lab.apply("""
apiVersion: v1
kind: Pod
metadata: {name: fast}
spec:
  nodeSelector: {disk: ssd}
  containers: [{name: main, image: "chatter/history:1.0"}]
""")
''',
            reason="The filter NodeAffinity leaves only nodes whose labels fit; naming the node itself would bypass the scheduler.",
            owns=("pod/fast",),
        ),
        Exercise(
            "04.3",
            "Make a Deployment archive (2 pods of chatter/history:1.0) that stays away from nodes with disk=ssd.",
            _not_on_ssd,
            (
                "nodeSelector can only ask for a label. Which operator says: any value but this one, or no label at all?",
                "nodeAffinity, required, matchExpressions: {key: disk, operator: NotIn, values: [ssd]}.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: archive}
spec:
  replicas: 2
  selector: {matchLabels: {app: archive}}
  template:
    metadata: {labels: {app: archive}}
    spec:
      containers: [{name: main, image: "chatter/history:1.0"}]
""" + away)
''',
            reason="NotIn also holds for nodes that do not have the label at all.",
            owns=("deployment/archive",),
        ),
        Exercise(
            "04.4",
            "Run a pod soft that would rather be on a node with disk=ssd, but goes anywhere.",
            _prefers,
            (
                "A filter says yes or no. What is the place for a wish?",
                "nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution is a list of weight and preference.",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: Pod
metadata: {name: soft}
spec:
  affinity:
    nodeAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}
  containers: [{name: main, image: "chatter/history:1.0"}]
""")
''',
            reason="The nodes that fit get points for it; no node is filtered out. Weights only count one wish of a pod against another.",
            owns=("pod/soft",),
        ),
        Exercise(
            "04.5",
            "Make a Deployment gateway (2 pods of chatter/gateway:1.0), each on a node that has a pod of rooms.",
            _together,
            (
                "This time it is not the node's labels that matter, but which pods are there already.",
                "podAffinity, required: labelSelector for app=rooms, topologyKey kubernetes.io/hostname.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway}
spec:
  replicas: 2
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      containers: [{name: gateway, image: "chatter/gateway:1.0"}]
""" + near.format("podAffinity", "rooms"))
''',
            reason="topologyKey says what near means: nodes with the same value of that label count as one place.",
            owns=("deployment/gateway",),
        ),
        Exercise(
            "04.6",
            "Make a Deployment web (3 pods of chatter/web:1.0), never two of them on one node.",
            _apart,
            (
                "Each pod must keep away from its own siblings. What do they have in common?",
                "podAntiAffinity, required, with the labels of the template itself and topologyKey kubernetes.io/hostname.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "chatter/web:1.0"}]
""" + near.format("podAntiAffinity", "web"))
''',
            reason="A node that has one of them already is filtered out for the next. With more pods than nodes, one stays Pending.",
            owns=("deployment/web",),
        ),
        Exercise(
            "04.7",
            "Make the pod search run: chatter/history, on a node that the scheduler chose.",
            _search,
            (
                "A Pending pod tells why: its event FailedScheduling names each reason and how many nodes it holds for.",
                'lab.why("pod/search") says which field of the pod no node satisfies. Make the pod anew without it.',
            ),
            solution="""
lab.kubectl("delete pod search")
lab.kubectl("run search --image=chatter/history:1.0")
""",
            reason="A pod's rules for its node cannot be changed once it exists, so it is made anew.",
            owns=("pod/search",),
            fault="lost",
        ),
    ),
    predictions=(
        Prediction(
            "04.a",
            "A pod requests 640 CPUs. What happens to it?",
            ("the API server refuses it", "it stays Pending until a node has so much", "it runs, but slowly"),
            1,
            "It is valid, so it is stored. No node passes the filter NodeResourcesFit; the scheduler tries again when the nodes change.",
        ),
        Prediction(
            "04.b",
            "A node has 4 CPUs. Its pods request 3.9 and use 0.1. A new pod requests 0.5. Does it fit?",
            ("yes: there is plenty of room", "no: too much is promised"),
            1,
            "The scheduler counts requests, never use. What is promised and not used is lost to others; that is the price of a promise.",
        ),
        Prediction(
            "04.c",
            "You take the label disk=ssd off the node on which fast runs. What happens to fast?",
            ("it is moved", "it is deleted", "nothing"),
            2,
            "IgnoredDuringExecution: labels count when a node is chosen, not afterwards. (A taint with NoExecute is another matter: lab 05.)",
        ),
        Prediction(
            "04.d",
            "Three workers. A Deployment of 4 pods, no two of which may share a node. How many run?",
            ("4", "3", "none"),
            1,
            "Three find a node each. For the fourth every node is filtered out: it stays Pending, and says so.",
        ),
    ),
    quizzes=(
        Quiz(
            "04.q1",
            "Three nodes passed all filters. Who decides among them?",
            (
                Option("the first in the list wins", "The order is not a reason; every node that is left gets a score."),
                Option(
                    "the sum of the weighted scores",
                    "Each scoring plugin gives 0 to 100, times its weight; the highest sum wins.",
                    right=True,
                ),
                Option("the kubelet that is quickest", "Kubelets are not asked; they learn of the choice when it is made."),
            ),
        ),
        Quiz(
            "04.q2",
            "A pod must be on a node with an SSD, and would rather be in zone-a. How do you say that?",
            (
                Option("both required", "Then it stays Pending when zone-a has no SSD."),
                Option(
                    "required for the disk, preferred for the zone",
                    "What must be is a filter, what would be nice is a score.",
                    right=True,
                ),
                Option("both preferred", "Then it may end up on a slow disk."),
            ),
        ),
    ),
    faults=(
        Fault(
            "04.lost",
            "The new pod search has been Pending for an hour. Its owner swears that there is plenty of room.",
            (
                Break(
                    _lost(nodeSelector={"disk": "sdd"}),
                    "Its nodeSelector asked for disk=sdd, and no node has that label. The event said that the nodes did not match the "
                    "pod's node affinity or selector: a selector is compared letter by letter.",
                ),
                Break(
                    _lost(resources={"requests": {"memory": "900Gi"}}),
                    "It requested 900Gi of memory. The event said Insufficient memory for each node; Mi was meant.",
                ),
                Break(
                    _lost(
                        affinity={
                            "podAffinity": {
                                "requiredDuringSchedulingIgnoredDuringExecution": [
                                    {"topologyKey": _HOST, "labelSelector": {"matchLabels": {"app": "room"}}}
                                ]
                            }
                        }
                    ),
                    "It had to be near pods with app=room, and there are none: they are called rooms. The event said that the nodes "
                    "did not match pod affinity rules.",
                ),
            ),
            exercise="04.7",
        ),
    ),
    syllabus=("A4", "C1", "C2", "C4"),
    node_keys=("disk",),
    needs=("admin",),
    reading=(
        ("Kubernetes scheduler", "https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/"),
        ("Assigning pods to nodes", "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"),
        ("Scheduling framework", "https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/"),
        (
            "Resource management for pods and containers",
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        ),
    ),
)
