"""Defaults of the core kinds that are not about making pods.

Upstream: pkg/apis/core/v1/defaults.go, and for ``stringData`` of a Secret pkg/apis/core/v1/conversion.go.
Addresses and node ports of a Service are given by the registry.
"""

import base64

from k8slab.apimachinery.types import Object

__all__ = ["default_claim", "default_endpoints", "default_limit_range", "default_namespace", "default_node",
           "default_secret", "default_service", "default_volume"]  # fmt: skip

_AFFINITY_SECONDS = 10800


def default_service(service: Object) -> None:
    """A ClusterIP without affinity, TCP, target port as port, traffic policies for what can be reached."""
    spec = service.setdefault("spec", {})
    if not spec.get("sessionAffinity"):
        spec["sessionAffinity"] = "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
    if not spec.get("type"):
        spec["type"] = "ClusterIP"
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    kind = spec["type"]
    reachable = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if reachable and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if spec.get("internalTrafficPolicy") is None and kind != "ExternalName":
        spec["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer":
        if spec.get("allocateLoadBalancerNodePorts") is None:
            spec["allocateLoadBalancerNodePorts"] = True
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip") and ingress.get("ipMode") is None:
                ingress["ipMode"] = "VIP"


def default_secret(secret: Object) -> None:
    """Opaque; ``stringData`` is folded into ``data`` and not kept."""
    plain = secret.pop("stringData", None)
    if plain:
        data = secret.get("data")
        if data is None:
            data = secret["data"] = {}
        for key, value in plain.items():
            data[key] = base64.b64encode(value.encode()).decode()
    if not secret.get("type"):
        secret["type"] = "Opaque"


def default_namespace(namespace: Object) -> None:
    """The label with its own name, and the phase Active."""
    name = namespace["metadata"].get("name")
    if name:
        labels = namespace["metadata"].get("labels")
        if labels is None:
            labels = namespace["metadata"]["labels"] = {}
        labels["kubernetes.io/metadata.name"] = name
    namespace.setdefault("spec", {})
    status = namespace.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Active"


def default_node(node: Object) -> None:
    """What is there can be used, unless something is set aside."""
    node.setdefault("spec", {})
    status = node.get("status")
    if status and status.get("allocatable") is None and status.get("capacity") is not None:
        status["allocatable"] = dict(status["capacity"])


def default_volume(volume: Object) -> None:
    """Retain, Filesystem, Pending."""
    spec = volume.setdefault("spec", {})
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    if "hostPath" in spec and spec["hostPath"].get("type") is None:
        spec["hostPath"]["type"] = ""
    _pending(volume)


def default_claim(claim: Object) -> None:
    """Filesystem, Pending."""
    spec = claim.setdefault("spec", {})
    if spec.get("volumeMode") is None:
        spec["volumeMode"] = "Filesystem"
    if spec.get("resources") is None:
        spec["resources"] = {}
    _pending(claim)


def _pending(obj: Object) -> None:
    status = obj.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"


def default_endpoints(endpoints: Object) -> None:
    """TCP."""
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def default_limit_range(limit_range: Object) -> None:
    """For containers: the default limit is the maximum, the default request the default limit or the minimum."""
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        request = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
        if default:
            limit["default"] = default
        if request:
            limit["defaultRequest"] = request
