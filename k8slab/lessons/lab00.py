"""Lab 00, Meet the cluster: what its notebook asks, checks and breaks. Syllabus: A1 to A5, A7."""

from collections.abc import Callable, Iterator

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster
from k8slab.client.fields import field_paths
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import condition, exists, image_is, say
from k8slab.lessons.resetting import put_back

__all__ = ["CONTENT"]


def _greeting(cluster: Cluster) -> Iterator[Finding]:
    found, config_map = exists(cluster, "configmap/greeting")
    yield found
    if config_map:
        text = (config_map.get("data") or {}).get("text")
        yield say(
            bool(text), f"its key text says {text!r}", "it has no key text in its data", "kubectl get configmap greeting -o yaml"
        )


def _four_pods(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    wanted, ready = deployment["spec"]["replicas"], (deployment.get("status") or {}).get("readyReplicas", 0)
    yield say(
        wanted == 4, "deployment/web wants 4 pods", f"deployment/web wants {wanted} pods, not 4", "kubectl get deployment web"
    )
    if wanted == 4 and ready != 4:
        yield missing(f"{ready} of 4 pods are ready", "kubectl get pods", soon=True)
    elif wanted == 4:
        yield say(True, "all 4 are ready", "")


def _where_is_it(cluster: Cluster) -> Iterator[Finding]:
    found, visitor = exists(cluster, "pod/visitor")
    yield found
    found, answers = exists(cluster, "configmap/answers")
    yield found
    if not visitor or not answers:
        return
    node, said = visitor["spec"].get("nodeName"), (answers.get("data") or {}).get("node", "")
    known = [n["metadata"]["name"] for n in cluster.list("nodes")]
    look = "kubectl get pod visitor -o wide"
    if said and said not in known:
        yield missing(f"your answer is {said!r}, but no node has that name", "kubectl get nodes")
    else:
        yield say(
            said == node, f"pod/visitor is on {node}, as you say", f"your answer is {said!r}; that is not where it is", look
        )


def _how_many_pods(cluster: Cluster) -> Iterator[Finding]:
    found, answers = exists(cluster, "configmap/answers")
    yield found
    if not answers:
        return
    said = str((answers.get("data") or {}).get("pods", "")).strip()
    workers = [n for n in cluster.list("nodes") if "node-role.kubernetes.io/control-plane" not in n["metadata"]["labels"]]
    most = {n["status"]["allocatable"]["pods"] for n in workers or cluster.list("nodes")}
    look = "kubectl get nodes -o custom-columns=NODE:.metadata.name,PODS:.status.allocatable.pods"
    if not said:
        yield missing("it has no key pods", look)
        return
    yield say(
        said in most, f"a worker can hold {said} pods, as you say", f"your answer is {said!r}; the nodes say otherwise", look
    )


def _you_own_replicas(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    look = "kubectl get deployment web -o yaml --show-managed-fields"
    replicas = deployment["spec"]["replicas"]
    yield say(
        replicas == 3, "deployment/web wants 3 pods", f"deployment/web wants {replicas} pods, not 3", "kubectl get deployment web"
    )
    owners = {
        (entry["manager"], entry["operation"])
        for entry in deployment["metadata"].get("managedFields") or ()
        if ".spec.replicas" in field_paths(entry.get("fieldsV1") or {})
    }
    names = ", ".join(f"{manager} ({operation})" for manager, operation in sorted(owners)) or "nobody"
    yield say(
        ("you", "Apply") in owners,
        "the manager you has applied .spec.replicas and owns it",
        f".spec.replicas is owned by {names}, not by an apply of the manager you",
        look,
    )


def _web_repaired(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    yield image_is(deployment["spec"]["template"]["spec"]["containers"][0], "chatter/web")
    wanted, status = deployment["spec"]["replicas"], deployment.get("status") or {}
    yield say(wanted > 0, f"it wants {wanted} pods", "it wants no pods at all", "kubectl get deployment web")
    if not wanted:
        return
    current = status.get("observedGeneration") == deployment["metadata"].get("generation")
    updated = current and status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted
    if updated and condition(deployment, "Available") == "True" and status.get("readyReplicas", 0) == wanted:
        yield say(True, f"all {wanted} pods run the new version and are ready", "")
    else:
        yield missing("not all of its pods run the new version and are ready", "kubectl get pods", soon=True)


def _two_again(cluster: Cluster) -> str:
    there = put_back(cluster, "deployments", "web", {"spec": {"replicas": 2}})
    return "web wants 2 pods." if there else "There is no deployment/web: apply it first."


def _no_number(cluster: Cluster) -> str:
    put_back(cluster, "configmaps", "answers", {"data": {"pods": None}})
    return "The key pods is gone from the answers."


def _ship(container: Object) -> Callable[[Cluster], None]:
    """Return what changes the container of the Deployment web as a colleague would: not by applying your manifest."""

    def inject(cluster: Cluster) -> None:
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", **container}]}}}}
        cluster.patch("deployments", "web", patch, kind="strategic", manager="colleague")

    return inject


CONTENT = LabContent(
    "00",
    "Meet the cluster",
    exercises=(
        Exercise(
            "00.1",
            "Put a ConfigMap named greeting into the cluster, with a key text.",
            _greeting,
            (
                "A ConfigMap is an object like any other: kubectl, the Python client and YAML all lead to the same door.",
                "kubectl create configmap NAME --from-literal=KEY=VALUE makes one; kubectl create configmap --help says more.",
            ),
            solution="""
lab.kubectl("create configmap greeting --from-literal=text=hello")
""",
            reason="kubectl is only one of many ways: all of them send the same object to the API server, and the check reads it back from there.",
            owns=("configmap/greeting",),
        ),
        Exercise(
            "00.2",
            "Make the Deployment web keep four pods running.",
            _four_pods,
            (
                "You do not make pods. You change what the Deployment wants, and its controllers do the rest.",
                "The field is spec.replicas. Apply the YAML with another number, or use kubectl scale.",
            ),
            solution="""
lab.apply(web.replace("replicas: 2", "replicas: 4"))
""",
            reason="The Deployment wants four, so its ReplicaSet makes the pods that are missing, and goes on making them whenever one is lost.",
            begin=_two_again,
        ),
        Exercise(
            "00.3",
            "Write the name of the node where the pod visitor runs into a ConfigMap answers, under the key node.",
            _where_is_it,
            (
                "The scheduler writes its choice into the pod itself: the field spec.nodeName.",
                "kubectl get pod visitor -o wide shows it. Then: kubectl create configmap answers --from-literal=node=NAME.",
            ),
            solution="""
node = lab.cluster.get("pod", "visitor")["spec"]["nodeName"]
lab.kubectl(f"create configmap answers --from-literal=node={node}")
""",
            reason="The scheduler writes its choice into spec.nodeName through the API server; whoever wants to know reads it there.",
            owns=("configmap/answers",),
        ),
        Exercise(
            "00.4",
            "Write into the ConfigMap answers, under the key pods, how many pods a worker can hold at most.",
            _how_many_pods,
            (
                "The limit is a property of the node, like its CPU and memory. Which of the two lists counts for pods?",
                "It is status.allocatable.pods of the node. A key is added to a ConfigMap with kubectl patch or by applying it.",
            ),
            solution="""
most = lab.cluster.get("node", "worker-1")["status"]["allocatable"]["pods"]
lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "answers"}, "data": {"pods": most}})
""",
            reason="The kubelet reports what its node has; allocatable is what is left of it for pods.",
            begin=_no_number,
        ),
        Exercise(
            "00.5",
            "As the manager you, apply that web wants 3 pods, and own that field.",
            _you_own_replicas,
            (
                "Server-side apply takes a manager's name. Your manifest needs only the fields that you want to own.",
                'lab.apply(manifest, manager="you", force=True), with apiVersion, kind, metadata.name and spec.replicas: 3.',
            ),
            solution="""
mine = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
lab.apply(mine, manager="you", force=True)
""",
            reason="With server-side apply a manifest holds the fields that you want to own, and nothing else. force takes them from who had them.",
            begin=_two_again,
        ),
        Exercise(
            "00.6",
            "Repair web: all its pods run chatter/web and are ready.",
            _web_repaired,
            (
                "kubectl get pods shows which pods are in trouble; kubectl describe pod NAME shows what their kubelet says.",
                "What the colleague changed is in the Deployment's template. Which command goes back to the template before?",
            ),
            solution="""
lab.kubectl("rollout undo deployment web")
""",
            reason="The old ReplicaSet has kept the template that worked; undo makes it the present one again.",
            fault="x",
        ),
    ),
    predictions=(
        Prediction(
            "00.a",
            "You type kubectl get nodes. Whom does kubectl ask?",
            (
                "every node, one after the other",
                "one program that answers for the whole cluster",
                "the database in which everything is stored",
                "the program that chooses nodes, since it knows them all",
            ),
            1,
            "It is called the API server. Everything asks it: kubectl, this notebook, the other parts of the cluster, the nodes. "
            "It is the only door.",
        ),
        Prediction(
            "00.b",
            "You change an object. What happens to the number in its metadata.resourceVersion?",
            ("it stays, for the object is still the same", "it becomes larger", "it starts again at 1"),
            1,
            "Every change anywhere in the cluster gets the next revision of etcd. An object carries that of its last change.",
        ),
        Prediction(
            "00.c",
            "Two pods of web run. You delete one of them. What do you see a moment later?",
            ("one pod", "two pods with the old names", "two pods, one of them with a new name"),
            2,
            "The ReplicaSet wants two and counts one, so it makes another. It is a new pod, with a new name.",
        ),
        Prediction(
            "00.d",
            "A new pod needs a node. Which nodes can the scheduler choose?",
            ("any node", "any node on which the pod may and can run", "always the node with the fewest pods"),
            1,
            "First it filters: is there room, is the node tainted, does the pod ask for something? Then it scores what is left.",
        ),
        Prediction(
            "00.e",
            "kubectl scale has set five replicas. Now you apply your old YAML, which says two. What happens?",
            ("five become two", "the API server refuses", "nothing: apply never changes a number"),
            1,
            "The field spec.replicas now belongs to kubectl. Apply does not take a field from somebody else unless you force it.",
        ),
    ),
    faults=(
        Fault(
            "00.x",
            "A colleague has shipped version 1.1 of web, in a hurry. It does not come up. Find out why, and repair it.",
            (
                Break(
                    _ship({"image": "chatter/wbe:1.1"}),
                    "The image was misspelled: chatter/wbe. The new pod said ErrImagePull, and the kubelet's event named the image. "
                    "The old pods went on: a rolling update takes none away before a new one is ready.",
                ),
                Break(
                    _ship({"image": "chatter/web:1.11"}),
                    "The tag was wrong: there is no chatter/web:1.11. The new pod said ErrImagePull; the repository is right, so "
                    "the event says that the tag was not found. The old pods went on serving.",
                ),
                Break(
                    _ship({"command": ["/bin/wbe"]}),
                    "The image was right, the command was not: there is no /bin/wbe in it. The new pod said RunContainerError or "
                    "CrashLoopBackOff, and the container's last state told which file is missing. The old pods went on serving.",
                ),
            ),
            exercise="00.6",
        ),
    ),
    quizzes=(
        Quiz(
            "00.q1",
            "The scheduler is down. What still works?",
            (
                Option(
                    "nothing: the cluster stands still",
                    "The parts do not call one another; each one only talks to the API server.",
                ),
                Option(
                    "everything that runs goes on; new pods stay Pending",
                    "Only the choice of a node is missing. Kubelets and controllers go on with what has been decided.",
                    right=True,
                ),
                Option(
                    "new pods run, on a node chosen at random",
                    "No other part chooses a node; without one no kubelet starts the pod.",
                ),
            ),
        ),
        Quiz(
            "00.q2",
            "Who starts a container on a node?",
            (
                Option("the API server", "It stores what is wanted and tells whoever watches. It starts nothing."),
                Option("the scheduler", "It writes a node's name into the pod, and that is all."),
                Option(
                    "the kubelet of that node",
                    "It watches for pods with its node's name and has the runtime start them.",
                    right=True,
                ),
            ),
        ),
    ),
    syllabus=("A1", "A2", "A3", "A4", "A5", "A7"),
    needs=("admin",),
    reading=(
        ("Kubernetes components", "https://kubernetes.io/docs/concepts/overview/components/"),
        ("The Kubernetes API", "https://kubernetes.io/docs/concepts/overview/kubernetes-api/"),
        ("Controllers", "https://kubernetes.io/docs/concepts/architecture/controller/"),
        ("Server-side apply", "https://kubernetes.io/docs/reference/using-api/server-side-apply/"),
    ),
)
