"""Load balancers from a simulated pool: Services of type LoadBalancer get an external address.

Real component: the service controller of cloud-controller-manager with a provider behind it (cloud-provider-kind, MetalLB).
kube-proxy serves the address on every node, so it answers inside the cluster; from the host, the Service's node ports do.
Simplified: the balancer has no machine of its own and no health checks, no finalizer holds a Service back, and a Service with
a loadBalancerClass is left alone. Upstream: k8s.io/cloud-provider/controllers/service.
"""

from collections.abc import Iterable

from k8slab.apimachinery.types import Object, key_of, split_key
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller

__all__ = ["ACCOUNT", "POOL", "LoadBalancers", "choose_address"]

ACCOUNT = "service-controller"

#: The addresses there are, out of the nodes' network as with kind.
POOL = tuple(f"172.18.255.{n}" for n in range(200, 251))


def choose_address(wanted: str, used: Iterable[str]) -> str:
    """Return the wanted address if the pool has it and it is free, without a wish the first free one; "" if there is none.

    >>> choose_address("", ["172.18.255.200"]), choose_address("172.18.255.200", ["172.18.255.200"])
    ('172.18.255.201', '')
    """
    taken = set(used)
    return next((ip for ip in ([wanted] if wanted else POOL) if ip in POOL and ip not in taken), "")


class LoadBalancers(Controller):
    """Gives addresses, and takes them back when a Service is no LoadBalancer any more."""

    name = "service-lb-controller"
    account = ACCOUNT
    source = ACCOUNT

    def setup(self) -> None:  # noqa: D102
        self.watch("services", self._service_changed)

    def _service_changed(self, type: EventType, service: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(key_of(service))
        elif _addresses(service):
            for waiting in self.informer("services").list():
                if _wants(waiting) and not _addresses(waiting):
                    self.queue.add(key_of(waiting))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        service = self.informer("services").get(name, namespace)
        if service is None or "deletionTimestamp" in service["metadata"]:
            return None
        if not _wants(service):
            if _addresses(service) and not service["spec"].get("loadBalancerClass"):
                self._write(service, [])
            return None
        if not _addresses(service):
            self._give(service)
        return None

    def _give(self, service: Object) -> None:
        self.client.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", ACCOUNT)
        wanted = service["spec"].get("loadBalancerIP") or ""
        ip = choose_address(wanted, (a for s in self.informer("services").list() for a in _addresses(s)))
        if not ip:
            problem = f'address "{wanted}" is taken or not in the pool' if wanted else "no address is left in the pool"
            self.client.event(
                service, "Warning", "SyncLoadBalancerFailed",
                f"Error syncing load balancer: failed to ensure load balancer: {problem} ({POOL[0]}-{POOL[-1]})", ACCOUNT,
            )  # fmt: skip
            return
        self._write(service, [{"ip": ip, "ipMode": "VIP"}])
        self.client.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer", ACCOUNT)

    def _write(self, service: Object, ingress: list[Object]) -> None:
        meta = service["metadata"]
        status = {"status": {"loadBalancer": {"ingress": ingress or None}}}
        self.client.patch("services", meta["name"], meta["namespace"], status, "merge", "status")


def _wants(service: Object) -> bool:
    return service["spec"].get("type") == "LoadBalancer" and not service["spec"].get("loadBalancerClass")


def _addresses(service: Object) -> list[str]:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [i["ip"] for i in ingress if i.get("ip")]
