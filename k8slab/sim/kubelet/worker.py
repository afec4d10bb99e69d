"""Looks after one pod: brings it to the next stage whenever something happened, and tells the API what changed.

Upstream: pkg/kubelet/pod_workers.go, SyncPod in kubelet.go and the status manager. There is no coroutine per pod: a worker acts
when its pod changes, a container exits, a probe turns or a timer it asked for comes.
"""

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.kernel import Timer
from k8slab.sim.kubelet import attaching, local_storage, resizing, starting, stopping
from k8slab.sim.kubelet.context import NodeContext
from k8slab.sim.kubelet.exits import go_duration, terminated_state
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord
from k8slab.sim.kubelet.resuming import resume
from k8slab.sim.kubelet.sandbox import sandbox_of
from k8slab.sim.kubelet.stages import may_restart, next_backoff, phase_of, plan
from k8slab.sim.kubelet.status import pod_status
from k8slab.sim.kubelet.volumes import PodVolumes, missing
from k8slab.sim.network.addresses import NoAddressLeft
from k8slab.sim.runtime.container import Container

__all__ = ["PodWorker"]

_MOUNT_RETRY, _MOUNT_RETRY_MAX, _SANDBOX_RETRY = 0.5, 122.0, 5.0
_ATTACH_POLL, _ATTACH_TIMEOUT = 1.0, 123.0
_EVICTION_GRACE = 1.0  #: seconds (upstream: immediateEvictionGracePeriodSeconds)
_DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


class PodWorker:
    """The kubelet's care for one pod.

    Parameters
    ----------
    context
        The node.
    pod
        The pod as first seen.
    """

    __slots__ = (
        "_attach_since",
        "_mount_delay",
        "_released",
        "_status",
        "_status_due",
        "_sync_due",
        "_timer",
        "context",
        "deadline",
        "record",
    )

    def __init__(self, context: NodeContext, pod: Object) -> None:
        self.context = context
        started = (pod.get("status") or {}).get("startTime") or rfc3339(context.kernel.now())
        self.record = PodRecord(pod, started)
        self.deadline: float | None = None
        self._status: Object | None = None
        self._status_due = self._sync_due = self._released = False
        self._timer: Timer | None = None
        self._mount_delay = self._attach_since = 0.0
        if (pod.get("status") or {}).get("containerStatuses"):
            resume(self.record, pod["status"], rfc3339(context.kernel.now()))

    # --- what happens to the pod ---

    def start(self, rejection: tuple[str, str] | None = None) -> None:
        """Begin; a rejected pod fails at once."""
        if rejection is not None:
            self.record.failure = rejection
            self.context.event(self.record.pod, "Warning", rejection[0], rejection[1].removeprefix("Pod was rejected: "))
        self._watch_deadline()
        self.changed(self.record.pod)
        local_storage.watch(self)
        self.sync()

    def changed(self, pod: Object) -> None:
        """Take note of a new version of the pod; the same one again means that one of its claims has changed."""
        record, before = self.record, self.record.pod
        record.pod = pod
        meta = pod["metadata"]
        if meta.get("deletionTimestamp"):
            grace = float(meta.get("deletionGracePeriodSeconds") or 0)
            end = self.context.kernel.now() + grace
            if not record.stopping or self.deadline is None or end < self.deadline:
                self.deadline, record.stopping = end, True
                stopping.shorten(self)
                self.wake()
        elif pod is not before and (pod["spec"] != before["spec"] or pod["spec"].get("readinessGates")):
            if pod["spec"].get("activeDeadlineSeconds") != before["spec"].get("activeDeadlineSeconds"):
                self._watch_deadline()
            self._take_new_images(pod)
            self.wake()
        if pod is before and record.network is not None:
            attaching.finish_expansion(self.context, pod)
        if record.volumes is not None and meta is not before["metadata"] and _described(pod) != _described(before):
            record.volumes.refresh(pod)

    def _take_new_images(self, pod: Object) -> None:
        """Follow what may change of the containers: more ephemeral ones, and images (the running one is replaced)."""
        self.record.add_ephemeral(pod["spec"])
        specs = {c["name"]: c for c in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"])}
        for record in self.record.containers:
            spec = specs.get(record.name, record.spec)
            if spec["image"] != record.spec["image"] and record.state == "running":
                self.event("Normal", "Killing", f"Container {record.name} definition changed, will be restarted", record)
                stopping.stop_container(self, record, 30.0, announce=False)
            elif spec["image"] != record.spec["image"]:
                record.retry_at = record.image_backoff = 0.0
            record.spec = spec
        resizing.consider(self)

    def gone(self) -> None:
        """The pod is no longer in the API: end everything without ceremony."""
        self.record.deleted = True
        for record in self.record.containers:
            self._stop_probers(record)
            if record.container is not None:
                record.container.kill()
        self._release()
        if self._timer is not None:
            self._timer.cancel()

    def exited(self, record: ContainerRecord, container: Container) -> None:
        """Take note of the end of a container."""
        if record.container is not container or record.state != "running":
            return
        self._stop_probers(record)
        record.terminated = terminated_state(record, container)
        record.state, record.reason, record.message = "terminated", "", ""
        record.ready = record.started = record.stopping = False
        if self.record.deleted:
            return
        self.touch()
        if may_restart(self.record, record) and not self.record.stopping:
            self.wake(self.context.options.relist_period)
        else:
            self.wake()

    def _watch_deadline(self) -> None:
        limit = self.record.pod["spec"].get("activeDeadlineSeconds")
        if limit:
            end = parse_time(self.record.start_time) + limit
            self.context.kernel.call_at(max(end, self.context.kernel.now()), self._deadline_exceeded, limit)

    def _deadline_exceeded(self, limit: int) -> None:
        record = self.record
        if record.pod["spec"].get("activeDeadlineSeconds") != limit:
            return  # it has been changed since
        if record.deleted or record.failure is not None or phase_of(record) in ("Succeeded", "Failed"):
            return
        record.failure = _DEADLINE
        self.event("Normal", *_DEADLINE)
        self.wake()

    def evict(self, message: str) -> None:
        """Fail the pod, because the node is short of something."""
        self.record.failure = ("Evicted", message)
        self.deadline = self.context.kernel.now() + _EVICTION_GRACE
        self.event("Warning", "Evicted", message)
        self.wake()

    # --- moving on ---

    def wake(self, delay: float = 0.0) -> None:
        """Look at the pod again, soon or after a while."""
        if delay > 0:
            if (
                self._timer is not None
                and self._timer.callback is not None
                and self._timer.when <= self.context.kernel.now() + delay
            ):
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.context.kernel.call_later(delay, self._timer_rang)
        elif not self._sync_due:
            self._sync_due = True
            self.context.kernel.call_soon(self.sync)

    def _timer_rang(self) -> None:
        self._timer = None
        self.sync()

    def sync(self) -> None:
        """Do what the pod's stage asks for."""
        self._sync_due = False
        record = self.record
        if record.deleted or self.context.halted or not self._prepared():
            return
        for action in plan(record):
            if action.verb == "stop":
                stopping.stop_container(self, action.container, self._grace())
            elif not any(c.state == "starting" or c.in_post_start for c in record.containers):
                self._start(action.container)  # one after the other, as upstream's SyncPod does
        self.touch()
        if not any(c.state in ("running", "starting") for c in record.containers):
            self._idle()

    def _prepared(self) -> bool:
        """Whether volumes and network are there, set up if they can be; nothing is needed by a pod that is to end."""
        record = self.record
        if record.stopping or record.failure is not None or record.network is not None:
            return True
        namespace = record.pod["metadata"]["namespace"]
        problem = missing(record.pod, self.context.source(namespace), self.context.claims(namespace))
        if problem is None and record.pod["spec"].get("volumes"):
            if waiting := attaching.waits_for_attachment(self.context, record.pod):
                self._wait_for_attachment(waiting)
                return False
            problem = attaching.unmountable(self.context, record.pod)
        if problem is not None:
            self.event("Warning", "FailedMount", problem)
            self._mount_delay = min(_MOUNT_RETRY_MAX, max(_MOUNT_RETRY, 2 * self._mount_delay))
            self.touch()
            self.wake(self._mount_delay)
            return False
        try:
            record.network = sandbox_of(record.pod, self.context)
        except NoAddressLeft as error:
            text = f"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: {error}"
            self.event("Warning", "FailedCreatePodSandBox", text)
            self.touch()
            self.wake(_SANDBOX_RETRY)
            return False
        attaching.finish_expansion(self.context, record.pod)
        return True

    def _wait_for_attachment(self, volumes: list[str]) -> None:
        now = self.context.kernel.now()
        self._attach_since = self._attach_since or now
        if now - self._attach_since >= _ATTACH_TIMEOUT:
            names = f"unmounted volumes=[{' '.join(volumes)}], unattached volumes=[], failed to process volumes=[]"
            text = f"Unable to attach or mount volumes: {names}: timed out waiting for the condition"
            self.event("Warning", "FailedMount", text)
            self._attach_since = now
        self.touch()
        self.wake(_ATTACH_POLL)

    def _start(self, container: ContainerRecord) -> None:
        now = self.context.kernel.now()
        if container.state == "terminated" and self._backs_off(container, now):
            return
        if container.retry_at > now:
            self.wake(container.retry_at - now)
            return
        starting.begin(self, container)

    def _backs_off(self, container: ContainerRecord, now: float) -> bool:
        """Whether a container that ended has to wait before it starts again (CrashLoopBackOff)."""
        run, container.last = container.container, container.terminated
        container.terminated = None if container.kind != "init" else container.terminated
        ran_for = run.finished_at - run.started_at if run is not None else 0.0
        delay = 0.0 if ran_for > 600 else container.backoff
        ended = run.finished_at if run is not None else now
        container.backoff = next_backoff(container.backoff, ran_for)
        container.state, container.terminated = "waiting", None
        if ended + delay <= now:
            return False
        pod = self.record.pod["metadata"]
        subject = f"failed container={container.name} pod={pod['name']}_{pod['namespace']}({pod.get('uid', '')})"
        container.reason, container.message = "CrashLoopBackOff", f"back-off {go_duration(delay)} restarting {subject}"
        container.retry_at = ended + delay
        text = (
            f"Back-off restarting failed container {container.name} in pod {pod['name']}_{pod['namespace']}({pod.get('uid', '')})"
        )
        self.event("Warning", "BackOff", text, container)
        self.wake(container.retry_at - now)
        return True

    def _grace(self) -> float:
        """Return the seconds a container has left to stop."""
        if self.deadline is None:
            self.deadline = self.context.kernel.now() + float(self.record.pod["spec"].get("terminationGracePeriodSeconds", 30))
        return max(0.0, self.deadline - self.context.kernel.now())

    def _idle(self) -> None:
        """Nothing runs: clean up if that is the end."""
        if self.record.stopping:
            self._write_status()
            self._release()
            self._finish_deletion()
        elif phase_of(self.record) in ("Succeeded", "Failed"):
            self._release()
            self.context.ended(self.record.pod["metadata"].get("uid", ""))

    def _finish_deletion(self) -> None:
        meta = self.record.pod["metadata"]
        self.context.forget(meta.get("uid", ""))
        try:
            self.context.client.delete("pods", meta["name"], meta["namespace"], grace_period=0, uid=meta.get("uid"))
        except StatusError as error:
            if error.code not in (404, 409, 503):  # 503: cut off, the pod will be shown again
                raise

    def _release(self) -> None:
        network = self.record.network
        if network is not None and not self._released and not self.record.pod["spec"].get("hostNetwork"):
            self.context.network.release(network.node, network.ip)
        self._released = True

    # --- what it tells ---

    def event(self, type: str, reason: str, message: str, container: ContainerRecord | None = None) -> None:
        """Record an event about the pod, or one of its containers."""
        if self.context.halted:
            return
        path = container.field_path if container is not None else ""
        self.context.event(self.record.pod, type, reason, message, path)  # type: ignore[arg-type]

    def look_again(self) -> None:
        """Tell everything anew: the kubelet was stopped or cut off for a while."""
        self._status = None
        self.touch()
        self.wake()

    def touch(self) -> None:
        """Write the status once this turn is over, if it is not what was written last."""
        if not self._status_due:
            self._status_due = True
            self.context.kernel.call_soon(self._write_status)

    def _write_status(self) -> None:
        self._status_due = False
        record, meta = self.record, self.record.pod["metadata"]
        if record.deleted or self.context.halted:
            return
        live = self.context.client.informer("pods").get(meta["name"], meta["namespace"])
        if live is None or live["metadata"].get("uid") != meta.get("uid"):
            return
        status = pod_status(record, self.context.config.internal_ip, live, rfc3339(self.context.kernel.now()))
        if status == self._status:
            return
        previous, self._status = self._status, status
        removed = {key: None for key in ("reason", "message") if key in (previous or {}) and key not in status}
        try:
            self.context.client.patch(
                "pods", meta["name"], meta["namespace"], {"status": {**status, **removed}}, "merge", "status"
            )
        except StatusError as error:
            self._status = previous
            if error.code not in (404, 409):
                self.wake(10.0)

    def volumes(self) -> PodVolumes:
        """Return the pod's volumes, made when first asked for."""
        record, context = self.record, self.context
        if record.volumes is None:
            assert record.network is not None
            pod = record.pod
            namespace = pod["metadata"]["namespace"]
            record.volumes = PodVolumes(
                pod, context.source(namespace), lambda a, s: context.token(pod, a, s),
                context.node.host_files, context.disk(pod), record.network.ip, context.config.internal_ip,
                context.config.resources(), context.kernel.now,
            )  # fmt: skip
            starting.watch_sources(self)
        return record.volumes

    def set_ready(self, record: ContainerRecord, ready: bool) -> None:
        """Take the word of a readiness probe."""
        if record.ready != ready and record.state == "running":
            record.ready = ready
            self.touch()

    def _stop_probers(self, record: ContainerRecord) -> None:
        for prober in record.probers or ():
            prober.stop()
        record.probers = None


def _described(pod: Object) -> tuple[object, object]:
    """What the downward API shows of a pod."""
    return pod["metadata"].get("labels"), pod["metadata"].get("annotations")
