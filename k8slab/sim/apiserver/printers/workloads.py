"""Rows of what makes and scales pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, autoscalers and budgets.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.timestamps import human_duration, parse_time
from k8slab.apimachinery.types import Object, controller_of
from k8slab.sim.apiserver.printers.cells import (
    NONE,
    UNKNOWN,
    UNSET,
    age,
    containers,
    images,
    label_selector,
    labels,
    shortened,
    since,
    spec_of,
    status_of,
)
from k8slab.sim.apiserver.printers.columns import AGE, CONTAINERS, IMAGES, NAME, POD_SELECTOR, column, printer

__all__: list[str] = []


def _replica_columns(api: str, kind: str) -> tuple[Any, ...]:
    return (
        NAME,
        column("Desired", (f"{api}.{kind}Spec", "replicas"), "integer"),
        column("Current", (f"{api}.{kind}Status", "replicas"), "integer"),
        column("Ready", (f"{api}.{kind}Status", "readyReplicas"), "integer"),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR(f"{api}.{kind}Spec"),
    )


def _replica_cells(obj: Object, now: float, selector: str) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    template = spec.get("template")
    return [
        obj["metadata"]["name"],
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        containers(template),
        images(template),
        selector,
    ]


@printer("", "ReplicationController", _replica_columns("core.v1", "ReplicationController"))
def _replication_controller(obj: Object, now: float) -> list[Any]:
    return _replica_cells(obj, now, labels(spec_of(obj).get("selector")))


@printer("apps", "ReplicaSet", _replica_columns("apps.v1", "ReplicaSet"))
def _replica_set(obj: Object, now: float) -> list[Any]:
    return _replica_cells(obj, now, label_selector(spec_of(obj).get("selector")))


@printer(
    "apps",
    "Deployment",
    (
        NAME,
        column("Ready", "Number of the pod with ready state"),
        column("Up-to-date", ("apps.v1.DeploymentStatus", "updatedReplicas")),
        column("Available", ("apps.v1.DeploymentStatus", "availableReplicas")),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("apps.v1.DeploymentSpec"),
    ),
)
def _deployment(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    selector = label_selector(spec.get("selector"))
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        containers(spec.get("template")),
        images(spec.get("template")),
        "" if selector == NONE else selector,
    ]


@printer("apps", "StatefulSet", (NAME, column("Ready", "Number of the pod with ready state"), AGE, CONTAINERS, IMAGES))
def _stateful_set(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    ready = f"{status_of(obj).get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, age(obj, now), containers(spec.get("template")), images(spec.get("template"))]


_DAEMON_COUNTS = (
    ("Desired", "desiredNumberScheduled"),
    ("Current", "currentNumberScheduled"),
    ("Ready", "numberReady"),
    ("Up-to-date", "updatedNumberScheduled"),
    ("Available", "numberAvailable"),
)


@printer(
    "apps",
    "DaemonSet",
    (
        NAME,
        *(column(name, ("apps.v1.DaemonSetStatus", field), "integer") for name, field in _DAEMON_COUNTS),
        column("Node Selector", ("core.v1.PodSpec", "nodeSelector")),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("apps.v1.DaemonSetSpec"),
    ),
)
def _daemon_set(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    template = spec.get("template") or {}
    return [
        obj["metadata"]["name"],
        *(status.get(field, 0) for _, field in _DAEMON_COUNTS),
        labels(spec_of(template).get("nodeSelector")),
        age(obj, now),
        containers(template),
        images(template),
        label_selector(spec.get("selector")),
    ]


@printer(
    "apps",
    "ControllerRevision",
    (
        NAME,
        column("Controller", "Controller of the object"),
        column("Revision", ("apps.v1.ControllerRevision", "revision")),
        AGE,
    ),
)
def _controller_revision(obj: Object, now: float) -> list[Any]:
    owner = controller_of(obj)
    controller = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        controller = f"{owner['kind']}{'.' + group if group else ''}".lower() + f"/{owner['name']}"
    return [obj["metadata"]["name"], controller, obj.get("revision", 0), age(obj, now)]


@printer(
    "",
    "PodTemplate",
    (
        NAME,
        column("Containers", "Names of each container in the template."),
        column("Images", "Images referenced by each container in the template."),
        column("Pod Labels", "The labels for the pod template."),
    ),
)
def _pod_template(obj: Object, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [
        obj["metadata"]["name"],
        containers(template),
        images(template),
        labels((template.get("metadata") or {}).get("labels")),
    ]


#: The first condition that is true names the status; a Job that is being deleted is Terminating unless it has ended.
_JOB_ENDED = (("Complete", "Complete"), ("Failed", "Failed"))
_JOB_OPEN = (("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"))


def _job_status(obj: Object) -> str:
    true = {c["type"] for c in status_of(obj).get("conditions") or () if c["status"] == "True"}
    for type, name in _JOB_ENDED:
        if type in true:
            return name
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((name for type, name in _JOB_OPEN if type in true), "Running")


def _job_completions(spec: Object, succeeded: int) -> str:
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(status: Object, now: float) -> str:
    if not status.get("startTime"):
        return ""
    end = parse_time(status["completionTime"]) if status.get("completionTime") else now
    return human_duration(end - parse_time(status["startTime"]))


@printer(
    "batch",
    "Job",
    (
        NAME,
        column("Status", "Status of the job."),
        column("Completions", ("batch.v1.JobStatus", "succeeded")),
        column("Duration", "Time required to complete the job."),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("batch.v1.JobSpec"),
    ),
)
def _job(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    return [
        obj["metadata"]["name"],
        _job_status(obj),
        _job_completions(spec, status.get("succeeded", 0)),
        _job_duration(status, now),
        age(obj, now),
        containers(spec.get("template")),
        images(spec.get("template")),
        label_selector(spec.get("selector")),
    ]


@printer(
    "batch",
    "CronJob",
    (
        NAME,
        column("Schedule", ("batch.v1.CronJobSpec", "schedule")),
        column("Timezone", ("batch.v1.CronJobSpec", "timeZone")),
        column("Suspend", ("batch.v1.CronJobSpec", "suspend"), "boolean"),
        column("Active", ("batch.v1.CronJobStatus", "active"), "integer"),
        column("Last Schedule", ("batch.v1.CronJobStatus", "lastScheduleTime")),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("batch.v1.JobSpec"),
    ),
)
def _cron_job(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    job = spec_of(spec.get("jobTemplate") or {})
    suspend = spec.get("suspend")
    last = status.get("lastScheduleTime")
    return [
        obj["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        UNSET if suspend is None else str(suspend),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age(obj, now),
        containers(job.get("template")),
        images(job.get("template")),
        label_selector(job.get("selector")),
    ]


_HPA = "autoscaling.v2.HorizontalPodAutoscaler"


@printer(
    "autoscaling",
    "HorizontalPodAutoscaler",
    (
        NAME,
        column("Reference", (f"{_HPA}Spec", "scaleTargetRef")),
        column("Targets", (f"{_HPA}Spec", "metrics")),
        column("MinPods", (f"{_HPA}Spec", "minReplicas")),
        column("MaxPods", (f"{_HPA}Spec", "maxReplicas")),
        column("Replicas", (f"{_HPA}Status", "currentReplicas")),
        AGE,
    ),
)
def _autoscaler(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    target = spec.get("scaleTargetRef") or {}
    minimum = spec.get("minReplicas")
    return [
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec.get("metrics") or [], status.get("currentMetrics") or []),
        UNSET if minimum is None else str(minimum),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


_METRIC_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metrics(specs: list[Object], statuses: list[Object]) -> str:
    if not specs:
        return NONE
    return shortened([_metric(spec, statuses[i] if i < len(statuses) else {}) for i, spec in enumerate(specs)], 2, ", ")


def _metric(spec: Object, status: Object) -> str:
    source = _METRIC_SOURCES.get(spec.get("type", ""))
    if source is None:
        return "<unknown type>"
    wanted = spec.get(source) or {}
    target = wanted.get("target") or {}
    current = (status.get(source) or {}).get("current") or {}
    if source in ("resource", "containerResource"):
        return f"{wanted.get('name', '')}: {_resource_metric(target, current)}"
    if source == "pods" or target.get("averageValue") is None:
        key = "averageValue" if source == "pods" else "value"
        return f"{current.get(key) or UNKNOWN}/{target.get(key, '0')}"
    return f"{current.get('averageValue') or UNKNOWN}/{target['averageValue']} (avg)"


def _resource_metric(target: Object, current: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue') or UNKNOWN}/{target['averageValue']}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


@printer(
    "autoscaling",
    "Scale",
    (
        column("Name", ("meta.v1.ObjectMeta", "name")),
        column("Desired", ("autoscaling.v1.ScaleSpec", "replicas"), "integer"),
        column("Available", ("autoscaling.v1.ScaleStatus", "replicas"), "integer"),
        AGE,
    ),
)
def _scale(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], spec_of(obj).get("replicas", 0), status_of(obj).get("replicas", 0), age(obj, now)]


@printer(
    "policy",
    "PodDisruptionBudget",
    (
        NAME,
        column("Min Available", "The minimum number of pods that must be available."),
        column("Max Unavailable", "The maximum number of pods that may be unavailable."),
        column("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time.", "integer"),
        AGE,
    ),
)
def _budget(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    return [
        obj["metadata"]["name"],
        *("N/A" if spec.get(field) is None else str(spec[field]) for field in ("minAvailable", "maxUnavailable")),
        status_of(obj).get("disruptionsAllowed", 0),
        age(obj, now),
    ]
