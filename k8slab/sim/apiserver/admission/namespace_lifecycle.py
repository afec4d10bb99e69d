"""NamespaceLifecycle: nothing new in a namespace that is missing or going, and three namespaces never go.

Upstream: k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle.
"""

from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.apiserver.errors import not_found
from k8slab.sim.client import Client

__all__ = ["NamespaceLifecycle"]

_IMMORTAL = ("default", "kube-system", "kube-public")


class NamespaceLifecycle(Plugin):
    """Guards namespaces."""

    def __init__(self, client: Client) -> None:
        self._namespaces = client.informer("namespaces")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """Writes of everything; deletions of namespaces only."""
        if resource.endswith(".authorization.k8s.io") and "access" in resource:
            return False
        return operation in ("CREATE", "UPDATE") or (operation == "DELETE" and resource == "namespaces")

    def admit(self, request: AdmissionRequest) -> None:
        """Refuse what has no namespace to live in."""
        if request.resource.full_name == "namespaces":
            if request.operation == "DELETE" and request.name in _IMMORTAL:
                raise request.forbidden("this namespace may not be deleted")
            return
        name = request.namespace
        if not name:
            return
        namespace = self._namespaces.get(name)
        if namespace is None:
            raise not_found("", "namespaces", name)
        if request.operation == "CREATE" and (namespace.get("status") or {}).get("phase") == "Terminating":
            error = request.forbidden(f"unable to create new content in namespace {name} because it is being terminated")
            message = f"namespace {name} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
            error.details = {**(error.details or {}), "causes": [cause]}
            raise error
