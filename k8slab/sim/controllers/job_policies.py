"""The policies of a Job: which failures count, when a part of the indexes is enough, what each index may fail. Pure.

Upstream: k8s.io/kubernetes/pkg/controller/job (pod_failure_policy.go, success_policy.go, backoff_utils.go,
indexed_job_utils.go).
"""

from collections.abc import Iterable, Sequence

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.job_plan import Verdict, backoff_remaining, index_of, parse_indexes

__all__ = ["FAILURE_COUNT", "failed_indexes", "failure_action", "failures_of", "index_verdict", "only_replaces_failed",
           "ready_indexes", "success_verdict"]  # fmt: skip

FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count"
_TOO_MANY_INDEXES = Verdict("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
_FAILED_INDEXES = Verdict("FailedIndexes", "Job has failed indexes")


def only_replaces_failed(job: Object) -> bool:
    """Whether a pod that is on its way out is replaced only once it has ended."""
    spec = job["spec"]
    return bool(spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy"))


def failure_action(job: Object, pod: Object) -> tuple[str, Verdict | None]:
    """Return what the podFailurePolicy does about a failed pod (Count without one), and with FailJob the verdict."""
    meta = pod["metadata"]
    for number, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        found = ""
        if rule.get("onExitCodes"):
            container = _matching_exit(pod, rule["onExitCodes"])
            if container:
                found = (
                    f"Container {container[0]} for pod {meta['namespace']}/{meta['name']} failed with exit code {container[1]} "
                    f"matching {rule['action']} rule at index {number}"
                )
        else:
            condition = _matching_condition(pod, rule.get("onPodConditions") or ())
            if condition:
                found = (
                    f"Pod {meta['namespace']}/{meta['name']} has condition {condition} "
                    f"matching {rule['action']} rule at index {number}"
                )
        if found:
            return str(rule["action"]), Verdict("PodFailurePolicy", found) if rule["action"] == "FailJob" else None
    return "Count", None


def _matching_exit(pod: Object, wanted: Object) -> tuple[str, int] | None:
    status = pod.get("status") or {}
    for one in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
        code = ((one.get("state") or {}).get("terminated") or {}).get("exitCode", 0)
        named = wanted.get("containerName") in (None, "", one.get("name"))
        if code and named and (code in wanted["values"]) == (wanted["operator"] == "In"):
            return str(one.get("name", "")), code
    return None


def _matching_condition(pod: Object, wanted: Iterable[Object]) -> str:
    known = {(c["type"], c["status"]) for c in (pod.get("status") or {}).get("conditions") or ()}
    return next((str(w["type"]) for w in wanted if (w["type"], w.get("status", "True")) in known), "")


def success_verdict(job: Object, succeeded: set[int]) -> Verdict | None:
    """Return which rule of the successPolicy is met, if any."""
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        asked = parse_indexes(rule["succeededIndexes"]) if rule.get("succeededIndexes") else None
        among = succeeded if asked is None else asked & succeeded
        count = rule.get("succeededCount")
        if len(among) >= count if count is not None else among == asked:
            return Verdict("SuccessPolicy", f"Matched rules at index {number}")
    return None


def failures_of(job: Object, own: Iterable[Object], index: int) -> int:
    """Return how often an index has failed: what its last pod knew, and that pod itself if it counts."""
    counts = [0]
    for pod in own:
        if index_of(pod) == index and _has_failed(job, pod):
            known = annotations(pod).get(FAILURE_COUNT, "0")
            counts.append(int(known) + (failure_action(job, pod)[0] != "Ignore"))
    return max(counts)


def _has_failed(job: Object, pod: Object) -> bool:
    going = pods.is_terminating(pod) and pods.phase(pod) != "Succeeded" and not only_replaces_failed(job)
    return going or pods.phase(pod) == "Failed"


def failed_indexes(job: Object, own: Sequence[Object]) -> set[int]:
    """Return the indexes that have failed for good: beyond backoffLimitPerIndex, or by a FailIndex rule."""
    limit = job["spec"].get("backoffLimitPerIndex")
    if limit is None:
        return set()
    failed = [(index, p) for p in own if _has_failed(job, p) and (index := index_of(p)) is not None]
    return {i for i, p in failed if failure_action(job, p)[0] == "FailIndex" or failures_of(job, own, i) > limit}


def index_verdict(job: Object) -> Verdict | None:
    """Return why a Job with backoffLimitPerIndex has failed, None if it has not."""
    spec, status = job["spec"], job.get("status") or {}
    failed = parse_indexes(status.get("failedIndexes") or "")
    if spec.get("backoffLimitPerIndex") is None or not failed:
        return None
    most = spec.get("maxFailedIndexes")
    if most is not None and len(failed) > most:
        return _TOO_MANY_INDEXES
    done = failed | parse_indexes(status.get("completedIndexes") or "")
    return _FAILED_INDEXES if len(done) >= (spec.get("completions") or 0) else None


def ready_indexes(own: Sequence[Object], indexes: Iterable[int], count: int, now: float) -> tuple[list[int], float | None]:
    """Return the first indexes whose own back-off is over, and how long the next one still has to wait."""
    ready: list[int] = []
    waits: list[float] = []
    for index in indexes:
        left = backoff_remaining([p for p in own if index_of(p) == index], now)
        if left > 0:
            waits.append(left)
        else:
            ready.append(index)
    return ready[:count], min(waits, default=None)
