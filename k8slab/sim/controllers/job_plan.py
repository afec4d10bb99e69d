"""What a Job needs next: how many pods, which indexes, whether it has succeeded or failed. All functions are pure.

Upstream: k8s.io/kubernetes/pkg/controller/job (job_controller.go, indexed_job_utils.go, backoff_utils.go).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.controllers import pods

__all__ = ["INDEX", "TRACKING", "Verdict", "backoff_remaining", "failure", "finish_time", "format_indexes", "free_indexes",
           "index_of", "is_success", "make_pod", "parse_indexes", "wanted_active"]  # fmt: skip

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
BACKOFF_BASE, BACKOFF_LIMIT = 10.0, 600.0


class Verdict(NamedTuple):
    """Why a Job is over: reason and message of its condition."""

    reason: str
    message: str


TOO_MANY_FAILURES = Verdict("BackoffLimitExceeded", "Job has reached the specified backoff limit")
TOO_LATE = Verdict("DeadlineExceeded", "Job was active longer than specified deadline")
REACHED = Verdict("CompletionsReached", "Reached expected number of succeeded pods")


def is_indexed(job: Object) -> bool:
    """Whether each completion has a number of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def wanted_active(job: Object, active: int, succeeded: int) -> int:
    """Return how many pods should run now.

    >>> job = {"spec": {"parallelism": 3, "completions": 5}}
    >>> wanted_active(job, 0, 0), wanted_active(job, 1, 4)
    (3, 1)
    """
    parallelism, completions = job["spec"].get("parallelism", 1), job["spec"].get("completions")
    if completions is None:
        return min(active, parallelism) if succeeded else int(parallelism)
    return int(max(0, min(parallelism, completions - succeeded)))


def is_success(job: Object, active: int, succeeded: int) -> bool:
    """Whether enough pods have succeeded."""
    completions = job["spec"].get("completions")
    return succeeded >= completions if completions is not None else succeeded > 0 and active == 0


def failure(job: Object, active: Sequence[Object], failed: int, now: float) -> Verdict | None:
    """Return why the Job has failed, None if it has not."""
    limit = job["spec"].get("backoffLimit", 6)
    if failed > limit or _restarted_too_often(job, active, limit):
        return TOO_MANY_FAILURES
    deadline, start = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if deadline is not None and start and now >= parse_time(start) + deadline:
        return TOO_LATE
    return None


def _restarted_too_often(job: Object, active: Sequence[Object], limit: int) -> bool:
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(_restarts(pod) for pod in active if pods.phase(pod) in ("Running", "Pending"))
    return restarts > 0 if limit == 0 else restarts >= limit


def _restarts(pod: Object) -> int:
    status = pod.get("status") or {}
    return sum(s.get("restartCount", 0) for key in ("initContainerStatuses", "containerStatuses") for s in status.get(key) or ())


def finish_time(pod: Object) -> float:
    """Return when a pod ended: its last container, else what else tells."""
    status, meta = pod.get("status") or {}, pod["metadata"]
    ended = [((s.get("state") or {}).get("terminated") or {}).get("finishedAt") for s in status.get("containerStatuses") or ()]
    times = [parse_time(t) for t in ended if t]
    return max(times) if times else parse_time(meta.get("deletionTimestamp") or meta["creationTimestamp"])


def backoff_remaining(own: Iterable[Object], now: float) -> float:
    """Return how long to wait before the next pod: 10 s after a failure, doubled by each one since the last success."""
    ended = sorted((finish_time(p), pods.phase(p)) for p in own if pods.is_finished(p))
    failures = 0
    for _, phase in ended:
        failures = failures + 1 if phase == "Failed" else 0
    if not failures:
        return 0.0
    return max(0.0, ended[-1][0] + min(BACKOFF_BASE * 2.0 ** (failures - 1), BACKOFF_LIMIT) - now)


def index_of(pod: Object) -> int | None:
    """Return a pod's completion index."""
    text = annotations(pod).get(INDEX, "")
    return int(text) if text.isdigit() else None


def parse_indexes(text: str) -> set[int]:
    """Read completedIndexes.

    >>> sorted(parse_indexes("0-2,5"))
    [0, 1, 2, 5]
    """
    result: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        result.update(range(int(first), int(last or first) + 1))
    return result


def format_indexes(indexes: Iterable[int]) -> str:
    """Write completedIndexes; a range has at least three numbers.

    >>> format_indexes([5, 1, 0, 2, 8, 9])
    '0-2,5,8,9'
    """
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def free_indexes(job: Object, active: Iterable[Object], completed: set[int], count: int) -> list[int]:
    """Return the lowest indexes that neither run nor are done."""
    taken = {index_of(pod) for pod in active} | completed
    return [i for i in range(job["spec"].get("completions") or 0) if i not in taken][:count]


def make_pod(job: Object, reference: Object, index: int | None) -> Object:
    """Return a new pod of a Job, held by the tracking finalizer until it is counted."""
    pod = pods.from_template(job["spec"]["template"], job, reference)
    meta, spec = pod["metadata"], pod["spec"]
    meta["finalizers"] = [*meta.get("finalizers", ()), TRACKING]
    if index is not None:
        name = job["metadata"]["name"]
        meta["generateName"] = f"{name}-{index}-"
        meta["annotations"] = {**meta.get("annotations", {}), INDEX: str(index)}
        meta["labels"] = {**meta.get("labels", {}), INDEX: str(index)}
        spec.setdefault("hostname", f"{name}-{index}")
        for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
            _add_index_variable(container)
    return pod


def _add_index_variable(container: Object) -> None:
    known = container.get("env") or []
    if not any(variable["name"] == "JOB_COMPLETION_INDEX" for variable in known):
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
        container["env"] = [*known, {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]
