"""The ReplicaSet controller: as many active pods as ``spec.replicas`` says.

Upstream: k8s.io/kubernetes/pkg/controller/replicaset/replica_set.go. Simpler than upstream: no expectations (see
`base`), and at most `BURST` pods are created or deleted before other work of the cluster gets its turn (upstream: 500).
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from k8slab.apimachinery.labels import Selector, matches, selector_of
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, controller_of, key_of, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller, asks_anew, settle, terminating_namespace
from k8slab.sim.controllers.ownership import NOTHING, add_controller_index, claim, controller_reference, owned_by

__all__ = ["BURST", "ReplicaSetController", "slow_start", "status_of"]

BURST = 100


def slow_start(count: int, action: Callable[[], object]) -> tuple[int, StatusError | None]:
    """Do something ``count`` times in batches of 1, 2, 4 ...; a batch with an error is the last one.

    So a quota that refuses every pod is asked once, not a thousand times.

    Returns
    -------
    tuple
        How often it went well, and the first error if there was one.
    """
    done, batch = 0, 1
    while count > 0:
        size, first_error = min(batch, count), None
        for _ in range(size):
            try:
                action()
                done += 1
            except StatusError as error:
                first_error = first_error or error
        if first_error:
            return done, first_error
        count -= size
        batch *= 2
    return done, None


def status_of(owner: Object, own: Sequence[Object], now: float) -> Object:
    """Return the counts of a ReplicaSet's status, zeros left out as Go does, conditions as they were."""
    template_labels = ((owner["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    minimum = owner["spec"].get("minReadySeconds", 0)
    active = [p for p in own if pods.is_active(p)]
    ready = [p for p in active if pods.is_ready(p)]
    labelled = sum(1 for p in active if template_labels.items() <= labels(p).items())
    available = len(ready) if not minimum else sum(1 for p in ready if pods.is_available(p, minimum, now))
    counts = {"fullyLabeledReplicas": labelled, "readyReplicas": len(ready), "availableReplicas": available}
    status: Object = {"replicas": len(active), **{k: v for k, v in counts.items() if v}}
    if owner["kind"] == "ReplicaSet":
        status["terminatingReplicas"] = sum(1 for p in own if pods.is_terminating(p) and not pods.is_finished(p))
    if owner["metadata"].get("generation"):
        status["observedGeneration"] = owner["metadata"]["generation"]
    if (owner.get("status") or {}).get("conditions"):
        status["conditions"] = owner["status"]["conditions"]
    return status


def _with_failure(status: Object, error: StatusError | None, creating: bool, now: float) -> Object:
    """Add or remove the ReplicaFailure condition."""
    known = status.get("conditions") or []
    if error is None:
        after = conditions.without(known, "ReplicaFailure")
    elif conditions.find(known, "ReplicaFailure"):
        return status
    else:
        reason = "FailedCreate" if creating else "FailedDelete"
        condition = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": rfc3339(now)}
        after = [*known, {**condition, "reason": reason, "message": error.message}]
    return {**{k: v for k, v in status.items() if k != "conditions"}, **({"conditions": after} if after else {})}


class ReplicaSetController(Controller):
    """Creates and deletes pods until the active ones are as many as wanted."""

    name = "replicaset-controller"
    account = "replicaset-controller"
    resource: ClassVar[str] = "replicasets.apps"
    api_version: ClassVar[str] = "apps/v1"
    kind: ClassVar[str] = "ReplicaSet"

    def selector(self, owner: Object) -> Selector:
        """Return what pods the owner wants to control."""
        return selector_of(owner["spec"].get("selector")) or NOTHING

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer("pods"))
        add_controller_index(self.informer(self.resource))
        self.watch(self.resource, self._owner_changed)
        self.watch("pods", self._pod_changed)

    def _owner_changed(self, type: EventType, owner: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or asks_anew(owner, old)):
            self.queue.add(key_of(owner))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        controller = controller_of(pod)
        before = controller_of(old) if old is not None else None
        if before is not None and before["kind"] == self.kind and (controller is None or before["uid"] != controller["uid"]):
            self._enqueue(pod, before)
        if controller is not None:
            if controller["kind"] == self.kind:
                self._enqueue(pod, controller)
        elif type != "DELETED" and (old is None or before is not None or labels(pod) != labels(old)):
            for owner in self.informer(self.resource).list(pod["metadata"]["namespace"]):
                if matches(self.selector(owner), labels(pod)):
                    self.queue.add(key_of(owner))

    def _enqueue(self, pod: Object, controller: Object) -> None:
        namespace = pod["metadata"]["namespace"]
        key = f"{namespace}/{controller['name']}"
        if key in self.queue:
            return
        owner = self.informer(self.resource).get(controller["name"], namespace)
        if owner is not None and owner["metadata"]["uid"] == controller["uid"]:
            self.queue.add_after(key, settle(owner["spec"].get("replicas", 1)))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        owner = self.informer(self.resource).get(name, namespace)
        if owner is None:
            return None
        reference = controller_reference(self.api_version, self.kind, owner)
        own = claim(self.client, self.informer("pods"), "pods", owner, reference, self.selector(owner), pods.is_active)
        active = [p for p in own if pods.is_active(p)]
        missing = owner["spec"].get("replicas", 1) - len(active)
        done, error = 0, None
        if missing and "deletionTimestamp" not in owner["metadata"]:
            done, error = self._create(owner, reference, missing) if missing > 0 else self._delete(owner, active, -missing)
        self._update_status(key, error, missing > 0)
        if error is not None:
            raise error
        return 0.0 if 0 < done < abs(missing) else self._next_available(owner, own)

    def _create(self, owner: Object, reference: Object, count: int) -> tuple[int, StatusError | None]:
        def create() -> None:
            pod = pods.from_template(owner["spec"]["template"], owner, reference)
            try:
                made = self.client.create("pods", pod)
            except StatusError as error:
                if not terminating_namespace(error):
                    self.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
                raise
            self.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")

        done, error = slow_start(min(count, BURST), create)
        return (0, None) if error is not None and terminating_namespace(error) else (done, error)

    def _delete(self, owner: Object, active: list[Object], count: int) -> tuple[int, StatusError | None]:
        done, first_error = 0, None
        for pod in pods.by_deletion_preference(active, self._ranks(owner), self.kernel.now())[: min(count, BURST)]:
            meta = pod["metadata"]
            try:
                self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
            except StatusError as error:
                if error.code != 404:
                    self.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
                    first_error = first_error or error
            else:
                done += 1
                self.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {meta['name']}")
        return done, first_error

    def _ranks(self, owner: Object) -> dict[str, int]:
        """Count, per node, the active pods of all sets under the same controller."""
        controller = controller_of(owner)
        related = owned_by(self.informer(self.resource), controller["uid"]) if controller else [owner]
        ranks: dict[str, int] = {}
        for relative in related:
            for pod in owned_by(self.informer("pods"), relative["metadata"]["uid"]):
                node = pod["spec"].get("nodeName")
                if node and pods.is_active(pod):
                    ranks[node] = ranks.get(node, 0) + 1
        return ranks

    def _update_status(self, key: str, error: StatusError | None, creating: bool) -> None:
        namespace, name = split_key(key)
        owner = self.informer(self.resource).get(name, namespace)
        if owner is None:
            return
        now = self.kernel.now()
        own = owned_by(self.informer("pods"), owner["metadata"]["uid"])
        status = _with_failure(status_of(owner, own, now), error, creating, now)
        if status != owner.get("status"):
            self.client.update(self.resource, {**owner, "status": status}, subresource="status")

    def _next_available(self, owner: Object, own: Sequence[Object]) -> float | None:
        minimum = owner["spec"].get("minReadySeconds", 0)
        if not minimum:
            return None
        now = self.kernel.now()
        waits = [w for p in own if pods.is_active(p) and (w := pods.seconds_until_available(p, minimum, now))]
        return min(waits, default=None)
