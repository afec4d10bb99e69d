"""Lab 03, Health and resources: what its notebook asks, checks and breaks. Syllabus: B8, B10."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.client import Cluster
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, holds, missing
from k8slab.lessons.judging import exists, first_container, image_is, is_ready, pod_spec, rolled_out, say, times
from k8slab.topology.status import restart_count

__all__ = ["CONTENT"]

_GRACE = 30


def _amount(text: object) -> float:
    return float(parse_quantity(str(text)))


def _pods_of(cluster: Cluster, name: str) -> list[Object]:
    labels = cluster.get("deployment", name)["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return [p for p in cluster.list("pods", label_selector=selector) if "deletionTimestamp" not in p["metadata"]]


def _probes(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    container = first_container(pod_spec(deployment))
    yield image_is(container, "chatter/web")
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        asked = (container.get(probe) or {}).get("httpGet") or {}
        yield say(
            asked.get("path") == path,
            f"its {probe} asks for {path}",
            f"it has no {probe} that asks for {path}",
            "kubectl get deployment web -o yaml",
        )
    wanted = deployment["spec"]["replicas"]
    yield say(wanted == 2, "it wants 2 pods", f"it wants {wanted} pods, not 2", "kubectl get deployment web")
    yield rolled_out(deployment)
    restarts = sum(restart_count(p) for p in _pods_of(cluster, "web"))
    yield say(
        restarts == 0, "no container was restarted", f"containers were restarted {times(restarts)}", "kubectl get pods -l app=web"
    )


def _pause(hook: Object) -> float:
    """Return how long a preStop hook takes, as far as its YAML tells."""
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds", 0))
    words = " ".join((hook.get("exec") or {}).get("command") or ()).replace(";", " ").split()
    return next((float(after) for word, after in pairwise(words) if word.endswith("sleep") and after.isdigit()), 0)


def _graceful(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    spec = pod_spec(deployment)
    yield image_is(first_container(spec), "chatter/gateway")
    seconds = _pause((first_container(spec).get("lifecycle") or {}).get("preStop") or {})
    look = "kubectl get deployment gateway -o yaml"
    yield say(
        seconds >= 5,
        f"its preStop hook waits {seconds:g} seconds",
        "no preStop hook waits five seconds before the process is told to stop",
        look,
    )
    grace = spec.get("terminationGracePeriodSeconds", _GRACE)
    yield say(
        grace >= 45,
        f"it has {grace} seconds in all",
        f"it has {grace} seconds in all; 45 are asked for (terminationGracePeriodSeconds of the pod)",
        look,
    )
    yield rolled_out(deployment)


def _classes(cluster: Cluster) -> Iterator[Finding]:
    for name, wanted in (("gold", "Guaranteed"), ("silver", "Burstable"), ("bronze", "BestEffort")):
        found, pod = exists(cluster, f"pod/{name}")
        yield found
        if not pod:
            continue
        is_class = (pod.get("status") or {}).get("qosClass")
        yield say(
            is_class == wanted,
            f"its class is {wanted}",
            f"its class is {is_class}, not {wanted}",
            f"kubectl get pod {name} -o jsonpath={{.status.qosClass}}",
        )
        yield is_ready(pod)


def _hungry(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/hungry")
    yield found
    if not pod:
        return
    container = first_container(pod["spec"])
    yield image_is(container, "polinux/stress")
    limit = (container.get("resources") or {}).get("limits", {}).get("memory")
    yield say(
        bool(limit),
        f"its memory limit is {limit}",
        "it has no memory limit: it may eat its neighbours",
        "kubectl describe pod hungry",
    )
    if limit:
        yield say(
            _amount(limit) <= _amount("256Mi"),
            "the limit is not more than 256Mi",
            f"the limit {limit} is more than 256Mi",
            "kubectl describe pod hungry",
        )
    restarts = restart_count(pod)
    last = ((pod.get("status") or {}).get("containerStatuses") or [{}])[0].get("lastState", {}).get("terminated", {})
    yield say(
        restarts == 0,
        "it was never restarted",
        f"it was restarted {times(restarts)}: {last.get('reason', 'unknown')}, exit code {last.get('exitCode', '?')}",
        "kubectl describe pod hungry",
    )
    yield is_ready(pod)


def _limit_range(cluster: Cluster) -> Iterator[Finding]:
    ranges = cluster.list("limitranges")
    if not ranges:
        yield missing("there is no LimitRange in this namespace", "kubectl get limitrange")
        return
    yield holds(f"limitrange/{ranges[0]['metadata']['name']} exists")
    given = [
        item
        for r in ranges
        for item in r["spec"]["limits"]
        if item["type"] == "Container" and _is(item.get("defaultRequest"), "50m", "32Mi")
    ]
    yield say(
        bool(given),
        "it gives containers requests of 50m and 32Mi",
        "none gives containers requests of 50m CPU and 32Mi memory (type Container, defaultRequest)",
        "kubectl describe limitrange",
    )
    found, pod = exists(cluster, "pod/plain")
    yield found
    if pod:
        yield _from_the_range(pod)


def _from_the_range(pod: Object) -> Finding:
    """Return whether a pod has the requests of a LimitRange, and has not brought them itself."""
    requests = (first_container(pod["spec"]).get("resources") or {}).get("requests") or {}
    filled_in = "kubernetes.io/limit-ranger" in (pod["metadata"].get("annotations") or {})
    look = "kubectl describe pod plain"
    if not requests:
        return missing("pod/plain has no requests: what was there before the LimitRange is not changed, so make it anew", look)
    if not filled_in:
        return missing("pod/plain brings requests in its own YAML: leave them out", look)
    if not _is(requests, "50m", "32Mi"):
        return missing("pod/plain has other requests: it was made before the LimitRange was as it is, so make it anew", look)
    return holds("pod/plain has these requests, and has them from the LimitRange")


def _is(requests: Object | None, cpu: str, memory: str) -> bool:
    given = requests or {}
    return _amount(given.get("cpu", 0)) == _amount(cpu) and _amount(given.get("memory", 0)) == _amount(memory)


def _quota(cluster: Cluster) -> Iterator[Finding]:
    found, quota = exists(cluster, "resourcequota/team")
    yield found
    if not quota:
        return
    hard = quota["spec"].get("hard") or {}
    cpu = hard.get("requests.cpu", hard.get("cpu", 0))
    for name, value, wanted in (("pods", hard.get("pods", 0), 12), ("requests.cpu", cpu, 2)):
        yield say(
            _amount(value) == wanted,
            f"it allows {wanted} of {name}",
            f"its hard limit of {name} is {value}, not {wanted}",
            "kubectl describe quota team",
        )
    used = (quota.get("status") or {}).get("used")
    if not used:
        yield missing("its use has not been counted yet", "kubectl describe quota team", soon=True)
    extra = set(hard) - {"pods", "requests.cpu", "cpu"}
    yield say(not extra, "it limits nothing else", f"it also limits {', '.join(sorted(extra))}", "kubectl describe quota team")


def _well(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    container = first_container(pod_spec(deployment))
    yield image_is(container, "chatter/web")
    yield say(
        "livenessProbe" in container, "it has a liveness probe", "its liveness probe is gone: a hanging process stays for ever"
    )
    memory = (container.get("resources") or {}).get("limits", {}).get("memory")
    yield say(bool(memory), f"its memory limit is {memory}", "its memory limit is gone", "kubectl get deployment web -o yaml")
    wanted = deployment["spec"]["replicas"]
    yield say(wanted >= 1, f"it wants {wanted} pod{'s' * (wanted != 1)}", "it wants no pods", "kubectl get deployment web")
    yield rolled_out(deployment)
    restarts = [restart_count(p) for p in _pods_of(cluster, "web")]
    yield say(
        not any(restarts),
        "no container was restarted",
        f"containers were restarted {times(sum(restarts))}",
        "kubectl get events --field-selector reason=Killing",
    )


def _sick(**container: object) -> Callable[[Cluster], None]:
    """Return what makes the containers of web be restarted again and again."""

    def inject(cluster: Cluster) -> None:
        healthy = {
            "name": "web",
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5},
            "resources": {"limits": {"memory": "64Mi"}},
        }
        spec = {"replicas": 1, "strategy": {"type": "Recreate", "rollingUpdate": None}}
        spec["template"] = {"spec": {"containers": [{**healthy, **container}]}}
        cluster.patch("deployments", "web", {"spec": spec}, kind="strategic", manager="colleague")

    return inject


def _no_range(cluster: Cluster) -> str:
    for found in cluster.list("limitranges"):
        cluster.delete("limitranges", found["metadata"]["name"])
    return "There is no LimitRange any more."


CONTENT = LabContent(
    "03",
    "Health and resources",
    exercises=(
        Exercise(
            "03.1",
            "Make a Deployment web (2 pods of chatter/web:1.0) with a readiness probe (/readyz) and a liveness probe (/healthz).",
            _probes,
            (
                "A Deployment's pods are made from its template. Where do probes stand in a pod?",
                "In the container: readinessProbe and livenessProbe, each with httpGet: {path, port: 8080}.",
            ),
            solution="lab.apply(web)",
            reason="Readiness decides about traffic, liveness about restarts; asking for two paths keeps the two questions apart.",
        ),
        Exercise(
            "03.2",
            "Make a Deployment gateway whose pods wait 5 seconds before they are told to stop, and have 45 seconds in all.",
            _graceful,
            (
                "Two clocks run when a pod is deleted: the hook before the signal, and the time until it is killed.",
                "lifecycle.preStop of the container (sleep: {seconds: 5}); terminationGracePeriodSeconds of the pod.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway}
spec:
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      terminationGracePeriodSeconds: 45
      containers: [{name: gateway, image: "chatter/gateway:1.0", lifecycle: {preStop: {sleep: {seconds: 5}}}}]
""")
''',
            reason="While the hook runs, the pod is already leaving the endpoints, but still answers: nobody is cut off.",
            owns=("deployment/gateway",),
        ),
        Exercise(
            "03.3",
            "Make the pod hungry live: a memory limit of at most 256Mi, and no restarts.",
            _hungry,
            (
                "How much memory does it want, and how much may it have? Its last state says how it ended.",
                "It takes 100M. A pod keeps count of its restarts, so delete it and make it anew with a larger limit.",
            ),
            solution="""
lab.kubectl("delete pod hungry")
lab.apply(hungry.replace("memory: 50Mi", "memory: 128Mi"))
""",
            reason="The kernel kills a container that wants more than its limit: OOMKilled, exit code 137 (128 + signal 9).",
            owns=("pod/hungry",),
        ),
        Exercise(
            "03.4",
            "Run three pods: gold is Guaranteed, silver is Burstable, bronze is BestEffort.",
            _classes,
            (
                "The class is not a field that you set. It follows from requests and limits.",
                "Guaranteed: limits of CPU and memory equal to the requests, in every container. BestEffort: nothing at all.",
            ),
            solution="""
for name, resources in (
    ("gold", {"limits": {"cpu": "100m", "memory": "32Mi"}}),
    ("silver", {"requests": {"cpu": "50m"}}),
    ("bronze", {}),
):
    container = {"name": "main", "image": "chatter/web:1.0", "resources": resources}
    lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}})
""",
            reason="Limits without requests mean requests of the same size; so gold is Guaranteed.",
            owns=("pod/gold", "pod/silver", "pod/bronze"),
        ),
        Exercise(
            "03.5",
            "Let containers without requests get 50m CPU and 32Mi memory in this namespace, and show it with a pod plain.",
            _limit_range,
            (
                "Who says what a container gets that asks for nothing? It is an object of the namespace.",
                "A LimitRange, type Container, field defaultRequest. It acts when a pod is made, so make plain afterwards.",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec: {limits: [{type: Container, defaultRequest: {cpu: 50m, memory: 32Mi}}]}
""")
lab.kubectl("run plain --image=chatter/web:1.0")
''',
            reason="Admission fills in the requests when the pod is created; the annotation kubernetes.io/limit-ranger says so.",
            owns=("pod/plain",),
            needs=("admin",),
            begin=_no_range,
        ),
        Exercise(
            "03.6",
            "Give the namespace a ResourceQuota team: at most 12 pods and 2 CPUs of requests, nothing else.",
            _quota,
            (
                "A LimitRange speaks of one container. Which object speaks of all of a namespace together?",
                "spec.hard of a ResourceQuota: pods and requests.cpu. kubectl create quota does it in one line.",
            ),
            solution='lab.kubectl("create quota team --hard=pods=12,requests.cpu=2")',
            reason="The quota is counted at admission: a request that would exceed it is refused before anything is scheduled.",
            owns=("resourcequota/team",),
            needs=("admin",),
        ),
        Exercise(
            "03.7",
            "Make web well again: ready, without restarts, and still with liveness probe and memory limit.",
            _well,
            (
                "Who ends the container, the kubelet or the kernel? The last state and the events tell them apart.",
                'kubectl describe pod, or lab.why("deployment/web"). Then give back what a healthy web had: apply it again.',
            ),
            solution="""
lab.apply(web, force=True)
lab.wait_for("deployment/web", "updated")
""",
            reason="The manifest that worked is the repair: force takes the fields back from the colleague who tuned them. What was "
            "wrong is still worth knowing, or it comes again.",
            fault="sick",
        ),
    ),
    predictions=(
        Prediction(
            "03.a",
            "The process of a container ends. Its pod belongs to a Deployment. What happens?",
            ("the ReplicaSet makes a new pod", "the kubelet starts the container again, in the same pod", "the pod is moved"),
            1,
            "The kubelet looks after containers, the ReplicaSet after pods. The pod keeps its name, node and address.",
        ),
        Prediction(
            "03.b",
            "A container may use a tenth of a CPU and wants a whole one. What happens to it?",
            ("it is killed", "it is slowed down", "its pod is moved to a stronger node"),
            1,
            "CPU can be given later, so the container waits. Memory cannot: too much of it ends the container.",
        ),
        Prediction(
            "03.c",
            "A container takes 100M of memory and has a limit of 50Mi. What does kubectl get pods show after a while?",
            ("OOMKilled, then CrashLoopBackOff", "Evicted", "Running, but slower"),
            0,
            "The kernel kills it at the limit, the kubelet starts it again, and waits longer each time.",
        ),
        Prediction(
            "03.d",
            "The quota allows 12 pods in this namespace. You scale web to 20. What happens?",
            (
                "kubectl scale is refused",
                "pods are made until there are 12 in all; the ReplicaSet reports that more are refused",
                "all 20 are made, and what is too much stays Pending",
            ),
            1,
            "Scaling only changes a number. The quota judges each pod when it is created, and refuses what is too much.",
        ),
    ),
    quizzes=(
        Quiz(
            "03.q1",
            "A node runs out of memory. Which pod does the kubelet evict first?",
            (
                Option("the largest", "Size alone does not count: what counts is how much more it uses than it requested."),
                Option(
                    "one that uses more than it requested, the least important first",
                    "First those above their requests, then by priority, then by how far above. BestEffort pods requested nothing.",
                    right=True,
                ),
                Option("the oldest", "Age does not matter here."),
            ),
        ),
        Quiz(
            "03.q2",
            "A liveness probe asks the database behind the program. The database is down for a minute. What happens?",
            (
                Option("nothing: the database is to blame", "The probe fails all the same, and the kubelet does what it says."),
                Option(
                    "every container is restarted, which helps nobody",
                    "Liveness is about the process itself. Ask others in readiness.",
                    right=True,
                ),
                Option("the database is restarted", "The kubelet only knows the container whose probe it is."),
            ),
        ),
    ),
    faults=(
        Fault(
            "03.sick",
            "web is restarted every few seconds, says the dashboard. Somebody tuned it last night.",
            (
                Break(
                    _sick(
                        livenessProbe={"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 2, "failureThreshold": 2}
                    ),
                    "The liveness probe asked for /health, which answers 404. So the kubelet itself killed a healthy container: the event "
                    "says that the liveness probe failed, with the code.",
                ),
                Break(
                    _sick(resources={"requests": {"memory": "4Mi"}, "limits": {"memory": "8Mi"}}),
                    "The memory limit was 8Mi, and web needs 16. The kernel killed it: last state OOMKilled, exit code 137. No probe was to "
                    "blame.",
                ),
                Break(
                    _sick(
                        image="chatter/web:2.2",
                        livenessProbe={"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 3, "failureThreshold": 2},
                    ),
                    "Version 2.2 needs half a minute to start, and the liveness probe gave it six seconds. It was killed while it started; "
                    "a startup probe would have given it the time.",
                ),
            ),
            exercise="03.7",
        ),
    ),
    syllabus=("B8", "B10"),
    reading=(
        (
            "Liveness, readiness and startup probes",
            "https://kubernetes.io/docs/concepts/workloads/pods/probes/",
        ),
        ("Container lifecycle hooks", "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/"),
        (
            "Resource management for pods and containers",
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
        ),
        ("Quality of service classes", "https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"),
        ("Resource quotas", "https://kubernetes.io/docs/concepts/policy/resource-quotas/"),
    ),
)
