"""Rows of Jobs and CronJobs.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.timestamps import human_duration, parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.cells import NONE, UNSET, age, containers, images, label_selector, since, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, CONTAINERS, IMAGES, NAME, POD_SELECTOR, column, printer

__all__: list[str] = []

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
