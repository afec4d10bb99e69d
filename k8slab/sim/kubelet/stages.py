"""The life cycle of a pod on a node, as a table: which stage a pod is in, and what moves it on.

`plan` is pure: it looks at the record of a pod and says what to start and what to stop; `worker` does it. The first stage
whose ``when`` holds is the pod's stage.
Upstream: computePodActions and computeInitContainerActions in pkg/kubelet/kuberuntime, getPhase in pkg/kubelet/kubelet_pods.go.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.records import ContainerRecord, PodRecord

__all__ = ["STAGES", "Action", "Stage", "may_restart", "next_backoff", "phase_of", "plan", "stage_of"]


class Action(NamedTuple):
    """Start or stop a container."""

    verb: Literal["start", "stop"]
    container: ContainerRecord


class Stage(NamedTuple):
    """A stage of the life cycle: its name, when a pod is in it, and what is to be done."""

    name: str
    when: Callable[[PodRecord], bool]
    then: Callable[[PodRecord], list[Action]]


def may_restart(pod: PodRecord, container: ContainerRecord) -> bool:
    """Whether a container that has ended is to run again: by its own rules and policy first, then by the pod's."""
    if container.kind in ("sidecar", "ephemeral"):
        return container.kind == "sidecar"
    if any(_rule_matches(rule, container.exit_code) for rule in container.spec.get("restartPolicyRules") or ()):
        return True
    policy = container.spec.get("restartPolicy") or pod.restart_policy
    policy = "OnFailure" if container.kind == "init" and policy == "Always" else policy
    return policy == "Always" or (policy == "OnFailure" and container.exit_code != 0)


def _rule_matches(rule: Object, code: int | None) -> bool:
    wanted = rule.get("exitCodes")
    if rule.get("action") != "Restart" or not wanted or code is None:
        return False
    return bool((code in (wanted.get("values") or ())) == (wanted.get("operator") == "In"))


def next_backoff(current: float, ran_for: float) -> float:
    """Return the delay before the restart after the next one: 10 s, doubled up to 5 min, from the start again after 10 min.

    >>> [next_backoff(b, 1) for b in (0.0, 10.0, 160.0)], next_backoff(300.0, 700)
    ([10.0, 20.0, 300.0], 10.0)
    """
    return 10.0 if ran_for > 600 or not current else min(300.0, current * 2)


def _initialized(pod: PodRecord) -> bool:
    return all(c.started if c.kind == "sidecar" else c.exit_code == 0 for c in pod.inits)


def _began(pod: PodRecord) -> bool:
    """Whether an app container has run: init containers are then never looked at again."""
    return any(c.container is not None or c.last is not None for c in pod.mains)


def _finished(pod: PodRecord) -> bool:
    """Whether nothing is left to run: the app containers have ended for good, or an init container has failed for good."""
    failed = any(c.kind == "init" and c.exit_code and not may_restart(pod, c) for c in pod.inits)
    return failed or all(c.state == "terminated" and not may_restart(pod, c) for c in pod.mains)


def _stop_in_order(pod: PodRecord) -> list[Action]:
    """App containers (and an init container in progress) together first, then sidecars one by one, last started first."""
    first = [c for c in pod.containers if c.kind != "sidecar" and c.state in ("running", "starting")]
    last = [c for c in reversed(pod.inits) if c.kind == "sidecar" and c.state in ("running", "starting")][:1]
    return [Action("stop", c) for c in first or last]


def _start_next_init(pod: PodRecord) -> list[Action]:
    actions = _start_ephemerals(pod)
    for container in pod.inits:
        if container.state in ("waiting", "terminated") and container.exit_code != 0:
            actions.append(Action("start", container))
        done = container.started if container.kind == "sidecar" else container.exit_code == 0
        if not done:
            break
    return actions


def _start_mains(pod: PodRecord) -> list[Action]:
    wanted = [c for c in pod.containers if c.kind in ("main", "sidecar") and c.state in ("waiting", "terminated")]
    return _start_ephemerals(pod) + [Action("start", c) for c in wanted if c.state == "waiting" or may_restart(pod, c)]


def _start_ephemerals(pod: PodRecord) -> list[Action]:
    """Ephemeral containers come first, and run once."""
    return [Action("start", c) for c in pod.ephemerals if c.state == "waiting"]


STAGES = (
    Stage("Terminating", lambda p: p.stopping or p.deleted, _stop_in_order),
    Stage("Failed", lambda p: p.failure is not None, _stop_in_order),
    Stage("Finished", _finished, _stop_in_order),
    Stage("Initializing", lambda p: not _began(p) and not _initialized(p), _start_next_init),
    Stage("Running", lambda p: True, _start_mains),
)


def stage_of(pod: PodRecord) -> Stage:
    """Return the stage a pod is in."""
    return next(stage for stage in STAGES if stage.when(pod))


def plan(pod: PodRecord) -> list[Action]:
    """Return what moves the pod on; nothing if it is where it should be."""
    return stage_of(pod).then(pod)


def phase_of(pod: PodRecord) -> str:
    """Return ``status.phase``."""
    busy = any(c.state in ("running", "starting") for c in pod.containers)
    if pod.failure is not None:
        return "Running" if busy and _began(pod) else "Failed"
    if not _began(pod):
        failed = any(c.kind == "init" and c.exit_code and not may_restart(pod, c) for c in pod.inits)
        return "Failed" if failed or (pod.stopping and not busy) else "Pending"
    mains = pod.mains
    if any((c.state in ("waiting", "starting") or c.in_post_start) and c.last is None for c in mains) and not pod.stopping:
        return "Pending"
    over = all(c.state == "terminated" for c in mains) and (pod.stopping or not any(may_restart(pod, c) for c in mains))
    if not over or busy:
        return "Running"
    return "Succeeded" if all(c.exit_code == 0 for c in mains) else "Failed"
