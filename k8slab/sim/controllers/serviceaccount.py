"""The ServiceAccount controller: every namespace has an account called "default".

Upstream: k8s.io/kubernetes/pkg/controller/serviceaccount/serviceaccounts_controller.go.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller, terminating_namespace

__all__ = ["ServiceAccountController"]


class ServiceAccountController(Controller):
    """Creates the default ServiceAccount, and again if it is deleted."""

    name = "serviceaccount-controller"
    account = "service-account-controller"

    def setup(self) -> None:  # noqa: D102
        self.watch("namespaces", self._namespace_changed)
        self.watch("serviceaccounts", self._account_changed)

    def _namespace_changed(self, type: EventType, namespace: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(namespace["metadata"]["name"])

    def _account_changed(self, type: EventType, account: Object, old: Object | None) -> None:
        if type == "DELETED":
            self.queue.add(account["metadata"]["namespace"])

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace = self.informer("namespaces").get(key)
        if namespace is None or "deletionTimestamp" in namespace["metadata"]:
            return None
        if self.informer("serviceaccounts").get("default", key) is None:
            wanted = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": key}}
            try:
                self.client.create("serviceaccounts", wanted)
            except StatusError as error:
                if not terminating_namespace(error) and error.reason != "AlreadyExists":
                    raise
        return None
