"""The node lifecycle controller: notices silent nodes, says so, and taints them until their pods go elsewhere.

Upstream: k8s.io/kubernetes/pkg/controller/nodelifecycle. A node is silent when neither its lease nor its status was
renewed for 50 s (the default since 1.32; 40 s before). Simpler: heartbeats are compared with the cluster's one clock
instead of being timed on arrival; the pace of evictions is one node per interval and zone, without upstream's queue; pods
lose their Ready condition when their node is Unknown, not when a living kubelet reports not ready.
"""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.nodes import (
    NO_EXECUTE,
    PODS_BY_NODE,
    ZoneState,
    eviction_interval,
    last_heard,
    pods_by_node,
    ready_status,
    silent_conditions,
    with_schedule_taints,
    without_taints,
    zone_of,
    zone_state,
)

__all__ = ["GRACE_PERIOD", "MONITOR_PERIOD", "NodeLifecycleController"]

MONITOR_PERIOD = 5.0
GRACE_PERIOD = 50.0
STARTUP_GRACE_PERIOD = 60.0
_LEASES, _LEASE_NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"


class NodeLifecycleController(Controller):
    """Watches the nodes' signs of life."""

    name = "node-lifecycle-controller"
    account = "node-controller"

    def setup(self) -> None:  # noqa: D102
        self._since = self.kernel.now()
        self._surveyed: dict[str, tuple[ZoneState, int]] | None = None
        self._next_eviction: dict[str, float] = {}
        self.informer(_LEASES)
        self.informer("pods").add_index(PODS_BY_NODE, pods_by_node)
        self.watch("nodes", self._node_changed)
        self.every(MONITOR_PERIOD, self._monitor)

    def _node_changed(self, type: EventType, node: Object, old: Object | None) -> None:
        name = node["metadata"]["name"]
        if type == "DELETED" or old is None or ready_status(old) != ready_status(node):
            self._surveyed = None
        if type == "ADDED":
            self.event(node, "Normal", "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller")
        elif type == "DELETED":
            self.event(node, "Normal", "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")
            return
        if old is not None and ready_status(old) == "True" != ready_status(node):
            self.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        if old is None or _told(old) != _told(node):
            self.queue.add(name)

    def _monitor(self) -> None:
        """Look at every node that is silent or not well."""
        for node in self.informer("nodes").list():
            if ready_status(node) != "True" or self._is_silent(node):
                self.queue.add(node["metadata"]["name"])

    @property
    def _zones(self) -> dict[str, tuple[ZoneState, int]]:
        """State and size of each zone, counted anew only when a node has changed."""
        if self._surveyed is None:
            counts: dict[str, list[int]] = {}
            for node in self.informer("nodes").list():
                counts.setdefault(zone_of(node), [0, 0])[ready_status(node) != "True"] += 1
            self._surveyed = {zone: (zone_state(*pair), sum(pair)) for zone, pair in counts.items()}
        return self._surveyed

    def _is_silent(self, node: Object) -> bool:
        lease = self.informer(_LEASES).get(node["metadata"]["name"], _LEASE_NAMESPACE)
        grace = STARTUP_GRACE_PERIOD if ready_status(node) is None else GRACE_PERIOD
        return self.kernel.now() > last_heard(node, lease, self._since) + grace

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        node = self.informer("nodes").get(key)
        if node is None:
            return None
        now = self.kernel.now()
        if self._is_silent(node):
            judged = silent_conditions(node, now)
            if judged != (node.get("status") or {}).get("conditions"):
                node = self.client.update(
                    "nodes", {**node, "status": {**(node.get("status") or {}), "conditions": judged}}, "status"
                )
        if ready_status(node) == "Unknown":
            self._mark_pods_not_ready(node)
        taints, again = self._evict(node, with_schedule_taints(node, now))
        if taints != (node["spec"].get("taints") or []):
            meta = node["metadata"]
            patch = {"metadata": {"resourceVersion": meta["resourceVersion"]}, "spec": {"taints": taints or None}}
            self.client.patch("nodes", meta["name"], "", patch)
        return again

    def _evict(self, node: Object, taints: list[Object]) -> tuple[list[Object], float | None]:
        """Return the taints with the NoExecute one that the node's state asks for, and when to look again."""
        status = ready_status(node)
        key = NO_EXECUTE.get(status or "")
        others = without_taints(taints, [k for k in NO_EXECUTE.values() if k != key])
        if key is None or all(state == "FullDisruption" for state, _ in self._zones.values()):
            return without_taints(taints, NO_EXECUTE.values()), None  # if every node is gone, the fault is probably ours
        if any(t["key"] == key and t["effect"] == "NoExecute" for t in taints):
            return others, None
        taint = {"key": key, "effect": "NoExecute", "timeAdded": rfc3339(self.kernel.now())}
        if others != taints:
            return [*others, taint], None  # from one reason to the other: it was the node's turn already
        wait = self._wait_for_turn(zone_of(node))
        return (taints, wait) if wait is None or wait > 0 else ([*others, taint], None)

    def _wait_for_turn(self, zone: str) -> float | None:
        """Return how long a node of a zone must wait for its eviction; 0 takes the turn, None: not now."""
        interval = eviction_interval(*self._zones.get(zone, ("Normal", 1)))
        if interval is None:
            return None
        now = self.kernel.now()
        wait = self._next_eviction.get(zone, now) - now
        if wait > 0:
            return wait
        self._next_eviction[zone] = now + interval
        return 0.0

    def _mark_pods_not_ready(self, node: Object) -> None:
        for pod in self.informer("pods").by_index(PODS_BY_NODE, node["metadata"]["name"]):
            if not pods.is_ready(pod):
                continue
            known = pod["status"]["conditions"]
            ready = conditions.find(known, "Ready") or {}
            not_ready = {**ready, "status": "False", "lastTransitionTime": rfc3339(self.kernel.now())}
            patch = {"status": {"conditions": [not_ready if c is ready else c for c in known]}}
            meta = pod["metadata"]
            self.event(pod, "Warning", "NodeNotReady", "Node is not ready")
            try:
                self.client.patch("pods", meta["name"], meta["namespace"], patch, subresource="status")
            except StatusError as error:
                if error.code != 404:
                    raise


def _told(node: Object) -> object:
    """What of a node decides about its taints."""
    states = {c["type"]: c["status"] for c in (node.get("status") or {}).get("conditions") or ()}
    return states, node["spec"].get("taints"), node["spec"].get("unschedulable")
