"""The shell of the Deployment controller: looks at the sets, lets the pure parts decide, writes.

Upstream: k8s.io/kubernetes/pkg/controller/deployment/{deployment_controller,sync,rolling,recreate}.go. Left out: the
rollback annotation of extensions/v1beta1 (kubectl rolls back by patching the template).
"""

from collections.abc import Sequence
from typing import Any

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, annotations, controller_of, key_of, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller, asks_anew, terminating_namespace
from k8slab.sim.controllers.deployment import revisions, rolling, status
from k8slab.sim.controllers.ownership import NOTHING, add_controller_index, claim, controller_reference, owned_by

__all__ = ["DeploymentController"]

_DEPLOYMENTS, _SETS = "deployments.apps", "replicasets.apps"


class DeploymentController(Controller):
    """Rolls ReplicaSets forward until the one with the current template has all the replicas."""

    name = "deployment-controller"
    account = "deployment-controller"

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer(_SETS))
        add_controller_index(self.informer("pods"))
        self.watch(_DEPLOYMENTS, self._deployment_changed)
        self.watch(_SETS, self._set_changed)
        self.watch("pods", self._pod_changed)

    def _deployment_changed(self, type: EventType, deployment: Object, old: Object | None) -> None:
        news = old is None or asks_anew(deployment, old) or annotations(deployment) != annotations(old)
        if type != "DELETED" and news:
            self.queue.add(key_of(deployment))

    def _set_changed(self, type: EventType, replica_set: Object, old: Object | None) -> None:
        namespace = replica_set["metadata"]["namespace"]
        owners = {
            ref["name"] for obj in (replica_set, old) if obj and (ref := controller_of(obj)) and ref["kind"] == "Deployment"
        }
        for name in sorted(owners):
            self.queue.add(f"{namespace}/{name}")
        if type != "DELETED" and controller_of(replica_set) is None:
            for deployment in self.informer(_DEPLOYMENTS).list(namespace):
                if matches(_selector(deployment), labels(replica_set)):
                    self.queue.add(key_of(deployment))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        """Recreate waits for the last old pod to be gone; nobody else needs to know of single pods."""
        if type != "DELETED":
            return
        set_ref = controller_of(pod)
        if set_ref is None or set_ref["kind"] != "ReplicaSet":
            return
        namespace = pod["metadata"]["namespace"]
        replica_set = self.informer(_SETS).get(set_ref["name"], namespace)
        owner = controller_of(replica_set) if replica_set else None
        if owner is not None and owner["kind"] == "Deployment":
            deployment = self.informer(_DEPLOYMENTS).get(owner["name"], namespace)
            if deployment is not None and (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
                self.queue.add(f"{namespace}/{owner['name']}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        deployment = self.informer(_DEPLOYMENTS).get(name, namespace)
        if deployment is None:
            return None
        if not deployment["spec"].get("selector"):
            text = "This deployment is selecting all pods. A non-empty selector is required."
            self.event(deployment, "Warning", "SelectingAll", text)
            return None
        return _Rollout(self, deployment).step()


def _selector(deployment: Object) -> Any:
    return selector_of(deployment["spec"].get("selector")) or NOTHING


class _Rollout:
    """One reconciliation of one Deployment: its sets as they are now, and the writes."""

    def __init__(self, controller: DeploymentController, deployment: Object) -> None:
        self.controller, self.client, self.now = controller, controller.client, controller.kernel.now()
        self.deployment = deployment
        self.reference = controller_reference("apps/v1", "Deployment", deployment)
        self.sets: list[Object] = claim(
            self.client, controller.informer(_SETS), _SETS, deployment, self.reference, _selector(deployment)
        )

    @property
    def new(self) -> Object | None:
        """The set with the current template."""
        return revisions.find_new(self.deployment, self.sets)

    @property
    def old(self) -> list[Object]:
        """The other sets."""
        new = self.new
        return [s for s in self.sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]

    def step(self) -> float | None:
        """Take the next step of the rollout and say how it stands."""
        if "deletionTimestamp" in self.deployment["metadata"]:
            return self._write_status(status.with_counts(self.deployment, self.sets, self.new, self.now))
        self._note_pause()
        paused = self.deployment["spec"].get("paused", False)
        if paused or rolling.needs_scaling(self.deployment, self.sets):
            return self._resize(paused)
        if (self.deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            self._recreate()
        else:
            self._roll()
        return self._write_status(status.rollout_status(self.deployment, self.sets, self.new, self.now))

    def _resize(self, paused: bool) -> float | None:
        self._sync_new()
        self._scale(rolling.plan_scale(self.deployment, self.new, self.old))
        if paused:
            self._clean_up()
        return self._write_status(status.with_counts(self.deployment, self.sets, self.new, self.now))

    def _roll(self) -> None:
        new = self._sync_new() or self._create_new()
        change = rolling.plan_new(self.deployment, self.sets, new)
        plan = [change] if change else rolling.plan_old(self.deployment, self.sets, new, self.old)
        self._scale(plan)
        if not plan and status.complete(self.deployment, self.deployment.get("status") or {}):
            self._clean_up()

    def _recreate(self) -> None:
        new = self._sync_new()
        if old := rolling.active(self.old):
            self._scale([rolling.Scale(s, 0) for s in old])
            return
        if self._old_pods_running():
            return
        new = new or self._create_new()
        change = rolling.plan_new(self.deployment, self.sets, new)
        self._scale([change] if change else [])
        if status.complete(self.deployment, self.deployment.get("status") or {}):
            self._clean_up()

    def _old_pods_running(self) -> bool:
        informer = self.controller.informer("pods")
        counted = any((s.get("status") or {}).get("replicas", 0) > 0 for s in self.old)
        return counted or any(not pods.is_finished(p) for s in self.old for p in owned_by(informer, s["metadata"]["uid"]))

    # --- writes; each keeps self.deployment and self.sets as the store has them ---

    def _note_pause(self) -> None:
        current = conditions.find((self.deployment.get("status") or {}).get("conditions"), "Progressing")
        if status.deadline(self.deployment) is None or (current and current["reason"] == status.TIMED_OUT):
            return
        noted, paused = bool(current and current["reason"] == "DeploymentPaused"), self.deployment["spec"].get("paused", False)
        if paused and not noted:
            self._set_condition("Unknown", "DeploymentPaused", "Deployment is paused")
        elif noted and not paused:
            self._set_condition("Unknown", "DeploymentResumed", "Deployment is resumed")

    def _set_condition(self, value: str, reason: str, message: str, **metadata: Any) -> None:
        condition = status.condition("Progressing", value, reason, message, self.now)
        known = (self.deployment.get("status") or {}).get("conditions") or []
        self._update({"conditions": conditions.put(known, condition)}, **metadata)

    def _update(self, changes: Object, **metadata: Any) -> None:
        meta = {**self.deployment["metadata"], **metadata}
        new = {**self.deployment, "metadata": meta, "status": {**(self.deployment.get("status") or {}), **changes}}
        self.deployment = self.client.update(_DEPLOYMENTS, new, subresource="status")

    def _sync_new(self) -> Object | None:
        """Bring revision and annotations of the new set up to date, and the Deployment's own; None if there is none yet."""
        new = self.new
        if new is None:
            return None
        revision = revisions.max_revision(self.old) + 1
        wanted = revisions.new_annotations(self.deployment, annotations(new), revision, exists=True)
        minimum = self.deployment["spec"].get("minReadySeconds", 0)
        if wanted != annotations(new) or new["spec"].get("minReadySeconds", 0) != minimum:
            meta = {**new["metadata"], "annotations": wanted}
            spec = {k: v for k, v in new["spec"].items() if k != "minReadySeconds"}
            spec |= {"minReadySeconds": minimum} if minimum else {}
            new = self._replace({**new, "metadata": meta, "spec": spec})
        revision = revisions.revision_of(new)  # may be higher, if it was the newest already
        self._publish(revision, "FoundNewReplicaSet", f'Found new replica set "{new["metadata"]["name"]}"', only_if_none=True)
        return new

    def _publish(self, revision: int, reason: str, message: str, only_if_none: bool = False) -> None:
        """Annotate the Deployment with its revision and start watching its progress."""
        known = annotations(self.deployment)
        stale = known.get(revisions.REVISION) != str(revision)
        current = conditions.find((self.deployment.get("status") or {}).get("conditions"), "Progressing")
        begin = status.deadline(self.deployment) is not None and not (only_if_none and current)
        metadata = {"annotations": {**known, revisions.REVISION: str(revision)}} if stale else {}
        if begin:
            self._set_condition("True", reason, message, **metadata)
        elif stale:
            self._update({}, **metadata)

    def _create_new(self) -> Object:
        wanted = revisions.make_new(self.deployment, self.reference, self.sets)
        name, namespace = wanted["metadata"]["name"], wanted["metadata"]["namespace"]
        try:
            new = self.client.create(_SETS, wanted)
        except StatusError as error:
            self._explain_failure(error, name, namespace)
            raise
        self.sets.append(new)
        if rolling.replicas(new):
            self._scaling_event("up", new, 0, rolling.replicas(new))
        self._publish(revisions.revision_of(new), "NewReplicaSetCreated", f'Created new replica set "{name}"')
        return new

    def _explain_failure(self, error: StatusError, name: str, namespace: str) -> None:
        if error.reason == "AlreadyExists":
            count = (self.deployment.get("status") or {}).get("collisionCount", 0)
            self._update({"collisionCount": count + 1})  # the hash belongs to somebody else: the next try has another one
        elif not terminating_namespace(error):
            text = f'Failed to create new replica set "{name}": {error.message}'
            if status.deadline(self.deployment) is not None:
                self._set_condition("False", "ReplicaSetCreateError", text)
            self.controller.event(self.deployment, "Warning", "ReplicaSetCreateError", text)

    def _scale(self, plan: Sequence[rolling.Scale]) -> None:
        sizes = revisions.size_annotations(self.deployment)
        for replica_set, replicas in plan:
            before, known = rolling.replicas(replica_set), annotations(replica_set)
            if before == replicas and sizes.items() <= known.items():
                continue
            meta = {**replica_set["metadata"], "annotations": {**known, **sizes}}
            new = self._replace({**replica_set, "metadata": meta, "spec": {**replica_set["spec"], "replicas": replicas}})
            if before != replicas:
                self._scaling_event("up" if before < replicas else "down", new, before, replicas)

    def _scaling_event(self, direction: str, replica_set: Object, before: int, after: int) -> None:
        text = f"Scaled {direction} replica set {replica_set['metadata']['name']} from {before} to {after}"
        self.controller.event(self.deployment, "Normal", "ScalingReplicaSet", text)

    def _replace(self, replica_set: Object) -> Object:
        new = self.client.update(_SETS, replica_set)
        self.sets = [new if s["metadata"]["uid"] == new["metadata"]["uid"] else s for s in self.sets]
        return new

    def _clean_up(self) -> None:
        for replica_set in revisions.forgettable(self.deployment, self.old):
            meta = replica_set["metadata"]
            self.client.delete(_SETS, meta["name"], meta["namespace"], uid=meta["uid"])
            self.sets.remove(replica_set)

    def _write_status(self, wanted: Object) -> float | None:
        if wanted != self.deployment.get("status"):
            self.client.update(_DEPLOYMENTS, {**self.deployment, "status": wanted}, subresource="status")
            return 0.0  # the next look may find the rollout complete
        return status.seconds_to_deadline(self.deployment, wanted, self.now)
