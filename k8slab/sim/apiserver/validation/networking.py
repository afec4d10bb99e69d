"""NetworkPolicies, Ingresses and IngressClasses.

Upstream: pkg/apis/networking/validation.
"""

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.apiserver.names import (
    cidr,
    dns1035_label,
    dns1123_label,
    dns1123_subdomain,
    dns1123_wildcard,
    domain_prefixed_path,
    ip_address,
    port_name,
    port_number,
)
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    invalid_each,
    missing,
    not_supported,
    required,
    too_long,
)
from k8slab.sim.apiserver.validation.selectors import label_selector_errors

__all__ = ["ingress_class_errors", "ingress_class_update_errors", "ingress_errors", "network_policy_errors"]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")
_PARAMETER_SCOPES = ("Cluster", "Namespace")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_PROTOCOLS = ("TCP", "UDP", "SCTP")


def network_policy_errors(policy: Object) -> Errors:
    """Check a NetworkPolicy, its metadata aside."""
    spec = policy.get("spec") or {}
    errors = label_selector_errors(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{i}]"
            for j, port in enumerate(rule.get("ports") or ()):
                errors += _policy_port_errors(port, f"{path}.ports[{j}]")
            for j, peer in enumerate(rule.get(peers) or ()):
                errors += _peer_errors(peer, f"{path}.{peers}[{j}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        return [*errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    for i, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            errors.append(not_supported(f"spec.policyTypes[{i}]", kind, ("Ingress", "Egress")))
    return errors


def _policy_port_errors(port: Object, path: str) -> Errors:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    errors: Errors = []
    if protocol is not None and protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if number is None:
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, int):
        errors += invalid_each(f"{path}.port", number, port_number(number))
        if end is not None:
            if end < number:
                errors.append(invalid(f"{path}.endPort", end, "must be greater than or equal to `port`"))
            errors += invalid_each(f"{path}.endPort", end, port_number(end))
    else:
        if end is not None:
            errors.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        errors += invalid_each(f"{path}.port", number, port_name(number))
    return errors


def _peer_errors(peer: Object, path: str) -> Errors:
    errors: Errors = []
    for name in ("podSelector", "namespaceSelector"):
        errors += label_selector_errors(peer.get(name), f"{path}.{name}")
    block = peer.get("ipBlock")
    if block is not None:
        errors += _ip_block_errors(block, f"{path}.ipBlock")
    if not peer:
        errors.append(required(path, "must specify a peer"))
    elif block is not None and len(peer) > 1:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _ip_block_errors(block: Object, path: str) -> Errors:
    whole = block.get("cidr")
    if not whole:
        return [required(f"{path}.cidr")]
    errors = invalid_each(f"{path}.cidr", whole, cidr(whole))
    if errors:
        return errors
    import ipaddress

    network = ipaddress.ip_network(whole, strict=False)
    for i, part in enumerate(block.get("except") or ()):
        at = f"{path}.except[{i}]"
        if cidr(part):
            errors += invalid_each(at, part, cidr(part))
            continue
        excluded = ipaddress.ip_network(part, strict=False)
        inside = excluded.version == network.version and excluded.network_address in network
        if not inside or excluded.prefixlen <= network.prefixlen:
            errors.append(invalid(at, part, "must be a strict subset of `cidr`"))
    return errors


def ingress_errors(ingress: Object) -> Errors:
    """Check an Ingress, its metadata aside."""
    spec = ingress.get("spec") or {}
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    errors: Errors = []
    if not rules and backend is None:
        errors.append(invalid("spec", missing(spec.get("rules")), "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend_errors(backend, "spec.defaultBackend")
    for i, rule in enumerate(rules):
        errors += _rule_errors(rule, f"spec.rules[{i}]")
    for i, tls in enumerate(spec.get("tls") or ()):
        for j, host in enumerate(tls.get("hosts") or ()):
            complaints = dns1123_wildcard(host) if "*" in host else dns1123_subdomain(host)
            errors += invalid_each(f"spec.tls[{i}].hosts[{j}]", host, complaints)
        secret = tls.get("secretName")
        if secret:
            errors += invalid_each(f"spec.tls[{i}].secretName", secret, dns1123_subdomain(secret))
    name = spec.get("ingressClassName")
    noted = annotations(ingress).get(_CLASS_ANNOTATION)
    if name is not None and noted is not None and noted != name:
        detail = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{_CLASS_ANNOTATION}", noted, detail))
    return errors + (invalid_each("spec.ingressClassName", name, dns1123_subdomain(name)) if name is not None else [])


def _rule_errors(rule: Object, path: str) -> Errors:
    host = rule.get("host")
    errors: Errors = []
    if host:
        if not ip_address(host):
            errors.append(invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        complaints = dns1123_wildcard(host) if "*" in host else dns1123_subdomain(host)
        errors += invalid_each(f"{path}.host", host, complaints)
    http = rule.get("http")
    if http is None:
        return errors
    paths = http.get("paths") or []
    if not paths:
        errors.append(required(f"{path}.http.paths"))
    for i, one in enumerate(paths):
        at = f"{path}.http.paths[{i}]"
        errors += _path_errors(one.get("path", ""), one.get("pathType"), at)
        errors += _backend_errors(one.get("backend") or {}, f"{at}.backend")
    return errors


def _path_errors(path: str, kind: str | None, at: str) -> Errors:
    if kind is None:
        return [required(f"{at}.pathType", "pathType must be specified")]
    if kind not in _PATH_TYPES:
        return [not_supported(f"{at}.pathType", kind, _PATH_TYPES)]
    if kind == "ImplementationSpecific":
        bad = bool(path) and not path.startswith("/")
        return [invalid(f"{at}.path", path, "must be an absolute path")] if bad else []
    errors = [] if path.startswith("/") else [invalid(f"{at}.path", path, "must be an absolute path")]
    for sequence in _BAD_SEQUENCES:
        if sequence in path:
            errors.append(invalid(f"{at}.path", path, f"must not contain '{sequence}'"))
    for suffix in _BAD_SUFFIXES:
        if path.endswith(suffix):
            errors.append(invalid(f"{at}.path", path, f"cannot end with '{suffix}'"))
    return errors


def _backend_errors(backend: Object, path: str) -> Errors:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return [required(f"{path}.resource.{field}") for field in ("kind", "name") if not resource.get(field)]
    if service is None:
        return [required(path, "resource or service backend is required")]
    name, port = service.get("name"), service.get("port") or {}
    at = f"{path}.service"
    errors = invalid_each(f"{at}.name", name, dns1035_label(name)) if name else [required(f"{at}.name")]
    if port.get("name") and port.get("number"):
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        errors += invalid_each(f"{at}.port.name", port["name"], port_name(port["name"]))
    elif port.get("number"):
        errors += invalid_each(f"{at}.port.number", port["number"], port_number(port["number"]))
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def ingress_class_errors(ingress_class: Object) -> Errors:
    """Check an IngressClass, its metadata aside."""
    spec = ingress_class.get("spec") or {}
    controller, parameters = spec.get("controller", ""), spec.get("parameters")
    errors = [too_long("spec.controller", 250)] if len(controller) > 250 else []
    if controller:
        errors += invalid_each("spec.controller", controller, domain_prefixed_path(controller))
    else:
        errors.append(required("spec.controller"))
    if parameters is not None:
        errors += [required(f"spec.parameters.{field}") for field in ("kind", "name") if not parameters.get(field)]
        errors += _parameters_scope_errors(parameters, "spec.parameters")
    return errors


def _parameters_scope_errors(parameters: Object, path: str) -> Errors:
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [required(f"{path}.scope")]
    if scope not in _PARAMETER_SCOPES:
        return [not_supported(f"{path}.scope", scope, _PARAMETER_SCOPES)]
    if scope == "Cluster":
        return [] if namespace is None else [forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'")]
    if namespace is None:
        return [required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")]
    return invalid_each(f"{path}.namespace", namespace, dns1123_label(namespace))


def ingress_class_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of an IngressClass: the controller stays."""
    controller, before = ((one.get("spec") or {}).get("controller") for one in (new, old))
    return ingress_class_errors(new) + immutable(controller, before, "spec.controller")
