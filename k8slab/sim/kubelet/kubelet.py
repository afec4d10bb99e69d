"""The kubelet of one node: registers it, runs the pods bound to it, answers for their logs and commands.

Upstream: pkg/kubelet/kubelet.go. It meets the rest of the cluster only through the API and its node's network.
Simplified: eviction for memory only, no image garbage collection, no device or topology managers.
"""

from typing import Any

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.apiserver.errors import StatusError, not_found
from k8slab.sim.client import Client, EventType
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.kubelet import operations, resizing
from k8slab.sim.kubelet.admission import Requests, rejection, requests_of
from k8slab.sim.kubelet.config import KubeletOptions, NodeConfig
from k8slab.sim.kubelet.context import NodeContext
from k8slab.sim.kubelet.disk_pressure import DiskWatch, disk_message, first_to_go
from k8slab.sim.kubelet.eviction import (
    EvictionWatch,
    container_memory,
    eviction_message,
    is_critical,
    is_unwelcome,
    order,
    pod_memory,
)
from k8slab.sim.kubelet.heartbeat import Heartbeat
from k8slab.sim.kubelet.records import PodRecord
from k8slab.sim.kubelet.router import PodRouter
from k8slab.sim.kubelet.security import sysctl_rejection
from k8slab.sim.kubelet.server import KubeletPort
from k8slab.sim.kubelet.static_pods import StaticPods, break_down
from k8slab.sim.kubelet.stats import NODE_CPU, NodeStats, Stats, node_memory, pod_stats
from k8slab.sim.kubelet.volumes import references
from k8slab.sim.kubelet.worker import PodWorker
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.namespace import NetNamespace, ResolvConf
from k8slab.sim.network.network import Network
from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.runtime import Runtime
from k8slab.sim.streams import Pipe, WindowSize

__all__ = ["Kubelet"]

#: Within how many seconds a changed ConfigMap or Secret shows in mounted volumes.
CONFIG_SYNC_PERIOD = 60.0


class Kubelet:
    """A node's agent.

    Parameters
    ----------
    client
        The API as ``system:node:<name>``.
    kernel
        Clock, chance and coroutines.
    node
        The node.
    runtime, network
        Those of the cluster.
    options
        How fast things go.
    router
        The subscription that the kubelets of a cluster share; a kubelet on its own makes one.
    """

    def __init__(
        self, client: Client, kernel: Kernel, node: NodeConfig, runtime: Runtime, network: Network,
        options: KubeletOptions | None = None, router: PodRouter | None = None,
    ) -> None:  # fmt: skip
        self.node, self._client, self._kernel, self._network = node, client, kernel, network
        namespace = NetNamespace(node.internal_ip, node.name, node.name, ResolvConf((node.internal_ip,)), node.name)
        self._router = router or PodRouter(client)
        self._context = NodeContext(
            client,
            kernel,
            node,
            options or KubeletOptions(),
            runtime,
            runtime.node(node.name),
            network,
            self._router,
            namespace,
            self._forget,
            self._ended,
            self._rebook,
        )
        self._heartbeat = Heartbeat(client, kernel, node, runtime.node(node.name))
        self._static = StaticPods(client, kernel, node.name, node.static_pods)
        self._workers: dict[str, PodWorker] = {}
        self._unmirrored: dict[str, PodWorker] = {}  #: static pods whose mirror was deleted a moment ago
        self._requests: dict[str, Requests] = {}
        self._used: Requests = (0, 0, 0)
        self._answers, self._since = False, 0.0
        self.port = KubeletPort(node, self._records, self.stats, self._whole_log, kernel.now)
        self._connected, self._crashed = True, False
        self._disk = DiskWatch(kernel, self._evict_for_disk)
        resources = node.resources()
        self._capacity: Requests = (milli_value(resources["cpu"]), value(resources["memory"]), value(resources["pods"]))
        hardware = runtime.node(node.name)
        hardware.cpu.capacity, hardware.memory.capacity = self._capacity[:2]
        hardware.memory.reserved = node_memory(self._capacity[1])
        self._evictions = EvictionWatch(kernel, hardware.memory, self._evict, self._heartbeat.report_memory)

    def start(self) -> None:
        """Register the node and begin to look after its pods; harmless if it runs."""
        if self._answers:
            return
        self._network.add_node(self._context.namespace, self.node.pod_cidr)
        self._since = self._since or self._kernel.now()
        self._answers, self._context.halted = True, False
        if self._connected:
            self._heartbeat.start(rebooted=self._crashed)
            self._crashed = False
        self._evictions.start()
        if self._connected:
            self._attach()

    def _attach(self) -> None:
        """Hear of the pods again: forget those that are gone, and tell of all others anew."""
        pods = self._client.informer("pods")
        known = list(self._workers.items())
        for uid, worker in known:
            meta = worker.record.pod["metadata"]
            live = pods.get(meta["name"], meta["namespace"])
            if live is None or live["metadata"].get("uid") != uid:
                self.pod_changed("DELETED", worker.record.pod)
        self._router.attach(self.node.name, self)
        for _, worker in known:
            worker.look_again()
        self._static.ensure()

    def stop(self) -> None:
        """Stop heart-beating and looking at the API; containers go on, as they do when only the kubelet dies."""
        self._answers, self._context.halted = False, True
        self._heartbeat.stop()
        self._evictions.stop()
        self._router.detach(self.node.name)

    def crash(self) -> None:
        """The machine is off: everything on it ends without a word."""
        self.stop()
        for worker in list(self._workers.values()):
            worker.gone()
        self._workers.clear()
        self._unmirrored.clear()
        self._requests.clear()
        self._used, self._since, self._crashed = (0, 0, 0), 0.0, True

    def connect(self, connected: bool) -> None:
        """Cut the way to the API server, or open it again; meanwhile the kubelet looks after the containers it has."""
        if connected == self._connected:
            return
        self._connected = self._client.reachable = connected
        if not connected:
            self._router.detach(self.node.name)
        elif self._answers:
            self._heartbeat.stop()
            self._heartbeat.start(rebooted=self._crashed)
            self._crashed = False
            self._attach()

    def fail_component(self, component: str, down: bool) -> None:
        """Let the static pod of a component that has stopped show it, or start anew with the component."""
        key = self._static.key(component)
        if not key or (key in self._context.node.failing) == down:
            return
        if not down:
            self._context.node.failing.discard(key)
            self._static.replace(key)
            return
        self._context.node.failing.add(key)
        for worker in self._workers.values():
            if worker.record.key == key:
                for record in worker.record.mains:
                    if record.state == "running" and record.container is not None:
                        break_down(record.container)

    def report_disk(self, full: bool) -> None:
        """Note that the node's disk is full, or no longer, and say so."""
        self._disk.set(full)
        self._heartbeat.report_disk(full)

    def leak(self, namespace: str, pod: str, container: str, size: int) -> None:
        """Let a container use more memory; one that does not run uses none."""
        for worker in self._workers.values():
            meta = worker.record.pod["metadata"]
            if (meta["namespace"], meta["name"]) == (namespace, pod):
                record = worker.record.find(container) if container else worker.record.mains[0]
                if record is not None and record.state == "running" and record.container is not None:
                    record.container.claim_memory(size)

    # --- pods ---

    def pod_changed(self, type: EventType, pod: Object) -> None:
        """Handle an event of a pod on this node."""
        uid = pod["metadata"].get("uid", "")
        worker = self._workers.get(uid)
        if self._answers and self._static.keeps(pod) and self._mirrored(type, pod, worker):
            return
        if type == "DELETED":
            if worker is not None:
                self._forget(uid)
                worker.gone()
            if self._answers:
                self._static.deleted(pod)
        elif worker is not None:
            worker.changed(pod)
        elif not self._finished_before(pod):
            self._admit(uid, pod)

    def _mirrored(self, type: EventType, pod: Object, worker: PodWorker | None) -> bool:
        """Let a static pod's containers go on when its mirror goes, and give them to the next; whether that is all there is."""
        uid, key = pod["metadata"].get("uid", ""), key_of(pod)
        if worker is not None and type == "DELETED":
            self._unmirrored[key] = self._workers.pop(uid)
            self._static.deleted(pod)
            return True
        if worker is not None and pod["metadata"].get("deletionTimestamp"):
            self._kernel.call_soon(self._static.remove, key)
            return True
        if worker is None and type != "DELETED" and key in self._unmirrored:
            found = self._workers[uid] = self._unmirrored.pop(key)
            self._requests[uid] = self._requests.pop(found.record.pod["metadata"].get("uid", ""), (0, 0, 0))
            found.record.pod = pod
            found.look_again()
            return True
        return False

    def _finished_before(self, pod: Object) -> bool:
        """Whether there is nothing to run of a pod this kubelet does not know; one that waits for its end gets it."""
        meta = pod["metadata"]
        live = self._client.informer("pods").get(meta["name"], meta["namespace"])
        if live is None or live["metadata"].get("uid") != meta.get("uid"):
            return True
        if (live.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            return False
        if live["metadata"].get("deletionTimestamp"):
            try:
                self._client.delete("pods", meta["name"], meta["namespace"], grace_period=0, uid=meta.get("uid"))
            except StatusError as error:
                if error.code not in (404, 409):
                    raise
        return True

    def _admit(self, uid: str, pod: Object) -> None:
        wanted = requests_of(pod)
        worker = self._workers[uid] = PodWorker(self._context, pod)
        refusal = None
        if not (pod.get("status") or {}).get("containerStatuses"):
            node = self._client.informer("nodes").get(self.node.name)
            refusal = rejection(pod, node, wanted, self._used, self._capacity) or sysctl_rejection(pod)
            if self._evictions.pressure and is_unwelcome(pod):
                refusal = ("Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. ")
            if self._disk.full and not is_critical(pod):
                refusal = ("Evicted", "Pod was rejected: The node had condition: [DiskPressure]. ")
        if refusal is None:
            self._requests[uid] = wanted
            self._used = (self._used[0] + wanted[0], self._used[1] + wanted[1], self._used[2] + wanted[2])
        worker.start(refusal)

    def _evict(self, available: int) -> None:
        """Evict the first pod in the order of eviction."""
        running = {w.record.key: w for w in self._workers.values() if w.record.runs and not is_critical(w.record.pod)}
        ranked = order(pod_memory(w.record) for w in running.values())
        if ranked:
            worker = running[ranked[0].key]
            worker.evict(eviction_message(available, container_memory(worker.record)))

    def _evict_for_disk(self) -> None:
        """Evict the pod that writes most beyond what it asked for, unless the kubelet does not run."""
        if self._answers:
            workers = {w.record.key: w for w in self._workers.values() if w.record.runs and not is_critical(w.record.pod)}
            chosen = first_to_go(w.record for w in workers.values())
            if chosen is not None:
                workers[chosen.key].evict(disk_message(chosen))

    def _forget(self, uid: str) -> None:
        self._workers.pop(uid, None)
        self._ended(uid)

    def _ended(self, uid: str) -> None:
        """Have the room again that a pod took."""
        freed = self._requests.pop(uid, (0, 0, 0))
        self._used = (self._used[0] - freed[0], self._used[1] - freed[1], self._used[2] - freed[2])
        self._retry_resizes()

    def _rebook(self, uid: str, wanted: Requests) -> tuple[str, str] | None:
        """Set other resources aside for a pod, if the node has them."""
        own = self._requests.get(uid, (0, 0, 0))
        others = (self._used[0] - own[0], self._used[1] - own[1], self._used[2] - own[2])
        refused = resizing.refusal(wanted, others, self._capacity)
        if refused is None:
            self._requests[uid] = wanted
            self._used = (others[0] + wanted[0], others[1] + wanted[1], others[2] + wanted[2])
            if wanted[0] < own[0] or wanted[1] < own[1]:
                self._retry_resizes()
        return refused

    def _retry_resizes(self) -> None:
        """Look again at resizes that have to wait for room."""
        for worker in self._workers.values():
            if worker.record.resize_pending is not None:
                self._kernel.call_soon(resizing.consider, worker)

    def config_changed(self, kind: str, namespace: str, name: str) -> None:
        """Let mounted volumes follow a ConfigMap or Secret, some time within the next minute."""
        for worker in list(self._workers.values()):
            pod = worker.record.pod
            if (
                pod["metadata"]["namespace"] == namespace
                and worker.record.volumes is not None
                and (kind, name) in references(pod)
            ):
                self._kernel.call_later(self._kernel.random.uniform(0, CONFIG_SYNC_PERIOD), worker.record.volumes.refresh, pod)

    def _check_reachable(self) -> None:
        if not (self._answers and self._connected):
            why = "connect: connection refused" if self._context.halted and not self._crashed else "i/o timeout"
            text = f"error dialing backend: dial tcp {self.node.internal_ip}:10250: {why}"
            raise StatusError(500, "", text)

    def _find(self, namespace: str, pod: str) -> PodWorker:
        self._check_reachable()
        found = [w for w in self._workers.values() if w.record.pod["metadata"]["name"] == pod]
        for worker in found:
            if worker.record.pod["metadata"]["namespace"] == namespace:
                return worker
        raise not_found("", "pods", pod)

    # --- what the API server passes on ---

    def logs(
        self, namespace: str, pod: str, container: str = "", *, follow: bool = False, previous: bool = False,
        tail_lines: int | None = None, since_seconds: int | None = None, since_time: str | None = None, timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> Pipe:  # fmt: skip
        """Return a container's log as a stream.

        Raises
        ------
        StatusError
            If there is no such log, with upstream's wording.
        """
        record = self._find(namespace, pod).record
        log = operations.log_of(record, operations.find_container(record, container), previous)
        now = self._kernel.now()
        return operations.read_log(log, now, follow, tail_lines, since_seconds, since_time, timestamps, limit_bytes)

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: list[str],
        stdin: Pipe | None,
        stdout: Pipe,
        stderr: Pipe,
        tty: bool = False,
        window: WindowSize | None = None,
    ) -> Future[int]:
        """Run a command in a container; the future is its exit code.

        Raises
        ------
        StatusError
            If the command cannot be started, with upstream's wording.
        """
        record = self._find(namespace, pod).record
        return operations.exec_command(record, container, command, stdin, stdout, stderr, tty, window)

    def attach(
        self, namespace: str, pod: str, container: str, stdin: Pipe | None, stdout: Pipe, stderr: Pipe, tty: bool = False,
        window: WindowSize | None = None,
    ) -> Future[int]:  # fmt: skip
        """Connect to a container's first process; the future is its exit code, once it ends."""
        return operations.attach(self._kernel, self._find(namespace, pod).record, container, stdin, stdout, window)

    def port_forward(self, namespace: str, pod: str, port: int) -> Future[Connection]:
        """Connect to a port inside a pod; the future fails with upstream's text if nobody listens there."""
        return operations.forward(self._kernel, self._network, self._find(namespace, pod).record, port)

    def answer(self, request: Request) -> Response:
        """Answer a request to the kubelet's own port; its errors are those of whoever dials it."""
        self._check_reachable()
        return self.port.answer(request)

    def _records(self) -> list[PodRecord]:
        return [worker.record for worker in self._workers.values()]

    def _whole_log(self, namespace: str, pod: str, container: str) -> bytes:
        chunks: list[bytes] = []
        try:
            self.logs(namespace, pod, container).listen(chunks.append)
        except StatusError as error:
            return f"{error.message}\n".encode()
        return b"".join(chunks)

    def usage(self) -> dict[str, dict[str, Any]]:
        """Return CPU (millicores) and memory (bytes) per container, by "namespace/pod" (upstream: /stats/summary)."""
        result = {}
        for worker in self._workers.values():
            meta = worker.record.pod["metadata"]
            result[f"{meta['namespace']}/{meta['name']}"] = operations.summary(worker.record)
        return result

    def stats(self) -> NodeStats | None:
        """Measure the node and its containers; None while the kubelet does not run (upstream: /metrics/resource)."""
        if not self._answers:
            return None
        pods = {}
        for worker in self._workers.values():
            meta = worker.record.pod["metadata"]
            pods[f"{meta['namespace']}/{meta['name']}"] = pod_stats(worker.record)
        memory = self._context.node.memory.reserved + sum(s.memory for containers in pods.values() for s in containers.values())
        cpu = self._context.node.cpu.used + NODE_CPU * (self._kernel.now() - self._since)
        return NodeStats(Stats(self._since, cpu, memory), pods)
