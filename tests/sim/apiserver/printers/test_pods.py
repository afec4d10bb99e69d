"""READY, STATUS and RESTARTS of a pod are worked out from its containers as kubectl users know them."""

from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.resources import RESOURCES

POD = next(r for r in RESOURCES if r.full_name == "pods")
NOW = 3600.0
RUNNING = {"running": {"startedAt": "1970-01-01T00:10:00Z"}}


def waiting(reason: str) -> Object:
    return {"waiting": {"reason": reason}}


def ended(reason: str = "", code: int = 0, signal: int = 0) -> Object:
    return {"terminated": {"reason": reason, "exitCode": code, "signal": signal, "finishedAt": "1970-01-01T00:30:00Z"}}


def container(state: Object, *, ready: bool = False, restarts: int = 0, last: Object | None = None, **more: Any) -> Object:
    return {
        "name": more.pop("name", "c"),
        "state": state,
        "ready": ready,
        "restartCount": restarts,
        "lastState": last or {},
        **more,
    }


def pod(phase: str, *containers: Object, init: tuple[Object, ...] = (), spec: Object | None = None, **more: Any) -> Object:
    status: Object = {"phase": phase, "containerStatuses": list(containers)}
    if init:
        status["initContainerStatuses"] = list(init)
    return {
        "metadata": {"name": "p", "creationTimestamp": "1970-01-01T00:00:00Z", **more.pop("metadata", {})},
        "spec": {"containers": [{"name": "c"} for _ in containers] or [{"name": "c"}], **(spec or {})},
        "status": status | more,
    }


def row(obj: Object) -> list[Any]:
    cells: list[Any] = printers.table(POD, [obj], NOW)["rows"][0]["cells"]
    return cells


READY = {"conditions": [{"type": "Ready", "status": "True"}]}
INIT = {"initContainers": [{"name": "i"}, {"name": "j"}]}
SIDECAR = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}
DELETED = {"deletionTimestamp": "1970-01-01T00:50:00Z"}

CASES: list[tuple[str, Object, tuple[str, str, str]]] = [
    ("not scheduled yet", pod("Pending"), ("0/1", "Pending", "0")),
    ("being created", pod("Pending", container(waiting("ContainerCreating"))), ("0/1", "ContainerCreating", "0")),
    ("running", pod("Running", container(RUNNING, ready=True)), ("1/1", "Running", "0")),
    ("running, not ready", pod("Running", container(RUNNING)), ("0/1", "Running", "0")),
    (
        "one of two waits",
        pod("Running", container(RUNNING, ready=True), container(waiting("ImagePullBackOff"))),
        ("1/2", "ImagePullBackOff", "0"),
    ),
    (
        "the first container's trouble is shown",
        pod("Running", container(waiting("ErrImagePull")), container(waiting("CrashLoopBackOff"))),
        ("0/2", "ErrImagePull", "0"),
    ),
    (
        "crashing",
        pod("Running", container(waiting("CrashLoopBackOff"), restarts=3, last=ended("Error", 1))),
        ("0/1", "CrashLoopBackOff", "3 (30m ago)"),
    ),
    ("restarts of unknown time", pod("Running", container(RUNNING, ready=True, restarts=2)), ("1/1", "Running", "2")),
    ("finished", pod("Succeeded", container(ended("Completed"))), ("0/1", "Completed", "0")),
    ("failed", pod("Failed", container(ended("Error", 1))), ("0/1", "Error", "0")),
    ("out of memory", pod("Failed", container(ended("OOMKilled", 137))), ("0/1", "OOMKilled", "0")),
    ("ended without a reason", pod("Failed", container(ended(code=7))), ("0/1", "ExitCode:7", "0")),
    ("ended by a signal", pod("Failed", container(ended(signal=9))), ("0/1", "Signal:9", "0")),
    ("evicted", pod("Failed", reason="Evicted"), ("0/1", "Evicted", "0")),
    (
        "one runs, the other completed, ready",
        pod("Running", container(RUNNING, ready=True), container(ended("Completed")), **READY),
        ("1/2", "Running", "0"),
    ),
    (
        "first completed, second runs and is ready",
        pod("Running", container(ended("Completed")), container(RUNNING, ready=True), **READY),
        ("1/2", "Running", "0"),
    ),
    (
        "first completed, second runs, pod not ready",
        pod("Running", container(ended("Completed")), container(RUNNING, ready=True)),
        ("1/2", "NotReady", "0"),
    ),
    (
        "first of two init containers runs",
        pod("Pending", init=(container(RUNNING, name="i"),), spec=INIT),
        ("0/1", "Init:0/2", "0"),
    ),
    (
        "second of two init containers is prepared",
        pod(
            "Pending", init=(container(ended("Completed"), name="i"), container(waiting("PodInitializing"), name="j")), spec=INIT
        ),
        ("0/1", "Init:1/2", "0"),
    ),
    (
        "an init container crashes",
        pod("Pending", init=(container(waiting("CrashLoopBackOff"), restarts=4, last=ended("Error", 1), name="i"),), spec=INIT),
        ("0/1", "Init:CrashLoopBackOff", "4 (30m ago)"),
    ),
    (
        "an init container failed",
        pod("Pending", init=(container(ended("Error", 1), name="i"),), spec=INIT),
        ("0/1", "Init:Error", "0"),
    ),
    (
        "an init container ended without a reason",
        pod("Pending", init=(container(ended(code=2), name="i"),), spec=INIT),
        ("0/1", "Init:ExitCode:2", "0"),
    ),
    (
        "init restarts no longer count once the pod runs",
        pod(
            "Running",
            container(RUNNING, ready=True),
            init=(container(ended("Completed"), restarts=5, name="i"), container(ended("Completed"), name="j")),
            spec=INIT,
        ),
        ("1/1", "Running", "0"),
    ),
    (
        "a sidecar counts among the containers",
        pod(
            "Running",
            container(RUNNING, ready=True),
            init=(container(RUNNING, ready=True, started=True, restarts=1, last=ended("Error", 1), name="s"),),
            spec=SIDECAR,
        ),
        ("2/2", "Running", "1 (30m ago)"),
    ),
    (
        "a sidecar that has not started holds the pod back",
        pod("Pending", init=(container(RUNNING, started=False, name="s"),), spec=SIDECAR),
        ("0/2", "Init:0/1", "0"),
    ),
    (
        "gated",
        pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
        ("0/1", "SchedulingGated", "0"),
    ),
    ("being deleted", pod("Running", container(RUNNING, ready=True), metadata=DELETED), ("1/1", "Terminating", "0")),
    ("finished and being deleted", pod("Succeeded", container(ended("Completed")), metadata=DELETED), ("0/1", "Completed", "0")),
    ("on a lost node", pod("Running", container(RUNNING), reason="NodeLost", metadata=DELETED), ("0/1", "Unknown", "0")),
]


@pytest.mark.parametrize(("obj", "shown"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_ready_status_and_restarts(obj: Object, shown: tuple[str, str, str]) -> None:
    assert tuple(row(obj)[1:4]) == shown


def test_wide_columns_say_where_the_pod_is() -> None:
    obj = pod("Running", podIPs=[{"ip": "10.0.0.7"}], nominatedNodeName="worker-2", spec={"nodeName": "worker-1"})
    assert row(obj)[4:] == ["60m", "10.0.0.7", "worker-1", "worker-2", "<none>"]
    assert row(pod("Pending"))[5:] == ["<none>"] * 4


def test_readiness_gates_are_counted() -> None:
    gates = {"readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]}
    obj = pod("Running", spec=gates, conditions=[{"type": "a", "status": "True"}, {"type": "b", "status": "False"}])
    assert row(obj)[8] == "1/2"


def test_a_finished_pods_row_says_that_it_is_completed() -> None:
    table = printers.table(POD, [pod("Succeeded"), pod("Running")], NOW)
    assert table["rows"][0]["conditions"] == [
        {"type": "Completed", "status": "True", "reason": "Succeeded", "message": "The pod has completed successfully."}
    ]
    assert "conditions" not in table["rows"][1]
