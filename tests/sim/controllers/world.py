"""A small world for controllers: the fake API, a stepped clock, and a kubelet that makes every pod ready at once."""

from typing import Any

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import RESOURCES
from k8slab.sim.clock import Clock
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient

NAMESPACE = "chat"


class World:
    """Controllers on a fake API, in namespace "chat"."""

    def __init__(self, *controllers: type[Controller], **options: Any) -> None:
        self.kernel = Kernel(Clock("stepped"), seed=1)
        self.client = FakeClient(self.kernel)
        self.controllers = [c(self.client, self.kernel, **options) for c in controllers]
        for controller in self.controllers:
            controller.start()

    def create(self, resource: str, name: str, spec: Object | None = None, **rest: Any) -> Object:
        meta = {"name": name, "namespace": NAMESPACE, **rest.pop("metadata", {})}
        obj = self.client.create(resource, {"metadata": meta, **({"spec": spec} if spec is not None else {}), **rest})
        return self.settled(resource, obj["metadata"]["name"])

    def settled(self, resource: str = "", name: str = "", seconds: float = 0.0) -> Any:
        """Let everything that is due happen; return an object, None if it is gone."""
        self.kernel.run_ready()
        self.kernel.advance(seconds)
        return self.get(resource, name) if name else None

    def get(self, resource: str, name: str) -> Any:
        return self.client.informer(resource).get(name, NAMESPACE) or self.client.informer(resource).get(name)

    def all(self, resource: str, selector: str = "") -> list[Object]:
        return self.client.list(resource, NAMESPACE, selector)

    def names(self, resource: str) -> list[str]:
        return [o["metadata"]["name"] for o in self.all(resource)]

    def change(self, resource: str, name: str, **spec: Any) -> Any:
        self.client.patch(resource, name, NAMESPACE, {"spec": spec})
        return self.settled(resource, name)

    def delete(self, resource: str, name: str, **options: Any) -> None:
        self.client.delete(resource, name, NAMESPACE, **options)
        self.settled()

    def run_pods(self, *names: str, ready: bool = True, node: str = "worker-1") -> None:
        """What a kubelet does: pods (all, or the named ones) run, and are ready or not."""
        for number, pod in enumerate(self.all("pods")):
            meta, status = pod["metadata"], pod.get("status", {})
            if (
                (names and meta["name"] not in names)
                or "deletionTimestamp" in meta
                or status.get("phase") in ("Succeeded", "Failed")
            ):
                continue
            if not pod["spec"].get("nodeName"):
                self.client.create("pods", {"metadata": meta, "target": {"name": node}}, "binding")
            self.report(meta["name"], "Running", ready, ip=status.get("podIP") or f"10.1.{number // 250}.{number % 250 + 1}")
        self.settled()

    def report(self, name: str, phase: str, ready: bool = False, ip: str = "10.1.9.9", **status: Any) -> None:
        pod = self.get("pods", name)
        known = next((c for c in pod["status"].get("conditions", ()) if c["type"] == "Ready"), {})
        value = "True" if ready else "False"
        since = known.get("lastTransitionTime") if known.get("status") == value else rfc3339(self.kernel.now())
        conditions = [{"type": "Ready", "status": value, "lastTransitionTime": since}]
        new = {"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}], "conditions": conditions, **status}
        self.client.update("pods", {**pod, "status": new}, "status")

    def stop_pods(self) -> None:
        """Pods that were asked to stop are gone."""
        for pod in self.all("pods"):
            if "deletionTimestamp" in pod["metadata"]:
                self.client.delete("pods", pod["metadata"]["name"], NAMESPACE, grace_period=0)
        self.settled()


def resources() -> Any:
    return RESOURCES


def template(image: str = "nginx:1.25", **labels: str) -> Object:
    return {"metadata": {"labels": labels or {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}


def workload(replicas: int = 3, **more: Any) -> Object:
    return {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(), **more}


def conditions(obj: Object) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition by type."""
    return {c["type"]: (c["status"], c.get("reason", "")) for c in obj.get("status", {}).get("conditions", ())}
