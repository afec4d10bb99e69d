"""The TTL-after-finished controller: Jobs go some time after they ended, if they say so.

Upstream: k8s.io/kubernetes/pkg/controller/ttlafterfinished.
"""

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, key_of, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.job import is_over

__all__ = ["TTLAfterFinishedController"]

_JOBS = "jobs.batch"


class TTLAfterFinishedController(Controller):
    """Deletes Jobs whose ``ttlSecondsAfterFinished`` has passed."""

    name = "ttl-after-finished-controller"
    account = "ttl-after-finished-controller"

    def setup(self) -> None:  # noqa: D102
        self.watch(_JOBS, self._changed)

    def _changed(self, type: EventType, job: Object, old: Object | None) -> None:
        if type != "DELETED" and job["spec"].get("ttlSecondsAfterFinished") is not None and is_over(job):
            self.queue.add(key_of(job))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        job = self.informer(_JOBS).get(name, namespace)
        if job is None or not is_over(job) or "deletionTimestamp" in job["metadata"]:
            return None
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return None
        left = _ended(job) + float(ttl) - self.kernel.now()
        if left > 0:
            return left
        try:
            self.client.delete(_JOBS, name, namespace, propagation="Foreground", uid=job["metadata"]["uid"])
        except StatusError as error:
            if error.code != 404:
                raise
        return None


def _ended(job: Object) -> float:
    times = [c["lastTransitionTime"] for c in job["status"]["conditions"] if c["type"] in ("Complete", "Failed")]
    return parse_time(max(times))
