"""A Job that does not finish, a CronJob that does not start.

Upstream: pkg/controller/job and pkg/controller/cronjob (reasons and events).
"""

from dataclasses import replace

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import clause, condition, count, kubectl, since
from k8slab.explain.workloads.creation import creation
from k8slab.explain.workloads.members import by_pods, owned_pods, pod_answer, say, unready, waiting
from k8slab.explain.world import World, event_evidence

__all__ = ["CRON_JOBS", "JOBS"]


def _suspended(world: World, job: Object) -> Answer | None:
    if not job["spec"].get("suspend"):
        return None
    return say(
        job,
        "suspended",
        f"{label_of(job)} is suspended, so it starts no pods.",
        "spec.suspend",
        "Set suspend to false.",
        command=kubectl(f'patch {label_of(job)} --type=merge -p \'{{"spec":{{"suspend":false}}}}\'', namespace_of(job)),
    )


def _failed(world: World, job: Object) -> Answer | None:
    failed = condition(job, "Failed")
    if failed.get("status") != "True":
        return None
    reason, name = failed.get("reason", ""), label_of(job)
    seen = (Evidence(f"{name} status.conditions[Failed]", f"{reason}: {failed.get('message', '')}"),)
    if reason == "DeadlineExceeded":
        text = (
            f"{name} took longer than its activeDeadlineSeconds of {job['spec'].get('activeDeadlineSeconds')}, so it was ended."
        )
        return say(job, "deadline", text, "spec.activeDeadlineSeconds", "Give it more time, or make its work shorter.", seen)
    if reason == "PodFailurePolicy":
        text = f"{name} was ended by its podFailurePolicy: {clause(failed.get('message', ''))}."
        return say(job, "failure-policy", text, "spec.podFailurePolicy", "Correct what its pods do, or the policy.", seen)
    lost = [p for p in owned_pods(world, job) if (p.get("status") or {}).get("phase") == "Failed"]
    limit = job["spec"].get("backoffLimit", 6)
    text = f"{name} has failed: its pods failed more often than its backoffLimit of {limit} allows."
    if lost:
        inner = pod_answer(world, lost[-1])
        return replace(inner, sentence=f"{text} The last one: {inner.sentence}").with_evidence(*seen)
    return say(job, "backoff-limit", text, "spec.backoffLimit", "Its pods are gone; run it again and read their logs.", seen)


def _job(world: World, job: Object) -> Answer | None:
    if condition(job, "Complete").get("status") == "True":
        return say(job, "complete.healthy", f"{label_of(job)} has completed.", "status.conditions[Complete]")
    refused = creation(world, job)
    if refused is not None:
        return refused
    pods = owned_pods(world, job)
    live = [p for p in pods if (p.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    stands = f"{label_of(job)} has not completed."
    troubled = by_pods(world, job, unready(live), stands) if live else None
    if troubled is not None and troubled.verdict not in ("pod.starting", "pod.scheduling.soon"):
        return troubled
    failures = [p for p in pods if (p.get("status") or {}).get("phase") == "Failed"]
    if failures:
        inner = pod_answer(world, failures[-1])
        text = f"{stands} {count(len(failures), 'pod')} of it failed so far, and it tries again. {inner.sentence}"
        return replace(inner, sentence=text)
    if live:
        age = since(world.age((job.get("status") or {}).get("startTime")))
        return say(
            job,
            "running",
            f"{label_of(job)} works since {age}: {count(len(live), 'pod')} running, nothing has gone wrong.",
            "status.active",
            "Nothing: wait.",
        )
    return waiting(job, f"{stands} Its pods are being made.")


def _cron_suspended(world: World, cron: Object) -> Answer | None:
    return _suspended(world, cron)


def _time_zone(world: World, cron: Object) -> Answer | None:
    events = world.events(cron, "UnknownTimeZone", "UnparseableSchedule")
    if not events:
        return None
    field = "spec.timeZone" if events[0]["reason"] == "UnknownTimeZone" else "spec.schedule"
    text = (
        f"{label_of(cron)} starts nothing: its {field.rpartition('.')[2]} cannot be used "
        f"({clause(events[0].get('message', ''))})."
    )
    return say(
        cron, "time-zone" if field == "spec.timeZone" else "schedule", text, field, "Correct it.", (event_evidence(events[0]),)
    )


def _refused(world: World, cron: Object) -> Answer | None:
    events = world.events(cron, "FailedCreate", "TooManyMissedTimes", "FailedNeedsStart")
    if not events or _since_last(cron, events[0]):
        return None
    event, name = events[0], label_of(cron)
    if event["reason"] == "FailedCreate":
        return creation(world, cron) or say(
            cron, "creation", f"{name}: {clause(event['message'])}.", "spec.jobTemplate", "Correct it."
        )
    text = f"{name} has missed so many start times that it gives up: {clause(event.get('message', ''))}."
    return say(
        cron,
        "missed-times",
        text,
        "spec.startingDeadlineSeconds",
        "Set startingDeadlineSeconds to something short, such as 200.",
        (event_evidence(event),),
    )


def _since_last(cron: Object, event: Object) -> bool:
    """Whether it has started a Job after the event."""
    last = (cron.get("status") or {}).get("lastScheduleTime")
    when = event.get("lastTimestamp") or event.get("eventTime")
    return bool(last and when and parse_time(last) > parse_time(when))


def _overlap(world: World, cron: Object) -> Answer | None:
    active = (cron.get("status") or {}).get("active") or ()
    if not active or cron["spec"].get("concurrencyPolicy", "Allow") != "Forbid" or not world.events(cron, "JobAlreadyActive"):
        return None
    name = active[0]["name"]
    job = world.get("jobs.batch", name, namespace_of(cron))
    inner = next((a for d in JOBS if (a := d(world, {"kind": "Job", **job}))), None) if job else None
    text = f"{label_of(cron)} starts no new Job while job/{name} runs (concurrencyPolicy Forbid)."
    if inner is not None and inner.verdict != "job.running":
        return replace(inner, sentence=f"{text} {inner.sentence}")
    return say(cron, "overlap", text, "spec.concurrencyPolicy", f"Find out why job/{name} takes so long.", (), KNOWN,
               kubectl(f"describe job/{name}", namespace_of(cron)))  # fmt: skip


def _last_job(world: World, cron: Object) -> Answer | None:
    """The latest of its Jobs, if it went wrong."""
    jobs = sorted(world.owned("jobs.batch", cron), key=lambda j: str((j.get("status") or {}).get("startTime", "")))
    for job in jobs[-1:]:
        inner = next((a for d in JOBS if (a := d(world, {"kind": "Job", **job}))), None)
        if inner is not None and not inner.healthy and inner.verdict not in ("job.running", "job.progressing"):
            return replace(inner, sentence=f"The latest Job of {label_of(cron)} is in trouble. {inner.sentence}")
    return None


def _cron_healthy(world: World, cron: Object) -> Answer:
    last = (cron.get("status") or {}).get("lastScheduleTime")
    said = f"the last time at {last}" if last else f"it has not been time yet (now it is {rfc3339(world.now)})"
    text = f"{label_of(cron)} starts Jobs by its schedule {cron['spec'].get('schedule')!r}; {said}."
    return say(cron, "healthy", text, "spec.schedule", sure=KNOWN if last else LIKELY)


JOBS = (_suspended, _failed, _job)
CRON_JOBS = (_cron_suspended, _time_zone, _refused, _overlap, _last_job, _cron_healthy)
