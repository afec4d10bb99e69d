"""Services and their endpoints, as every node sees them (upstream: pkg/proxy, iptables mode).

Keeps an index of virtual addresses and node ports over the informers of Services and EndpointSlices, chooses an endpoint at
random or by ClientIP affinity, and knows the environment variables that containers get for Services.

Simplified: every node's proxy is up to date at once. Upstream: pkg/proxy/{servicechangetracker,endpointslicecache}.go,
pkg/kubelet/envvars.
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.client import Client, EventType
from k8slab.sim.network.balancing import Endpoint, Selection, endpoints_of_slice, rules_of, select, usable
from k8slab.sim.network.links import ZONE

__all__ = ["Backend", "Choice", "ServiceTable", "service_environment"]

_SERVICE_LABEL = "kubernetes.io/service-name"
#: How many rules of a Service a trace shows; hundreds would fill the memory.
_MOST_RULES = 16


class Backend(NamedTuple):
    """Where a Service sends a connection."""

    ip: str
    port: int
    node: str
    target: str


@dataclass(frozen=True)
class Choice:
    """What kube-proxy does with a packet to a Service: a backend, or why there is none (``dropped``: without an answer).

    ``details`` is what a trace shows: rules with their probabilities, endpoints left out and why, policy, affinity.
    """

    backend: Backend | None
    text: str
    details: Object
    dropped: bool = False


class ServiceTable:
    """The rules of kube-proxy, current with the API.

    Parameters
    ----------
    client
        As which Services and EndpointSlices are read.
    """

    def __init__(self, client: Client) -> None:
        self._services = client.informer("services")
        self._slices = client.informer("endpointslices.discovery.k8s.io")
        self._slices.add_index("service", _service_of_slice)
        self._nodes = client.informer("nodes")
        self._known: dict[str, tuple[Object, list[Endpoint]]] = {}
        self._slices.subscribe(self._slice_changed)
        self._by_ip: dict[str, str] = {}
        self._by_node_port: dict[tuple[int, str], str] = {}
        self._affinity: dict[tuple[str, str, str], tuple[Backend, float]] = {}
        self._environment: dict[str, dict[str, str]] = {}
        self._indexed: dict[str, Object] = {}

    def service_changed(self, type: EventType, service: Object, old: Object | None) -> None:
        """Handle an informer event: forget the addresses the Service had, take those it has."""
        key = key_of(service)
        self._environment.clear()
        before = self._indexed.pop(key, {})
        for ip in _addresses(before):
            self._by_ip.pop(ip, None)
        for node_port in _node_ports(before):
            self._by_node_port.pop(node_port, None)
        if type == "DELETED":
            return
        self._indexed[key] = service
        for ip in _addresses(service):
            self._by_ip[ip] = key
        for node_port in _node_ports(service):
            self._by_node_port[node_port] = key

    def get(self, name: str, namespace: str) -> Object | None:
        """Return a Service."""
        return self._services.get(name, namespace)

    def owner_of(self, ip: str) -> str | None:
        """Return the key of the Service that a virtual address belongs to."""
        return self._by_ip.get(ip)

    def owner_of_node_port(self, port: int, protocol: str) -> str | None:
        """Return the key of the Service that a node port belongs to."""
        return self._by_node_port.get((port, protocol))

    def endpoints(self, key: str, port_name: str | None = None) -> list[tuple[Endpoint, int]]:
        """Return the endpoints of a Service with the number of a port (None: any port, in order of the slices)."""
        found = []
        for piece in self._slices.by_index("service", key):
            for port in piece.get("ports") or [{"port": 0}]:
                if port_name is None or (port.get("name") or "") == port_name:
                    found += [(e, port.get("port") or 0) for e in self._read(piece)]
                    break
        return found

    def _read(self, piece: Object) -> list[Endpoint]:
        """Return the endpoints of a slice, read once as long as it does not change."""
        key = key_of(piece)
        known = self._known.get(key)
        if known is None or known[0] is not piece:
            known = self._known[key] = piece, endpoints_of_slice(piece)
        return known[1]

    def _slice_changed(self, type: EventType, piece: Object, old: Object | None) -> None:
        self._known.pop(key_of(piece), None)

    def choose(
        self, key: str, port: Object, client_ip: str, now: float, chance: random.Random | None, node: str, policy: str
    ) -> Choice:
        """Choose the endpoint for one connection to a port of a Service; without chance, say what would be chosen."""
        service, name = self._indexed[key], port.get("name") or ""
        label = f"{key}:{name or port['port']}"
        numbers = dict(self.endpoints(key, name))
        selection = select(list(numbers), node, self._zone(node), policy)
        candidates = [Backend(e.ip, numbers[e], e.node, e.target) for e in selection.eligible]
        details = _details(service, selection, candidates, numbers, policy)
        if not candidates:
            local = policy == "Local" and bool(usable(list(numbers)))
            text = f"{label} has no endpoints on node {node}: dropped" if local else f"{label} has no endpoints: rejected"
            return Choice(None, text, details, local)
        backend, how = self._pick(key, service, name, candidates, client_ip, now, chance)
        narrowed = f" ({selection.narrowed})" if selection.narrowed else ""
        among = f" out of {len(candidates)} {how}" if len(candidates) > 1 else ", its only endpoint"
        text = f"{label} chose {backend.ip}:{backend.port}{among}{narrowed}"
        return Choice(backend, text, details)

    def _zone(self, node: str) -> str:
        found = self._nodes.get(node)
        return str((found or {}).get("metadata", {}).get("labels", {}).get(ZONE, ""))

    def _pick(
        self, key: str, service: Object, port: str, candidates: list[Backend], client_ip: str, now: float,
        chance: random.Random | None,
    ) -> tuple[Backend, str]:  # fmt: skip
        if service["spec"].get("sessionAffinity") != "ClientIP":
            return (chance.choice(candidates), "at random") if chance else (candidates[0], "that are equally likely")
        config = (service["spec"].get("sessionAffinityConfig") or {}).get("clientIP") or {}
        known = self._affinity.get((key, port, client_ip))
        fresh = known is not None and now - known[1] < config.get("timeoutSeconds", 10800)
        if known is not None and fresh and known[0] in candidates:
            backend, how = known[0], f"as before for {client_ip}"
        else:
            backend, how = (chance.choice(candidates) if chance else candidates[0]), f"at random, kept for {client_ip}"
        if chance is not None:
            self._affinity[key, port, client_ip] = (backend, now)
        return backend, how

    def environment(self, namespace: str, links: bool) -> dict[str, str]:
        """Return the variables a container of a namespace gets; a shared dictionary, not to be changed."""
        cache_key = namespace if links else ""
        if cache_key not in self._environment:
            services = [s for s in [self.get("kubernetes", "default")] if s is not None]
            services += self._services.list(namespace) if links else []
            merged: dict[str, str] = {}
            for service in services:
                merged |= service_environment(service)
            self._environment[cache_key] = merged
        return self._environment[cache_key]


def _details(
    service: Object, selection: Selection, candidates: list[Backend], numbers: dict[Endpoint, int], policy: str
) -> Object:
    spec = service["spec"]
    rules = rules_of([f"{c.ip}:{c.port}" for c in candidates])
    found: Object = {"endpoints": [r["endpoint"] for r in rules], "trafficPolicy": policy}
    shown = list(zip(rules, candidates, strict=True))[:_MOST_RULES]
    found["rules"] = [{**r, "target": c.target, "node": c.node} for r, c in shown]
    if selection.left_out:
        found["leftOut"] = [
            {"endpoint": f"{e.ip}:{numbers[e]}", "target": e.target, "why": why} for e, why in selection.left_out[:_MOST_RULES]
        ]
    if selection.narrowed:
        found["narrowedBy"] = selection.narrowed
    if spec.get("sessionAffinity") == "ClientIP":
        config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        found["sessionAffinity"] = {"type": "ClientIP", "timeoutSeconds": config.get("timeoutSeconds", 10800)}
    return found


def _addresses(service: Object) -> list[str]:
    spec = service.get("spec") or {}
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    virtual = [ip for ip in [spec.get("clusterIP")] if ip not in ("None", "", None)]
    return [*virtual, *(spec.get("externalIPs") or ()), *(i["ip"] for i in ingress if i.get("ip"))]


def _node_ports(service: Object) -> list[tuple[int, str]]:
    ports = (service.get("spec") or {}).get("ports") or ()
    return [(p["nodePort"], p.get("protocol", "TCP")) for p in ports if p.get("nodePort")]


def _service_of_slice(piece: Object) -> list[str]:
    name = (piece["metadata"].get("labels") or {}).get(_SERVICE_LABEL)
    return [f"{piece['metadata'].get('namespace', '')}/{name}"] if name else []


def service_environment(service: Object) -> dict[str, str]:
    """Return the Docker-links style variables of a Service; empty without a cluster address.

    >>> web = {"metadata": {"name": "my-web"}, "spec": {"clusterIP": "10.96.1.1", "ports": [{"port": 80, "protocol": "TCP"}]}}
    >>> service_environment(web)["MY_WEB_PORT_80_TCP"]
    'tcp://10.96.1.1:80'
    """
    spec, ip = service["spec"], service["spec"].get("clusterIP")
    ports = spec.get("ports") or ()
    if not ip or ip == "None" or not ports:
        return {}
    prefix = service["metadata"]["name"].upper().replace("-", "_")
    first = ports[0]
    variables = {f"{prefix}_SERVICE_HOST": ip, f"{prefix}_SERVICE_PORT": str(first["port"])}
    for port in ports:
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    variables[f"{prefix}_PORT"] = f"{first.get('protocol', 'TCP').lower()}://{ip}:{first['port']}"
    for port in ports:
        protocol = port.get("protocol", "TCP")
        stem = f"{prefix}_PORT_{port['port']}_{protocol}"
        variables |= {
            stem: f"{protocol.lower()}://{ip}:{port['port']}",
            f"{stem}_PROTO": protocol.lower(),
            f"{stem}_PORT": str(port["port"]),
            f"{stem}_ADDR": ip,
        }
    return variables
