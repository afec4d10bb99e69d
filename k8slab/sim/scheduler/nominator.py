"""Pods that wait for a node on which others were preempted for them.

Upstream: pkg/scheduler/backend/queue/nominator.go. While they wait, pods of lower or equal priority must not take the place.
"""

from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["Nominator"]


class Nominator:
    """Who is nominated to which node."""

    def __init__(self) -> None:
        self._by_node: dict[str, dict[str, PodInfo]] = {}
        self._node_of: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._node_of)

    @property
    def nodes(self) -> list[str]:
        """Nodes that somebody is nominated to."""
        return list(self._by_node)

    def on(self, node: str) -> list[PodInfo]:
        """Return the pods nominated to a node."""
        return list(self._by_node.get(node, {}).values())

    def node_of(self, uid: str) -> str:
        """Return the node a pod is nominated to, "" if it is not."""
        return self._node_of.get(uid, "")

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Nominate a pod, to a new node if need be; "" ends its nomination."""
        self.remove(pod.uid)
        if node:
            self._by_node.setdefault(node, {})[pod.uid] = pod
            self._node_of[pod.uid] = node

    def remove(self, uid: str) -> None:
        """End a nomination; none is fine."""
        node = self._node_of.pop(uid, None)
        if node is not None:
            self._by_node[node].pop(uid)
            if not self._by_node[node]:
                del self._by_node[node]
