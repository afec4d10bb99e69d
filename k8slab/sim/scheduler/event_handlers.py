"""What the informers tell: into the cache, into the queue, and as events to the pods that wait.

Upstream: pkg/scheduler/eventhandlers.go.
"""

from collections.abc import Callable
from functools import partial

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client, EventType, Handler
from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.events import ClusterEvent, node_changes, pod_changes
from k8slab.sim.scheduler.interface import Handle
from k8slab.sim.scheduler.nominator import Nominator
from k8slab.sim.scheduler.plugins.topology_constraints import selector_changed
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.queue import SchedulingQueue

__all__ = ["DEFAULT_SCHEDULER", "LISTED", "EventHandlers"]

#: Pods that name another ``schedulerName`` are left alone.
DEFAULT_SCHEDULER = "default-scheduler"

#: Resources that may let a waiting pod in -> their name in events.
_STORAGE = {
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "persistentvolumes": "PersistentVolume",
    "storageclasses.storage.k8s.io": "StorageClass",
    "csinodes.storage.k8s.io": "CSINode",
}
_SELECTING = ("services", "replicationcontrollers", "replicasets.apps", "statefulsets.apps")

#: What plugins read besides nodes and pods.
LISTED = (*_STORAGE, *_SELECTING, "namespaces", "poddisruptionbudgets.policy")


class EventHandlers:
    """The handlers of all informers.

    Parameters
    ----------
    handle, cache, queue, nominator
        What they keep up to date.
    on_gone
        Told when a pod is deleted or finished, by uid.
    on_storage
        Told when anything about volumes changed.
    """

    def __init__(
        self,
        handle: Handle,
        cache: Cache,
        queue: SchedulingQueue,
        nominator: Nominator,
        *,
        on_gone: Callable[[str], object],
        on_storage: Callable[[], object],
    ) -> None:
        self._handle, self._cache, self._queue, self._nominator = handle, cache, queue, nominator
        self._on_gone, self._on_storage = on_gone, on_storage
        self._ends: list[Callable[[], None]] = []

    def subscribe(self, client: Client) -> None:
        """Begin to listen; nodes come first, so that pods find theirs."""
        handlers: dict[str, Handler] = {"nodes": self._node, "pods": self._pod}
        handlers |= dict.fromkeys(_SELECTING, self._selecting)
        handlers |= {resource: partial(self._storage, name) for resource, name in _STORAGE.items()}
        self._ends = [client.informer(resource).subscribe(handler) for resource, handler in handlers.items()]

    def close(self) -> None:
        """Stop listening."""
        for end in self._ends:
            end()
        self._ends = []

    def _node(self, type: EventType, obj: Object, old: Object | None) -> None:
        if type == "DELETED":
            self._cache.remove_node(obj["metadata"]["name"])
            self._queue.happened(ClusterEvent("Node", frozenset(("Delete",)), obj))
            return
        known = self._cache.node(obj["metadata"]["name"])
        before = known.node if known else None
        self._cache.set_node(obj)
        changes = frozenset(("Add",)) if before is None else node_changes(before, obj)
        if changes:
            self._queue.happened(ClusterEvent("Node", changes, before, obj))

    def _pod(self, type: EventType, obj: Object, old: Object | None) -> None:
        uid, spec = obj["metadata"]["uid"], obj["spec"]
        if type == "DELETED" or (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            self._pod_over(uid, obj)
        elif spec.get("nodeName"):
            self._pod_assigned(uid, obj)
        elif self._cache.pod(uid) is not None:
            return  # an assumed pod, as it was before its binding
        elif (spec.get("schedulerName") or DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER:
            self._queue.update(obj)
            nominated = (obj.get("status") or {}).get("nominatedNodeName") or ""
            if nominated or self._nominator:
                self._nominator.nominate(PodInfo(obj), nominated)

    def _pod_over(self, uid: str, obj: Object) -> None:
        known, nominated = self._cache.pod(uid), self._nominator.node_of(uid)
        self._on_gone(uid)
        self._queue.delete(uid)
        self._nominator.remove(uid)
        self._cache.remove_pod(uid)
        if known is not None or nominated:
            before = known.obj if known else obj
            self._queue.happened(ClusterEvent("AssignedPod", frozenset(("Delete",)), before))

    def _pod_assigned(self, uid: str, obj: Object) -> None:
        known = self._cache.pod(uid)
        before = known.obj if known else None
        self._cache.update_pod(obj)
        if before is None or not before["spec"].get("nodeName"):
            self._queue.delete(uid)
            self._nominator.remove(uid)
            self._queue.happened(ClusterEvent("AssignedPod", frozenset(("Add",)), None, obj))
        elif changes := pod_changes(before, obj):
            self._queue.happened(ClusterEvent("AssignedPod", changes, before, obj))

    def _selecting(self, type: EventType, obj: Object, old: Object | None) -> None:
        if selector_changed(old, None if type == "DELETED" else obj):
            self._handle.selectors_epoch += 1

    def _storage(self, name: str, type: EventType, obj: Object, old: Object | None) -> None:
        action = {"ADDED": "Add", "MODIFIED": "Update", "DELETED": "Delete"}[type]
        self._queue.happened(ClusterEvent(name, frozenset((action,)), old, obj))
        self._on_storage()
