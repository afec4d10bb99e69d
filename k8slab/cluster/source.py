"""What every place that a cluster can come from has in common.

`EmbeddedSource`, `k8slab.cluster.kind.Kind` and `k8slab.cluster.context.Context` are the three there are. The part that
asks a running cluster is the same for all of them, because all it needs is a kubeconfig.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from k8slab.errors import K8slabError

if TYPE_CHECKING:
    from k8slab.client import Cluster
    from k8slab.cluster.capabilities import Capabilities

__all__ = ["MANAGED_BY", "Progress", "Source"]

Progress = Callable[[str], object]

#: The label on whatever k8slab makes in a cluster (nodes of a kind cluster, namespaces of the labs).
MANAGED_BY = {"app.kubernetes.io/managed-by": "k8slab"}


class Source:
    """A place that a cluster comes from.

    Attributes
    ----------
    kind
        ``embedded``, ``kind`` or ``context``.
    name
        Which one of its kind.
    context
        The context in the kubeconfig; None for its current one.
    """

    kind: ClassVar[str]
    name: str
    context: str | None = None

    def __str__(self) -> str:
        """Write it as ``$K8SLAB_CLUSTER`` has it."""
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the running cluster."""
        raise NotImplementedError

    def running(self) -> bool:
        """Whether the cluster is there and has a kubeconfig; quick, and never an error."""
        raise NotImplementedError

    def up(self, config: Path | None = None, progress: Progress | None = None) -> None:
        """Start the cluster, or find out that it runs.

        Parameters
        ----------
        config
            A kind configuration, the shape of the cluster.
        progress
            Told what is being done, a line at a time.
        """
        raise NotImplementedError

    def down(self) -> str:
        """Remove exactly what k8slab made; return what that was, in a sentence."""
        raise NotImplementedError

    def load_image(self, image: str) -> None:
        """Bring an image of this computer into the cluster's nodes."""
        raise NotImplementedError

    def connect(self) -> "Cluster":
        """Return a handle on the running cluster."""
        from k8slab.client import connect

        return connect(context=self.context, kubeconfig=self.kubeconfig)

    def nodes(self) -> list[str]:
        """Return the names of the nodes."""
        with_nodes = self.connect()
        try:
            return [node["metadata"]["name"] for node in with_nodes.list("nodes")]
        finally:
            with_nodes.close()

    def capabilities(self) -> "Capabilities":
        """Return what the running cluster can and cannot do, found out by asking it."""
        from k8slab.cluster.capabilities import capabilities

        cluster = self.connect()
        try:
            return capabilities(cluster)
        finally:
            cluster.close()

    def status(self) -> dict[str, str]:
        """Return what ``k8slab status`` shows, by name.

        Raises
        ------
        K8slabError
            If the cluster does not answer.
        """
        cluster = self.connect()
        try:
            version = cluster.request("GET", "/version")["gitVersion"]
            nodes = cluster.list("nodes")
            ready = sum(_ready(node["status"].get("conditions") or ()) for node in nodes)
            return {
                "cluster": f"{self} ({version})",
                "api": cluster.host,
                "nodes": f"{ready} of {len(nodes)} ready",
                "kubeconfig": str(self.kubeconfig),
            }
        finally:
            cluster.close()

    def remove_namespaces(self) -> list[str]:
        """Delete the namespaces that carry our label; return their names."""
        cluster = self.connect()
        try:
            selector = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
            names = [n["metadata"]["name"] for n in cluster.list("namespaces", label_selector=selector)]
            for name in names:
                cluster.delete("namespaces", name)
            return names
        finally:
            cluster.close()

    def _must_run(self) -> None:
        if not self.running():
            raise K8slabError(f'the cluster "{self}" is not running; "k8slab up --cluster {self}" starts it')


def _ready(conditions: "list[dict[str, str]] | tuple[()]") -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
