"""The root CA publisher: every namespace has the ConfigMap kube-root-ca.crt, which pods trust the API server by.

Upstream: k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher.
"""

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers.base import Controller, terminating_namespace
from k8slab.sim.kernel import Kernel

__all__ = ["CONFIG_MAP", "RootCAPublisher"]

CONFIG_MAP = "kube-root-ca.crt"
_DESCRIPTION = {
    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions "
    "of Kubernetes clusters."
}


class RootCAPublisher(Controller):
    """Keeps the ConfigMap in every namespace as it should be.

    Parameters
    ----------
    client, kernel, informers
        See `Controller`.
    ca_pem
        The cluster's CA certificate.
    """

    name = "root-ca-certificate-publisher-controller"
    account = "root-ca-cert-publisher"

    def __init__(self, client: Client, kernel: Kernel, informers: Client | None = None, *, ca_pem: str) -> None:
        super().__init__(client, kernel, informers)
        self._data = {"ca.crt": ca_pem}

    def setup(self) -> None:  # noqa: D102
        self.watch("namespaces", self._namespace_changed)
        self.watch("configmaps", self._config_map_changed)

    def _namespace_changed(self, type: EventType, namespace: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(namespace["metadata"]["name"])

    def _config_map_changed(self, type: EventType, config_map: Object, old: Object | None) -> None:
        if type != "ADDED" and config_map["metadata"]["name"] == CONFIG_MAP:
            self.queue.add(config_map["metadata"]["namespace"])

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace = self.informer("namespaces").get(key)
        if namespace is None or "deletionTimestamp" in namespace["metadata"]:
            return None
        current = self.informer("configmaps").get(CONFIG_MAP, key)
        if current is None:
            self._create(key)
        elif current.get("data") != self._data or not _DESCRIPTION.items() <= annotations(current).items():
            meta = {**current["metadata"], "annotations": {**annotations(current), **_DESCRIPTION}}
            self.client.update("configmaps", {**current, "metadata": meta, "data": self._data})
        return None

    def _create(self, namespace: str) -> None:
        meta = {"name": CONFIG_MAP, "namespace": namespace, "annotations": _DESCRIPTION}
        try:
            self.client.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": self._data})
        except StatusError as error:
            if not terminating_namespace(error):
                raise
