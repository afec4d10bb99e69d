"""Lab 01, Pods: what its notebook asks, checks and breaks. Syllabus: B1, B2, part of B8."""

from collections.abc import Callable, Iterator

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply, wait_for
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import exists, image_is, is_ready, labelled, say, times
from k8slab.topology.status import pod_status, restart_count

__all__ = ["CONTENT"]

_DESCRIBE = "kubectl describe pod gateway"


def _rooms(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/rooms")
    yield found
    if pod:
        yield image_is(pod["spec"]["containers"][0], "chatter/rooms")
        yield labelled(pod, "app=rooms")
        yield is_ready(pod)


def _gateway(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/gateway")
    yield found
    if pod:
        image = pod["spec"]["containers"][0].get("image", "")
        yield say(
            image.endswith("chatter/gateway:1.0"), f"it runs {image}", f"it runs {image}, not chatter/gateway:1.0", _DESCRIBE
        )
        yield is_ready(pod)


def _hello(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/hello")
    yield found
    if not pod:
        return
    policy = pod["spec"].get("restartPolicy")
    yield say(
        policy in ("Never", "OnFailure"),
        f"its restartPolicy is {policy}, so it may end",
        f"its restartPolicy is {policy}: it is started again however it ends",
        "kubectl get pod hello -o jsonpath={.spec.restartPolicy}",
    )
    if policy == "Always":
        return
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Pending", "Running"):
        yield missing(f"it has not ended yet: it is {pod_status(pod)}", "kubectl describe pod hello", soon=True)
        return
    yield say(phase == "Succeeded", "it has ended well", f"its phase is {phase}, not Succeeded", "kubectl describe pod hello")
    log = cluster.request("GET", cluster.resource("pods").path(cluster.namespace, "hello") + "/log")
    yield say("hello" in str(log).lower(), "it has printed hello", "its log has no hello in it", "kubectl logs hello")


def _history(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/history")
    yield found
    if not pod:
        return
    spec = pod["spec"]
    yield image_is(spec["containers"][0], "chatter/history")
    first = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") != "Always"]
    yield say(
        bool(first),
        "an init container runs before it",
        "it has no init container that must end first",
        "kubectl describe pod history",
    )
    shared = {v["name"] for v in spec.get("volumes") or () if "emptyDir" in v}
    both = shared & _mounted(spec["containers"][:1]) & _mounted(first)
    yield say(
        bool(both),
        f"both mount the emptyDir volume {', '.join(sorted(both))}",
        "there is no emptyDir volume that both the init container and the main container mount",
        "kubectl get pod history -o yaml",
    )
    yield is_ready(pod)


def _mounted(containers: list[Object]) -> set[str]:
    return {m["name"] for c in containers for m in c.get("volumeMounts") or ()}


def _slow(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/slow")
    yield found
    if not pod:
        return
    container = pod["spec"]["containers"][0]
    yield say(
        container.get("image", "").endswith("chatter/gateway:2.2"),
        "it runs chatter/gateway:2.2",
        f"it runs {container.get('image')}, not chatter/gateway:2.2",
    )
    for probe in ("readinessProbe", "livenessProbe"):
        yield say(probe in container, f"it has a {probe}", f"it has no {probe}", "kubectl describe pod slow")
    restarts = restart_count(pod)
    yield say(
        restarts == 0,
        "it has never been restarted",
        f"it has been restarted {times(restarts)}: the kubelet lost patience. Delete it and give it more time",
        "kubectl get events --field-selector involvedObject.name=slow",
    )
    yield is_ready(pod)


def _repaired(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/shop")
    yield found
    if pod:
        yield image_is(pod["spec"]["containers"][0], "chatter/web")
        probe = "readinessProbe" in pod["spec"]["containers"][0]
        yield say(probe, "it has a readiness probe", "its readiness probe is gone: then nobody knows whether it works")
        yield is_ready(pod)


def _gateway_with(image: str) -> Callable[[Cluster], None]:
    return lambda cluster: _replace(cluster, "gateway", {"containers": [{"name": "gateway", "image": image}]})


def _shop_with(**asked: object) -> Callable[[Cluster], None]:
    probe = {"httpGet": {"path": "/readyz", "port": 8080, **asked}, "periodSeconds": 5}
    spec = {"containers": [{"name": "web", "image": "chatter/web:1.0", "readinessProbe": probe}]}
    return lambda cluster: _replace(cluster, "shop", spec)


def _replace(cluster: Cluster, name: str, spec: Object) -> None:
    cluster.delete("pods", name)
    wait_for(cluster, f"pod/{name}", "deleted")
    metadata = {"name": name, "labels": {"app": name}}
    apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, manager="colleague")


CONTENT = LabContent(
    "01",
    "Pods",
    exercises=(
        Exercise(
            "01.1",
            "Run a pod rooms from the image chatter/rooms:1.0 with the label app=rooms.",
            _rooms,
            (
                "It is the YAML of web with other words in three places. Or let kubectl run write it for you.",
                "In YAML: metadata.name, metadata.labels, the container's image. Or kubectl run NAME --image=… --labels=KEY=VALUE.",
            ),
            solution="""
lab.apply(web.replace("web", "rooms"))
""",
            reason="Only the name, the label and the image differ from web; whatever you leave out has a default.",
            owns=("pod/rooms",),
        ),
        Exercise(
            "01.2",
            "Repair the pod gateway: it runs chatter/gateway:1.0 and is Ready.",
            _gateway,
            (
                "kubectl describe pod gateway ends with the events: read what the kubelet says about the image.",
                "It should be chatter/gateway:1.0. kubectl set image pod/NAME CONTAINER=IMAGE changes it.",
            ),
            solution="""
lab.kubectl("set image pod/gateway gateway=chatter/gateway:1.0")
""",
            reason="The image of a running pod's container is one of the few fields that may be changed: the kubelet pulls again at once.",
            owns=("pod/gateway",),
            fault="gateway",
        ),
        Exercise(
            "01.3",
            "Run a pod hello that prints hello and ends well.",
            _hello,
            (
                "By default a pod's containers are started again whenever they end. Which field decides that?",
                "Use the image busybox:1.37, the command [sh, -c, echo hello] and restartPolicy: Never (or OnFailure).",
            ),
            solution="""
lab.kubectl("run hello --image=busybox:1.37 --restart=Never -- echo hello")
""",
            reason="--restart=Never makes a pod whose containers are not started again; it ends with the exit code of echo, which is 0.",
            owns=("pod/hello",),
        ),
        Exercise(
            "01.4",
            "Run a pod history (chatter/history:1.0) with an init container that shares an emptyDir volume with it.",
            _history,
            (
                "spec.initContainers is a list like spec.containers. A volume is declared once and mounted in each container.",
                "Copy the pod page: one volume with emptyDir: {}, one volumeMounts entry in each of the two containers.",
            ),
            solution="""
mount = [{"name": "data", "mountPath": "/data"}]
first = {"name": "first", "image": "busybox:1.37", "command": ["touch", "/data/lobby.jsonl"], "volumeMounts": mount}
main = {"name": "history", "image": "chatter/history:1.0", "volumeMounts": mount}
spec = {"volumes": [{"name": "data", "emptyDir": {}}], "initContainers": [first], "containers": [main]}
lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "history"}, "spec": spec})
""",
            reason="The volume is declared once, in the pod, and mounted in both containers; the init container ends before the other one starts.",
            owns=("pod/history",),
        ),
        Exercise(
            "01.5",
            "Run a pod slow (chatter/gateway:2.2) with a readiness and a liveness probe, so that it is never restarted.",
            _slow,
            (
                "Version 2.2 needs 30 seconds to start. When does your liveness probe begin, and how often may it fail?",
                "Add a startupProbe with failureThreshold times periodSeconds above 30: until it succeeds, the others wait.",
            ),
            solution="""
slow = probed.replace("name: probed", "name: slow").replace("chatter/web:1.0", "chatter/gateway:2.2")
slow += "    startupProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 5, failureThreshold: 12}\\n"
lab.apply(slow)
lab.wait_for("pod/slow")
""",
            reason="Until the startup probe succeeds, the other probes wait; 12 failures, 5 seconds apart, leave the program a minute.",
            owns=("pod/slow",),
        ),
        Exercise(
            "01.6",
            "Repair the pod shop: it is Ready and still has a readiness probe.",
            _repaired,
            (
                "The pod runs but is not ready. Its events tell what the readiness probe finds.",
                "web answers /readyz on port 8080. Probes of a pod cannot be changed: delete it and make it anew.",
            ),
            solution="""
lab.kubectl("delete pod shop")
lab.apply(probed.replace("name: probed", "name: shop"))
""",
            reason="Probes cannot be changed in a running pod, so it is deleted and made anew, with the port on which web listens.",
            owns=("pod/shop",),
            fault="shop",
        ),
    ),
    predictions=(
        Prediction(
            "01.a",
            "You apply the pod. Which comes first?",
            ("its image is pulled", "a node is chosen for it", "its container starts"),
            1,
            "No node, no kubelet; no kubelet, no image. The scheduler chooses first, and everything else happens on that node.",
        ),
        Prediction(
            "01.b",
            "The image does not exist. What is the phase of the pod?",
            ("Running", "Failed", "Pending"),
            2,
            "Phase is a coarse word. Pending means: accepted, but not every container has been started. The kubelet goes on trying.",
        ),
        Prediction(
            "01.c",
            "A container ends with exit code 1 at once, again and again. When does the kubelet start it the next time?",
            ("at once, every time", "first at once, then after 10 s, 20 s, 40 s and so on", "never again after three times"),
            1,
            "The wait doubles up to 5 minutes. Once a container has run for 10 minutes, the count begins anew.",
        ),
        Prediction(
            "01.d",
            "The container watcher asks http://localhost:8080. Who answers?",
            ("nobody: nothing listens in its own container", "the node", "the container web in the same pod"),
            2,
            "All containers of a pod share one network: the same address, the same ports, the same localhost.",
        ),
        Prediction(
            "01.e",
            "The readiness probe of a running pod fails. What happens to its container?",
            ("it is restarted", "nothing: the pod is only not Ready any more", "the pod is deleted"),
            1,
            "Readiness decides whether a pod gets traffic. Only a failing liveness (or startup) probe restarts the container.",
        ),
        Prediction(
            "01.f",
            "You delete the pod web. What comes back?",
            ("a pod with the same name", "a pod with another name", "nothing"),
            2,
            "Nobody wanted this pod but you. In lab 00 a ReplicaSet wanted two pods; here no controller looks after it.",
        ),
    ),
    faults=(
        Fault(
            "01.gateway",
            "The next part of chatter is there: the pod gateway. Something about it is wrong.",
            (
                Break(
                    _gateway_with("chatter/gatway:1.0"),
                    "The name of the image lacked a letter. ErrImagePull says that the registry does not know it; the event "
                    "repeats the name letter by letter, which is the place to look.",
                ),
                Break(
                    _gateway_with("chatter/gateway:0.9"),
                    "The name of the image was right, its tag was not. The event says that chatter/gateway:0.9 was not found.",
                ),
                Break(
                    _gateway_with("registry.example/chatter/gateway:1.0"),
                    "The image was asked from another registry. What stands before the first slash is a registry if it has a dot "
                    "in it; without one, docker.io is meant.",
                ),
            ),
            exercise="01.2",
        ),
        Fault(
            "01.shop",
            "A colleague has made a pod shop. It runs, they say, but it never gets ready.",
            (
                Break(
                    _shop_with(port=80),
                    "The readiness probe asked port 80, where nobody listens: connection refused, says the event. web listens on 8080.",
                ),
                Break(
                    _shop_with(path="/ready"),
                    "The readiness probe asked for /ready, which web does not have: status code 404, says the event. It is /readyz.",
                ),
                Break(
                    _shop_with(host="10.0.0.1"),
                    "The readiness probe asked another host, 10.0.0.1, not the pod: timeout, says the event. Without host, a probe "
                    "asks the pod's own address.",
                ),
            ),
            exercise="01.6",
        ),
    ),
    quizzes=(
        Quiz(
            "01.q1",
            "A pod is in CrashLoopBackOff. What is its container doing right now?",
            (
                Option("it is running and uses too much CPU", "In back-off nothing runs: the last run has ended."),
                Option(
                    "nothing: the kubelet waits before it starts it again",
                    "The container has ended, and the wait doubles each time, up to five minutes.",
                    right=True,
                ),
                Option(
                    "it is pulling its image", "That is ContainerCreating, or ImagePullBackOff where the image cannot be had."
                ),
            ),
        ),
        Quiz(
            "01.q2",
            "A program hangs, but its process lives. Which probe helps its users?",
            (
                Option(
                    "the readiness probe alone", "It takes the pod out of the traffic, and there it stays: nobody restarts it."
                ),
                Option("the liveness probe", "It fails, and the kubelet restarts the container.", right=True),
                Option("none: the kubelet sees that it hangs", "The kubelet sees whether a process lives, not whether it works."),
            ),
        ),
    ),
    syllabus=("B1", "B2", "B8"),
    reading=(
        ("Pod lifecycle", "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/"),
        ("Init containers", "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/"),
        ("Sidecar containers", "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"),
        (
            "Configure liveness, readiness and startup probes",
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
        ),
    ),
)
