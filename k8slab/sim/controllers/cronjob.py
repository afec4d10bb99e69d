"""The CronJob controller: starts a Job whenever the schedule says so.

Upstream: k8s.io/kubernetes/pkg/controller/cronjob (cronjob_controllerv2.go, utils.go).
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, controller_of, deep_copy, key_of, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions
from k8slab.sim.controllers.base import Controller, asks_anew, terminating_namespace
from k8slab.sim.controllers.cron_schedule import Schedule, parse
from k8slab.sim.controllers.job import is_over
from k8slab.sim.controllers.ownership import add_controller_index, controller_reference, owned_by

__all__ = ["CronJobController", "most_recent"]

_CRONS, _JOBS = "cronjobs.batch", "jobs.batch"
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MANY = 100


def zone_of(cron: Object) -> tzinfo | None:
    """Return the time zone of a CronJob, None if it is unknown."""
    name = cron["spec"].get("timeZone")
    if not name:
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def most_recent(schedule: Schedule, since: float, now: float, zone: tzinfo = UTC) -> tuple[float | None, int]:
    """Return the last due time after ``since`` and up to now, and how many there were; it stops counting at 101."""
    last, count = None, 0
    moment = schedule.next(since, zone)
    while moment is not None and moment <= now:
        last, count = moment, count + 1
        if count > _MANY:
            return _latest(schedule, moment, now, zone), count
        moment = schedule.next(moment, zone)
    return last, count


def _latest(schedule: Schedule, known: float, now: float, zone: tzinfo) -> float:
    """Return the last due time up to now, looking back further and further until there is one."""
    window = 60.0
    while (moment := schedule.next(max(known - 1, now - window), zone)) is None or moment > now:
        window *= 2
    while moment is not None and moment <= now:
        known, moment = moment, schedule.next(moment, zone)
    return known


class CronJobController(Controller):
    """Creates Jobs on time and forgets the old ones."""

    name = "cronjob-controller"
    account = "cronjob-controller"

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer(_JOBS))
        self.watch(_CRONS, self._cron_changed)
        self.watch(_JOBS, self._job_changed)

    def _cron_changed(self, type: EventType, cron: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or asks_anew(cron, old) or cron["spec"] != old["spec"]):
            self.queue.add(key_of(cron))

    def _job_changed(self, type: EventType, job: Object, old: Object | None) -> None:
        controller = controller_of(job)
        if controller is not None and controller["kind"] == "CronJob":
            self.queue.add(f"{job['metadata']['namespace']}/{controller['name']}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        cron = self.informer(_CRONS).get(name, namespace)
        if cron is None or "deletionTimestamp" in (cron or {}).get("metadata", {}):
            return None
        jobs = owned_by(self.informer(_JOBS), cron["metadata"]["uid"])
        cron = self._settle(cron, jobs)
        self._forget(cron, jobs)
        zone = zone_of(cron)
        if zone is None:
            text = f'invalid timeZone: "{cron["spec"]["timeZone"]}": unknown time zone {cron["spec"]["timeZone"]}'
            self.event(cron, "Warning", "UnknownTimeZone", text)
            return None
        if cron["spec"].get("suspend"):
            return None
        return self._start_if_due(cron, parse(cron["spec"]["schedule"]), zone)

    def _settle(self, cron: Object, jobs: Sequence[Object]) -> Object:
        """Bring the list of active Jobs up to date."""
        status, by_uid = dict(cron.get("status") or {}), {j["metadata"]["uid"]: j for j in jobs}
        active = []
        for entry in status.get("active") or ():
            job = by_uid.get(entry["uid"])
            if job is None:
                self.event(cron, "Normal", "MissingJob", f"Active job went missing: {entry['name']}")
            elif is_over(job):
                complete = conditions.is_true(job["status"]["conditions"], "Complete")
                text = f"Saw completed job: {entry['name']}, condition: {'Complete' if complete else 'Failed'}"
                self.event(cron, "Normal", "SawCompletedJob", text)
            else:
                active.append(entry)
        done = [j["status"]["completionTime"] for j in jobs if (j.get("status") or {}).get("completionTime")]
        if done:
            status["lastSuccessfulTime"] = max(done)
        return self._update(cron, active, status)

    def _update(self, cron: Object, active: list[Object], status: Object) -> Object:
        status = {k: v for k, v in status.items() if k != "active"} | ({"active": active} if active else {})
        if status == (cron.get("status") or {}):
            return cron
        return self.client.update(_CRONS, {**cron, "status": status}, "status")

    def _forget(self, cron: Object, jobs: Sequence[Object]) -> None:
        """Delete finished Jobs beyond the history limits, oldest first."""
        over = sorted(
            (j for j in jobs if is_over(j)), key=lambda j: (j["status"].get("startTime") or "", str(j["metadata"]["name"]))
        )
        good = [j for j in over if conditions.is_true(j["status"]["conditions"], "Complete")]
        bad = [j for j in over if j not in good]
        for group, limit in ((good, "successfulJobsHistoryLimit"), (bad, "failedJobsHistoryLimit")):
            keep = cron["spec"].get(limit)
            for job in group[: max(0, len(group) - keep)] if keep is not None else ():
                self._delete(cron, job)

    def _delete(self, cron: Object, job: Object) -> None:
        meta = job["metadata"]
        try:
            self.client.delete(_JOBS, meta["name"], meta["namespace"], propagation="Background")
        except StatusError as error:
            if error.code != 404:
                raise
        else:
            self.event(cron, "Normal", "SuccessfulDelete", f"Deleted job {meta['name']}")

    def _start_if_due(self, cron: Object, schedule: Schedule, zone: tzinfo) -> float | None:
        now, status = self.kernel.now(), cron.get("status") or {}
        deadline = cron["spec"].get("startingDeadlineSeconds")
        since = parse_time(status.get("lastScheduleTime") or cron["metadata"]["creationTimestamp"])
        if deadline is not None:
            since = max(since, now - deadline)
        due, missed = most_recent(schedule, since, now, zone)
        following = schedule.next(now, zone)
        if following is None and due is None:  # it can be read, but names a day that never comes, as 31 February
            never = "time difference between two schedules is less than 1 second"
            self.event(cron, "Warning", "InvalidSchedule", f"invalid schedule: {cron['spec']['schedule']} : {never}")
            return None
        again = None if following is None else following - now
        if missed > _MANY:
            text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self.event(cron, "Warning", "TooManyMissedTimes", text)
        if due is None:
            return again
        active = status.get("active") or []
        policy = cron["spec"].get("concurrencyPolicy", "Allow")
        if active and policy == "Forbid":
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.event(cron, "Normal", "JobAlreadyActive", text)
            return again
        if active and policy == "Replace":
            for job in owned_by(self.informer(_JOBS), cron["metadata"]["uid"]):
                if not is_over(job):
                    self._delete(cron, job)
            active = []
        self._start(cron, due, active)
        return again

    def _start(self, cron: Object, due: float, active: list[Object]) -> None:
        wanted = _job(cron, due)
        try:
            job = self.client.create(_JOBS, wanted)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                meta = wanted["metadata"]
                job = self.client.get(_JOBS, meta["name"], meta["namespace"])
            elif terminating_namespace(error):
                return
            else:
                self.event(cron, "Warning", "FailedCreate", f"Error creating job: {error.message}")
                raise
        else:
            self.event(cron, "Normal", "SuccessfulCreate", f"Created job {job['metadata']['name']}")
        meta = job["metadata"]
        entry = {"kind": "Job", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
        entry |= {"apiVersion": "batch/v1", "resourceVersion": meta["resourceVersion"]}
        listed = active if is_over(job) else [*(a for a in active if a["uid"] != meta["uid"]), entry]
        self._update(cron, listed, {**(cron.get("status") or {}), "lastScheduleTime": rfc3339(due)})


def _job(cron: Object, due: float) -> Object:
    """Return the Job of one due time; its name makes a second one of the same time impossible."""
    template, meta = cron["spec"]["jobTemplate"], cron["metadata"]
    source = template.get("metadata") or {}
    identity: Object = {
        "name": f"{meta['name']}-{int(due) // 60}",
        "namespace": meta["namespace"],
        "annotations": {**(source.get("annotations") or {}), _SCHEDULED: rfc3339(due)},
        "ownerReferences": [controller_reference("batch/v1", "CronJob", cron)],
    }
    if source.get("labels"):
        identity["labels"] = dict(source["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": identity, "spec": deep_copy(template["spec"])}
