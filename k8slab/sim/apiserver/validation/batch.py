"""Jobs and CronJobs.

Upstream: pkg/apis/batch/validation. The policies of Jobs are looked at in `k8slab.sim.apiserver.validation.job_policies`.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label
from k8slab.sim.apiserver.validation.cron import schedule_complaint
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    immutable,
    invalid,
    missing,
    nonnegative_fields,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.job_policies import index_limit_errors, managed_by_errors, policy_errors
from k8slab.sim.apiserver.validation.pod_spec import pod_template_errors
from k8slab.sim.apiserver.validation.selectors import label_selector_errors, shown_selector, template_label_errors

__all__ = ["cron_job_errors", "job_errors", "job_status_errors", "job_update_errors"]

_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
           "backoffLimitPerIndex", "maxFailedIndexes")  # fmt: skip
_MODES = ("Indexed", "NonIndexed")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_MUTABLE_WHILE_SUSPENDED = ("nodeSelector", "tolerations", "affinity", "schedulingGates")


def job_errors(job: Object) -> Errors:
    """Check a Job, its metadata aside."""
    spec = job.get("spec") or {}
    errors: Errors = []
    if not spec.get("manualSelector") and spec.get("selector") is not None:
        errors += _generated_labels_errors(job, spec)
    return errors + _job_spec_errors(spec) + _host_name_errors(job, spec)


def _host_name_errors(job: Object, spec: Object) -> Errors:
    """The pods of an Indexed Job are hosts named after their index."""
    if spec.get("completionMode") != "Indexed" or not spec.get("completions") or spec["completions"] < 0:
        return []
    name = job["metadata"].get("name", "")
    host = f"{name}-{spec['completions'] - 1}"
    detail = f"will not able to create pod with invalid DNS label: {host}"
    return [invalid("metadata.name", name, detail)] if dns1123_label(host) else []


def _generated_labels_errors(job: Object, spec: Object) -> Errors:
    """The labels that tie pods to their Job were generated, or a user has overwritten them."""
    path = "spec.template.metadata.labels"
    meta = job["metadata"]
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    wanted = {"controller-uid": meta.get("uid", ""), "job-name": meta.get("name", "")}
    errors: Errors = []
    if not meta.get("uid"):
        errors.append(required("metadata.uid"))
    for prefix in ("", "batch.kubernetes.io/"):
        for key, value in wanted.items():
            found = labels.get(prefix + key)
            if found is None:
                errors.append(required(f"{path}[{prefix}{key}]", f"must be '{value}'"))
            elif found != value:
                shown = dict(sorted(labels.items()))
                errors.append(invalid(f"{path}[{prefix}{key}]", shown, f"must be '{value}'"))
    expected = {prefix + key: value for prefix in ("batch.kubernetes.io/", "") for key, value in wanted.items()}
    if template_label_errors(spec["selector"], expected, path):
        errors.append(invalid("spec.selector", shown_selector(spec["selector"]), "`selector` not auto-generated"))
    return errors


def _job_spec_errors(spec: Object) -> Errors:
    errors = _common_errors(spec, "spec")
    selector = spec.get("selector")
    errors += [required("spec.selector")] if selector is None else label_selector_errors(selector, "spec.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    return errors + template_label_errors(selector, labels, "spec.template.metadata.labels")


def _common_errors(spec: Object, path: str) -> Errors:
    """What a Job and the job template of a CronJob share."""
    errors = nonnegative_fields(spec, _COUNTS, path)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    mode = spec.get("completionMode", "NonIndexed")
    errors += managed_by_errors(spec.get("managedBy"), f"{path}.managedBy")
    if mode not in _MODES:
        errors.append(not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed")))
    elif mode == "Indexed":
        errors += index_limit_errors(spec, path)
    else:
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                errors.append(invalid(f"{path}.{name}", spec[name], "requires indexed completion mode"))
    errors += policy_errors(spec, path)
    template = spec.get("template") or {}
    errors += pod_template_errors(template, f"{path}.template")
    return errors + _restart_errors(spec, template, f"{path}.template.spec.restartPolicy")


def _restart_errors(spec: Object, template: Object, path: str) -> Errors:
    policy = (template.get("spec") or {}).get("restartPolicy", "")
    if policy == "Always":
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def job_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Job: what has been started stays as it is."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = _job_spec_errors(spec) + _completions_errors(spec, before)
    errors += immutable(shown_selector(spec.get("selector")), shown_selector(before.get("selector")), "spec.selector")
    errors += _template_errors(new, old)
    for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        errors += immutable(spec.get(name), before.get(name), f"spec.{name}")
    return errors


def _completions_errors(spec: Object, before: Object) -> Errors:
    completions, previous = spec.get("completions"), before.get("completions")
    if completions == previous:
        return []
    if spec.get("completionMode") != "Indexed" or completions is None or previous is None:
        return [invalid("spec.completions", completions, "field is immutable")]
    if completions == spec.get("parallelism") and previous == before.get("parallelism"):
        return []
    return [invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _template_errors(new: Object, old: Object) -> Errors:
    """The template is immutable; of a suspended Job that never started, what steers scheduling may change."""
    template, previous = new["spec"].get("template") or {}, old["spec"].get("template") or {}
    if template == previous:
        return []
    status = old.get("status") or {}
    if old["spec"].get("suspend") and not status.get("startTime"):
        template, previous = _without_scheduling(template), _without_scheduling(previous)
    return [] if template == previous else [invalid("spec.template", missing(new["spec"].get("template")), "field is immutable")]


def _without_scheduling(template: Object) -> Object:
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if k not in ("labels", "annotations")}
    spec = {k: v for k, v in (template.get("spec") or {}).items() if k not in _MUTABLE_WHILE_SUSPENDED}
    return {"metadata": meta, "spec": spec}


def job_status_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Job's status."""
    status = new.get("status") or {}
    errors = nonnegative_fields(status, ("active", "succeeded", "failed", "ready", "terminating"), "status")
    ended = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    if {"Complete", "Failed"} <= ended:
        errors.append(invalid("status.conditions", status["conditions"], "cannot set Complete=True and Failed=true conditions"))
    return errors


def cron_job_errors(cron_job: Object) -> Errors:
    """Check a CronJob, its metadata aside."""
    spec = cron_job.get("spec") or {}
    schedule, zone = spec.get("schedule"), spec.get("timeZone")
    errors: Errors = []
    if not schedule:
        errors.append(required("spec.schedule"))
    else:
        complaint = schedule_complaint(schedule)
        if complaint:
            errors.append(invalid("spec.schedule", schedule, complaint))
    if zone is not None:
        errors += _zone_errors(zone)
    errors += nonnegative_fields(spec, ("startingDeadlineSeconds",), "spec")
    policy = spec.get("concurrencyPolicy", "")
    if policy not in _CONCURRENCY:
        errors.append(
            not_supported("spec.concurrencyPolicy", policy, _CONCURRENCY) if policy else required("spec.concurrencyPolicy")
        )
    errors += _job_template_errors((spec.get("jobTemplate") or {}).get("spec") or {})
    errors += nonnegative_fields(spec, ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"), "spec")
    name = cron_job["metadata"].get("name", "")
    if len(name) > 52:
        errors.append(invalid("metadata.name", name, "must be no more than 52 characters"))
    return errors


def _job_template_errors(spec: Object) -> Errors:
    path = "spec.jobTemplate.spec"
    errors = _common_errors(spec, path)
    if spec.get("selector") is not None:
        errors.append(invalid(f"{path}.selector", shown_selector(spec["selector"]), "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        errors.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return errors


def _zone_errors(zone: str) -> Errors:
    if not zone:
        return [invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        return [
            invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
        ]
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return [invalid("spec.timeZone", zone, f"unknown time zone {zone}")]
    return []
