"""What a kubelet remembers of a pod and its containers between two looks at it.

Upstream: kubecontainer.PodStatus and the status manager's cache. Kept small: there are up to 10,000 of them in a process.
"""

from typing import TYPE_CHECKING, Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.runtime.container import Container
from k8slab.sim.runtime.images import Image
from k8slab.sim.runtime.pids import PidSpace

if TYPE_CHECKING:
    from k8slab.sim.kubelet.probes import Prober
    from k8slab.sim.kubelet.volumes import PodVolumes
    from k8slab.sim.runtime.log import ContainerLog

__all__ = ["ContainerRecord", "PodRecord"]

Kind = Literal["init", "sidecar", "main", "ephemeral"]
_FIELDS = {"main": "containers", "ephemeral": "ephemeralContainers"}
State = Literal["waiting", "starting", "running", "terminated"]


class ContainerRecord:
    """One container of a pod over all its restarts."""

    __slots__ = ("allocated", "applied", "backoff", "container", "image", "image_backoff", "in_post_start", "kind", "last",
                 "message", "name", "previous_log", "probers", "ready", "reason", "restart_count", "retry_at", "spec", "started",
                 "state", "stopping", "terminated")  # fmt: skip

    def __init__(self, spec: Object, kind: Kind) -> None:
        self.spec, self.kind, self.name = spec, kind, spec["name"]
        #: Resources that the node has set aside, and that the container runs with; see `k8slab.sim.kubelet.resizing`.
        self.allocated = self.applied = spec.get("resources") or {}
        self.state: State = "waiting"
        self.reason = self.message = ""
        self.container: Container | None = None
        self.image: Image | None = None
        self.terminated: Object | None = None
        self.last: Object | None = None
        self.previous_log: ContainerLog | None = None
        self.restart_count = 0
        self.backoff = self.image_backoff = 0.0
        self.retry_at = 0.0
        self.started = self.ready = self.stopping = self.in_post_start = False
        self.probers: list[Prober] | None = None

    @property
    def exit_code(self) -> int | None:
        """Exit code of the last run, None if it has not ended."""
        return self.terminated["exitCode"] if self.terminated is not None else None

    @property
    def field_path(self) -> str:
        """Where events about it point to."""
        return f"spec.{_FIELDS.get(self.kind, 'initContainers')}{{{self.name}}}"


class PodRecord:
    """One pod on a node."""

    __slots__ = ("containers", "deleted", "failure", "namespace", "network", "pids", "pod", "resize_pending", "resize_progress",
                 "start_time", "stopping", "volumes")  # fmt: skip

    def __init__(self, pod: Object, start_time: str) -> None:
        spec = pod["spec"]
        self.pod, self.start_time = pod, start_time
        inits = [ContainerRecord(c, _init_kind(c)) for c in spec.get("initContainers") or ()]
        self.containers = inits + [ContainerRecord(c, "main") for c in spec["containers"]]
        self.add_ephemeral(spec)
        self.network: NetNamespace | None = None
        self.volumes: PodVolumes | None = None
        self.stopping = self.deleted = False
        self.failure: tuple[str, str] | None = None
        self.pids = PidSpace(self._running) if spec.get("shareProcessNamespace") else None
        #: Reason and message of a resize that the node has no room for, and of one that is being carried out.
        self.resize_pending: tuple[str, str] | None = None
        self.resize_progress: tuple[str, str] | None = None

    def _running(self) -> list[Container]:
        return [c.container for c in self.containers if c.container is not None and c.container.state == "running"]

    @property
    def key(self) -> str:
        """Namespace and name."""
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    @property
    def runs(self) -> bool:
        """Whether one of its containers runs, and it is not to end."""
        return self.failure is None and not self.stopping and any(c.state == "running" for c in self.containers)

    @property
    def mains(self) -> list[ContainerRecord]:
        """The app containers."""
        return [c for c in self.containers if c.kind == "main"]

    @property
    def inits(self) -> list[ContainerRecord]:
        """Init containers and sidecars, in their order."""
        return [c for c in self.containers if c.kind in ("init", "sidecar")]

    @property
    def ephemerals(self) -> list[ContainerRecord]:
        """What ``kubectl debug`` added."""
        return [c for c in self.containers if c.kind == "ephemeral"]

    def add_ephemeral(self, spec: Object) -> None:
        """Take up ephemeral containers not seen before."""
        for container in spec.get("ephemeralContainers") or ():
            if self.find(container["name"]) is None:
                self.containers.append(ContainerRecord(container, "ephemeral"))

    @property
    def restart_policy(self) -> str:
        """Always, OnFailure or Never."""
        return str(self.pod["spec"].get("restartPolicy", "Always"))

    def find(self, name: str) -> ContainerRecord | None:
        """Return the container of a name."""
        return next((c for c in self.containers if c.name == name), None)


def _init_kind(container: Object) -> Literal["init", "sidecar"]:
    return "sidecar" if container.get("restartPolicy") == "Always" else "init"
