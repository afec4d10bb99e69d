"""Rows of what leads traffic to pods: Services, their endpoints, Ingresses, network policies, addresses.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.cells import (
    NONE,
    UNSET,
    age,
    label_selector,
    labels,
    load_balancer,
    shortened,
    spec_of,
    status_of,
)
from k8slab.sim.apiserver.printers.columns import AGE, NAME, column, printer

__all__: list[str] = []

_SERVICE = "core.v1.ServiceSpec"


@printer(
    "",
    "Service",
    (
        NAME,
        column("Type", (_SERVICE, "type")),
        column("Cluster-IP", (_SERVICE, "clusterIP")),
        column("External-IP", (_SERVICE, "externalIPs")),
        column("Port(s)", (_SERVICE, "ports")),
        AGE,
        column("Selector", (_SERVICE, "selector"), wide=True),
    ),
)
def _service(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    return [
        obj["metadata"]["name"],
        spec.get("type", ""),
        (spec.get("clusterIPs") or [NONE])[0],
        _external_ip(spec, status_of(obj)),
        ",".join(_port(port) for port in spec.get("ports") or ()) or NONE,
        age(obj, now),
        labels(spec.get("selector")),
    ]


def _external_ip(spec: Object, status: Object) -> str:
    addresses = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(addresses) or NONE
        case "LoadBalancer":
            balancer = load_balancer(status)
            return ",".join(([balancer] if balancer else []) + addresses) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return "<unknown>"


def _port(port: Object) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', '')}"


@printer("", "Endpoints", (NAME, column("Endpoints", ("core.v1.Endpoints", "subsets")), AGE))
def _endpoints(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], _endpoint_list(obj.get("subsets") or []), age(obj, now)]


def _endpoint_list(subsets: list[Object]) -> str:
    if not subsets:
        return NONE
    found: list[str] = []
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        found += [_host_port(ip, port["port"]) for port in ports for ip in addresses] if ports else addresses
    return shortened(found)


def _host_port(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


_SLICE = "discovery.v1.EndpointSlice"


@printer(
    "discovery.k8s.io",
    "EndpointSlice",
    (
        NAME,
        column("AddressType", (_SLICE, "addressType")),
        column("Ports", (_SLICE, "ports")),
        column("Endpoints", (_SLICE, "endpoints")),
        AGE,
    ),
)
def _endpoint_slice(obj: Object, now: float) -> list[Any]:
    ports = [str(port.get("port") or port.get("name") or "*") for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        shortened(ports) or UNSET,
        shortened(addresses) or UNSET,
        age(obj, now),
    ]


@printer(
    "networking.k8s.io",
    "Ingress",
    (
        NAME,
        column("Class", "The name of the IngressClass resource that should be used for additional configuration"),
        column("Hosts", "Hosts that incoming requests are matched against before the ingress rule"),
        column("Address", "Address is a list containing ingress points for the load-balancer"),
        column("Ports", "Ports of TLS configurations that open"),
        AGE,
    ),
)
def _ingress(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    return [
        obj["metadata"]["name"],
        spec.get("ingressClassName") or NONE,
        _hosts(spec.get("rules") or []),
        load_balancer(status_of(obj)),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _hosts(rules: list[Object]) -> str:
    """Return the first three hosts; upstream counts the rules, not the hosts, in what is left out."""
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == 3:
            return f"{','.join(hosts)} + {len(rules) - 3} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


@printer(
    "networking.k8s.io",
    "IngressClass",
    (
        NAME,
        column("Controller", "Controller that is responsible for handling this class"),
        column("Parameters", "A reference to a resource with additional parameters"),
        AGE,
    ),
)
def _ingress_class(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    reference = spec.get("parameters")
    parameters = NONE
    if reference:
        group = f".{reference['apiGroup']}" if reference.get("apiGroup") else ""
        parameters = f"{reference.get('kind', '')}{group}/{reference.get('name', '')}"
    return [obj["metadata"]["name"], spec.get("controller", ""), parameters, age(obj, now)]


@printer(
    "networking.k8s.io",
    "NetworkPolicy",
    (NAME, column("Pod-Selector", ("networking.v1.NetworkPolicySpec", "podSelector")), AGE),
)
def _network_policy(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], label_selector(spec_of(obj).get("podSelector")), age(obj, now)]


@printer("networking.k8s.io", "ServiceCIDR", (NAME, column("CIDRs", ("networking.v1.ServiceCIDRSpec", "cidrs")), AGE))
def _service_cidr(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], ",".join(spec_of(obj).get("cidrs") or ()), age(obj, now)]


@printer("networking.k8s.io", "IPAddress", (NAME, column("ParentRef", ("networking.v1.IPAddressSpec", "parentRef")), AGE))
def _ip_address(obj: Object, now: float) -> list[Any]:
    parent = spec_of(obj).get("parentRef")
    text = NONE
    if parent:
        resource = parent.get("resource", "").lower() + (f".{parent['group'].lower()}" if parent.get("group") else "")
        text = "/".join(part for part in (resource, parent.get("namespace", ""), parent.get("name", "")) if part)
    return [obj["metadata"]["name"], text, age(obj, now)]
