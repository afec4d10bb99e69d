"""The containers of a pod with their statuses, in the order in which they start."""

from collections.abc import Iterator
from typing import NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["Container", "containers", "unfinished"]


class Container(NamedTuple):
    """A container: its path below the pod's spec, its spec, its status."""

    path: str
    spec: Object
    status: Object
    init: bool

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that goes on running."""
        return self.init and self.spec.get("restartPolicy") == "Always"

    @property
    def waiting(self) -> Object:
        """Its waiting state, empty if it does not wait."""
        return (self.status.get("state") or {}).get("waiting") or {}

    @property
    def running(self) -> Object | None:
        """Its running state, None if it does not run."""
        state: Object | None = (self.status.get("state") or {}).get("running")
        return state

    @property
    def terminated(self) -> Object:
        """Its terminated state, empty if it is not terminated."""
        return (self.status.get("state") or {}).get("terminated") or {}

    @property
    def last(self) -> Object:
        """How its last run ended: this one, if it is over, else the one before; empty if none has ended."""
        return self.terminated or (self.status.get("lastState") or {}).get("terminated") or {}

    @property
    def at(self) -> str:
        """The path of its status."""
        return f"status.{'initContainerStatuses' if self.init else 'containerStatuses'}[{self.name}]"

    @property
    def called(self) -> str:
        """How a sentence calls it."""
        return f"{'sidecar' if self.sidecar else 'init container' if self.init else 'container'} {self.name!r}"


def containers(pod: Object) -> list[Container]:
    """Return all containers, init containers first."""
    return [*_group(pod, "initContainers", "initContainerStatuses", True), *_group(pod, "containers", "containerStatuses", False)]


def _group(pod: Object, group: str, statuses: str, init: bool) -> Iterator[Container]:
    known = {s["name"]: s for s in (pod.get("status") or {}).get(statuses) or ()}
    for i, spec in enumerate(pod["spec"].get(group) or ()):
        yield Container(f"{group}[{i}]", spec, known.get(spec["name"], {}), init)


def unfinished(pod: Object) -> list[Container]:
    """Return the containers that matter now: without the init containers that have done their work."""
    return [c for c in containers(pod) if not (c.init and not c.sidecar and c.terminated.get("exitCode") == 0)]
