"""What is to be said of a container that has ended: its ``terminated`` state, its termination message, its back-off."""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.records import ContainerRecord
from k8slab.sim.runtime.container import Container

__all__ = ["go_duration", "terminated_state"]


def go_duration(seconds: float) -> str:
    """Return a duration as Go prints it.

    >>> go_duration(10), go_duration(80), go_duration(300)
    ('10s', '1m20s', '5m0s')
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def terminated_state(record: ContainerRecord, container: Container) -> Object:
    """Return ``state.terminated``."""
    state: Object = {
        "exitCode": container.exit_code,
        "reason": container.reason,
        "startedAt": rfc3339(container.started_at),
        "finishedAt": rfc3339(container.finished_at),
        "containerID": f"containerd://{container.id}",
    }
    message = _termination_message(record.spec, container)
    if message:
        state["message"] = message
    return state


def _termination_message(spec: Object, container: Container) -> str:
    path = spec.get("terminationMessagePath") or "/dev/termination-log"
    written = container.written_file(path)
    if not written and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and container.exit_code:
        return container.log.tail(80, 2048)
    return (written or b"").decode("utf-8", "replace")[:4096]
