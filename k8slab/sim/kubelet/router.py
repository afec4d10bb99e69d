"""One subscription to the pods of the API for all kubelets of the process, and one each to ConfigMaps, Secrets and claims.

A real kubelet watches its own pods (fieldSelector spec.nodeName). A thousand handlers over ten thousand pods would cost more
than everything else, so the kubelets share this one, which hands each event to the node it concerns.
"""

from collections.abc import Callable
from typing import Protocol

from k8slab.apimachinery.pod_claims import pod_claims
from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client, EventType

__all__ = ["PodRouter"]


class _PodHandler(Protocol):
    def pod_changed(self, type: EventType, pod: Object) -> None: ...
    def config_changed(self, kind: str, namespace: str, name: str) -> None: ...


class PodRouter:
    """Hands pod events to the kubelet of their node.

    Parameters
    ----------
    client
        As which pods, ConfigMaps and Secrets are watched.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._handlers: dict[str, _PodHandler] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._watchers: dict[tuple[str, str, str], set[str]] = {}
        self._pods = client.informer("pods")
        self._pods.add_index("node", lambda pod: [pod["spec"]["nodeName"]] if pod["spec"].get("nodeName") else [])

    def attach(self, node: str, handler: _PodHandler) -> None:
        """Begin to serve a node: it hears of every pod it has, then of each change."""
        if not self._unsubscribe:
            self._unsubscribe = [
                self._pods.subscribe(self._pod_event),
                self._client.informer("configmaps").subscribe(lambda t, o, old: self._config_event("ConfigMap", o, old)),
                self._client.informer("secrets").subscribe(lambda t, o, old: self._config_event("Secret", o, old)),
                self._client.informer("persistentvolumeclaims").subscribe(self._claim_event),
            ]
        self._handlers[node] = handler
        for pod in self._pods.by_index("node", node):
            handler.pod_changed("ADDED", pod)

    def detach(self, node: str) -> None:
        """Stop serving a node."""
        self._handlers.pop(node, None)
        if not self._handlers:
            for unsubscribe in self._unsubscribe:
                unsubscribe()
            self._unsubscribe = []

    def watch_config(self, kind: str, namespace: str, name: str, node: str) -> None:
        """Let a node hear of changes of a ConfigMap or Secret."""
        self._watchers.setdefault((kind, namespace, name), set()).add(node)

    def _pod_event(self, type: EventType, pod: Object, old: Object | None) -> None:
        handler = self._handlers.get(pod["spec"].get("nodeName", ""))
        if handler is not None:
            handler.pod_changed(type, pod)

    def _claim_event(self, type: EventType, claim: Object, old: Object | None) -> None:
        """Show the pods of a claim whose volume has grown to their kubelets again."""
        pending = ((claim.get("status") or {}).get("allocatedResourceStatuses") or {}).get("storage") == "NodeResizePending"
        if type == "DELETED" or not pending:
            return
        meta = claim["metadata"]
        for pod in self._pods.list(meta["namespace"]):
            if any(meta["name"] == claim.claim for claim in pod_claims(pod)):
                self._pod_event("MODIFIED", pod, pod)

    def _config_event(self, kind: str, obj: Object, old: Object | None) -> None:
        meta = obj["metadata"]
        for node in sorted(self._watchers.get((kind, meta.get("namespace", ""), meta["name"]), ())):
            handler = self._handlers.get(node)
            if handler is not None:
                handler.config_changed(kind, meta["namespace"], meta["name"])
