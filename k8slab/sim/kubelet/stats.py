"""What a kubelet measures of its node and the containers on it.

Upstream: pkg/kubelet/server/stats (``/metrics/resource``, ``/stats/summary``). Simplified: the node's own daemons (kubelet,
containerd, kube-proxy) use a constant; no disk and network figures.
"""

from typing import NamedTuple

from k8slab.sim.kubelet.records import PodRecord

__all__ = ["NODE_CPU", "NodeStats", "Stats", "node_memory", "pod_stats"]

NODE_CPU = 0.03  #: cores that the node's own daemons use
_NODE_MEMORY = 256 << 20  #: bytes that they use, if the node is not very small


class Stats(NamedTuple):
    """One measurement: when what is measured started, CPU seconds since then, bytes of memory."""

    started: float
    cpu: float
    memory: int


class NodeStats(NamedTuple):
    """A node, and its running containers by "namespace/pod" and name."""

    node: Stats
    pods: dict[str, dict[str, Stats]]


def node_memory(capacity: int) -> int:
    """Return the bytes that the node's own daemons use.

    >>> node_memory(8 << 30) >> 20, node_memory(512 << 20) >> 20
    (256, 64)
    """
    return min(_NODE_MEMORY, capacity // 8)


def pod_stats(record: PodRecord) -> dict[str, Stats]:
    """Measure the running containers of a pod."""
    return {
        c.name: Stats(c.container.started_at, c.container.cpu.used(), c.container.memory)
        for c in record.containers
        if c.container is not None and c.state == "running"
    }
