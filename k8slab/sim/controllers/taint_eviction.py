"""The taint eviction controller: pods leave nodes whose NoExecute taints they do not tolerate (any longer).

Upstream: k8s.io/kubernetes/pkg/controller/tainteviction. Level-based: the time to go is counted from the taint's
``timeAdded`` (or the pod's creation, if later); hence no event for a cancelled eviction. ``kubectl taint`` writes no
``timeAdded``: then the time is counted from when the controller first saw the taint, as upstream always counts, and anew
after a restart. As kubelets cannot be asked, a pod on a dead node stays Terminating, as it does upstream.
"""

from collections.abc import Iterable

from k8slab.apimachinery.taints import toleration_seconds
from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.nodes import PODS_BY_NODE, pods_by_node

__all__ = ["TaintEvictionController", "eviction_time"]


def eviction_time(pod: Object, taints: Iterable[tuple[Object, float]]) -> float:
    """Return when a pod must leave a node with these NoExecute taints, each with its beginning; infinite if it may stay."""
    tolerations = pod["spec"].get("tolerations") or ()
    created = parse_time(pod["metadata"]["creationTimestamp"])
    ends = (max(begin, created) + toleration_seconds(tolerations, taint) for taint, begin in taints)
    return min(ends, default=float("inf"))


def _no_execute(node: Object | None) -> list[Object]:
    return [t for t in (node or {}).get("spec", {}).get("taints") or () if t["effect"] == "NoExecute"]


class TaintEvictionController(Controller):
    """Deletes pods from tainted nodes when their time is up."""

    name = "taint-eviction-controller"
    account = "node-controller"
    source = "taint-eviction-controller"

    def setup(self) -> None:  # noqa: D102
        self._first_seen: dict[str, dict[tuple[str, str], float]] = {}  # node -> (key, value) of a taint without a time
        self.informer("pods").add_index(PODS_BY_NODE, pods_by_node)
        self.watch("nodes", self._node_changed)
        self.watch("pods", self._pod_changed)

    def _node_changed(self, type: EventType, node: Object, old: Object | None) -> None:
        if type != "DELETED" and _no_execute(node) != _no_execute(old):
            self.queue.add(node["metadata"]["name"])

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        name = pod["spec"].get("nodeName")
        if not name or type == "DELETED":
            return
        placed = (
            old is None or old["spec"].get("nodeName") != name or old["spec"].get("tolerations") != pod["spec"].get("tolerations")
        )
        if placed and _no_execute(self.informer("nodes").get(name)):
            self.queue.add(name)

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        taints = self._dated(key, _no_execute(self.informer("nodes").get(key)))
        if not taints:
            return None
        now, next_time = self.kernel.now(), float("inf")
        for pod in self.informer("pods").by_index(PODS_BY_NODE, key):
            if pods.is_terminating(pod) or pods.is_finished(pod):
                continue
            when = eviction_time(pod, taints)
            if when <= now:
                self._evict(pod)
            else:
                next_time = min(next_time, when)
        return None if next_time == float("inf") else next_time - now

    def _dated(self, node: str, taints: list[Object]) -> list[tuple[Object, float]]:
        """Return taints with their beginnings; remembers when it first saw those that do not say."""
        before, now = self._first_seen.pop(node, {}), self.kernel.now()
        marks = [(taint["key"], taint.get("value") or "") for taint in taints]
        if seen := {mark: before.get(mark, now) for mark, taint in zip(marks, taints, strict=True) if "timeAdded" not in taint}:
            self._first_seen[node] = seen
        return [(t, seen[m] if m in seen else parse_time(t["timeAdded"])) for m, t in zip(marks, taints, strict=True)]

    def _evict(self, pod: Object) -> None:
        meta = pod["metadata"]
        self.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {meta['namespace']}/{meta['name']}")
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastTransitionTime": rfc3339(self.kernel.now()),
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        }
        known = (pod.get("status") or {}).get("conditions") or []
        patch = {"status": {"conditions": conditions.put(known, condition)}}
        try:
            self.client.patch("pods", meta["name"], meta["namespace"], patch, subresource="status")
            self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
        except StatusError as error:
            if error.code != 404:
                raise
