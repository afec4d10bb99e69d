"""Logs, exec, attach and port-forward: what the API server passes on to a kubelet, with upstream's refusals.

Upstream: pkg/kubelet/server, GetKubeletContainerLogs and validateContainerLogStatus in pkg/kubelet/kubelet_pods.go.
"""

import hashlib

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError, bad_request, internal_error, not_found
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord
from k8slab.sim.network.errors import ConnectError
from k8slab.sim.network.network import Network
from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.container import Container, ExecError
from k8slab.sim.runtime.log import ContainerLog
from k8slab.sim.runtime.process import Input
from k8slab.sim.streams import Pipe, WindowSize

__all__ = ["attach", "exec_command", "find_container", "forward", "log_of", "read_log"]


def find_container(record: PodRecord, name: str) -> ContainerRecord:
    """Return a container by name, the first app container if none is given."""
    pod = record.pod["metadata"]["name"]
    found = record.find(name) if name else record.mains[0]
    if found is None:
        raise bad_request(f"container {name} is not valid for pod {pod}")
    return found


def log_of(record: PodRecord, container: ContainerRecord, previous: bool) -> ContainerLog:
    """Return the log asked for, or say why there is none."""
    pod = record.pod["metadata"]["name"]
    if previous:
        if container.state == "waiting" and container.container is not None:
            return container.container.log
        if container.previous_log is None:
            raise bad_request(f'previous terminated container "{container.name}" in pod "{pod}" not found')
        return container.previous_log
    if container.container is None:
        reason = container.reason or ("PodInitializing" if record.inits else "ContainerCreating")
        text = f'container "{container.name}" in pod "{pod}" is waiting to start: '
        failing = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
        raise bad_request(text + failing.get(reason, reason))
    return container.container.log


def read_log(
    log: ContainerLog, now: float, follow: bool, tail_lines: int | None, since_seconds: int | None, since_time: str | None,
    timestamps: bool, limit_bytes: int | None,
) -> Pipe:  # fmt: skip
    """Return the stream of log lines asked for."""
    since = parse_time(since_time) if since_time else now - since_seconds if since_seconds is not None else None
    return log.read(follow, tail_lines, since, timestamps, limit_bytes)


def _running(record: PodRecord, name: str) -> Container:
    container = find_container(record, name)
    if container.container is None or container.state != "running":
        meta = record.pod["metadata"]
        raise (
            not_found("", "pods", meta["name"])
            if record.deleted
            else internal_error(f'unable to upgrade connection: container not found ("{container.name}")')
        )
    return container.container


def exec_command(
    record: PodRecord, name: str, command: list[str], stdin: Pipe | None, stdout: Pipe, stderr: Pipe, tty: bool,
    window: WindowSize | None = None,
) -> Future[int]:  # fmt: skip
    """Run a command in a container; the future is its exit code."""
    container = _running(record, name)
    try:
        if tty:
            return container.exec_terminal(command, stdin, stdout.write, window)
        return container.exec(command, Input(pipe=stdin), stdout.write, stderr.write)
    except ExecError as error:
        text = f'failed to exec in container: failed to start exec "{container.kernel.random.getrandbits(256):064x}": {error}'
        raise internal_error(f"error executing command in container: {text}") from None


def attach(
    kernel: Kernel, record: PodRecord, name: str, stdin: Pipe | None, stdout: Pipe, window: WindowSize | None = None
) -> Future[int]:
    """Connect to a container's first process; the future is done when it ends."""
    container = _running(record, name)
    ended: Future[int] = kernel.future()
    stream = Pipe(kernel)
    container.watchers += (stream,)
    first = container.processes.get(1)
    if first is not None and first.tty and window is not None:
        first.window = window
    once = bool(find_container(record, name).spec.get("stdinOnce"))

    def forward(data: bytes) -> None:
        if data:
            stdout.write(data)
        else:
            ended.set_result(container.exit_code)

    stream.listen(forward)
    if stdin is not None and container.stdin is not None:
        target = container.stdin
        stdin.listen(lambda data: target.write(data) if data else target.close() if once else None)
    return ended


def forward(kernel: Kernel, network: Network, record: PodRecord, port: int) -> Future[Connection]:
    """Connect to a port on the pod's own loopback, past every policy, as the container runtime does."""
    source = record.network
    if source is None or not record.runs:
        raise internal_error(f'unable to upgrade connection: pod not found ("{record.key.replace("/", "_")}")')
    done: Future[Connection] = kernel.future()
    sandbox = hashlib.sha256(record.pod["metadata"]["uid"].encode()).hexdigest()

    async def connect() -> None:
        try:
            done.set_result(await network.connect(source, "127.0.0.1", port))
        except ConnectError as error:
            text = error.text[0].lower() + error.text[1:]
            where = f'failed to execute portforward in network namespace "/var/run/netns/cni-{sandbox[:8]}-{sandbox[8:12]}"'
            why = (
                f"IPv4: dial tcp4 127.0.0.1:{port}: connect: {text} IPv6 dial tcp6: address localhost: no suitable address found"
            )
            inside = f'{where}: failed to connect to localhost:{port} inside namespace "{sandbox}", {why} '
            done.set_error(StatusError(500, "", f"error forwarding port {port} to pod {sandbox}, uid : {inside}"))

    kernel.spawn(connect(), f"port-forward to {record.key}:{port}")
    return done


def summary(record: PodRecord) -> Object:
    """Return the CPU (millicores) and memory (bytes) in use per running container."""
    running = [c for c in record.containers if c.container is not None and c.state == "running"]
    return {c.name: dict(zip(("cpu", "memory"), c.container.usage(), strict=True)) for c in running if c.container is not None}
