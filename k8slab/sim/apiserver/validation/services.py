"""Services.

Upstream: pkg/apis/core/validation (ValidateService, ValidateServiceUpdate), and of pkg/registry/core/service/storage/alloc.go
which families the cluster has (initIPFamilyFields). Which addresses and node ports are free is decided
by the registry. Simplified: dual-stack rules are checked only as far as one cluster with IPv4 can meet them.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import cidr, dns1123_label, dns1123_subdomain, ip_address, label_key, port_number
from k8slab.sim.apiserver.validation.containers import PROTOCOLS
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    immutable,
    invalid,
    invalid_each,
    missing,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.handlers import port_errors
from k8slab.sim.apiserver.validation.objectmeta import labels_errors

__all__ = ["protocol_errors", "service_errors", "service_update_errors", "special_ip_errors"]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_UNCHANGEABLE = "may not change once set"


def _headless(spec: Object) -> bool:
    return spec.get("clusterIPs") == ["None"]


def _externally_accessible(spec: Object) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def service_errors(service: Object) -> Errors:
    """Check a Service, its metadata aside."""
    spec = service.get("spec") or {}
    kind, ports = spec.get("type", ""), spec.get("ports") or []
    errors: Errors = []
    if not ports and not _headless(spec) and kind != "ExternalName":
        errors.append(required("spec.ports"))
    errors += _type_errors(spec, kind)
    names: set[str] = set()
    for i, port in enumerate(ports):
        errors += _port_errors(port, len(ports) > 1, names, f"spec.ports[{i}]")
    errors += labels_errors(spec.get("selector") or {}, "spec.selector")
    errors += _affinity_errors(spec)
    if kind != "ExternalName":
        errors += _cluster_ips_errors(spec)
    for i, address in enumerate(spec.get("externalIPs") or ()):
        errors += invalid_each(f"spec.externalIPs[{i}]", address, ip_address(address)) or special_ip_errors(
            address, f"spec.externalIPs[{i}]"
        )
    if kind not in _TYPES:
        errors.append(not_supported("spec.type", kind, _TYPES) if kind else required("spec.type"))
    errors += _duplicate_ports(ports, kind)
    errors += _load_balancer_errors(spec, kind)
    errors += _traffic_errors(spec, kind)
    return errors or ([] if kind == "ExternalName" else _configured_errors(spec, spec.get("clusterIPs") or []))


def _type_errors(spec: Object, kind: str) -> Errors:
    if kind in ("LoadBalancer", "NodePort") and _headless(spec):
        return [invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    detail = "may not be set for ExternalName services"
    fields = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
    errors = [forbidden(f"spec.{field}", detail) for field in fields if spec.get(field)]
    name = spec.get("externalName", "").removesuffix(".")
    if not name:
        return [*errors, required("spec.externalName")]
    return errors + invalid_each("spec.externalName", name, dns1123_subdomain(name))


def _port_errors(port: Object, require_name: bool, names: set[str], path: str) -> Errors:
    errors: Errors = []
    name = port.get("name")
    if name:
        errors += invalid_each(f"{path}.name", name, dns1123_label(name))
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
    elif require_name:
        errors.append(required(f"{path}.name"))
    errors += invalid_each(f"{path}.port", port.get("port", 0), port_number(port.get("port", 0)))
    errors += protocol_errors(port.get("protocol", ""), f"{path}.protocol")
    errors += port_errors(port.get("targetPort", 0), f"{path}.targetPort")
    application = port.get("appProtocol")
    return errors + (invalid_each(f"{path}.appProtocol", application, label_key(application)) if application else [])


def protocol_errors(protocol: str, path: str) -> Errors:
    """TCP, UDP or SCTP."""
    if protocol in PROTOCOLS:
        return []
    return [not_supported(path, protocol, PROTOCOLS) if protocol else required(path)]


def _affinity_errors(spec: Object) -> Errors:
    affinity, config = spec.get("sessionAffinity", ""), spec.get("sessionAffinityConfig")
    path = "spec.sessionAffinityConfig"
    if affinity not in _AFFINITIES:
        field = "spec.sessionAffinity"
        return [not_supported(field, affinity, _AFFINITIES) if affinity else required(field)]
    if affinity == "None":
        return [forbidden(path, "must not be set when session affinity is None")] if config is not None else []
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if seconds is None:
        return [required(f"{path}.clientIP.timeoutSeconds", "when session affinity type is ClientIP")]
    if not 0 < seconds <= 86400:
        return [invalid(f"{path}.clientIP.timeoutSeconds", seconds, "must be greater than 0 and less than 86400")]
    return []


def _cluster_ips_errors(spec: Object) -> Errors:
    path = "spec.clusterIPs"
    address, addresses = spec.get("clusterIP"), spec.get("clusterIPs") or []
    errors: Errors = []
    if address:
        if not addresses:
            errors.append(required(path))
        elif addresses[0] != address:
            errors.append(invalid(path, addresses, "first value must match `clusterIP`"))
    elif addresses:
        errors.append(invalid(path, addresses, "must be empty when `clusterIP` is not specified"))
    for i, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in _FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{i}]", family, _FAMILIES))
        if family in spec["ipFamilies"][:i]:
            errors.append(duplicate(f"spec.ipFamilies[{i}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    for i, one in enumerate(addresses):
        if i == 0 and one == "None":
            if len(addresses) > 1:
                errors.append(invalid(path, addresses, "'None' must be the first and only value"))
            continue
        errors += invalid_each(f"{path}[{i}]", one, ip_address(one))
    if len(addresses) > 2:
        errors.append(invalid(path, addresses, "may only hold up to 2 values"))
    return errors


def _configured_errors(spec: Object, addresses: list[str]) -> Errors:
    """The cluster has IPv4 alone; a headless Service without selector, whose endpoints are others', may ask for both."""
    errors: Errors = []
    families = spec.get("ipFamilies") or []
    for i, one in enumerate(addresses):
        if ":" in one and families[i : i + 1] != ["IPv6"]:
            errors.append(invalid(f"spec.clusterIPs[{i}]", addresses, "IPv6 is not configured on this cluster"))
    if errors or (_headless(spec) and not spec.get("selector")):
        return errors
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid("spec.ipFamilyPolicy", "RequireDualStack", detail))
    for i, family in enumerate(families):
        if family != "IPv4":
            errors.append(invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    return errors


def _duplicate_ports(ports: list[Object], kind: str) -> Errors:
    errors: Errors = []
    if kind == "ClusterIP":
        detail = "may not be used when `type` is 'ClusterIP'"
        errors += [forbidden(f"spec.ports[{i}].nodePort", detail) for i, port in enumerate(ports) if port.get("nodePort")]
    seen: set[tuple[object, object]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol"), port.get("nodePort"))
        if port.get("nodePort") and key in seen:
            errors.append(duplicate(f"spec.ports[{i}].nodePort", port["nodePort"]))
        seen.add(key)
    taken: set[tuple[object, object]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in taken:
            errors.append(duplicate(f"spec.ports[{i}]", {"port": key[1], "protocol": key[0]}))
        taken.add(key)
    return errors


def _load_balancer_errors(spec: Object, kind: str) -> Errors:
    detail = "may only be used when `type` is 'LoadBalancer'"
    ranges = spec.get("loadBalancerSourceRanges") or []
    errors: Errors = []
    if ranges and kind != "LoadBalancer":
        errors.append(forbidden("spec.LoadBalancerSourceRanges", detail))
    for i, one in enumerate(ranges):
        errors += invalid_each(f"spec.LoadBalancerSourceRanges[{i}]", one.strip(), cidr(one.strip()))
    if kind != "LoadBalancer":
        if spec.get("allocateLoadBalancerNodePorts") is not None:
            errors.append(forbidden("spec.allocateLoadBalancerNodePorts", detail))
        if spec.get("loadBalancerClass") is not None:
            errors.append(forbidden("spec.loadBalancerClass", detail))
    elif spec.get("loadBalancerClass") is not None:
        name = spec["loadBalancerClass"]
        errors += invalid_each("spec.loadBalancerClass", name, label_key(name))
    return errors


def _traffic_errors(spec: Object, kind: str) -> Errors:
    errors: Errors = []
    external, internal = spec.get("externalTrafficPolicy", ""), spec.get("internalTrafficPolicy")
    if not _externally_accessible(spec):
        if external:
            detail = "may only be set for externally-accessible services"
            errors.append(invalid("spec.externalTrafficPolicy", external, detail))
    elif external not in _POLICIES:
        field = "spec.externalTrafficPolicy"
        errors.append(not_supported(field, external, _POLICIES) if external else required(field))
    health = spec.get("healthCheckNodePort")
    if health and not (kind == "LoadBalancer" and external == "Local"):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid("spec.healthCheckNodePort", health, detail))
    if internal is None:
        if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
            errors.append(required("spec.internalTrafficPolicy"))
    elif internal not in _POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        errors.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))
    return errors


def special_ip_errors(address: str, path: str) -> Errors:
    """Addresses that mean something else on each machine are no endpoints and no external IPs."""
    if ip_address(address):
        return [invalid(path, address, "must be a valid IP address")]
    import ipaddress

    ip = ipaddress.ip_address(address)
    if ip.is_unspecified:
        return [invalid(path, address, f"may not be unspecified ({address})")]
    if ip.is_loopback:
        return [invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    if ip.is_link_local:
        return [invalid(path, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")]
    if ip.is_multicast:
        return [invalid(path, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")]
    return []


def service_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Service: addresses stay, unless it comes from or goes to ExternalName."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors: Errors = []
    if "ExternalName" not in (spec.get("type"), before.get("type")):
        if not (_headless(spec) and _headless(before)):
            errors += _address_changes(spec.get("clusterIPs"), before.get("clusterIPs") or [])
        if not _headless(spec) and not _headless(before):
            errors += _family_changes(spec, before)
    if spec.get("type") == before.get("type") == "LoadBalancer":
        new_class, old_class = spec.get("loadBalancerClass"), before.get("loadBalancerClass")
        errors += immutable(new_class, old_class, "spec.loadBalancerClass", _UNCHANGEABLE)
    health, previous = spec.get("healthCheckNodePort"), before.get("healthCheckNodePort")
    if health and previous and health != previous:
        errors.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return errors + service_errors(new)


def _address_changes(new: list[str] | None, old: list[str]) -> Errors:
    addresses = new or []
    shown = missing(new)
    if old and not addresses:
        return [invalid("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset")]
    if len(addresses) == len(old):
        changed = [i for i, address in enumerate(old) if address != addresses[i]]
        return [invalid(f"spec.clusterIPs[{i}]", shown, _UNCHANGEABLE) for i in changed]
    if old and addresses[0] != old[0]:
        return [invalid("spec.clusterIPs[0]", shown, _UNCHANGEABLE)]
    return []


def _family_changes(spec: Object, before: Object) -> Errors:
    new, old = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    if new and old and new[0] != old[0]:
        return [invalid("spec.ipFamilies[0]", new, _UNCHANGEABLE)]
    return []
