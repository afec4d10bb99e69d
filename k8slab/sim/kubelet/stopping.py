"""Stopping a container: preStop hook, the stop signal, the grace period, SIGKILL; and the two lifecycle hooks.

Upstream: killContainer in pkg/kubelet/kuberuntime/kuberuntime_container.go, pkg/kubelet/lifecycle/handlers.go.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.probes import port_number
from k8slab.sim.kubelet.records import ContainerRecord
from k8slab.sim.network.errors import ConnectError
from k8slab.sim.network.http import Url
from k8slab.sim.network.waiting import OutOfTime, within
from k8slab.sim.runtime.container import Container, ExecError
from k8slab.sim.runtime.process import Input

if TYPE_CHECKING:
    from k8slab.sim.kubelet.worker import PodWorker

__all__ = ["run_post_start", "shorten", "stop_container"]


def stop_container(worker: "PodWorker", record: ContainerRecord, grace: float, announce: bool = True) -> None:
    """Stop a container within the grace period; one that is only being started is not started any more."""
    container = record.container
    if record.state == "starting" or container is None:
        record.state, record.reason = "waiting", record.reason
        return
    if record.stopping:
        return
    record.stopping = True
    for prober in record.probers or ():
        if prober.kind != "readiness":
            prober.stop()
    if announce:
        worker.event("Normal", "Killing", f"Stopping container {record.name}", record)
    hook = (record.spec.get("lifecycle") or {}).get("preStop")
    kernel = worker.context.kernel
    if hook and grace > 0:
        kernel.call_later(grace, container.kill)
        kernel.spawn(_stop_after_hook(worker, record, container, hook, grace))
        return
    _signal(worker, container, grace, record)


def _signal(worker: "PodWorker", container: Container, grace: float, record: ContainerRecord) -> None:
    if grace <= 0:
        container.kill()
        return
    container.stop((record.spec.get("lifecycle") or {}).get("stopSignal") or "")
    if container.state == "running":
        worker.context.kernel.call_later(grace, container.kill)


async def _stop_after_hook(
    worker: "PodWorker", record: ContainerRecord, container: Container, hook: Object, grace: float
) -> None:
    kernel = worker.context.kernel
    began = kernel.now()
    try:
        problem = await within(kernel, grace, _run_hook(worker, record, container, hook))
    except OutOfTime:
        problem = "" if hook.get("sleep") else f"PreStopHook did not complete within {grace:g} seconds"
    if problem:
        worker.event("Warning", "FailedPreStopHook", f"PreStopHook failed: {problem}", record)
    if container.state == "running":
        _signal(worker, container, max(2.0, grace - (kernel.now() - began)), record)


async def run_post_start(
    worker: "PodWorker", record: ContainerRecord, container: Container, hook: Object, then: Callable[[], object]
) -> None:
    """Run a postStart hook; until it is done the container is not said to run, and its failure ends it."""
    problem = await _run_hook(worker, record, container, hook)
    record.in_post_start = False
    worker.wake()
    if problem and container.state == "running":
        worker.event("Warning", "FailedPostStartHook", f"PostStartHook failed: {problem}", record)
        container.kill()
        return
    then()


async def _run_hook(worker: "PodWorker", record: ContainerRecord, container: Container, hook: Object) -> str:
    """Carry out a hook; return what went wrong, "" if nothing did."""
    if hook.get("sleep"):
        await worker.context.kernel.sleep(float(hook["sleep"].get("seconds") or 0))
        return ""
    if hook.get("exec"):
        return await _exec_hook(container, hook["exec"].get("command") or [])
    if not hook.get("httpGet"):
        return ""
    action = hook["httpGet"]
    host, port = action.get("host") or container.config.network.ip, port_number(record.spec, action["port"])
    path, _, query = (action.get("path") or "/").partition("?")
    try:
        await worker.context.network.http(worker.context.namespace, "GET", Url("http", host, port, path, query), timeout=30)
    except ConnectError as error:
        return f'Get "http://{host}:{port}{path}": {error.text.lower()}'
    return ""


async def _exec_hook(container: Container, command: list[str]) -> str:
    chunks: list[bytes] = []
    try:
        code = await container.exec(command, Input(), chunks.append, chunks.append)
    except ExecError as error:
        return str(error)
    if code == 0:
        return ""
    output = b"".join(chunks).decode("utf-8", "replace")
    return f"command '{' '.join(command)}' exited with {code}: {output}"


def shorten(worker: "PodWorker") -> None:
    """A second deletion with a shorter grace period holds for containers that are being stopped already."""
    assert worker.deadline is not None
    left = worker.deadline - worker.context.kernel.now()
    for record in worker.record.containers:
        if record.stopping and record.container is not None:
            worker.context.kernel.call_later(max(0.0, left), record.container.kill)
