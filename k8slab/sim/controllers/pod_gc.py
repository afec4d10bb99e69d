"""The pod garbage collector: pods nobody else will ever clean up.

Upstream: k8s.io/kubernetes/pkg/controller/podgc. Four kinds: pods of nodes that are gone (after 40 s of quarantine),
terminating pods that never got a node, terminating pods on nodes tainted out-of-service, and ended pods beyond 12,500.
Keys of the queue are node names ("" for the rest).
"""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.nodes import PODS_BY_NODE, pods_by_node, ready_status

__all__ = ["CHECK_PERIOD", "QUARANTINE", "TERMINATED_THRESHOLD", "PodGarbageCollector"]

CHECK_PERIOD = 20.0
QUARANTINE = 40.0
TERMINATED_THRESHOLD = 12500
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_INDEX = "pods-for-collection"


def _collectable(pod: Object) -> tuple[str, ...]:
    if pods.is_finished(pod):
        return ("ended",)
    return ("unscheduled",) if pods.is_terminating(pod) and not pod["spec"].get("nodeName") else ()


class PodGarbageCollector(Controller):
    """Deletes orphaned, stuck and surplus pods by force."""

    name = "pod-garbage-collector-controller"
    account = "pod-garbage-collector"

    def setup(self) -> None:  # noqa: D102
        self.informer("pods").add_index(PODS_BY_NODE, pods_by_node)
        self.informer("pods").add_index(_INDEX, _collectable)
        self.watch("nodes", self._node_changed)
        self.watch("pods", self._pod_changed)
        self.every(CHECK_PERIOD, lambda: self.queue.add(""))

    def _node_changed(self, type: EventType, node: Object, old: Object | None) -> None:
        name = node["metadata"]["name"]
        if type == "DELETED":
            self.queue.add_after(name, QUARANTINE)
        elif _is_out_of_service(node):
            self.queue.add(name)

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        name = pod["spec"].get("nodeName")
        if type == "DELETED" or not name or (old is not None and old["spec"].get("nodeName") == name):
            return
        if self.informer("nodes").get(name) is None:
            self.queue.add_after(name, QUARANTINE)

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        if not key:
            self._collect_surplus()
            return None
        node = self.informer("nodes").get(key)
        for pod in self.informer("pods").by_index(PODS_BY_NODE, key):
            if node is None:
                self._fail_and_delete(pod, "DeletionByPodGC", "PodGC: node no longer exists")
            elif _is_out_of_service(node) and ready_status(node) != "True" and pods.is_terminating(pod):
                self._fail_and_delete(pod, "", "")
        return None

    def _collect_surplus(self) -> None:
        for pod in self.informer("pods").by_index(_INDEX, "unscheduled"):
            self._delete(pod)
        ended = self.informer("pods").by_index(_INDEX, "ended")
        surplus = len(ended) - TERMINATED_THRESHOLD
        if surplus > 0:
            ended.sort(key=lambda pod: (str(pod["metadata"]["creationTimestamp"]), str(pod["metadata"]["name"])))
            for pod in ended[:surplus]:
                self._delete(pod)

    def _fail_and_delete(self, pod: Object, reason: str, message: str) -> None:
        """Say that the pod has failed, so that its controller replaces it, and remove it."""
        if not pods.is_finished(pod):
            status: Object = {"phase": "Failed"}
            if reason:
                stamp = rfc3339(self.kernel.now())
                text = {"lastTransitionTime": stamp, "reason": reason, "message": message}
                known = (pod.get("status") or {}).get("conditions") or []
                status["conditions"] = conditions.put(known, {"type": "DisruptionTarget", "status": "True", **text})
            meta = pod["metadata"]
            self.client.patch("pods", meta["name"], meta["namespace"], {"status": status}, subresource="status")
        self._delete(pod)

    def _delete(self, pod: Object) -> None:
        meta = pod["metadata"]
        try:
            self.client.delete("pods", meta["name"], meta["namespace"], grace_period=0, uid=meta["uid"])
        except StatusError as error:
            if error.code != 404:
                raise


def _is_out_of_service(node: Object) -> bool:
    return any(taint["key"] == _OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
