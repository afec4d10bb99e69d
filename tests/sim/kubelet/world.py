"""A small world for kubelets: the fake API, a stepped clock, nodes, pods; no scheduler and no controllers."""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.dns import dns_service
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.kubelet import Kubelet, KubeletOptions, NodeConfig, PodRouter
from k8slab.sim.network import Network
from k8slab.sim.network.routes import PodNetwork
from k8slab.sim.runtime import Runtime
from k8slab.sim.streams import Pipe
from tests.sim.fakes import FakeClient

NAMESPACE = "chat"


class World:
    """Nodes "node-0", "node-1" ... in namespace "chat"."""

    def __init__(
        self,
        nodes: int = 1,
        capacity: dict[str, str] | None = None,
        before: Callable[[FakeClient], object] = lambda client: None,
        enforce_policies: bool = True,
        pod_network: PodNetwork = "routed",
        **options: Any,
    ) -> None:
        self.kernel = Kernel(Clock("stepped"), seed=1)
        self.client = FakeClient(self.kernel)
        self.client.add(dns_service())
        before(self.client)
        self.network = Network(self.client.as_user("system:kube-proxy"), self.kernel, enforce_policies, pod_network)
        self.runtime = Runtime(self.kernel, self.network)
        router = PodRouter(self.client)
        self.kubelets = [self._kubelet(i, capacity or {}, KubeletOptions(**options), router) for i in range(nodes)]
        self.network.start()
        for kubelet in self.kubelets:
            kubelet.start()
        self.kernel.run_ready()

    def _kubelet(self, number: int, capacity: dict[str, str], options: KubeletOptions, router: PodRouter) -> Kubelet:
        name = f"node-{number}"
        config = NodeConfig(name, capacity=capacity, pod_cidr=f"10.244.{number}.0/24", internal_ip=f"172.18.0.{number + 2}")
        return Kubelet(
            self.client.as_user(f"system:node:{name}"), self.kernel, config, self.runtime, self.network, options, router
        )

    def pod(
        self, name: str = "web", image: str = "nginx:1.29", node: int = 0, spec: Object | None = None, **container: Any
    ) -> Object:
        """Create a pod of one container "c", bound to a node, and let everything happen that takes no time."""
        meta = {"name": name, "namespace": NAMESPACE, "labels": {"app": name}}
        containers = [{"name": "c", "image": image, **container}]
        body = {"metadata": meta, "spec": {"nodeName": f"node-{node}", "containers": containers, **(spec or {})}}
        self.client.create("pods", body)
        self.kernel.run_ready()
        return self.get(name)

    def shell(self, name: str, script: str, image: str = "busybox:1.37", **rest: Any) -> Object:
        """Create a pod that runs a script."""
        return self.pod(name, image, command=["sh", "-c", script], **rest)

    def get(self, name: str = "web") -> Object:
        return self.client.get("pods", name, NAMESPACE)

    def exists(self, name: str = "web") -> bool:
        return self.client.informer("pods").get(name, NAMESPACE) is not None

    def state(self, name: str = "web", container: int = 0, kind: str = "containerStatuses") -> Object:
        """Return a container's state: {"waiting": ...}, {"running": ...} or {"terminated": ...}."""
        return self.get(name)["status"][kind][container]["state"]

    def reason(self, name: str = "web", container: int = 0, kind: str = "containerStatuses") -> str:
        """Return the reason of a container's state, "Running" if it runs."""
        state = self.state(name, container, kind)
        return "Running" if "running" in state else next(iter(state.values()))["reason"]

    def restarts(self, name: str = "web", container: int = 0) -> int:
        return self.get(name)["status"]["containerStatuses"][container]["restartCount"]

    def condition(self, type: str, name: str = "web") -> tuple[str, str]:
        """Return (status, reason) of a condition."""
        found = next(c for c in self.get(name)["status"]["conditions"] if c["type"] == type)
        return found["status"], found.get("reason", "")

    def log(self, name: str = "web", container: str = "", node: int = 0, **options: Any) -> str:
        pipe = self.kubelets[node].logs(NAMESPACE, name, container, **options)
        return everything(pipe)

    def run(
        self, name: str, *command: str, stdin: str | None = None, seconds: float = 60, node: int = 0, container: str = ""
    ) -> tuple[int | None, str, str]:
        """Run a command in a pod; return (exit code, output, errors), None as code if it has not ended after the seconds."""
        out, err = Pipe(self.kernel), Pipe(self.kernel)
        source = None
        if stdin is not None:
            source = Pipe(self.kernel)
            source.write(stdin.encode())
            source.close()
        code = self.kubelets[node].exec(NAMESPACE, name, container, list(command), source, out, err)
        self.until(code, seconds)
        return (code.result() if code.done else None), everything(out), everything(err)

    def sh(self, name: str, script: str, seconds: float = 60, node: int = 0) -> str:
        """Return what a script writes in a pod, to both streams."""
        _, out, err = self.run(name, "sh", "-c", script, seconds=seconds, node=node)
        return out + err

    def until(self, future: Future[Any], seconds: float = 60) -> None:
        end = self.kernel.now() + seconds
        self.kernel.run_ready()
        while not future.done and (when := self.kernel.next_timer()) is not None and when <= end:
            self.kernel.advance_to_next()

    def service(self, name: str, ip: str, *pods: str, ports: list[Object] | None = None, ready: bool = True, **spec: Any) -> None:
        """Create a Service and its EndpointSlice by hand."""
        ports = ports or [{"port": 80, "protocol": "TCP"}]
        meta = {"name": name, "namespace": NAMESPACE}
        self.client.create("services", {"metadata": meta, "spec": {"clusterIP": ip, "ports": ports, **spec}})
        endpoints = [self._endpoint(pod, ready) for pod in pods]
        piece = {"metadata": {"name": f"{name}-x", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": name}}}
        slice_ports = [{"name": p.get("name", ""), "port": p.get("targetPort", p["port"]), "protocol": "TCP"} for p in ports]
        self.client.create("endpointslices.discovery.k8s.io", {**piece, "ports": slice_ports, "endpoints": endpoints})
        self.kernel.run_ready()

    def _endpoint(self, name: str, ready: bool) -> Object:
        pod = self.get(name)
        reference = {"kind": "Pod", "name": name, "namespace": NAMESPACE}
        return {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready},
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": reference,
        }


def everything(pipe: Pipe) -> str:
    """Return what has been written to a pipe so far."""
    chunks: list[bytes] = []
    pipe.listen(chunks.append)
    return b"".join(chunks).decode()
