"""Strategy of Services: which of the given addresses, ports and policies make sense for the type.

Upstream: pkg/registry/core/service/strategy.go (patchAllocatedValues, dropTypeDependentFields) and
pkg/registry/core/service/storage (NormalizeClusterIPs, default families). One IPv4 family is assumed.
"""

from k8slab.apimachinery.types import Object

__all__ = ["prepare_service", "prepare_service_update"]

_WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def prepare_service(service: Object) -> None:
    """A new Service: one address in both spellings, families of the cluster."""
    spec = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif spec.get("clusterIPs") and not spec.get("clusterIP"):
        spec["clusterIP"] = spec["clusterIPs"][0]
    _default_families(spec)


def _default_families(spec: Object) -> None:
    if spec.get("type") not in _WITH_ADDRESS:
        return
    without_selector = spec.get("clusterIP") == "None" and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = "RequireDualStack" if without_selector else "SingleStack"
    if not spec.get("ipFamilies"):
        both = without_selector and spec["ipFamilyPolicy"] != "SingleStack"
        spec["ipFamilies"] = ["IPv4", "IPv6"] if both else ["IPv4"]


def prepare_service_update(new: Object, old: Object) -> None:
    """An update that leaves out what was allocated keeps it; a new type drops what the old one needed."""
    spec, before = new["spec"], old["spec"]
    _normalize_addresses(spec, before)
    if spec.get("type") in _WITH_ADDRESS and before.get("type") in _WITH_ADDRESS:
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if not spec.get(name) and before.get(name):
                spec[name] = before[name]
    if spec.get("type") in _WITH_NODE_PORTS and before.get("type") in _WITH_NODE_PORTS:
        _keep_node_ports(spec, before)
    health = before.get("healthCheckNodePort")
    if health and _needs_health_port(spec) and _needs_health_port(before) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = health
    _drop_type_dependent(spec, before)
    _default_families(spec)


def _needs_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _normalize_addresses(spec: Object, before: Object) -> None:
    """A user may change the one address or the list; the other follows."""
    one, many = spec.get("clusterIP"), spec.get("clusterIPs") or []
    if one != before.get("clusterIP") and many == (before.get("clusterIPs") or []):
        if one:
            spec["clusterIPs"] = [one, *many[1:]]
        else:
            spec.pop("clusterIPs", None)
    elif many and many != before.get("clusterIPs") and one == before.get("clusterIP"):
        spec["clusterIP"] = many[0]


def _keep_node_ports(spec: Object, before: Object) -> None:
    allocated = {(p.get("protocol"), p.get("port")): p["nodePort"] for p in before.get("ports") or () if p.get("nodePort")}
    taken = {p.get("nodePort") for p in spec.get("ports") or ()}
    for port in spec.get("ports") or ():
        number = allocated.get((port.get("protocol"), port.get("port")))
        if not port.get("nodePort") and number and number not in taken:
            port["nodePort"] = number


def _drop_type_dependent(spec: Object, before: Object) -> None:
    """Drop what only the old type could have, unless the user changed it in the same update."""
    kind, previous = spec.get("type"), before.get("type")
    if previous in _WITH_ADDRESS and kind not in _WITH_ADDRESS and _same(spec, before, ("clusterIP", "clusterIPs")):
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            spec.pop(name, None)
    if previous in _WITH_NODE_PORTS and kind not in _WITH_NODE_PORTS:
        numbers = {p.get("nodePort") for p in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort") in numbers:
                port.pop("nodePort", None)
    if _needs_health_port(before) and not _needs_health_port(spec) and _same(spec, before, ("healthCheckNodePort",)):
        spec.pop("healthCheckNodePort", None)
    if previous == "LoadBalancer" and kind != "LoadBalancer":
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if _same(spec, before, (name,)):
                spec.pop(name, None)
    reachable = kind in _WITH_NODE_PORTS or (kind == "ClusterIP" and spec.get("externalIPs"))
    if not reachable and _same(spec, before, ("externalTrafficPolicy",)):
        spec.pop("externalTrafficPolicy", None)


def _same(spec: Object, before: Object, names: tuple[str, ...]) -> bool:
    return all((spec.get(name) or None) == (before.get(name) or None) for name in names)
