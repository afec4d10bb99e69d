"""What single kinds need around a write, besides the generic path.

Upstream: pkg/registry/core/service/storage (the allocators of cluster IPs and node ports). Simplified: IPv4 only; what is
allocated is read off the stored Services instead of a bitmap object.
"""

import ipaddress
from collections import Counter

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError, invalid
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Kernel

__all__ = ["DNS_IP", "KUBERNETES_IP", "NODE_PORTS", "SERVICE_CIDR", "Hooks"]

SERVICE_CIDR = ipaddress.ip_network("10.96.0.0/12")
KUBERNETES_IP = "10.96.0.1"
DNS_IP = "10.96.0.10"
NODE_PORTS = range(30000, 32768)

#: Addresses below this offset are left to those who ask for one by name (upstream: the lower band of the range).
_STATIC_BAND = 256


class Hooks:
    """Gives Services their addresses and node ports, and takes them back.

    Parameters
    ----------
    store
        Read once, for what is allocated already.
    kernel
        Source of the random choice.
    """

    def __init__(self, store: Store, kernel: Kernel) -> None:
        self._random = kernel.random
        self._addresses: Counter[str] = Counter()
        self._ports: Counter[int] = Counter()
        for entry in store.range("/registry/services/specs/"):
            self._count(entry.value, 1)

    def allocate(self, resource: Resource, new: Object, old: Object | None = None) -> None:
        """Fill in what the allocators give to a valid object, or raise 422."""
        if resource.full_name == "services":
            self._allocate(new, old)

    def stored(self, resource: Resource, new: Object | None, old: Object | None) -> None:
        """Book what was written."""
        if resource.full_name == "services":
            if old is not None:
                self._count(old, -1)
            if new is not None:
                self._count(new, 1)

    def _count(self, service: Object, by: int) -> None:
        spec = service["spec"]
        if spec.get("clusterIP") not in (None, "", "None"):
            self._addresses[spec["clusterIP"]] += by
        for port in _node_ports(spec):
            self._ports[port] += by

    def _allocate(self, service: Object, old: Object | None) -> None:
        spec = service["spec"]
        was = old["spec"] if old else {}
        if spec.get("type", "ClusterIP") != "ExternalName" and not spec.get("clusterIP"):
            spec["clusterIP"] = (spec.get("clusterIPs") or [""])[0] or self._free_address()
        elif spec.get("clusterIP") not in (None, "", "None", was.get("clusterIP")):
            self._claim_address(service, spec["clusterIP"])
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        if spec.get("type") == "NodePort" or (
            spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
        ):
            self._allocate_ports(service, set(_node_ports(was)))

    def _claim_address(self, service: Object, address: str) -> None:
        detail = ""
        try:
            if ipaddress.ip_address(address) not in SERVICE_CIDR:
                detail = f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. "
                detail += f"The range of valid IPs is {SERVICE_CIDR}"
        except ValueError:
            return  # validation says it better
        if self._addresses[address]:
            detail = f"failed to allocate IP {address}: provided IP is already allocated"
        if detail:
            self._refuse(service, FieldError("FieldValueInvalid", "spec.clusterIPs", detail, [address]))

    def _free_address(self) -> str:
        while True:
            offset = self._random.randrange(_STATIC_BAND, SERVICE_CIDR.num_addresses - 1)
            address = str(SERVICE_CIDR[offset])
            if not self._addresses[address]:
                return address

    def _allocate_ports(self, service: Object, kept: set[int]) -> None:
        taken: dict[int, str] = {}
        for index, port in enumerate(service["spec"].get("ports") or ()):
            wanted = port.get("nodePort")
            if not wanted:
                port["nodePort"] = wanted = self._free_port(kept | taken.keys())
            elif wanted not in kept and taken.get(wanted) in (None, port.get("protocol")):
                self._claim_port(service, index, wanted)
            taken[wanted] = port.get("protocol", "TCP")

    def _claim_port(self, service: Object, index: int, port: int) -> None:
        detail = ""
        if port not in NODE_PORTS:
            detail = f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
        elif self._ports[port]:
            detail = "provided port is already allocated"
        if detail:
            self._refuse(service, FieldError("FieldValueInvalid", f"spec.ports[{index}].nodePort", detail, port))

    def _free_port(self, taken: set[int]) -> int:
        free = [p for p in NODE_PORTS if not self._ports[p] and p not in taken]
        return self._random.choice(free)

    def _refuse(self, service: Object, error: FieldError) -> None:
        raise invalid("", "Service", service["metadata"].get("name", ""), [error])


def _node_ports(spec: Object) -> list[int]:
    return [p["nodePort"] for p in spec.get("ports") or () if p.get("nodePort")]
