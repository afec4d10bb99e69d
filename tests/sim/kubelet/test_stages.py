"""The table of stages, as a table: what a pod's containers are doing, the stage it is in, and what comes next."""

import pytest

from k8slab.sim.kubelet.records import PodRecord
from k8slab.sim.kubelet.stages import phase_of, plan, stage_of

#: How tests spell the state of a container: waiting, running, exited 0, exited 1.
W, R, OK, BAD = "waiting", "running", 0, 1


def record(policy, init, sidecars, mains, stopping=False):
    """Build a pod's record; containers are i0, i1 ..., s0 ..., m0 ..., init containers before sidecars."""
    inits = [{"name": f"i{n}"} for n in range(len(init))]
    inits += [{"name": f"s{n}", "restartPolicy": "Always"} for n in range(len(sidecars))]
    spec = {"restartPolicy": policy, "initContainers": inits, "containers": [{"name": f"m{n}"} for n in range(len(mains))]}
    pod = PodRecord({"metadata": {"name": "p", "namespace": "n"}, "spec": spec}, "")
    for container, state in zip(pod.containers, [*init, *sidecars, *mains], strict=True):
        container.state = state if isinstance(state, str) else "terminated"
        container.started = state == R
        if isinstance(state, int):
            container.terminated = {"exitCode": state}
        if state != W and container.kind == "main":
            container.last = {"exitCode": 0} if state == R else container.terminated
    pod.stopping = stopping
    return pod


@pytest.mark.parametrize(
    ("policy", "init", "sidecars", "mains", "stopping", "stage", "actions", "phase"),
    [
        ("Always", [], [], [W], False, "Running", ["start m0"], "Pending"),
        ("Always", [], [], [W, W], False, "Running", ["start m0", "start m1"], "Pending"),
        ("Always", [], [], [R], False, "Running", [], "Running"),
        ("Always", [], [], [OK], False, "Running", ["start m0"], "Running"),
        ("OnFailure", [], [], [BAD], False, "Running", ["start m0"], "Running"),
        ("OnFailure", [], [], [OK], False, "Finished", [], "Succeeded"),
        ("Never", [], [], [OK], False, "Finished", [], "Succeeded"),
        ("Never", [], [], [BAD], False, "Finished", [], "Failed"),
        ("Never", [], [], [OK, R], False, "Running", [], "Running"),
        ("Never", [], [], [OK, BAD], False, "Finished", [], "Failed"),
        ("Always", [W, W], [], [W], False, "Initializing", ["start i0"], "Pending"),
        ("Always", [R, W], [], [W], False, "Initializing", [], "Pending"),
        ("Always", [OK, W], [], [W], False, "Initializing", ["start i1"], "Pending"),
        ("Always", [BAD], [], [W], False, "Initializing", ["start i0"], "Pending"),
        ("Never", [BAD], [], [W], False, "Finished", [], "Failed"),
        ("Always", [OK], [], [W], False, "Running", ["start m0"], "Pending"),
        ("Always", [], [W, W], [W], False, "Initializing", ["start s0"], "Pending"),
        ("Always", [], [R, W], [W], False, "Initializing", ["start s1"], "Pending"),
        ("Always", [], [R], [W], False, "Running", ["start m0"], "Pending"),
        ("Always", [], [BAD], [R], False, "Running", ["start s0"], "Running"),
        ("Never", [], [R], [OK], False, "Finished", ["stop s0"], "Running"),
        ("Always", [], [], [R, R], True, "Terminating", ["stop m0", "stop m1"], "Running"),
        ("Always", [], [R, R], [R], True, "Terminating", ["stop m0"], "Running"),
        ("Always", [], [R, R], [OK], True, "Terminating", ["stop s1"], "Running"),
        ("Always", [], [R, OK], [OK], True, "Terminating", ["stop s0"], "Running"),
        ("Always", [R], [], [W], True, "Terminating", ["stop i0"], "Pending"),
        ("Always", [], [], [OK], True, "Terminating", [], "Succeeded"),
        ("Always", [], [], [BAD], True, "Terminating", [], "Failed"),
    ],
)
def test_stage_next_actions_and_phase(policy, init, sidecars, mains, stopping, stage, actions, phase):
    pod = record(policy, init, sidecars, mains, stopping)
    assert stage_of(pod).name == stage
    assert [f"{a.verb} {a.container.name}" for a in plan(pod)] == actions
    assert phase_of(pod) == phase
