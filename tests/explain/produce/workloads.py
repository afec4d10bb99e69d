"""Workloads that have not the pods they want, and pods that are refused."""

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import (
    claim,
    container,
    cron_job,
    daemon_set,
    deployment,
    hpa,
    job,
    service,
    stateful_set,
    thing,
)
from tests.explain.produce.lab import Lab, Objects, Situation, Step
from tests.explain.produce.rewriting import change, drop_events

S = Situation


def _quota(**hard: str) -> Object:
    return thing("v1", "ResourceQuota", "few", {"hard": {key.replace("_", "."): value for key, value in hard.items()}})


def _limits(**limit: object) -> Object:
    return thing("v1", "LimitRange", "range", {"limits": [{"type": "Container", **limit}]})


def _level(level: str) -> Step:
    return lambda lab: lab.patch("namespaces", "chat", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}})


def _image(kind: str, name: str, image: str) -> Step:
    spec = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
    return lambda lab: lab.patch(f"{kind}.apps", name, spec)


def _refused(message: str) -> Step:
    """The pods were refused by something that the embedded cluster has not."""

    def rewrite(objects: Objects) -> Objects:
        return [
            {**o, "message": f"Error creating: {message}"} if o["kind"] == "Event" and o.get("reason") == "FailedCreate" else o
            for o in objects
        ]

    def told(obj: Object) -> None:
        for condition in (obj.get("status") or {}).get("conditions") or ():
            if condition["type"] == "ReplicaFailure":
                condition["message"] = message

    def step(lab: Lab) -> None:
        lab.rewrites.append(rewrite)
        lab.rewrites.append(lambda objects: [told(o) or o for o in objects if o])  # type: ignore[func-returns-value]

    return step


def _off(component: str) -> Step:
    return lambda lab: lab.create(
        thing("sim.k8slab.dev/v1alpha1", "Fault", "off", {"type": "ComponentDown", "component": component})
    )


_T = "spec.template.spec"

CREATION = [
    S(
        "the quota of pods is used up",
        "deployment/web",
        "creation.quota known resourcequota/few spec.hard[pods]",
        [_quota(pods="2"), deployment(replicas=3), 20],
    ),
    S(
        "the quota of CPU is used up",
        "deployment/web",
        "creation.quota known resourcequota/few spec.hard[requests.cpu]",
        [_quota(requests_cpu="1"), deployment(replicas=3, requests={"cpu": "500m"}), 20],
    ),
    S(
        "the quota counts what the pods do not say",
        "deployment/web",
        f"creation.quota-unspecified known deployment/web {_T}.containers[0].resources.requests.cpu",
        [_quota(requests_cpu="1"), deployment(), 20],
    ),
    S(
        "the quota counts limits that the pods do not say",
        "rs/web-*",
        f"creation.quota-unspecified known deployment/web {_T}.containers[0].resources.limits.memory",
        [_quota(limits_memory="1Gi"), deployment(), 20],
    ),
    S(
        "more than the limit range allows",
        "deployment/web",
        f"creation.limit-range known deployment/web {_T}.containers[0].resources.limits.memory",
        [_limits(max={"memory": "1Gi"}), deployment(limits={"memory": "2Gi"}), 20],
    ),
    S(
        "less than the limit range wants",
        "deployment/web",
        f"creation.limit-range known deployment/web {_T}.containers[0].resources.requests.cpu",
        [_limits(min={"cpu": "100m"}), deployment(requests={"cpu": "10m"}), 20],
    ),
    S(
        "Pod Security baseline: a host network",
        "deployment/web",
        f"creation.pod-security known deployment/web {_T}.hostNetwork",
        [_level("baseline"), deployment(hostNetwork=True), 20],
    ),
    S(
        "Pod Security baseline: privileged",
        "daemonset/agent",
        f"creation.pod-security known daemonset/agent {_T}.containers[0].securityContext.privileged",
        [_level("baseline"), daemon_set(securityContext={}, containers=[container(securityContext={"privileged": True})]), 20],
    ),
    S(
        "Pod Security baseline: a hostPath",
        "deployment/web",
        f"creation.pod-security known deployment/web {_T}.volumes",
        [_level("baseline"), deployment(volumes=[{"name": "etc", "hostPath": {"path": "/etc"}}]), 20],
    ),
    S(
        "Pod Security restricted",
        "deployment/web",
        f"creation.pod-security known deployment/web {_T}.containers[0].securityContext.allowPrivilegeEscalation",
        [_level("restricted"), deployment(), 20],
    ),
    S(
        "Pod Security and a Job",
        "job/work",
        f"creation.pod-security known job/work {_T}.hostPID",
        [_level("baseline"), job(hostPID=True), 20],
    ),
    S(
        "an account that does not exist",
        "deployment/web",
        f"creation.service-account-missing known deployment/web {_T}.serviceAccountName",
        [deployment(serviceAccountName="runner"), 20],
    ),
    S(
        "an account that has come since",
        "deployment/web",
        f"creation.service-account-missing likely deployment/web {_T}.serviceAccountName",
        [
            deployment(serviceAccountName="runner"),
            20,
            lambda lab: lab.rewrites.append(lambda o: [*o, thing("v1", "ServiceAccount", "runner", namespace="chat")]),
        ],
    ),
    S(
        "a priority class that does not exist",
        "deployment/web",
        f"creation.priority-class-missing known deployment/web {_T}.priorityClassName",
        [deployment(priorityClassName="urgent"), 20],
    ),
    S(
        "a StatefulSet whose pods are refused",
        "sts/db",
        "creation.quota known resourcequota/few spec.hard[pods]",
        [_quota(pods="1"), stateful_set(replicas=2), 40],
    ),
    S(
        "a DaemonSet whose pods are refused",
        "ds/agent",
        "creation.quota known resourcequota/few spec.hard[pods]",
        [_quota(pods="1"), daemon_set(), 20],
    ),
    S(
        "a webhook that says no",
        "deployment/web",
        "creation.webhook-denied known webhook/policy.example.com webhooks",
        [
            deployment(serviceAccountName="runner"),
            20,
            _refused('admission webhook "policy.example.com" denied the request: images must come from registry.example.com'),
        ],
    ),
    S(
        "a webhook that is down",
        "deployment/web",
        "creation.webhook-down known webhook/policy.example.com webhooks",
        [
            deployment(serviceAccountName="runner"),
            20,
            _refused(
                'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: '
                'Post "https://policy.chat.svc:443/?timeout=10s": no endpoints available for service "policy"'
            ),
        ],
    ),
    S(
        "an admission policy",
        "deployment/web",
        "creation.admission-policy known validatingadmissionpolicy/tags spec.validations",
        [
            deployment(serviceAccountName="runner"),
            20,
            _refused(
                "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'tags' denied request: "
                "no image may have the tag latest"
            ),
        ],
    ),
    S(
        "a reason that nobody here knows",
        "deployment/web",
        "creation.other likely deployment/web spec.template.spec",
        [deployment(serviceAccountName="runner"), 20, _refused("pods is forbidden: something new")],
    ),
]

WORKLOADS = [
    S(
        "paused with a change",
        "deployment/web",
        "deployment.paused known deployment/web spec.paused",
        [
            deployment(),
            20,
            lambda lab: lab.patch("deployments.apps", "web", {"spec": {"paused": True}}),
            _image("deployments", "web", "nginx:1.27"),
            10,
        ],
    ),
    S(
        "scaled to zero",
        "deployment/web",
        "deployment.zero.healthy known deployment/web spec.replicas",
        [deployment(replicas=0), 10],
    ),
    S(
        "a rollout that is stuck halfway",
        "deployment/web",
        f"pod.image.not-found known deployment/web {_T}.containers[0].image",
        [deployment(replicas=3), 30, _image("deployments", "web", "nginx:nosuch"), 60],
    ),
    S(
        "a rollout past its deadline",
        "deployment/web",
        f"pod.image.not-found known deployment/web {_T}.containers[0].image",
        [deployment(replicas=3, spec={"progressDeadlineSeconds": 30}), 30, _image("deployments", "web", "nginx:nosuch"), 60],
    ),
    S(
        "ready but not yet available",
        "deployment/web",
        "deployment.min-ready known deployment/web spec.minReadySeconds",
        [deployment(spec={"minReadySeconds": 300}), 30],
    ),
    S(
        "the controller manager is down",
        "deployment/web",
        "deployment.not-observed likely deployment/web status.observedGeneration",
        [_off("kube-controller-manager"), 2, deployment(), 20],
    ),
    S(
        "one of three has no room",
        "deployment/web",
        f"pod.scheduling.cpu.full known deployment/web {_T}.containers[0].resources.requests.cpu",
        [deployment("filler", replicas=1, requests={"cpu": "3"}), 15, deployment(replicas=3, requests={"cpu": "3"}), 20],
    ),
    S(
        "crashing pods are worse than starting ones",
        "deployment/web",
        f"pod.crash.error known deployment/web {_T}.containers[0]",
        [deployment(replicas=3, sh="exit 2"), 60],
    ),
    S(
        "an old ReplicaSet",
        "rs/web-*",
        "replicaset.retired.healthy known replicaset/web-* spec.replicas",
        [deployment(), 20, _image("deployments", "web", "redis"), 60],
    ),
    S(
        "a StatefulSet's first pod holds up the rest",
        "sts/db",
        f"pod.crash.error known statefulset/db {_T}.containers[0]",
        [stateful_set(replicas=3, sh="exit 1"), 60],
    ),
    S(
        "a StatefulSet's claim has no class",
        "sts/db",
        "pvc.class-missing known persistentvolumeclaim/data-db-0 spec.storageClassName",
        [
            stateful_set(
                spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim(storageClassName="fast")["spec"]}]}
            ),
            20,
        ],
    ),
    S(
        "a StatefulSet without its Service",
        "sts/db",
        "statefulset.service-missing known statefulset/db spec.serviceName",
        [stateful_set(), 60],
    ),
    S(
        "a StatefulSet that is updated by hand",
        "sts/db",
        "statefulset.on-delete known statefulset/db spec.updateStrategy.type",
        [
            service("db", clusterIP="None"),
            stateful_set(spec={"updateStrategy": {"type": "OnDelete"}}),
            60,
            _image("statefulsets", "db", "nginx:1.27"),
            30,
        ],
    ),
    S(
        "a StatefulSet with a partition",
        "sts/db",
        "statefulset.partition known statefulset/db spec.updateStrategy.rollingUpdate.partition",
        [
            service("db", clusterIP="None"),
            stateful_set(spec={"updateStrategy": {"rollingUpdate": {"partition": 2}}}),
            60,
            _image("statefulsets", "db", "nginx:1.27"),
            30,
        ],
    ),
    S(
        "a StatefulSet's broken pod of an old template",
        "sts/db",
        "statefulset.stuck-revision known statefulset/db spec.template",
        [service("db", clusterIP="None"), stateful_set(image="nginx:nosuch"), 40, _image("statefulsets", "db", "nginx:1.27"), 40],
    ),
    S(
        "a DaemonSet that no node suits",
        "ds/agent",
        "daemonset.no-nodes known daemonset/agent spec.template.spec.nodeSelector",
        [daemon_set(nodeSelector={"gpu": "yes"}), 20],
    ),
    S(
        "a DaemonSet that crashes",
        "ds/agent",
        f"pod.crash.error known daemonset/agent {_T}.containers[0]",
        [daemon_set(sh="exit 1"), 60],
    ),
    S(
        "a DaemonSet's pod has no room on one node",
        "ds/agent",
        f"pod.scheduling.cpu.full known daemonset/agent {_T}.containers[0].resources.requests.cpu",
        [deployment("filler", replicas=1, requests={"cpu": "3"}), 15, daemon_set(requests={"cpu": "2"}), 20],
    ),
    S("a DaemonSet that runs", "ds/agent", "daemonset.healthy known daemonset/agent status.numberReady", [daemon_set(), 30]),
    S(
        "a Job that failed for good",
        "job/work",
        f"pod.crash.error known job/work {_T}.containers[0]",
        [job(sh="echo no; exit 1", spec={"backoffLimit": 1}), 120],
    ),
    S("a Job that is still trying", "job/work", f"pod.crash.error known job/work {_T}.containers[0]", [job(sh="exit 1"), 15]),
    S(
        "a Job that failed, and its pods are gone",
        "job/work",
        "job.backoff-limit known job/work spec.backoffLimit",
        [
            job(sh="exit 1", spec={"backoffLimit": 0}),
            60,
            lambda lab: lab.rewrites.append(lambda objects: [o for o in objects if o["kind"] != "Pod"]),
            drop_events,
        ],
    ),
    S(
        "a Job past its deadline",
        "job/work",
        "job.deadline known job/work spec.activeDeadlineSeconds",
        [job(sh="sleep 9999", spec={"activeDeadlineSeconds": 20}), 60],
    ),
    S("a suspended Job", "job/work", "job.suspended known job/work spec.suspend", [job(sh="true", spec={"suspend": True}), 20]),
    S(
        "a Job whose image is wrong",
        "job/work",
        f"pod.image.not-found known job/work {_T}.containers[0].image",
        [job(image="busybox:nosuch"), 40],
    ),
    S("a Job that works", "job/work", "job.running known job/work status.active", [job(sh="sleep 9999"), 30]),
    S("a Job that is done", "job/work", "job.complete.healthy known job/work status.conditions[Complete]", [job(sh="true"), 30]),
    S(
        "a Job ended by its failure policy",
        "job/work",
        "job.failure-policy known job/work spec.podFailurePolicy",
        [
            job(
                sh="exit 42",
                spec={"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}},
            ),
            40,
        ],
    ),
    S(
        "a suspended CronJob",
        "cj/nightly",
        "cronjob.suspended known cronjob/nightly spec.suspend",
        [cron_job(sh="true", spec={"suspend": True}), 90],
    ),
    S(
        "a CronJob that overlaps itself",
        "cj/nightly",
        "cronjob.overlap known cronjob/nightly spec.concurrencyPolicy",
        [cron_job(sh="sleep 9999", spec={"concurrencyPolicy": "Forbid"}), 200],
    ),
    S(
        "a CronJob whose Job crashes",
        "cj/nightly",
        "pod.crash.error known cronjob/nightly spec.jobTemplate.spec.template.spec.containers[0]",
        [cron_job(sh="exit 1", spec={"concurrencyPolicy": "Forbid"}), 80],
    ),
    S(
        "a CronJob that has not been due",
        "cj/nightly",
        "cronjob.healthy likely cronjob/nightly spec.schedule",
        [cron_job(schedule="0 3 1 1 *", sh="true"), 60],
    ),
    S("a CronJob that works", "cj/nightly", "cronjob.healthy known cronjob/nightly spec.schedule", [cron_job(sh="true"), 130]),
    S(
        "a CronJob of a Job whose image is wrong",
        "cj/nightly",
        "pod.image.not-found known cronjob/nightly spec.jobTemplate.spec.template.spec.containers[0].image",
        [cron_job(image="busybox:nosuch"), 110],
    ),
]


def _busy(**more: object) -> Object:
    return deployment("web", requests={"cpu": "100m"}, **{"sh": "while true; do :; done", **more})  # type: ignore[arg-type]


def _no_metrics(lab: Lab) -> None:
    """A cluster without a metrics server: the words of its absence."""
    words = (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to "
        "fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
    )
    status = {
        "conditions": [
            {"type": "AbleToScale", "status": "True", "reason": "SucceededGetScale"},
            {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": words},
        ],
        "currentReplicas": 1,
        "desiredReplicas": 0,
    }
    change("HorizontalPodAutoscaler", "web", lambda h: h.update(status=status))(lab)
    lab.rewrites.append(lambda objects: [o for o in objects if o["kind"] != "PodMetrics"])


AUTOSCALING = [
    S(
        "its target does not exist",
        "hpa/web",
        "hpa.target-missing known horizontalpodautoscaler/web spec.scaleTargetRef",
        [hpa(target="Deployment/wep"), _busy(), 60],
    ),
    S(
        "its target is of another kind",
        "hpa/web",
        "hpa.target-missing known horizontalpodautoscaler/web spec.scaleTargetRef",
        [hpa(target="StatefulSet/web"), _busy(), 60],
    ),
    S(
        "its target requests no CPU",
        "hpa/web",
        f"hpa.missing-request known deployment/web {_T}.containers[0].resources.requests.cpu",
        [hpa(), deployment(), 90],
    ),
    S(
        "the second container requests no CPU",
        "hpa/web",
        f"hpa.missing-request known deployment/web {_T}.containers[1].resources.requests.cpu",
        [hpa(), deployment(containers=[container(requests={"cpu": "10m"}), container(name="log", sh="sleep 99999")]), 90],
    ),
    S(
        "no metrics server",
        "hpa/web",
        "hpa.no-metrics-server known apiservice/v1beta1.metrics.k8s.io ",
        [hpa(), _busy(), 60, _no_metrics],
    ),
    S(
        "its pods are not ready",
        "hpa/web",
        "hpa.pods-not-ready known deployment/web status.readyReplicas",
        [hpa(), deployment(requests={"cpu": "100m"}, image="nginx:nosuch"), 90],
    ),
    S(
        "switched off by zero replicas",
        "hpa/web",
        "hpa.disabled known deployment/web spec.replicas",
        [hpa(), _busy(replicas=0), 60],
    ),
    S(
        "at its maximum",
        "hpa/web",
        "hpa.max-replicas known horizontalpodautoscaler/web spec.maxReplicas",
        [hpa(high=2), _busy(), 150],
    ),
    S(
        "minimum and maximum are the same",
        "hpa/web",
        "hpa.fixed known horizontalpodautoscaler/web spec.maxReplicas",
        [hpa(low=1, high=1), _busy(), 120],
    ),
    S(
        "it waits before it shrinks",
        "hpa/web",
        "hpa.stabilized known horizontalpodautoscaler/web spec.behavior.scaleDown.stabilizationWindowSeconds",
        [
            hpa(high=3),
            _busy(),
            150,
            lambda lab: lab.patch(
                "deployments.apps",
                "web",
                {"spec": {"template": {"spec": {"containers": [{"name": "c", "command": ["sleep", "99999"]}]}}}},
            ),
            75,
        ],
    ),
    S(
        "growing is forbidden",
        "hpa/web",
        "hpa.disabled-direction known horizontalpodautoscaler/web spec.behavior.scaleUp.selectPolicy",
        [hpa(behavior={"scaleUp": {"selectPolicy": "Disabled"}}), _busy(), 120],
    ),
    S(
        "nothing to do",
        "hpa/web",
        "hpa.healthy known horizontalpodautoscaler/web status.desiredReplicas",
        [hpa(), deployment(requests={"cpu": "100m"}), 120],
    ),
    S(
        "a new autoscaler",
        "hpa/web",
        "hpa.new known horizontalpodautoscaler/web status",
        [_busy(), 30, hpa(), 1, change("HorizontalPodAutoscaler", "web", lambda h: h.pop("status"))],
    ),
    S(
        "it grows only so fast",
        "hpa/web",
        "hpa.rate-limit known horizontalpodautoscaler/web spec.behavior.scaleUp.policies",
        [
            hpa(high=9, percent=10, behavior={"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 600}]}}),
            _busy(),
            150,
        ],
    ),
]
