"""What a Service's endpoints are made of: its pods, their addresses and the ports a name stands for.

Upstream: the parts that k8s.io/kubernetes/pkg/controller/endpoint and k8s.io/endpointslice share. Pure, apart from the
base class, which turns changes of Services and pods into the keys of Services.
"""

from collections.abc import Iterable

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, key_of, labels
from k8slab.sim.client import EventType
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.base import Controller, settle

__all__ = ["HEADLESS", "TRIGGER_TIME", "ServiceController", "address_of", "ports_of", "wanted_pods"]

HEADLESS = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
_BY_NAMESPACE = "selecting-services"
_POD_BY_NAMESPACE = "namespace"


def _selecting(service: Object) -> tuple[str, ...]:
    return (service["metadata"]["namespace"],) if selects(service) else ()


def _namespace(obj: Object) -> tuple[str, ...]:
    return (obj["metadata"]["namespace"],)


def selects(service: Object) -> bool:
    """Whether the Service finds its endpoints by a selector; an ExternalName has none."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def _chosen(service: Object, pod: Object) -> bool:
    have = labels(pod)
    return all(have.get(k) == v for k, v in service["spec"]["selector"].items())


def is_headless(service: Object) -> bool:
    """Whether the Service has no address of its own."""
    return service["spec"].get("clusterIP") in (None, "", "None")


def address_of(pod: Object, family: str) -> str:
    """Return the pod's address of a family ("IPv4" or "IPv6"), "" if it has none."""
    status = pod.get("status") or {}
    addresses = [entry["ip"] for entry in status.get("podIPs") or ()] or [status.get("podIP") or ""]
    return next((ip for ip in addresses if ip and (":" in ip) == (family == "IPv6")), "")


def wanted_pods(candidates: Iterable[Object], terminating: bool) -> list[Object]:
    """Return the pods that are endpoints: with an address, not ended, terminating ones only if asked for."""
    return [
        p
        for p in candidates
        if (p.get("status") or {}).get("podIP") and not pods.is_finished(p) and (terminating or not pods.is_terminating(p))
    ]


def ports_of(service: Object, pod: Object) -> tuple[tuple[str, int, str, str], ...]:
    """Return (name, number, protocol, appProtocol) for each port; one whose name the pod does not know is left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        target = port.get("targetPort") or port["port"]
        number = target if isinstance(target, int) else _named_port(pod, target, protocol)
        if number:
            found.append((port.get("name", ""), number, protocol, port.get("appProtocol", "")))
    return tuple(found)


def _named_port(pod: Object, name: str, protocol: str) -> int:
    sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in [*pod["spec"]["containers"], *sidecars]:
        for port in container.get("ports") or ():
            if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return 0


def _facts(pod: Object) -> tuple[object, ...]:
    """What about a pod matters to the endpoints it is in."""
    status, spec = pod.get("status") or {}, pod["spec"]
    place = (spec.get("nodeName"), spec.get("hostname"), spec.get("subdomain"))
    gone = "deletionTimestamp" in pod["metadata"]
    return (status.get("podIP"), status.get("podIPs"), pods.is_ready(pod), pods.is_finished(pod), gone, place)


class ServiceController(Controller):
    """A controller whose keys are Services that select pods."""

    def setup(self) -> None:  # noqa: D102
        self.informer("services").add_index(_BY_NAMESPACE, _selecting)
        self.informer("pods").add_index(_POD_BY_NAMESPACE, _namespace)
        self.watch("services", self._service_changed)
        self.watch("pods", self._pod_changed)

    def _service_changed(self, type: EventType, service: Object, old: Object | None) -> None:
        self.queue.add(key_of(service))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        namespace = pod["metadata"]["namespace"]
        services = self.informer("services").by_index(_BY_NAMESPACE, namespace)
        if not services:
            return
        if type == "MODIFIED" and old and labels(old) == labels(pod) and _facts(old) == _facts(pod):
            return
        for service in services:
            if key_of(service) not in self.queue and (_chosen(service, pod) or (old is not None and _chosen(service, old))):
                neighbours = self.informer("pods").by_index(_POD_BY_NAMESPACE, namespace)
                self.queue.add_after(key_of(service), 2 * settle(len(neighbours)))

    def selected(self, service: Object) -> list[Object]:
        """Return the pods that the Service selects."""
        namespace = service["metadata"]["namespace"]
        selector = selector_of({"matchLabels": service["spec"]["selector"]}) or ()
        candidates = self.informer("pods").by_index(_POD_BY_NAMESPACE, namespace)
        return [p for p in candidates if matches(selector, labels(p))]
