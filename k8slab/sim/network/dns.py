"""Cluster DNS: what CoreDNS with its kubernetes plugin answers.

A, CNAME, SRV and PTR records of Services, headless Services and pods, from the same tables kube-proxy uses.
Simplified: there is no world outside the cluster, so every other name is NXDOMAIN; no AAAA records, TTLs are not counted.
Upstream: coredns/plugin/kubernetes and the specification kubernetes/dns/docs/specification.md.
"""

from dataclasses import dataclass
from typing import NamedTuple

from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.network.balancing import Endpoint
from k8slab.sim.network.namespace import CLUSTER_DOMAIN
from k8slab.sim.network.services import ServiceTable

__all__ = ["Answer", "ClusterDns", "Record", "ask", "decode", "encode", "question"]


class Record(NamedTuple):
    """One resource record."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class Answer:
    """What a name server says: ``NOERROR`` or ``NXDOMAIN``, and the records."""

    rcode: str
    records: tuple[Record, ...] = ()

    @property
    def addresses(self) -> list[str]:
        """The addresses among the records."""
        return [r.value for r in self.records if r.type == "A"]


_UNKNOWN = Answer("NXDOMAIN")


def ask(data: bytes) -> tuple[str, str]:
    """Read a question; the simulated network carries "TYPE NAME" where DNS has its own format.

    >>> ask(question("web.chat.svc.cluster.local"))
    ('web.chat.svc.cluster.local', 'A')
    """
    type, _, name = data.decode("utf-8", "replace").strip().partition(" ")
    return name, type


def question(name: str, type: str = "A") -> bytes:
    """Write a question."""
    return f"{type} {name}".encode()


def encode(answer: Answer) -> bytes:
    """Write an answer: the code, then a line per record."""
    return "\n".join([answer.rcode, *(f"{r.name} {r.type} {r.value}" for r in answer.records)]).encode()


def decode(data: bytes) -> Answer | None:
    """Read an answer; None if it is none.

    >>> decode(encode(Answer("NOERROR", (Record("web", "SRV", "0 100 80 web"),)))).records[0].value
    '0 100 80 web'
    """
    rcode, *lines = data.decode("utf-8", "replace").split("\n")
    if rcode not in ("NOERROR", "NXDOMAIN", "SERVFAIL"):
        return None
    return Answer(rcode, tuple(Record(*line.split(" ", 2)) for line in lines))


class ClusterDns:
    """Answers questions about names below ``cluster.local``."""

    def __init__(self, services: ServiceTable) -> None:
        self._services = services
        self.silent = False  #: True while a fault keeps it from answering

    def query(self, name: str, type: str = "A") -> Answer:
        """Return the answer for one full name (without the final dot)."""
        lowered = name.lower().rstrip(".")
        if type == "PTR":
            return self._reverse(lowered)
        suffix = f".{CLUSTER_DOMAIN}"
        if not lowered.endswith(suffix):
            return Answer("NOERROR") if lowered == CLUSTER_DOMAIN else _UNKNOWN
        labels = lowered.removesuffix(suffix).split(".")
        if len(labels) == 3 and labels[2] == "pod":
            return self._pod(lowered, labels[0], type)
        if len(labels) < 3 or labels[-1] != "svc":
            return Answer("NOERROR") if labels == ["svc"] else _UNKNOWN
        service = self._services.get(labels[-3], labels[-2])
        if service is None:
            return _UNKNOWN
        return self._service(lowered, service, labels[:-3], type)

    def _pod(self, name: str, dashed: str, type: str) -> Answer:
        numbers = dashed.split("-")
        if len(numbers) != 4 or not all(n.isdigit() and int(n) < 256 for n in numbers):
            return _UNKNOWN
        return Answer("NOERROR", (Record(name, "A", ".".join(numbers)),) if type == "A" else ())

    def _service(self, name: str, service: Object, prefix: list[str], type: str) -> Answer:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return self._external(name, spec["externalName"], type) if not prefix else _UNKNOWN
        if len(prefix) == 2 and prefix[0].startswith("_") and prefix[1].startswith("_"):
            return self._srv(name, service, prefix[0][1:], prefix[1][1:])
        headless = spec.get("clusterIP") == "None"
        if not prefix:
            addresses = [e.ip for e in self._published(service)] if headless else [spec.get("clusterIP") or ""]
        elif len(prefix) == 1 and headless:
            addresses = [e.ip for e in self._published(service) if _host_label(e) == prefix[0]]
        else:
            addresses = []
        if not addresses and (headless or prefix):
            return _UNKNOWN
        return Answer("NOERROR", tuple(Record(name, "A", ip) for ip in addresses) if type == "A" else ())

    def _published(self, service: Object) -> list[Endpoint]:
        everything = service["spec"].get("publishNotReadyAddresses")
        unique = {e.ip: e for e, _ in self._services.endpoints(key_of(service)) if e.ready or everything}
        return list(unique.values())

    def _external(self, name: str, target: str, type: str) -> Answer:
        alias = Record(name, "CNAME", target.rstrip("."))
        if type == "CNAME":
            return Answer("NOERROR", (alias,))
        return Answer("NOERROR", (alias, *self.query(target, type).records))

    def _srv(self, name: str, service: Object, port_name: str, protocol: str) -> Answer:
        base = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.{CLUSTER_DOMAIN}"
        if service["spec"].get("clusterIP") != "None":
            ports = [p for p in service["spec"].get("ports") or () if _same_port(p, port_name, protocol)]
            records = [Record(name, "SRV", f"0 100 {p['port']} {base}") for p in ports]
        else:
            published = set(self._published(service))
            pairs = self._services.endpoints(key_of(service), port_name)
            records = [Record(name, "SRV", f"0 100 {port} {_host_label(e)}.{base}") for e, port in pairs if e in published]
        return Answer("NOERROR", tuple(records)) if records else _UNKNOWN

    def _reverse(self, name: str) -> Answer:
        ip = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
        key = self._services.owner_of(ip)
        if key is None:
            return _UNKNOWN
        namespace, _, service = key.partition("/")
        return Answer("NOERROR", (Record(name, "PTR", f"{service}.{namespace}.svc.{CLUSTER_DOMAIN}"),))


def _same_port(port: Object, name: str, protocol: str) -> bool:
    return (port.get("name") or "").lower() == name and port.get("protocol", "TCP").lower() == protocol


def _host_label(endpoint: Endpoint) -> str:
    return endpoint.hostname or endpoint.ip.replace(".", "-")
