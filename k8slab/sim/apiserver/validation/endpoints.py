"""Endpoints and EndpointSlices.

Upstream: pkg/apis/core/validation (ValidateEndpoints) and pkg/apis/discovery/validation.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label, dns1123_subdomain, ip_address, port_number
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    immutable,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_many,
)
from k8slab.sim.apiserver.validation.services import protocol_errors, special_ip_errors

__all__ = ["endpoint_slice_errors", "endpoint_slice_update_errors", "endpoints_errors"]


def endpoints_errors(endpoints: Object) -> Errors:
    """Check Endpoints, their metadata aside."""
    errors: Errors = []
    for i, subset in enumerate(endpoints.get("subsets") or ()):
        path = f"subsets[{i}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for field in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(field) or ()):
                errors += _endpoint_address_errors(address, f"{path}.{field}[{j}]")
        ports = subset.get("ports") or []
        for j, port in enumerate(ports):
            at = f"{path}.ports[{j}]"
            name = port.get("name")
            if name:
                errors += invalid_each(f"{at}.name", name, dns1123_label(name))
            elif len(ports) > 1:
                errors.append(required(f"{at}.name"))
            errors += invalid_each(f"{at}.port", port.get("port", 0), port_number(port.get("port", 0)))
            errors += protocol_errors(port.get("protocol", ""), f"{at}.protocol")
    return errors


def _endpoint_address_errors(address: Object, path: str) -> Errors:
    ip, hostname, node = address.get("ip", ""), address.get("hostname"), address.get("nodeName")
    errors = invalid_each(f"{path}.ip", ip, ip_address(ip))
    if hostname:
        errors += invalid_each(f"{path}.hostname", hostname, dns1123_label(hostname))
    if node is not None:
        errors += invalid_each(f"{path}.nodeName", node, dns1123_subdomain(node))
    return errors + special_ip_errors(ip, f"{path}.ip")


_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def endpoint_slice_errors(piece: Object) -> Errors:
    """Check an EndpointSlice, its metadata aside."""
    kind, endpoints, ports = piece.get("addressType", ""), piece.get("endpoints") or [], piece.get("ports") or []
    errors: Errors = []
    if kind not in _ADDRESS_TYPES:
        errors.append(not_supported("addressType", kind, _ADDRESS_TYPES) if kind else required("addressType"))
    if len(endpoints) > 1000:
        errors.append(too_many("endpoints", len(endpoints), 1000))
    for i, endpoint in enumerate(endpoints):
        addresses = endpoint.get("addresses") or []
        if not addresses:
            errors.append(required(f"endpoints[{i}].addresses", "must contain at least 1 address"))
        elif len(addresses) > 100:
            errors.append(too_many(f"endpoints[{i}].addresses", len(addresses), 100))
        for j, address in enumerate(addresses):
            errors += _slice_address_errors(kind, address, f"endpoints[{i}].addresses[{j}]")
        hostname = endpoint.get("hostname")
        if hostname:
            errors += invalid_each(f"endpoints[{i}].hostname", hostname, dns1123_label(hostname))
    if len(ports) > 100:
        errors.append(too_many("ports", len(ports), 100))
    names: set[str] = set()
    for i, port in enumerate(ports):
        name = port.get("name") or ""
        if name in names:
            errors.append(duplicate(f"ports[{i}].name", name))
        names.add(name)
        if name:
            errors += invalid_each(f"ports[{i}].name", name, dns1123_label(name))
        errors += protocol_errors(port.get("protocol", ""), f"ports[{i}].protocol")
    return errors


def _slice_address_errors(kind: str, address: str, path: str) -> Errors:
    if kind == "FQDN":
        complaints = dns1123_subdomain(address.removesuffix("."))
        if not complaints and "." not in address.removesuffix("."):
            complaints = ("should be a domain with at least two segments separated by dots",)
        return invalid_each(path, address, complaints)
    errors = invalid_each(path, address, ip_address(address))
    if errors or kind not in _ADDRESS_TYPES:
        return errors
    if (":" in address) != (kind == "IPv6"):
        errors.append(invalid(path, address, f"must be an {kind} address"))
    return errors + special_ip_errors(address, path)


def endpoint_slice_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of an EndpointSlice: the address type stays."""
    errors = endpoint_slice_errors(new)
    return errors + immutable(new.get("addressType"), old.get("addressType"), "addressType")
