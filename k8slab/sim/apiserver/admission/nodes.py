"""Plugins about nodes: TaintNodesByCondition and NodeRestriction.

Upstream: plugin/pkg/admission/{nodetaint,noderestriction}. NodeRestriction holds a kubelet to its own node and pods where
the node authorizer cannot (it sees no objects). Simplified: claims' status and CSIDriver details are not examined.
"""

from k8slab.apimachinery.types import Object, annotations, labels, name_of
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.apiserver.admission.service_account import MIRROR
from k8slab.sim.apiserver.authorization.node import node_of
from k8slab.sim.client import Client

__all__ = ["NodeRestriction", "TaintNodesByCondition"]

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_LEASES, _CSI_NODES = "leases.coordination.k8s.io", "csinodes.storage.k8s.io"
_KUBELET_LABELS = {
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
}
_KUBELET_NAMESPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")


class TaintNodesByCondition(Plugin):
    """Taints new nodes until the node life-cycle controller has seen them ready."""

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New nodes."""
        return (resource, subresource, operation) == ("nodes", "", "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Add the taint."""
        spec = request.new.setdefault("spec", {})
        taints = spec.get("taints") or []
        if not any((t.get("key"), t.get("effect")) == tuple(_NOT_READY.values()) for t in taints):
            spec["taints"] = [*taints, dict(_NOT_READY)]


class NodeRestriction(Plugin):
    """Limits what a kubelet may write."""

    def __init__(self, client: Client) -> None:
        self._pods = client.informer("pods")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """What kubelets write."""
        return resource in ("pods", "nodes", _LEASES, _CSI_NODES) and operation != "CONNECT"

    def admit(self, request: AdmissionRequest) -> None:
        """Refuse, if the user is a node and this is none of its business."""
        if not request.user.name.startswith("system:node:"):
            return
        node = node_of(request.user)
        if not node:
            return
        if request.resource.plural == "pods":
            self._pod(request, node)
        elif request.resource.plural == "nodes":
            _node(request, node)
        elif (request.name or name_of(request.new)) != node:
            what = "node lease" if request.resource.plural == "leases" else "CSINode"
            raise request.forbidden(f"can only access {what} with the same name as the requesting node")

    def _pod(self, request: AdmissionRequest, node: str) -> None:
        match request.subresource, request.operation:
            case "", "CREATE":
                _new_pod(request, node)
            case "", "DELETE":
                _own(request, node, request.old, "delete pods")
            case "status", _:
                _own(request, node, request.old, "update pod status for pods")
                if labels(request.old) != labels(request.new):
                    raise request.forbidden(f'node "{node}" cannot update labels through pod status')
            case "eviction", _:
                pod = self._pods.get(request.name, request.namespace)
                if pod is not None:
                    _own(request, node, pod, "evict pods")
            case subresource, operation:
                what = f"pods/{subresource}" if subresource else "pods"
                raise request.forbidden(f"unexpected {operation.lower()} of {what} by a node")


def _own(request: AdmissionRequest, node: str, pod: Object, action: str) -> None:
    if (pod.get("spec") or {}).get("nodeName") != node:
        raise request.forbidden(f'node "{node}" can only {action} with spec.nodeName set to itself')


def _new_pod(request: AdmissionRequest, node: str) -> None:
    pod = request.new
    if MIRROR not in annotations(pod):
        raise request.forbidden(f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods')
    _own(request, node, pod, "create pods")


def _node(request: AdmissionRequest, node: str) -> None:
    name = request.name or name_of(request.new)
    if name != node:
        raise request.forbidden(f'node "{node}" is not allowed to modify node "{name}"')
    if request.operation == "CREATE":
        foreign = _foreign_labels(labels(request.new), {})
        if foreign:
            raise request.forbidden(f'node "{node}" is not allowed to set the following labels: {", ".join(foreign)}')
    elif request.operation == "UPDATE":
        old, new = request.old, request.new
        if not request.subresource and (old.get("spec") or {}).get("taints") != (new.get("spec") or {}).get("taints"):
            raise request.forbidden(f'node "{node}" is not allowed to modify taints')
        foreign = _foreign_labels(labels(new), labels(old)) if labels(new) != labels(old) else []
        if foreign:
            raise request.forbidden(f"is not allowed to modify labels: {', '.join(foreign)}")


def _foreign_labels(new: dict[str, str], old: dict[str, str]) -> list[str]:
    changed = [key for key in sorted({*new, *old}) if new.get(key) != old.get(key)]
    return [key for key in changed if _reserved(key)]


def _reserved(key: str) -> bool:
    domain, slash, _ = key.partition("/")
    if not slash or key in _KUBELET_LABELS:
        return False
    if any(domain == own or domain.endswith(f".{own}") for own in _KUBELET_NAMESPACES):
        return False
    if domain.endswith("node-restriction.kubernetes.io"):
        return True
    return domain in ("kubernetes.io", "k8s.io") or domain.endswith((".kubernetes.io", ".k8s.io"))
