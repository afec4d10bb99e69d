"""The Job controller: runs pods until enough have succeeded or too many have failed.

Upstream: k8s.io/kubernetes/pkg/controller/job. Every ended pod is counted exactly once, by upstream's protocol: its uid
goes into ``status.uncountedTerminatedPods``, its finalizer is taken away, then it moves into the counts. Simplified: the
failures of an index are counted from the pods that are still there. managedBy is not looked at.
"""

from collections.abc import Sequence

from k8slab.apimachinery.labels import selector_of
from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, controller_of, key_of, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, job_plan, job_policies, pods
from k8slab.sim.controllers.base import Controller, asks_anew, settle, terminating_namespace
from k8slab.sim.controllers.job_plan import TRACKING, Verdict
from k8slab.sim.controllers.ownership import CONTROLLER_INDEX, NOTHING, add_controller_index, claim, controller_reference
from k8slab.sim.controllers.replicaset import BURST, slow_start

__all__ = ["JobController", "is_over"]

_JOBS = "jobs.batch"
_MANAGER = "kubernetes.io/job-controller"


def is_over(job: Object) -> bool:
    """Whether the Job has completed or failed for good."""
    known = (job.get("status") or {}).get("conditions")
    return conditions.is_true(known, "Complete") or conditions.is_true(known, "Failed")


class JobController(Controller):
    """Creates the pods of Jobs and counts how they end."""

    name = "job-controller"
    account = "job-controller"

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer("pods"))
        self.watch(_JOBS, self._job_changed)
        self.watch("pods", self._pod_changed)

    def _job_changed(self, type: EventType, job: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or asks_anew(job, old) or job["spec"] != old["spec"]):
            self.queue.add(key_of(job))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        controller = controller_of(pod)
        if controller is None or controller["kind"] != "Job":
            return
        key = f"{pod['metadata']['namespace']}/{controller['name']}"
        job = self.informer(_JOBS).get(controller["name"], pod["metadata"]["namespace"])
        if job is None or job["metadata"]["uid"] != controller["uid"]:
            if TRACKING in (pod["metadata"].get("finalizers") or ()) and type != "DELETED":
                self.queue.add(f"{key_of(pod)}#orphan")
        elif key not in self.queue:
            self.queue.add_after(key, settle(job["spec"].get("parallelism", 1)))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        if key.endswith("#orphan"):
            self._release_orphan(key.removesuffix("#orphan"))
            return None
        namespace, name = split_key(key)
        job = self.informer(_JOBS).get(name, namespace)
        if job is None or job["spec"].get("managedBy") not in (None, _MANAGER):
            return None
        reference = controller_reference("batch/v1", "Job", job)
        selector = selector_of(job["spec"].get("selector")) or NOTHING
        own = claim(self.client, self.informer("pods"), "pods", job, reference, selector, pods.is_active)
        if is_over(job) or "deletionTimestamp" in job["metadata"]:
            for pod in own:
                if is_over(job) or pods.is_finished(pod):
                    self._untrack(pod)
            return None
        return self._advance(job, own, reference)

    def _release_orphan(self, key: str) -> None:
        namespace, name = split_key(key)
        pod = self.informer("pods").get(name, namespace)
        if pod is not None:
            self._untrack(pod)

    def _advance(self, job: Object, own: list[Object], reference: Object) -> float | None:
        now = self.kernel.now()
        job = self._begin(job, now)
        job = self._count(job, own)
        status = job["status"]
        active = [p for p in own if pods.is_active(p)]
        succeeded, failed = status.get("succeeded", 0), status.get("failed", 0)
        done = job_plan.parse_indexes(status.get("completedIndexes", ""))
        met = _decided(status, "SuccessCriteriaMet") or job_policies.success_verdict(job, done)
        verdict = None if met else _decided(status, "FailureTarget")
        if not met and not verdict:
            verdict = job_policies.index_verdict(job) or job_plan.failure(job, active, failed, now)
        error, again = None, _until_deadline(job, now)
        if verdict:
            self._delete(job, active, as_failed=True)
        elif met or job["spec"].get("suspend") or job_plan.is_success(job, len(active), succeeded):
            self._delete(job, active)
        else:
            wait, error = self._manage(job, own, active, reference)
            again = wait if again is None else again if wait is None else min(wait, again)
        self._write_status(job, verdict, met)
        if error is not None and not terminating_namespace(error):
            raise error
        return again

    def _begin(self, job: Object, now: float) -> Object:
        """Note the start, and pauses."""
        status = dict(job.get("status") or {})
        known, suspended = list(status.get("conditions") or ()), bool(job["spec"].get("suspend"))
        noted = conditions.is_true(known, "Suspended")
        if suspended and not noted:
            known = conditions.put(known, _condition("Suspended", "True", Verdict("JobSuspended", "Job suspended"), now))
            status.pop("startTime", None)
            self.event(job, "Normal", "Suspended", "Job suspended")
        elif noted and not suspended:
            known = conditions.put(known, _condition("Suspended", "False", Verdict("JobResumed", "Job resumed"), now))
            self.event(job, "Normal", "Resumed", "Job resumed")
        if known:
            status["conditions"] = known
        if not suspended:
            status.setdefault("startTime", rfc3339(now))
        return {**job, "status": status}

    def _count(self, job: Object, own: Sequence[Object]) -> Object:
        """Count each ended pod that still has its finalizer: note it, let it go, add it up."""
        held = [p for p in own if TRACKING in (p["metadata"].get("finalizers") or ())]
        late = job_policies.only_replaces_failed(job)  # else one that is told to go has failed
        ended = [p for p in held if pods.is_finished(p) or (pods.is_terminating(p) and not late)]
        succeeded = [p for p in ended if pods.phase(p) == "Succeeded"]
        noted = (job["status"].get("uncountedTerminatedPods") or {}).items()
        uids = {kind: set(found) for kind, found in noted if found}
        actions = {p["metadata"]["uid"]: job_policies.failure_action(job, p) for p in ended if p not in succeeded}
        failed = [p for p in ended if actions.get(p["metadata"]["uid"], ("Ignore",))[0] != "Ignore"]
        job = self._judge(job, own, [verdict for _, verdict in actions.values() if verdict])
        for kind, group in (("succeeded", succeeded), ("failed", failed)):
            uids.setdefault(kind, set()).update(p["metadata"]["uid"] for p in group)
        if not any(uids.values()):
            for pod in ended:
                self._untrack(pod)
            return {**job, "status": {**job["status"], "uncountedTerminatedPods": {}}}
        uncounted = {kind: sorted(found) for kind, found in uids.items() if found}
        job = self._update(job, {**job["status"], "uncountedTerminatedPods": uncounted})
        for pod in ended:
            self._untrack(pod)
        counts = {kind: job["status"].get(kind, 0) + len(found) for kind, found in uncounted.items()}
        status = {**job["status"], "uncountedTerminatedPods": {}, **counts}
        if job_plan.is_indexed(job):
            done = {i for p in own if pods.phase(p) == "Succeeded" and (i := job_plan.index_of(p)) is not None}
            done |= job_plan.parse_indexes(status.get("completedIndexes", ""))
            status |= {"completedIndexes": job_plan.format_indexes(done), "succeeded": len(done)} if done else {}
        return {**job, "status": status}

    def _judge(self, job: Object, own: Sequence[Object], verdicts: Sequence[Verdict]) -> Object:
        """Note what the policies say about failed pods, before these are let go."""
        status = dict(job["status"])
        if verdicts and not _decided(status, "FailureTarget"):
            target = _condition("FailureTarget", "True", verdicts[0], self.kernel.now())
            status["conditions"] = conditions.put(list(status.get("conditions") or ()), target)
        if job["spec"].get("backoffLimitPerIndex") is not None:
            lost = job_plan.parse_indexes(status.get("failedIndexes", "")) | job_policies.failed_indexes(job, own)
            status["failedIndexes"] = job_plan.format_indexes(lost)
        return {**job, "status": status}

    def _untrack(self, pod: Object) -> None:
        meta = pod["metadata"]
        left = [f for f in meta.get("finalizers") or () if f != TRACKING]
        if left == (meta.get("finalizers") or []):
            return
        try:
            self.client.patch(
                "pods", meta["name"], meta["namespace"], {"metadata": {"uid": meta["uid"], "finalizers": left or None}}
            )
        except StatusError as error:
            if error.code != 404:
                raise

    def _manage(
        self, job: Object, own: Sequence[Object], active: list[Object], reference: Object
    ) -> tuple[float | None, StatusError | None]:
        """Create or delete pods; return when to go on, if anything is left."""
        lost = job_plan.parse_indexes(job["status"].get("failedIndexes", ""))
        wanted = job_plan.wanted_active(job, len(active), job["status"].get("succeeded", 0) + len(lost))
        surplus = len(active) - wanted
        going = [p for p in own if pods.is_terminating(p) and not pods.is_finished(p)]
        if surplus < 0 and job_policies.only_replaces_failed(job):
            surplus = min(0, surplus + len(going))
            active = [*active, *going]
        if surplus > 0:
            self._delete(job, pods.by_deletion_preference(active, {}, self.kernel.now())[:surplus])
            return None, None
        if not surplus:
            return None, None
        if job["spec"].get("backoffLimitPerIndex") is not None:
            return self._create_per_index(job, own, active, lost, -surplus, reference)
        wait = job_plan.backoff_remaining(own, self.kernel.now())
        if wait > 0:
            return wait, None
        indexes: list[int | None] = [None] * -surplus
        if job_plan.is_indexed(job):
            completed = job_plan.parse_indexes(job["status"].get("completedIndexes", ""))
            indexes = list(job_plan.free_indexes(job, active, completed, -surplus))
        return self._create(job, reference, indexes)

    def _create_per_index(
        self, job: Object, own: Sequence[Object], active: Sequence[Object], lost: set[int], count: int, reference: Object
    ) -> tuple[float | None, StatusError | None]:
        """Create pods for indexes that each have failures and a back-off of their own."""
        over = lost | job_plan.parse_indexes(job["status"].get("completedIndexes", ""))
        free = job_plan.free_indexes(job, active, over, job["spec"].get("completions") or 0)
        indexes, wait = job_policies.ready_indexes(own, free, count, self.kernel.now())
        if not indexes:
            return wait, None
        failures = {index: job_policies.failures_of(job, own, index) for index in indexes}
        again, error = self._create(job, reference, list(indexes), failures)
        return (wait if again is None else again), error

    def _create(
        self, job: Object, reference: Object, indexes: list[int | None], failures: dict[int, int] | None = None
    ) -> tuple[float | None, StatusError | None]:
        left = iter(indexes[:BURST])

        def create() -> None:
            try:
                index = next(left)
                pod = job_plan.make_pod(job, reference, index)
                if failures is not None and index is not None:
                    pod["metadata"]["annotations"][job_policies.FAILURE_COUNT] = str(failures[index])
                made = self.client.create("pods", pod)
            except StatusError as error:
                if not terminating_namespace(error):
                    self.event(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
                raise
            self.event(job, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")

        done, error = slow_start(min(BURST, len(indexes)), create)
        return (0.0 if 0 < done < len(indexes) else None), error

    def _delete(self, job: Object, doomed: Sequence[Object], as_failed: bool = False) -> None:
        for pod in doomed:
            meta = pod["metadata"]
            if not as_failed:
                self._untrack(pod)
            try:
                self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
            except StatusError as error:
                if error.code != 404:
                    raise
            else:
                self.event(job, "Normal", "SuccessfulDelete", f"Deleted pod: {meta['name']}")

    def _write_status(self, job: Object, verdict: Verdict | None, met: Verdict | None) -> None:
        own = self.informer("pods").by_index(CONTROLLER_INDEX, job["metadata"]["uid"])
        active = [p for p in own if pods.is_active(p)]
        terminating = sum(1 for p in own if pods.is_terminating(p) and not pods.is_finished(p))
        status = {k: v for k, v in job["status"].items() if k != "active"}
        status |= {"ready": sum(1 for p in active if pods.is_ready(p)), "terminating": terminating}
        status |= {"active": len(active)} if active else {}
        now, known = self.kernel.now(), list(status.get("conditions") or ())
        if verdict:
            known = conditions.put(known, _condition("FailureTarget", "True", verdict, now))
            if not active and not terminating:
                known = conditions.put(known, _condition("Failed", "True", verdict, now))
                self.event(job, "Warning", verdict.reason, verdict.message)
        elif met or job_plan.is_success(job, len(active), status.get("succeeded", 0)):
            met = met or job_plan.REACHED
            known = conditions.put(known, _condition("SuccessCriteriaMet", "True", met, now))
            if not active and not terminating:
                known = conditions.put(known, _condition("Complete", "True", met, now))
                status["completionTime"] = rfc3339(now)
                self.event(job, "Normal", "Completed", "Job completed")
        self._update(job, {**status, **({"conditions": known} if known else {})})

    def _update(self, job: Object, status: Object) -> Object:
        current = self.informer(_JOBS).get(job["metadata"]["name"], job["metadata"]["namespace"])
        if current is not None and current.get("status") == status:
            return current
        return self.client.update(_JOBS, {**job, "status": status}, subresource="status")


def _condition(type: str, status: str, why: Verdict, now: float) -> Object:
    stamp = rfc3339(now)
    times = {"lastProbeTime": stamp, "lastTransitionTime": stamp}
    return {"type": type, "status": status, **times, "reason": why.reason, "message": why.message}


def _decided(status: Object, type: str) -> Verdict | None:
    """What has been decided before: FailureTarget or SuccessCriteriaMet."""
    found = conditions.find(status.get("conditions"), type)
    return Verdict(found["reason"], found["message"]) if found and found["status"] == "True" else None


def _until_deadline(job: Object, now: float) -> float | None:
    seconds, start = job["spec"].get("activeDeadlineSeconds"), job["status"].get("startTime")
    if seconds is None or not start or job["spec"].get("suspend"):
        return None
    return max(0.001, parse_time(start) + float(seconds) - now)
