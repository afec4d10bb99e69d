"""The kubelet's own HTTP port (10250), which ``nodes/proxy`` leads to: health, its pods, its configuration, measurements.

Upstream: pkg/kubelet/server/server.go. Whoever comes here has been authorized by the API server. Simplified: no TLS, no
streaming (``/exec``, ``/run`` and so on are reached through the pods' subresources), no profiles.
"""

from collections.abc import Callable, Iterable

import orjson

from k8slab.apimachinery.quantity import value
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.exposition import CONTENT_TYPE, Family, Labels, text
from k8slab.sim.kubelet.config import NodeConfig
from k8slab.sim.kubelet.records import PodRecord
from k8slab.sim.kubelet.stats import NodeStats, Stats
from k8slab.sim.network.http import Request, Response

__all__ = ["KubeletPort", "configuration", "resource_metrics", "summary"]

_CONTAINER = "[STABLE] Cumulative cpu time consumed by the container in core-seconds"
_MEMORY = "[STABLE] Current working set of the container in bytes"


class KubeletPort:
    """Answers requests to the port.

    Parameters
    ----------
    node
        Whose it is.
    records
        Gives the pods on it.
    stats
        Measures them.
    log
        Gives a container's log by namespace, pod, container.
    now
        The clock.
    """

    def __init__(
        self, node: NodeConfig, records: Callable[[], Iterable[PodRecord]], stats: Callable[[], NodeStats | None],
        log: Callable[[str, str, str], bytes], now: Callable[[], float],
    ) -> None:  # fmt: skip
        self._node, self._records, self._stats, self._log, self._now = node, records, stats, log, now
        #: What gives the metrics of the paths; others may add theirs.
        self.metrics: dict[str, list[Callable[[], Iterable[Family]]]] = {
            "/metrics": [self._own_metrics],
            "/metrics/resource": [lambda: resource_metrics(self._stats())],
            "/metrics/cadvisor": [lambda: cadvisor_metrics(self._stats())],
            "/metrics/probes": [],
        }
        #: Files below /var/log that ``/logs/`` shows.
        self.files: dict[str, Callable[[], bytes]] = {}

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        path = request.path.rstrip("/") or "/"
        if path == "/healthz" or path in ("/healthz/ping", "/healthz/log", "/healthz/syncloop"):
            return Response(200, b"ok", {"Content-Type": "text/plain; charset=utf-8"})
        if path in self.metrics:
            families = [f for source in self.metrics[path] for f in source()]
            return Response(200, text(families).encode(), {"Content-Type": CONTENT_TYPE})
        if path.startswith("/containerLogs/"):
            return self._container_log(path)
        if path.removeprefix("/logs/") in self.files:
            return Response(200, self.files[path.removeprefix("/logs/")](), {"Content-Type": "text/plain; charset=utf-8"})
        if path == "/logs":
            return Response(200, b'<pre>\n<a href="containers/">containers/</a>\n<a href="pods/">pods/</a>\n</pre>\n', _HTML)
        documents = {
            "/pods": self._pods,
            "/runningpods": self._running,
            "/configz": self._configz,
            "/stats/summary": self._summary,
        }
        if path in documents:
            return Response(200, orjson.dumps(documents[path]()), {"Content-Type": "application/json"})
        return Response(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})

    def _container_log(self, path: str) -> Response:
        parts = path.split("/")[2:]
        if len(parts) != 3:
            return Response(400, b"Missing podNamespace, podID or containerName.\n", {"Content-Type": "text/plain"})
        return Response(200, self._log(*parts), {"Content-Type": "text/plain"})

    def _pods(self) -> Object:
        return _pod_list([record.pod for record in self._records()])

    def _running(self) -> Object:
        shown = [r for r in self._records() if r.runs]
        return _pod_list([_running_pod(r) for r in shown])

    def _configz(self) -> Object:
        return {"kubeletconfig": configuration(self._node)}

    def _summary(self) -> Object:
        stats = self._stats()
        pods = {r.key: r.pod for r in self._records()}
        return summary(self._node, stats, pods, self._now()) if stats is not None else {}

    def _own_metrics(self) -> list[Family]:
        records = list(self._records())
        states: dict[Labels, float] = {}
        for container in (c for r in records for c in r.containers):
            state = {"running": "running", "terminated": "exited"}.get(container.state, "created")
            states[("container_state", state),] = states.get((("container_state", state),), 0) + 1
        running = sum(r.runs for r in records)
        info: dict[Labels, float] = {(("git_version", GIT_VERSION), ("major", "1"), ("minor", "37")): 1}
        return [
            Family("kubelet_node_name", "gauge", "[ALPHA] The node's name.", {(("node", self._node.name),): 1}),
            Family("kubelet_running_pods", "gauge", "[ALPHA] Number of pods that have a running pod sandbox", {(): running}),
            Family("kubelet_running_containers", "gauge", "[ALPHA] Number of containers currently running", states),
            Family("kubernetes_build_info", "gauge", "[ALPHA] A metric with a constant '1' value labeled by the version.", info),
        ]


_HTML = {"Content-Type": "text/html; charset=utf-8"}


def _pod_list(pods: list[Object]) -> Object:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods}


def _running_pod(record: PodRecord) -> Object:
    meta = {k: record.pod["metadata"][k] for k in ("name", "namespace", "uid")}
    running = [c for c in record.containers if c.state == "running"]
    containers = [{"name": c.name, "image": c.spec["image"], "resources": {}} for c in running]
    return {"metadata": meta, "spec": {"containers": containers}, "status": {}}


def configuration(node: NodeConfig) -> Object:
    """Return the KubeletConfiguration that the simulated kubelet keeps to (kubeadm's, with the defaults it relies on)."""
    return {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "address": "0.0.0.0",
        "port": 10250,
        "authentication": {
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
            "webhook": {"enabled": True, "cacheTTL": "2m0s"},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local",
        "clusterDNS": ["10.96.0.10"],
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "5m0s",
        "nodeLeaseDurationSeconds": 40,
        "evictionHard": {"memory.available": "100Mi"},
        "maxPods": value(node.resources()["pods"]),
        "podPidsLimit": -1,
        "containerLogMaxSize": "1Mi",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
    }


def _cpu(stats: Stats, now: float) -> Object:
    return {"time": rfc3339(now), "usageCoreNanoSeconds": int(stats.cpu * 1e9)}


def _memory(stats: Stats, now: float, capacity: int = 0) -> Object:
    free = {"availableBytes": max(0, capacity - stats.memory)} if capacity else {}
    used = dict.fromkeys(("usageBytes", "workingSetBytes", "rssBytes"), stats.memory)
    return {"time": rfc3339(now), **free, **used}


def summary(node: NodeConfig, stats: NodeStats, pods: dict[str, Object], now: float) -> Object:
    """Return what ``/stats/summary`` says (upstream: k8s.io/kubelet/pkg/apis/stats/v1alpha1); no disks and no network."""
    shown = []
    for key, containers in stats.pods.items():
        meta = pods[key]["metadata"]
        total = Stats(0, sum(c.cpu for c in containers.values()), sum(c.memory for c in containers.values()))
        entries = [
            {"name": name, "startTime": rfc3339(c.started), "cpu": _cpu(c, now), "memory": _memory(c, now)}
            for name, c in containers.items()
        ]
        reference = {k: meta[k] for k in ("name", "namespace", "uid")}
        start = {"startTime": (pods[key].get("status") or {}).get("startTime", rfc3339(now))}
        shown.append(
            {"podRef": reference, **start, "containers": entries, "cpu": _cpu(total, now), "memory": _memory(total, now)}
        )
    capacity = value(node.resources()["memory"])
    own = {"nodeName": node.name, "startTime": rfc3339(stats.node.started), "cpu": _cpu(stats.node, now)}
    return {"node": {**own, "memory": _memory(stats.node, now, capacity)}, "pods": shown}


def _by_container(stats: NodeStats) -> Iterable[tuple[Labels, Stats]]:
    for key, containers in stats.pods.items():
        namespace, _, pod = key.partition("/")
        for name, measured in containers.items():
            yield (("container", name), ("namespace", namespace), ("pod", pod)), measured


def resource_metrics(stats: NodeStats | None) -> list[Family]:
    """Return what ``/metrics/resource`` says, as the metrics server reads it."""
    if stats is None:
        return []
    found = dict(_by_container(stats))
    help_text = "[STABLE] Cumulative cpu time consumed by the node in core-seconds"
    return [
        Family("container_cpu_usage_seconds_total", "counter", _CONTAINER, {k: s.cpu for k, s in found.items()}),
        Family("container_memory_working_set_bytes", "gauge", _MEMORY, {k: s.memory for k, s in found.items()}),
        Family("container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds",
               {k: s.started for k, s in found.items()}),
        Family("node_cpu_usage_seconds_total", "counter", help_text, {(): stats.node.cpu}),
        Family("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes",
               {(): stats.node.memory}),
    ]  # fmt: skip


def cadvisor_metrics(stats: NodeStats | None) -> list[Family]:
    """Return what ``/metrics/cadvisor`` says of CPU and memory."""
    if stats is None:
        return []
    found = dict(_by_container(stats))
    return [
        Family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.",
               {k: s.cpu for k, s in found.items()}),
        Family("container_memory_usage_bytes", "gauge", "Current memory usage in bytes, including all memory.",
               {k: s.memory for k, s in found.items()}),
        Family("container_memory_working_set_bytes", "gauge", "Current working set in bytes.",
               {k: s.memory for k, s in found.items()}),
    ]  # fmt: skip
