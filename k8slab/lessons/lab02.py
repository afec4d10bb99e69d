"""Lab 02, Deployments: what its notebook asks, checks and breaks. Syllabus: A3, B4, B5."""

from collections.abc import Callable, Iterator

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, wait_for
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import all_current, condition, exists, first_container, image_is, pod_spec, say
from k8slab.lessons.resetting import put_back

__all__ = ["CONTENT"]

_WIDE = "kubectl get deployment web -o wide"


def _container(deployment: Object) -> Object:
    return first_container(pod_spec(deployment))


def _rolled_out(deployment: Object) -> Finding:
    """Return whether all pods of a Deployment are of its present template, and available."""
    name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    if all_current(deployment):
        return say(True, f"all {wanted} pods of {name} are of the present version and available", "")
    look = f"kubectl rollout status deployment {name} --watch=false"
    return missing(f"the rollout of {name} has not come to its end", look, soon=condition(deployment, "Progressing") == "True")


def _wants(deployment: Object, replicas: int) -> Finding:
    name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    return say(
        wanted == replicas,
        f"{name} wants {replicas} pods",
        f"{name} wants {wanted} pods, not {replicas}",
        f"kubectl get deployment {name}",
    )


def _gateway(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    yield image_is(_container(deployment), "chatter/gateway")
    yield _wants(deployment, 2)
    labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
    for key, value in (("app", "gateway"), ("tier", "back")):
        yield say(
            labels.get(key) == value,
            f"its pods have the label {key}={value}",
            f"its pods do not get the label {key}={value}: labels of pods stand in the template",
            "kubectl get deployment gateway -o jsonpath={.spec.template.metadata.labels}",
        )
    yield _rolled_out(deployment)


def _pods(cluster: Cluster) -> list[Object]:
    return [p for p in cluster.list("pods") if "deletionTimestamp" not in p["metadata"]]


def _quarantined(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    apart = [p for p in _pods(cluster) if p["metadata"].get("labels", {}).get("app") == "quarantine"]
    yield say(
        bool(apart),
        f"pod/{apart[0]['metadata']['name']} has the label app=quarantine" if apart else "",
        "no pod has the label app=quarantine",
        "kubectl get pods --show-labels",
    )
    if not apart:
        return
    pod = apart[0]["metadata"]
    yield say(
        pod["name"].startswith("web-") and "generateName" in pod,
        "it was made by the ReplicaSet of web",
        "it is a new pod, not one that the ReplicaSet of web had made",
        "kubectl get pods --show-labels",
    )
    owners = [owner["name"] for owner in pod.get("ownerReferences") or ()]
    yield say(
        not owners,
        "nobody owns it any more",
        f"it still belongs to {', '.join(owners)}",
        f"kubectl get pod {pod['name']} -o jsonpath={{.metadata.ownerReferences}}",
    )
    running = (apart[0].get("status") or {}).get("phase") == "Running"
    yield say(running, "it still runs", "it does not run", f"kubectl get pod {pod['name']}")
    yield _wants(deployment, 3)
    yield _rolled_out(deployment)


def _careful(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    kind = deployment["spec"]["strategy"]["type"]
    look = "kubectl get deployment web -o jsonpath={.spec.strategy}"
    yield say(kind == "RollingUpdate", "it is updated by rolling", f"its strategy is {kind}", look)
    surge, unavailable = rolling.get("maxSurge"), rolling.get("maxUnavailable")
    yield say(
        unavailable in (0, "0%"),
        "maxUnavailable is 0",
        f"maxUnavailable is {unavailable}: a ready pod may go before its time",
        look,
    )
    yield say(surge == 1, "maxSurge is 1", f"maxSurge is {surge}, not 1", look)
    image = _container(deployment)["image"]
    yield say(image.endswith("chatter/web:1.1"), "it runs chatter/web:1.1", f"it runs {image}, not chatter/web:1.1", _WIDE)
    yield _wants(deployment, 3)
    yield _rolled_out(deployment)


def _replica_sets(cluster: Cluster, deployment: Object) -> list[Object]:
    uid = deployment["metadata"]["uid"]
    return [
        r for r in cluster.list("replicasets") if any(owner["uid"] == uid for owner in r["metadata"].get("ownerReferences") or ())
    ]


def _theme(owner: Object) -> str:
    env = owner["spec"]["template"]["spec"]["containers"][0].get("env") or ()
    return next((e.get("value", "") for e in env if e["name"] == "THEME"), "")


def _at_once(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    image = _container(deployment)["image"]
    look = "kubectl rollout history deployment web"
    yield say(image.endswith("chatter/web:1.2"), "it runs chatter/web:1.2", f"it runs {image}, not chatter/web:1.2", _WIDE)
    theme = _theme(deployment)
    yield say(
        theme == "dark",
        "THEME is dark",
        f"the variable THEME is {theme!r}, not 'dark'" if theme else "there is no variable THEME",
        "kubectl describe deployment web",
    )
    halves = [
        r["metadata"]["name"]
        for r in _replica_sets(cluster, deployment)
        if (_container(r)["image"].endswith(":1.2")) != (_theme(r) == "dark")
        and (_container(r)["image"].endswith(":1.2") or _theme(r))
    ]
    yield say(
        not halves,
        "both changes came in one rollout",
        f'the changes came one after the other: {", ".join(halves)} has only one of them. lab.reset("02.4") begins anew',
        look,
    )
    paused = deployment["spec"].get("paused")
    yield say(not paused, "it is not paused", "it is paused: nothing rolls out until you resume it", look)
    yield _rolled_out(deployment)


def _never_two(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if not deployment:
        return
    yield image_is(_container(deployment), "chatter/rooms")
    kind = deployment["spec"]["strategy"]["type"]
    yield say(
        kind == "Recreate",
        "all old pods end before a new one starts",
        f"its strategy is {kind}: old and new pods run side by side",
        "kubectl get deployment rooms -o jsonpath={.spec.strategy}",
    )
    yield _wants(deployment, 2)
    yield _rolled_out(deployment)


def _repaired(cluster: Cluster) -> Iterator[Finding]:
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    yield image_is(_container(deployment), "chatter/web")
    wanted = deployment["spec"]["replicas"]
    yield say(wanted >= 3, f"it wants {wanted} pods", f"it wants {wanted} pods; three are needed", "kubectl get deployment web")
    yield say("readinessProbe" in _container(deployment), "its pods have a readiness probe", "its readiness probe is gone")
    yield _rolled_out(deployment)


def _ship(**container: object) -> Callable[[Cluster], None]:
    """Return what a colleague does to the Deployment web."""

    def inject(cluster: Cluster) -> None:
        spec = {
            "progressDeadlineSeconds": 60,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"spec": {"containers": [{"name": "web", **container}]}},
        }
        cluster.patch("deployments", "web", {"spec": spec}, kind="strategic", manager="colleague")

    return inject


def _free_quarantine(cluster: Cluster) -> str:
    for pod in cluster.list("pods", label_selector="app=quarantine"):
        cluster.delete("pods", pod["metadata"]["name"])
    return "No pod is in quarantine any more."


def _first_version(cluster: Cluster) -> str:
    """Bring web back to its first version, and forget the ReplicaSets that an exercise has made."""
    container = {"name": "web", "image": "chatter/web:1.0", "env": [{"name": "THEME", "$patch": "delete"}]}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    spec = {"paused": None, "strategy": strategy, "template": {"spec": {"containers": [container]}}}
    if not put_back(cluster, "deployments", "web", {"spec": spec}):
        return "There is no deployment/web: apply it first."
    wait_for(cluster, "deployment/web", "updated")
    for old in _replica_sets(cluster, cluster.get("deployment", "web")):
        if not old["spec"]["replicas"]:
            cluster.delete("replicasets", old["metadata"]["name"])
    return "web runs chatter/web:1.0, and its older versions are forgotten."


CONTENT = LabContent(
    "02",
    "Deployments",
    exercises=(
        Exercise(
            "02.1",
            "Make a Deployment gateway with 2 pods of chatter/gateway:1.0 that have the labels app=gateway and tier=back.",
            _gateway,
            (
                "A Deployment is a number, a selector and a template. Which of the three do the pods come from?",
                "Labels of pods stand in spec.template.metadata.labels; the selector must match them, and cannot be changed later.",
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
    metadata: {labels: {app: gateway, tier: back}}
    spec: {containers: [{name: gateway, image: "chatter/gateway:1.0"}]}
""")
''',
            reason="The selector says which pods are counted; the template says what a new one looks like. It may have more labels.",
            owns=("deployment/gateway",),
        ),
        Exercise(
            "02.2",
            "Take one pod of web out of the service, still running, with the label app=quarantine; three others go on.",
            _quarantined,
            (
                "The ReplicaSet owns what its selector matches. How can a pod leave it without being deleted?",
                "Change the label app of the pod itself: kubectl label pod NAME app=quarantine --overwrite.",
            ),
            solution="""
pod = lab.cluster.list("pods", label_selector="app=web")[0]["metadata"]["name"]
lab.kubectl(f"label pod {pod} app=quarantine --overwrite")
""",
            reason="The pod no longer matches, so the ReplicaSet lets go of it and makes another. You can look into it in peace.",
            begin=_free_quarantine,
        ),
        Exercise(
            "02.3",
            "Bring web to version 1.1 with maxSurge 1 and maxUnavailable 0.",
            _careful,
            (
                "Where is written how many pods may be missing, and how many there may be too many, while a version changes?",
                "spec.strategy.rollingUpdate has maxSurge and maxUnavailable; the image is in the template. Both may change at once.",
            ),
            solution="""
careful = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
lab.cluster.apps.patch_namespaced_deployment("web", lab.namespace, {"spec": {"strategy": careful}})
lab.kubectl("set image deployment/web web=chatter/web:1.1")
lab.wait_for("deployment/web", "updated")
""",
            reason="With maxUnavailable 0 no pod goes before another is ready in its place; maxSurge 1 gives the room for that.",
            begin=_first_version,
        ),
        Exercise(
            "02.4",
            "Give web the image 1.2 and the variable THEME=dark, in one rollout.",
            _at_once,
            (
                "Every change of the template is a rollout. How do two changes become one?",
                "Apply both in one manifest or patch, or kubectl rollout pause, change what you like, kubectl rollout resume.",
            ),
            solution="""
lab.kubectl("rollout pause deployment web")
lab.kubectl("set image deployment/web web=chatter/web:1.2")
lab.kubectl("set env deployment/web THEME=dark")
lab.kubectl("rollout resume deployment web")
""",
            reason="While it is paused the template can change as often as it likes; one new ReplicaSet comes when it resumes.",
            begin=_first_version,
        ),
        Exercise(
            "02.5",
            "Make a Deployment rooms (chatter/rooms:1.0, 2 pods) of which two versions never run at the same time.",
            _never_two,
            (
                "A rolling update runs old and new side by side. Which other strategy is there?",
                "spec.strategy.type: Recreate. All old pods end first; nobody serves for a moment.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: rooms}
spec:
  replicas: 2
  strategy: {type: Recreate}
  selector: {matchLabels: {app: rooms}}
  template:
    metadata: {labels: {app: rooms}}
    spec: {containers: [{name: rooms, image: "chatter/rooms:1.0"}]}
""")
''',
            reason="Recreate scales the old ReplicaSet to zero and waits before it makes the new one: a pause, but never a mixture.",
            owns=("deployment/rooms",),
        ),
        Exercise(
            "02.6",
            "Repair web: at least three pods, all of the present version and available, readiness probe kept.",
            _repaired,
            (
                "The old pods still serve. What do the new ones say, and what does the Deployment's condition Progressing say?",
                'kubectl describe the new pod, or lab.why("deployment/web"). kubectl rollout undo goes back to what worked.',
            ),
            solution="""
lab.kubectl("rollout undo deployment web")
lab.wait_for("deployment/web", "updated")
""",
            reason="The old ReplicaSet is still there, with its template; undo makes that template the present one again.",
            fault="stuck",
        ),
    ),
    predictions=(
        Prediction(
            "02.a",
            "Three pods of web run. You make a fourth by hand, with the label app=web. What happens?",
            ("four pods run", "one of the four is deleted", "the API server refuses the pod"),
            0,
            "The ReplicaSet of web asks for one label more: pod-template-hash, which your pod does not have. So it is not counted.",
        ),
        Prediction(
            "02.b",
            "You change the image in the template. What does the Deployment change in its ReplicaSet?",
            ("the image", "nothing: it makes a second ReplicaSet", "the number of its pods only"),
            1,
            "A ReplicaSet keeps its template. For another template there is another ReplicaSet; the old one shrinks as the new one grows.",
        ),
        Prediction(
            "02.c",
            "4 pods, maxSurge 25 %, maxUnavailable 25 %. How many pods may there be during an update?",
            ("3 to 5", "4 to 5", "3 to 4"),
            0,
            "25 % of 4 is 1: one more than wanted, one ready pod less. Of maxSurge a fraction is rounded up, of maxUnavailable down.",
        ),
        Prediction(
            "02.d",
            "You scale web from 3 to 5 pods. Is that a rollout?",
            ("yes, a new revision", "no: the same ReplicaSet gets more pods"),
            1,
            "Only a change of the template makes a new ReplicaSet and a new revision. The number is not part of the template.",
        ),
        Prediction(
            "02.e",
            "The new version never becomes ready. What does the Deployment do after its progress deadline?",
            ("it goes back to the old version", "it deletes the new pods", "it says so in its condition, and goes on trying"),
            2,
            "Progressing becomes False, with the reason ProgressDeadlineExceeded. Going back is your decision, or that of your pipeline.",
        ),
    ),
    quizzes=(
        Quiz(
            "02.q1",
            "You delete a ReplicaSet of a Deployment. What is there a moment later?",
            (
                Option("nothing", "The Deployment still wants its pods."),
                Option(
                    "a ReplicaSet of the same template, with new pods",
                    "The deployment controller misses it and makes it again; the pods of the old one went with their owner.",
                    right=True,
                ),
                Option("the pods without an owner", "They are deleted with their owner, unless you say --cascade=orphan."),
            ),
        ),
        Quiz(
            "02.q2",
            "Which change can kubectl rollout undo take back?",
            (
                Option("a change of the number of pods", "That is not part of the template; the old ReplicaSets do not know it."),
                Option("a change of the image", "It is part of the template, which the old ReplicaSet has kept.", right=True),
                Option("a change of the selector", "A selector cannot be changed at all."),
            ),
        ),
    ),
    faults=(
        Fault(
            "02.stuck",
            "Ops write: the rollout of web has not moved for minutes. Users notice nothing so far, but nobody dares to touch it.",
            (
                Break(
                    _ship(image="chatter/web:2.1"),
                    "Version 2.1 ends at once: its log says that /etc/chatter/config.yaml is missing, and the new pod was in "
                    "CrashLoopBackOff. maxUnavailable 0 kept all old pods. The condition Progressing became False after its deadline.",
                ),
                Break(
                    _ship(image="chatter/web:1.9"),
                    "There is no chatter/web:1.9. The new pod was in ImagePullBackOff, and the kubelet's event named the tag.",
                ),
                Break(
                    _ship(
                        image="chatter/web:2.0", readinessProbe={"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 2}
                    ),
                    "The new pod ran, but its readiness probe asked for /ready and got 404. Running is not Ready: the rollout waited.",
                ),
            ),
            exercise="02.6",
        ),
    ),
    syllabus=("A3", "B4", "B5"),
    reading=(
        ("Deployments", "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"),
        ("ReplicaSet", "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/"),
        ("Labels and selectors", "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"),
        ("Owners and dependents", "https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/"),
    ),
)
