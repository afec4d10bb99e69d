"""Static pods: what a kubelet runs by itself, and shows in the API by mirror pods.

A mirror pod that somebody deletes comes back; the containers behind it go on. Upstream: pkg/kubelet/config/file.go,
pkg/kubelet/pod/mirror_client.go. Simplified: the manifests come with the node instead of from its disk.
"""

import hashlib

import orjson

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel
from k8slab.sim.runtime.container import Container

__all__ = ["StaticPods", "break_down", "mirror_pod"]


def break_down(container: Container) -> None:
    """End a container as a component ends that cannot go on."""
    container.stderr(b'"command failed" err="stopped by a fault"\n')
    container.finish(1)


def mirror_pod(manifest: Object, node: Object, now: float) -> Object:
    """Return the pod in the API that stands for a static one."""
    digest = hashlib.md5(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()
    marks = {
        "kubernetes.io/config.hash": digest,
        "kubernetes.io/config.mirror": digest,
        "kubernetes.io/config.seen": rfc3339(now),
        "kubernetes.io/config.source": "file",
    }
    owner = {"apiVersion": "v1", "kind": "Node", "controller": True, **{k: node["metadata"][k] for k in ("name", "uid")}}
    meta, name = manifest["metadata"], node["metadata"]["name"]
    own = {**meta, "name": f"{meta['name']}-{name}", "annotations": marks, "ownerReferences": [owner]}
    tolerations = [{"operator": "Exists", "effect": "NoExecute"}]
    return {**manifest, "metadata": own, "spec": {**manifest["spec"], "nodeName": name, "tolerations": tolerations}}


class StaticPods:
    """Keeps the mirror pods of a node.

    Parameters
    ----------
    client, kernel
        The kubelet's.
    node
        The node's name.
    manifests
        The pods.
    """

    def __init__(self, client: Client, kernel: Kernel, node: str, manifests: tuple[Object, ...]) -> None:
        self._client, self._kernel, self._node = client, kernel, node
        self.anew: set[str] = set()  #: keys of pods whose containers are to start anew with their next mirror
        self._manifests = {f"{m['metadata']['namespace']}/{m['metadata']['name']}-{node}": m for m in manifests}

    def ensure(self) -> None:
        """Create the mirror pods that are missing."""
        pods = self._client.informer("pods")
        node = self._client.informer("nodes").get(self._node)
        for key, manifest in self._manifests.items():
            namespace, _, name = key.partition("/")
            if node is not None and pods.get(name, namespace) is None:
                try:
                    self._client.create("pods", mirror_pod(manifest, node, self._kernel.now()))
                except StatusError as error:
                    if error.code not in (403, 409):
                        raise

    def key(self, component: str) -> str:
        """Return the name of a component's pod, "namespace/name"; "" if it has none here."""
        wanted = f"kube-system/{component}-{self._node}"
        return wanted if wanted in self._manifests else ""

    def replace(self, key: str) -> None:
        """Have a pod start anew, as when its manifest was repaired."""
        self.anew.add(key)
        self.remove(key)

    def remove(self, key: str) -> None:
        """Delete a mirror pod; `deleted` makes the next one."""
        namespace, _, name = key.partition("/")
        if self._client.informer("pods").get(name, namespace) is not None:
            self._client.delete("pods", name, namespace, grace_period=0)

    def keeps(self, pod: Object) -> bool:
        """Whether what runs behind a mirror pod goes on without it."""
        key = key_of(pod)
        return key in self._manifests and key not in self.anew

    def deleted(self, pod: Object) -> None:
        """Show a static pod again that was deleted."""
        key = key_of(pod)
        if key in self._manifests:
            self.anew.discard(key)
            self._kernel.call_soon(self.ensure)
