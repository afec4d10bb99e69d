"""Lab 10, Scaling: what its notebook asks, checks and breaks. Syllabus: G1 to G5.

The checks are in `k8slab.lessons.lab10_autoscaling` and `k8slab.lessons.lab10_availability`; here are the words, the solutions and the ways to break an autoscaler.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply
from k8slab.lessons.exercise import Break, Exercise, Fault, LabContent, Option, Prediction, Quiz
from k8slab.lessons.lab10_autoscaling import autoscaled, by_requests, repaired, runs_loads, slowly_down
from k8slab.lessons.lab10_availability import leader_known, nothing_lost, over_zones

__all__ = ["CONTENT"]


def _hinder(**changes: object) -> Callable[[Cluster], None]:
    """Return what keeps web from growing: changes of its HPA, or its container's requests taken away; then visitors come."""

    def inject(cluster: Cluster) -> None:
        container = {**cluster.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]}
        cluster.delete("horizontalpodautoscalers.autoscaling", "web")
        apply(cluster, _autoscaler({key: value for key, value in changes.items() if key != "resources"}), manager="colleague")
        if "resources" in changes:
            container["resources"] = changes["resources"]
        body = {"spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}}}
        cluster.patch("deployments", "web", body, manager="colleague")
        if runs_loads(cluster):
            apply(cluster, _visitors(cluster.namespace))

    return inject


def _autoscaler(changes: Object) -> Object:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 6, "metrics": [metric], **changes}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": spec}


def _visitors(namespace: str) -> Object:
    stages = [{"durationSeconds": 1800, "target": 8}]
    spec = {"url": f"http://web.{namespace}.svc.cluster.local:8080/work?ms=25", "stages": stages, "timeoutSeconds": 30}
    return {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "LoadRun", "metadata": {"name": "evening"}, "spec": spec}


def _as_by_default(cluster: Cluster) -> str:
    """Take the behaviour of web's autoscalers away."""
    for scaler in cluster.list("horizontalpodautoscalers.autoscaling"):
        if scaler["spec"]["scaleTargetRef"]["name"] == "web":
            name = scaler["metadata"]["name"]
            cluster.patch("horizontalpodautoscalers.autoscaling", name, {"spec": {"behavior": None}})
    return "web is scaled as fast as by default."


def _without_care(cluster: Cluster) -> str:
    """Bring rooms back to the version without a probe and a hook."""
    found = cluster.find("deployments", "rooms")
    if found is None:
        return "There is no deployment/rooms: apply it first."
    container = {**found["spec"]["template"]["spec"]["containers"][0], "image": "chatter/rooms:1.0"}
    bare = {key: value for key, value in container.items() if key not in ("readinessProbe", "lifecycle")}
    body = {"spec": {"replicas": 3, "template": {"spec": {"containers": [bare]}}}}
    cluster.patch("deployments", "rooms", body, manager="colleague")
    return "rooms goes back to version 1.0, without a probe and a hook."


_EXERCISES = (
    Exercise(
        "10.1",
        "Let web be autoscaled by CPU: 1 to 6 pods, 50 % of what they request on average.",
        autoscaled,
        (
            "50 % of what? The condition ScalingActive says what the autoscaler misses.",
            "kubectl set resources gives the container a request; kubectl autoscale takes --cpu=50%, --min and --max. It changes no "
            "autoscaler that is there: delete that first, or keep it.",
        ),
        solution="""
lab.kubectl("set resources deployment web --requests=cpu=100m")
lab.kubectl("delete hpa web --ignore-not-found")
lab.kubectl("autoscale deployment web --cpu=50% --min=1 --max=6")
lab.wait_for("hpa/web", "ScalingActive", timeout=120)
""",
        reason="Utilization is use divided by request. Without a request there is nothing to divide by.",
        owns=("hpa/web",),
        patience=90,
    ),
    Exercise(
        "10.2",
        "Let web shrink gently: look back 60 s, then take away at most one pod every 30 s.",
        slowly_down,
        (
            "Growing and shrinking have rules of their own. In which field of the autoscaler do they stand?",
            "spec.behavior.scaleDown has a stabilizationWindowSeconds, and policies with type, value and periodSeconds: kubectl edit or patch.",
        ),
        solution="""
import json

gently = {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 30}]}
lab.kubectl(f"patch hpa web -p '{json.dumps({'spec': {'behavior': {'scaleDown': gently}}})}'")
""",
        reason="The window takes the highest wish of the last 60 s; the policy says how fast the number may then go down.",
        begin=_as_by_default,
    ),
    Exercise(
        "10.3",
        "Let gateway be autoscaled by its own figure: 1 to 5 pods, 4 requests per second for each.",
        by_requests,
        (
            "CPU is a metric of the type Resource. Which type is a figure that each pod tells itself?",
            "type: Pods, metric http_requests_per_second, target AverageValue 4.",
        ),
        solution='''
lab.apply("""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: gateway}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gateway}
  minReplicas: 1
  maxReplicas: 5
  metrics:
  - type: Pods
    pods: {metric: {name: http_requests_per_second}, target: {type: AverageValue, averageValue: "4"}}
""")
''',
        reason="AverageValue is a number for each pod; no request of CPU is needed for it.",
        owns=("hpa/gateway",),
        patience=60,
    ),
    Exercise(
        "10.4",
        "Bring rooms to a new version while messages come in, and lose none, with a readiness probe and a preStop hook.",
        nothing_lost,
        (
            "When may a new pod get messages, and what shall an old pod do while the others still learn that it goes?",
            "readinessProbe on /readyz, lifecycle.preStop.sleep of 5 s. First these, then messages, then the image.",
        ),
        solution="""
lab.apply((rooms + care).replace("rooms:1.0", "rooms:1.1"), force=True)
lab.wait_for("deployment/rooms", "updated")
if lab.can("load"):
    lab.kubectl("delete loadrun careful --ignore-not-found")
    lab.apply(messages("careful"))
lab.sleep(5)
lab.kubectl("set image deployment/rooms rooms=chatter/rooms:1.2")
lab.wait_for("deployment/rooms", "updated", timeout=120)
if lab.can("load"):
    lab.wait_for("loadrun/careful", "phase=Complete", timeout=120)
""",
        reason="Not ready means no messages yet; the hook keeps an old pod answering until nobody sends to it any more.",
        owns=("loadrun/careful",),
        patience=60,
        begin=_without_care,
    ),
    Exercise(
        "10.5",
        "Spread 4 pods of rooms evenly over the zones, and let evictions take away at most one of them at a time.",
        over_zones,
        (
            "Two things: where pods are put, and who may take them away. The first stands in the template, the second does not.",
            "topologySpreadConstraints with topologyKey topology.kubernetes.io/zone; PodDisruptionBudget with maxUnavailable 1.",
        ),
        solution='''
spread = [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
           "labelSelector": {"matchLabels": {"app": "rooms"}}, "matchLabelKeys": ["pod-template-hash"]}]
body = {"spec": {"replicas": 4, "template": {"spec": {"topologySpreadConstraints": spread}}}}
lab.cluster.apps.patch_namespaced_deployment("rooms", lab.namespace, body)
lab.apply("""
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: rooms}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: rooms}}}
""")
lab.wait_for("deployment/rooms", "updated", timeout=120)
''',
        reason="maxSkew 1 allows no zone to have two more than another. The budget is asked at every eviction.",
        owns=("poddisruptionbudget/rooms",),
        patience=30,
    ),
    Exercise(
        "10.6",
        "Write into a ConfigMap leaders, key scheduler, who leads the kube-scheduler now.",
        leader_known,
        (
            "The leader writes its name into an object again and again. Of which kind, in which namespace?",
            "kubectl get leases -n kube-system; the name is in spec.holderIdentity.",
        ),
        solution="""
holder = lab.cluster.get("lease", "kube-scheduler", "kube-system")["spec"]["holderIdentity"]
lab.kubectl("delete configmap leaders --ignore-not-found")
lab.kubectl(f"create configmap leaders --from-literal=scheduler={holder}")
""",
        reason="Whoever holds the lease leads. The others wait until it has not been renewed for 15 s.",
        owns=("configmap/leaders",),
    ),
    Exercise(
        "10.7",
        "Repair the autoscaling of web: between 1 and at least 6 pods by CPU, as many as the visitors need.",
        repaired,
        (
            "Does the autoscaler see figures? Does it find its target? May it do what it wants?",
            'kubectl describe hpa web shows its three conditions and their reasons; lab.why("hpa/web") explains them.',
        ),
        solution="""
lab.kubectl("delete hpa web")
lab.kubectl("set resources deployment web --requests=cpu=100m")
lab.kubectl("autoscale deployment web --cpu=50% --min=1 --max=6")
""",
        reason="An autoscaler needs a target, figures, and the freedom to act. Its conditions name what is missing.",
        fault="hindered",
        patience=120,
    ),
)

_PREDICTIONS = (
    Prediction(
        "10.a",
        "web requests no CPU. An autoscaler is asked to keep it at 50 %. What does it do?",
        ("it takes 50 % of the node's CPU", "nothing: it cannot compute a percentage", "it makes as many pods as it may"),
        1,
        "Utilization is a percentage of the request. Its condition ScalingActive is False, with the reason FailedGetResourceMetric.",
    ),
    Prediction(
        "10.b",
        "One pod requests 100m and uses 200m. The target is 50 %. How many pods does the autoscaler want?",
        ("2", "3", "4"),
        2,
        "200 % is four times the target, so four times as many pods: replicas × use ÷ target, rounded up.",
    ),
    Prediction(
        "10.c",
        "The load ends at once, and nobody has set spec.behavior. When do the first pods go?",
        ("at the next look, 15 s later", "after about five minutes", "never: it only grows"),
        1,
        "For shrinking, the window is 300 s by default: the highest wish of that time counts. For growing it is 0.",
    ),
    Prediction(
        "10.d",
        "rooms has no readiness probe. Messages come in while it gets a new version by a rolling update. Are some lost?",
        ("none: a rolling update is safe by itself", "some: new pods get messages before they listen"),
        1,
        "Without the probe a pod is ready as soon as its container runs. Its server needs three seconds more, and refuses meanwhile.",
    ),
    Prediction(
        "10.e",
        "A zone loses its power. When are new pods made in place of those that were there?",
        ("at once", "after about 50 s", "after about six minutes"),
        2,
        "After about 50 s without a heartbeat the node is NotReady, and its pods get no traffic. They are given up 300 s later.",
    ),
)

_QUIZZES = (
    Quiz(
        "10.q1",
        "The target is 50 %, four pods are at 54 %. What does the autoscaler do?",
        (
            Option("It makes a fifth pod.", "54 ÷ 50 is 1.08, which is too little to act on."),
            Option("Nothing.", "Within 10 % of the target (the tolerance) it leaves the number alone.", right=True),
            Option(
                "It waits for the stabilization window.", "There is no wish that could be stabilised: it is within tolerance."
            ),
        ),
    ),
    Quiz(
        "10.q2",
        "What does a PodDisruptionBudget protect from?",
        (
            Option("The loss of a zone.", "A power cut asks nobody. Only spreading helps there."),
            Option(
                "kubectl drain that takes too many pods at once.", "Drain evicts; every eviction asks the budget.", right=True
            ),
            Option("A rolling update.", "The Deployment has maxUnavailable of its own; it does not ask the budget."),
        ),
    ),
)

_FAULT = Fault(
    "10.hindered",
    "Users write: every evening chatter is slow. There is an autoscaler for web, but web stays at one pod.",
    (
        Break(
            _hinder(resources={"limits": {"memory": "128Mi"}}),
            "The container had no CPU request any more. kubectl get hpa showed cpu: <unknown>/50%, and ScalingActive was False: "
            "missing request for cpu.",
        ),
        Break(
            _hinder(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "website"}),
            "The autoscaler had another target: deployment/website, which does not exist. AbleToScale was False, with the reason "
            "FailedGetScale.",
        ),
        Break(
            _hinder(behavior={"scaleUp": {"selectPolicy": "Disabled"}}),
            "The autoscaler saw the load and wanted more pods, but behavior.scaleUp.selectPolicy was Disabled. ScalingLimited was "
            "True, and kubectl describe hpa showed the policy.",
        ),
    ),
    exercise="10.7",
)

CONTENT = LabContent(
    "10",
    "Scaling",
    exercises=_EXERCISES,
    predictions=_PREDICTIONS,
    quizzes=_QUIZZES,
    faults=(_FAULT,),
    syllabus=("G1", "G2", "G3", "G4", "G5"),
    owns=("fault/lab-10-zone", "fault/lab-10-scheduler"),
    reading=(
        ("Horizontal Pod Autoscaling", "https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/"),
        (
            "HorizontalPodAutoscaler walkthrough",
            "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/",
        ),
        ("Disruptions", "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/"),
        (
            "Pod topology spread constraints",
            "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
        ),
        ("Leases", "https://kubernetes.io/docs/concepts/architecture/leases/"),
    ),
)
