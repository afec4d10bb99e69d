"""What all pods of one node share, and the pieces of the API that a pod's set-up looks at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel
from k8slab.sim.kubelet.admission import Requests
from k8slab.sim.kubelet.config import KubeletOptions, NodeConfig
from k8slab.sim.kubelet.ownership import fs_group, give_to_group, takes_fs_group
from k8slab.sim.kubelet.router import PodRouter
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.network import Network
from k8slab.sim.runtime.filesystem import Directory
from k8slab.sim.runtime.runtime import NodeRuntime, Runtime

__all__ = ["NodeContext"]

_RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}


@dataclass(slots=True)
class NodeContext:
    """The surroundings of a pod worker."""

    client: Client
    kernel: Kernel
    config: NodeConfig
    options: KubeletOptions
    runtime: Runtime
    node: NodeRuntime
    network: Network
    router: PodRouter
    namespace: NetNamespace
    forget: Callable[[str], object]  #: called with the uid of a pod that is gone
    ended: Callable[[str], object]  #: called with the uid of a pod that has run to its end, and needs nothing any more
    rebook: Callable[[str, Requests], tuple[str, str] | None]  #: gives a pod (uid) other resources, or says why not
    halted: bool = False  #: whether the kubelet does not run: containers go on, nobody looks after them

    def source(self, namespace: str) -> Callable[[str, str], Object | None]:
        """Return a function that gives ConfigMaps and Secrets of a namespace by kind and name."""
        return lambda kind, name: self.client.informer(_RESOURCES[kind]).get(name, namespace)

    def claims(self, namespace: str) -> Callable[[str], Object | None]:
        """Return a function that gives PersistentVolumeClaims of a namespace by name."""
        return lambda name: self.client.informer("persistentvolumeclaims").get(name, namespace)

    def volume_of(self, namespace: str) -> Callable[[str], Object | None]:
        """Return a function that gives the PersistentVolume of a claim of a namespace, None if it is not bound."""

        def find(name: str) -> Object | None:
            claim = self.client.informer("persistentvolumeclaims").get(name, namespace)
            volume = claim["spec"].get("volumeName") if claim is not None else None
            return self.client.informer("persistentvolumes").get(volume) if volume else None

        return find

    def disk(self, pod: Object) -> Callable[[str], Directory]:
        """Return a function that gives the content of a claim's volume as this node and the pod's group see it."""
        volume_of = self.volume_of(pod["metadata"]["namespace"])
        group, security = fs_group(pod), pod["spec"].get("securityContext") or {}

        def find(name: str) -> Directory:
            volume = volume_of(name)
            if volume is None:
                return Directory()
            content = self.runtime.disks.open(volume, self.config.name)
            if group is not None and takes_fs_group(volume):
                give_to_group(content, group, only_on_mismatch=security.get("fsGroupChangePolicy") == "OnRootMismatch")
            return content

        return find

    def token(self, pod: Object, audience: str, seconds: int) -> bytes:
        """Return a ServiceAccount token for a pod, empty if the API gives none."""
        meta, account = pod["metadata"], pod["spec"].get("serviceAccountName", "default")
        spec: Object = {"expirationSeconds": seconds, "boundObjectRef": _reference(pod)}
        if audience:
            spec["audiences"] = [audience]
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {"name": account, "namespace": meta["namespace"]},
            "spec": spec,
        }
        try:
            answer = self.client.create("serviceaccounts", request, subresource="token")
        except StatusError:
            return b""
        return str(answer["status"]["token"]).encode()

    def event(self, pod: Object, type: Literal["Normal", "Warning"], reason: str, message: str, field_path: str = "") -> None:
        """Record an event about a pod."""
        self.client.event(pod, type, reason, message, "kubelet", field_path, self.config.name)


def _reference(pod: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"].get("uid", "")}
