"""The DaemonSet controller: one pod on every node that fits.

Upstream: k8s.io/kubernetes/pkg/controller/daemon. The scheduler binds the pods; an affinity to the node's name says which
node each is for. Simplified: failed pods are replaced at most once a second per set instead of with a back-off per node.
"""

from k8slab.apimachinery.labels import selector_of
from k8slab.apimachinery.types import Object, controller_of, key_of, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import daemonset_plan, history, pods
from k8slab.sim.controllers.base import Controller, asks_anew, settle, terminating_namespace
from k8slab.sim.controllers.ownership import NOTHING, add_controller_index, claim, controller_reference, owned_by
from k8slab.sim.controllers.replicaset import BURST, slow_start

__all__ = ["DaemonSetController"]

_SETS = "daemonsets.apps"
_FAILED_DELAY = 1.0


class DaemonSetController(Controller):
    """Puts a pod on each node, and replaces old ones as the update strategy says."""

    name = "daemonset-controller"
    account = "daemon-set-controller"
    source = "daemonset-controller"

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer("pods"))
        add_controller_index(self.informer(history.REVISIONS))
        self.watch(_SETS, self._set_changed)
        self.watch("pods", self._pod_changed)
        self.watch("nodes", self._node_changed)

    def _set_changed(self, type: EventType, daemonset: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or asks_anew(daemonset, old)):
            self.queue.add(key_of(daemonset))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        controller = controller_of(pod)
        if controller is None or controller["kind"] != "DaemonSet":
            return
        key = f"{pod['metadata']['namespace']}/{controller['name']}"
        if key not in self.queue and self.informer(_SETS).get(controller["name"], pod["metadata"]["namespace"]):
            self.queue.add_after(key, settle(len(self.informer("nodes").list())))

    def _node_changed(self, type: EventType, node: Object, old: Object | None) -> None:
        if old is not None and type == "MODIFIED" and _placing(node) == _placing(old):
            return
        for daemonset in self.informer(_SETS).list():
            spec, key = daemonset["spec"]["template"]["spec"], key_of(daemonset)
            if type == "MODIFIED" and old is not None:
                matters = daemonset_plan.should_run(spec, node) != daemonset_plan.should_run(spec, old)
            else:
                matters = type == "DELETED" or daemonset_plan.should_run(spec, node)[0]
            if matters and key not in self.queue:
                self.queue.add_after(key, settle(len(self.informer("nodes").list())))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        daemonset = self.informer(_SETS).get(name, namespace)
        if daemonset is None:
            return None
        reference = controller_reference("apps/v1", "DaemonSet", daemonset)
        known = history.revisions_of(self, daemonset, reference)
        collisions = (daemonset.get("status") or {}).get("collisionCount") or 0
        revision = history.sync(self, daemonset, reference, known, daemonset_plan.HASH, collisions)
        if revision is None:
            status = {**(daemonset.get("status") or {}), "collisionCount": collisions + 1}
            self.client.update(_SETS, {**daemonset, "status": status}, "status")
            return 0.0
        digest = labels(revision)[daemonset_plan.HASH]
        again = None
        if "deletionTimestamp" not in daemonset["metadata"]:
            again = self._manage(daemonset, reference, digest)
            self._forget(daemonset, known, digest)
        return self._write_status(daemonset, digest) if again is None else again

    def _own(self, daemonset: Object, reference: Object) -> list[Object]:
        selector = selector_of(daemonset["spec"].get("selector")) or NOTHING
        return claim(self.client, self.informer("pods"), "pods", daemonset, reference, selector)

    def _manage(self, daemonset: Object, reference: Object, digest: str) -> float | None:
        nodes, own = self.informer("nodes").list(), self._own(daemonset, reference)
        plan = daemonset_plan.place(daemonset, nodes, own, digest, self.kernel.now())
        for pod in plan.failed:
            text = f"Found failed daemon pod {key_of(pod)} on node {daemonset_plan.node_of(pod)}, will try to kill it"
            self.event(daemonset, "Warning", "FailedDaemonPod", text)
        for pod in [*plan.delete, *plan.failed]:
            self._delete(daemonset, pod)
        again = self._create(daemonset, reference, plan.create_on, digest)
        rolls = (daemonset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
        if not plan.create_on and not plan.delete and rolls:
            again = self._roll(daemonset, reference, nodes, own, digest) or again
        return _FAILED_DELAY if plan.failed else again

    def _roll(self, daemonset: Object, reference: Object, nodes: list[Object], own: list[Object], digest: str) -> float | None:
        """Go on with an update: new pods beside old ones with maxSurge, else old ones go first."""
        now = self.kernel.now()
        if daemonset_plan.max_surge(daemonset, len(nodes)):
            return self._create(daemonset, reference, daemonset_plan.surging(daemonset, nodes, own, digest, now), digest)
        for pod in daemonset_plan.outdated(daemonset, nodes, own, digest, now):
            self._delete(daemonset, pod)
        return None

    def _create(self, daemonset: Object, reference: Object, nodes: list[str], digest: str) -> float | None:
        left = iter(nodes)

        def create() -> None:
            try:
                made = self.client.create("pods", daemonset_plan.make_pod(daemonset, reference, next(left), digest))
            except StatusError as error:
                if not terminating_namespace(error):
                    self.event(daemonset, "Warning", "FailedCreate", f"Error creating: {error.message}")
                raise
            self.event(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")

        done, error = slow_start(min(BURST, len(nodes)), create)
        if error is not None and not terminating_namespace(error):
            raise error
        return 0.0 if 0 < done < len(nodes) else None

    def _delete(self, daemonset: Object, pod: Object) -> None:
        meta = pod["metadata"]
        try:
            self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
        except StatusError as error:
            if error.code != 404:
                raise
        else:
            self.event(daemonset, "Normal", "SuccessfulDelete", f"Deleted pod: {meta['name']}")

    def _forget(self, daemonset: Object, known: list[Object], digest: str) -> None:
        own = owned_by(self.informer("pods"), daemonset["metadata"]["uid"])
        live = {digest, *(labels(p).get(daemonset_plan.HASH, "") for p in own)}
        limit = daemonset["spec"].get("revisionHistoryLimit", 10)
        for revision in history.forgettable(known, live, daemonset_plan.HASH, limit):
            self.client.delete(history.REVISIONS, revision["metadata"]["name"], revision["metadata"]["namespace"])

    def _write_status(self, daemonset: Object, digest: str) -> float | None:
        nodes, own = self.informer("nodes").list(), owned_by(self.informer("pods"), daemonset["metadata"]["uid"])
        now, minimum = self.kernel.now(), daemonset["spec"].get("minReadySeconds", 0)
        status = daemonset_plan.status_of(daemonset, nodes, own, digest, now)
        if status != daemonset.get("status"):
            self.client.update(_SETS, {**daemonset, "status": status}, "status")
        waits = [w for p in own if (w := pods.seconds_until_available(p, minimum, now))]
        return min(waits, default=None)


def _placing(node: Object) -> object:
    """What of a node decides about daemon pods."""
    return labels(node), node["spec"].get("taints")
