"""From "to be started" to "running": image, configuration, creation, start, probes; each step with upstream's events.

Upstream: pkg/kubelet/images/image_manager.go, startContainer in pkg/kubelet/kuberuntime/kuberuntime_container.go.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.kubelet.environment import ConfigError, expand, resolve_environment
from k8slab.sim.kubelet.eviction import oom_score_adj
from k8slab.sim.kubelet.probing import begin_probes
from k8slab.sim.kubelet.records import ContainerRecord
from k8slab.sim.kubelet.security import CreateError, credentials_of, effective
from k8slab.sim.kubelet.stages import may_restart
from k8slab.sim.kubelet.static_pods import break_down
from k8slab.sim.kubelet.volumes import references
from k8slab.sim.runtime.container import Container, ContainerConfig, StartError
from k8slab.sim.runtime.images import Image, ImageRef, InvalidImageName, PullError, parse_reference

if TYPE_CHECKING:
    from k8slab.sim.kubelet.worker import PodWorker

__all__ = ["begin", "watch_sources"]

_CONFIG_RETRY, _PULL_FAILURE_SHOWN = 10.0, 2.0


def begin(worker: "PodWorker", record: ContainerRecord) -> None:
    """Start a container: find or pull its image first."""
    try:
        ref = parse_reference(record.spec["image"])
    except InvalidImageName as error:
        name = record.spec["image"]
        text = f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": {error}'
        worker.event("Warning", "InspectFailed", text, record)
        _fail(worker, record, "InvalidImageName", text, _CONFIG_RETRY)
        return
    record.state = "starting"
    record.reason = record.message = ""
    present = worker.context.node.has(ref)
    policy = record.spec.get("imagePullPolicy") or ("Always" if ref.tag == "latest" else "IfNotPresent")
    if present is not None and policy != "Always":
        text = f'Container image "{record.spec["image"]}" already present on machine and can be accessed by the pod'
        worker.event("Normal", "Pulled", text, record)
        _with_image(worker, record, present)
    elif policy == "Never":
        text = f'Container image "{record.spec["image"]}" is not present with pull policy of Never'
        worker.event("Warning", "ErrImageNeverPull", text, record)
        _fail(worker, record, "ErrImageNeverPull", text, _CONFIG_RETRY)
    else:
        _pull(worker, record, ref, present is not None)


def _after(worker: "PodWorker", seconds: float, record: ContainerRecord, step: Callable[..., None], *args: Any) -> None:
    """Go on after a delay, unless the container is no longer to be started then."""

    def go_on() -> None:
        if record.state == "starting" and not worker.record.deleted:
            step(worker, record, *args)

    delay = seconds * worker.context.options.start_delays
    if delay > 0:
        worker.context.kernel.call_later(delay, go_on)
    else:
        go_on()


def _pull(worker: "PodWorker", record: ContainerRecord, ref: ImageRef, cached: bool) -> None:
    worker.event("Normal", "Pulling", f'Pulling image "{record.spec["image"]}"', record)
    try:
        image, seconds = worker.context.runtime.resolve(ref)
    except PullError as error:
        _after(worker, 1.0, record, _pull_failed, str(error))
        return
    _after(worker, 0.3 if cached else seconds, record, _pulled, image, worker.context.kernel.now())


def _pulled(worker: "PodWorker", record: ContainerRecord, image: Image, began: float) -> None:
    worker.context.node.store(image)
    took = _seconds(worker.context.kernel.now() - began)
    times = f"in {took} ({took} including waiting)"
    text = f'Successfully pulled image "{record.spec["image"]}" {times}. Image size: {image.size} bytes.'
    worker.event("Normal", "Pulled", text, record)
    record.image_backoff = 0.0
    _with_image(worker, record, image)


def _seconds(duration: float) -> str:
    return f"{duration:.3f}s" if duration >= 1 else f"{duration * 1000:.0f}ms"


def _pull_failed(worker: "PodWorker", record: ContainerRecord, error: str) -> None:
    name = record.spec["image"]
    worker.event("Warning", "Failed", f'Failed to pull image "{name}": {error}', record)
    record.image_backoff = min(300.0, max(10.0, record.image_backoff * 2))
    _fail(worker, record, "ErrImagePull", error, record.image_backoff)
    worker.context.kernel.call_later(min(_PULL_FAILURE_SHOWN, record.image_backoff), _show_backoff, worker, record, error)


def _show_backoff(worker: "PodWorker", record: ContainerRecord, error: str) -> None:
    if worker.record.deleted or record.reason != "ErrImagePull":
        return
    name = record.spec["image"]
    record.reason, record.message = "ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {error}'
    worker.event("Normal", "BackOff", f'Back-off pulling image "{name}"', record)
    worker.event("Warning", "Failed", "Error: ImagePullBackOff", record)
    worker.touch()


def _fail(worker: "PodWorker", record: ContainerRecord, reason: str, message: str, retry: float, event: str = "") -> None:
    """Wait with a reason, and try again later."""
    worker.event("Warning", "Failed", f"Error: {event or reason}", record)
    record.state, record.reason, record.message = "waiting", reason, message
    record.retry_at = worker.context.kernel.now() + retry
    worker.touch()
    worker.wake(retry)
    _go_on_with_others(worker)


def _go_on_with_others(worker: "PodWorker") -> None:
    """Containers start one after the other: this one is done with, well or badly."""
    if len(worker.record.containers) > 1:
        worker.wake()


def _with_image(worker: "PodWorker", record: ContainerRecord, image: Image) -> None:
    record.image = image
    try:
        config = _config(worker, record, image)
    except ConfigError as error:
        reason = "CreateContainerError" if isinstance(error, CreateError) else "CreateContainerConfigError"
        _fail(worker, record, reason, str(error), _CONFIG_RETRY, str(error))
        return
    container = worker.context.runtime.create(config, lambda ended: worker.exited(record, ended))
    worker.event("Normal", "Created", "Container created", record)
    _after(worker, worker.context.options.container_start, record, _run, container)


def _config(worker: "PodWorker", record: ContainerRecord, image: Image) -> ContainerConfig:
    """Return what the runtime is asked for."""
    pod, spec, context = worker.record.pod, record.spec, worker.context
    network = worker.record.network
    assert network is not None
    namespace = pod["metadata"]["namespace"]
    links = context.network.services.environment(namespace, pod["spec"].get("enableServiceLinks") is not False)
    allocatable = context.config.resources()
    env: dict[str, str] = {}
    if spec.get("env") or spec.get("envFrom"):
        host_ip = context.config.internal_ip
        env = resolve_environment(pod, spec, context.source(namespace), links, network.ip, host_ip, allocatable)
    variables = {**links, **env}
    requests, limits = record.allocated.get("requests") or {}, record.allocated.get("limits") or {}
    security = effective(pod, spec)
    return ContainerConfig(
        name=record.name,
        image=image,
        network=network,
        command=[expand(w, variables) for w in spec.get("command") or ()],
        args=[expand(w, variables) for w in spec.get("args") or ()],
        env=env,
        links=links,
        workdir=spec.get("workingDir") or "",
        credentials=credentials_of(pod, spec, image),
        privileged=bool(security.get("privileged")),
        pids=context.node.pids if pod["spec"].get("hostPID") else worker.record.pids,
        mount_paths=tuple(m["mountPath"] for m in spec.get("volumeMounts") or ()),
        mounts=lambda: worker.volumes().mounts(record.spec, variables),
        read_only_root=bool(security.get("readOnlyRootFilesystem")),
        node_cpu=context.node.cpu,
        node_memory=context.node.memory,
        cpu_request=milli_value(requests.get("cpu", "0")),
        cpu_limit=milli_value(limits.get("cpu", "0")),
        memory_limit=value(limits.get("memory", "0")),
        oom_score_adj=oom_score_adj(pod, spec, context.node.memory.capacity),
        stdin=bool(spec.get("stdin")),
        tty=bool(spec.get("tty")),
        delays=context.options.start_delays,
    )


def _run(worker: "PodWorker", record: ContainerRecord, container: Container) -> None:
    before = record.container
    if before is not None:
        record.previous_log = before.log
    if record.last is not None:
        record.restart_count += 1
    record.terminated, record.retry_at = None, 0.0
    try:
        container.start()
    except StartError as error:
        _start_failed(worker, record, container, str(error))
        return
    record.container, record.state, record.applied = container, "running", record.allocated
    worker.event("Normal", "Started", "Container started", record)
    if worker.record.key in worker.context.node.failing:
        break_down(container)
    hook = (record.spec.get("lifecycle") or {}).get("postStart")
    if hook:
        from k8slab.sim.kubelet.stopping import run_post_start

        record.in_post_start = True
        after = run_post_start(worker, record, container, hook, lambda: _noticed(worker, record, container))
        worker.context.kernel.spawn(after)
        return
    delay = worker.context.options.notice_start
    if delay > 0:
        worker.context.kernel.call_later(delay, _noticed, worker, record, container)
    else:
        _noticed(worker, record, container)
    _go_on_with_others(worker)


def _noticed(worker: "PodWorker", record: ContainerRecord, container: Container) -> None:
    """The kubelet sees that the container runs: it is probed from now on, and the API is told; unless it is over already."""
    if record.container is container and record.state == "running" and container.state == "running":
        begin_probes(worker, record, container)
        worker.touch()


def _start_failed(worker: "PodWorker", record: ContainerRecord, container: Container, error: str) -> None:
    now = worker.context.kernel.now()
    worker.event("Warning", "Failed", f"Error: {error}", record)
    container.state, container.started_at, container.finished_at = "exited", now, now
    container.exit_code, container.reason = 128, "StartError"
    container.log.close()
    record.container = container
    ended = {"exitCode": 128, "reason": "StartError", "message": error, "startedAt": rfc3339(0), "finishedAt": rfc3339(now)}
    record.terminated = {**ended, "containerID": f"containerd://{container.id}"}
    record.state = "terminated"
    if may_restart(worker.record, record):
        record.last, record.terminated = record.terminated, None
        delay, record.backoff = max(10.0, record.backoff), min(300.0, max(10.0, record.backoff * 2))
        record.state, record.reason, record.message = "waiting", "RunContainerError", error
        record.retry_at = now + delay
        worker.touch()
        worker.wake(delay)
        _go_on_with_others(worker)
    else:
        worker.wake()


def watch_sources(worker: "PodWorker") -> None:
    """Ask to be told when a ConfigMap or Secret in the pod's volumes changes."""
    namespace = worker.record.pod["metadata"]["namespace"]
    for kind, name in references(worker.record.pod):
        worker.context.router.watch_config(kind, namespace, name, worker.context.config.name)
