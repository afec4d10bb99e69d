"""The container runtime of all nodes: images on their disks, containers, volumes that live on a node.

Real component: containerd, as the kubelet speaks to it over CRI. Simplified: images have no layers in common, and a pull
takes time by size only.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from k8slab.sim.kernel import Kernel
from k8slab.sim.network.network import Network
from k8slab.sim.runtime.container import Container, ContainerConfig
from k8slab.sim.runtime.cpu import NodeCpu
from k8slab.sim.runtime.disks import Disks
from k8slab.sim.runtime.filesystem import Directory
from k8slab.sim.runtime.images import Image, ImageRef, PullError, find_image, parse_reference
from k8slab.sim.runtime.memory import NodeMemory
from k8slab.sim.runtime.pids import host_space

__all__ = ["NodeRuntime", "Runtime"]

#: Bytes per second that a node pulls images with.
PULL_RATE = 40_000_000


class NodeRuntime:
    """What one node has: processors, memory, images and its own directories."""

    __slots__ = ("cpu", "failing", "host", "images", "memory", "pids", "revision")

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.revision = 0
        self.failing: set[str] = set()  #: static pods ("namespace/name") whose containers end as soon as they start
        self.host: Directory | None = None
        self.cpu, self.memory = NodeCpu(), NodeMemory()
        self.pids = host_space(lambda: [t for t in self.memory.tenants if isinstance(t, Container)])

    def has(self, ref: ImageRef) -> Image | None:
        """Return an image if it is on the node's disk."""
        if ref.digest:
            return next((i for i in self.images.values() if i.digest == ref.digest), None)
        return self.images.get(str(ref))

    def store(self, image: Image) -> None:
        """Keep a pulled image."""
        if image.name not in self.images:
            self.images[image.name] = image
            self.revision += 1

    def remember(self, names: Iterable[str]) -> None:
        """Have the images again that were on the node's disk before the process started anew."""
        for name in names:
            if "@" not in name:
                with suppress(PullError):
                    self.store(find_image(parse_reference(name)))

    def host_files(self) -> Directory:
        """Return the node's own file tree, for hostPath volumes."""
        if self.host is None:
            self.host = Directory()
            for path in ("etc/kubernetes", "tmp", "var/lib/kubelet", "var/log/pods", "var/lib/containerd", "proc", "dev"):
                self.host.put(path, Directory())
        return self.host


class Runtime:
    """The runtimes of the cluster's nodes.

    Parameters
    ----------
    kernel, network
        Where containers run and connect.
    """

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self._kernel, self._network = kernel, network
        self._nodes: dict[str, NodeRuntime] = {}
        self.unreachable: set[str] = set()  #: hosts of registries that do not answer; "*": all
        self.disks = Disks(lambda node: self.node(node).host_files(), kernel.now)

    def node(self, name: str) -> NodeRuntime:
        """Return what a node keeps."""
        if name not in self._nodes:
            self._nodes[name] = NodeRuntime()
        return self._nodes[name]

    def host_trees(self) -> list[tuple[str, Directory]]:
        """Return the nodes' own file trees, as far as somebody has looked at them."""
        return [(name, node.host) for name, node in self._nodes.items() if node.host is not None]

    def resolve(self, ref: ImageRef) -> tuple[Image, float]:
        """Return an image of a registry and the seconds its pull takes.

        Raises
        ------
        PullError
            If there is no such image, or its registry does not answer.
        """
        if not self.unreachable.isdisjoint(("*", ref.registry)):
            host = {"docker.io": "registry-1.docker.io"}.get(ref.registry, ref.registry)
            tag = ref.digest or ref.tag or "latest"
            head = (
                f'failed to do request: Head "https://{host}/v2/{ref.path}/manifests/{tag}": dial tcp: lookup {host}: i/o timeout'
            )
            text = f'failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": {head}'
            raise PullError(text)
        image = find_image(ref)
        return image, 0.4 + image.size / PULL_RATE

    def create(self, config: ContainerConfig, on_exit: Callable[[Container], object]) -> Container:
        """Create a container."""
        return Container(f"{self._kernel.random.getrandbits(256):064x}", config, self._kernel, self._network, on_exit)
