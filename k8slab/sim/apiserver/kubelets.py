"""The API server's side of a kubelet: what it can be asked for, and which one answers for a Pod.

Upstream: pkg/kubelet/client (ConnectionInfoGetter) and pkg/registry/core/pod/strategy.go (LogLocation, streamLocation).
"""

from collections.abc import Mapping
from typing import Protocol

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import bad_request, internal_error, not_found
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Future
from k8slab.sim.network import Connection
from k8slab.sim.network.http import Request, Response
from k8slab.sim.streams import Pipe, WindowSize

__all__ = ["KubeletServer", "Kubelets", "container_of"]


class KubeletServer(Protocol):
    """The part of a kubelet that the API server talks to; errors are `StatusError`."""

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> Pipe:
        """Return the lines of a container; the pipe ends, or with ``follow`` goes on until the container does."""
        ...

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: list[str],
        stdin: Pipe | None,
        stdout: Pipe,
        stderr: Pipe,
        tty: bool,
        window: WindowSize | None = None,
    ) -> Future[int]:
        """Run a command in a container; the result is its exit code."""
        ...

    def attach(
        self, namespace: str, pod: str, container: str, stdin: Pipe | None, stdout: Pipe, stderr: Pipe, tty: bool,
        window: WindowSize | None = None,
    ) -> Future[int]:  # fmt: skip
        """Join a container's main process; the result is its exit code."""
        ...

    def port_forward(self, namespace: str, pod: str, port: int) -> Future[Connection]:
        """Connect to a port inside a pod; the future fails with upstream's text if nobody listens."""
        ...

    def answer(self, request: Request) -> Response:
        """Answer a request to its own port (10250), already authorized."""
        ...


class Kubelets:
    """Finds Pods and who answers for them.

    Parameters
    ----------
    store
        Where Pods are.
    servers
        The kubelets by node name.
    """

    def __init__(self, store: Store, servers: Mapping[str, KubeletServer]) -> None:
        self._store, self._servers = store, servers

    def pod(self, namespace: str, name: str) -> Object:
        """Return a Pod, or raise 404."""
        entry = self._store.get("/registry/pods/", f"{namespace}/{name}")
        if entry is None:
            raise not_found("", "pods", name)
        return entry.value

    def of(self, pod: Object) -> KubeletServer:
        """Return the kubelet of a Pod's node."""
        node = pod["spec"].get("nodeName", "")
        if not node:
            raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        return self.on(node)

    def on(self, node: str) -> KubeletServer:
        """Return the kubelet of a node."""
        kubelet = self._servers.get(node)
        if kubelet is None:
            raise internal_error(f"error dialing backend: dial tcp: lookup {node}: no such host")
        return kubelet


def container_of(pod: Object, wanted: str) -> str:
    """Return the name of the container that is meant; 400 if it is none of the Pod's, or could be several.

    A Pod's only app container is meant whatever others there are.
    """
    spec, name = pod["spec"], pod["metadata"]["name"]
    main: list[str] = [c["name"] for c in spec.get("containers") or ()]
    every = [c["name"] for field in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(field) or ()]
    if wanted:
        if wanted not in every:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(main) == 1:
        return main[0]
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(every)}]")
