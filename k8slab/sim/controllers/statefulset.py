"""The StatefulSet controller: pods with names, in order, each with volumes of its own.

Upstream: k8s.io/kubernetes/pkg/controller/statefulset. Simplified: without maxUnavailable an update waits
for readiness only, as before Kubernetes 1.35.
"""

from k8slab.apimachinery.labels import selector_of
from k8slab.apimachinery.types import Object, controller_of, key_of, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import history, pods, statefulset_plan
from k8slab.sim.controllers.base import Controller, asks_anew, settle, terminating_namespace
from k8slab.sim.controllers.ownership import NOTHING, add_controller_index, claim, controller_reference, owned_by
from k8slab.sim.controllers.statefulset_plan import Step

__all__ = ["StatefulSetController"]

_SETS, _CLAIMS = "statefulsets.apps", "persistentvolumeclaims"
_REVISION_HASH = "controller.kubernetes.io/hash"


class StatefulSetController(Controller):
    """Creates, replaces and deletes the pods of a set, by ordinal."""

    name = "statefulset-controller"
    account = "statefulset-controller"

    def setup(self) -> None:  # noqa: D102
        add_controller_index(self.informer("pods"))
        add_controller_index(self.informer(history.REVISIONS))
        self.watch(_SETS, self._set_changed)
        self.watch("pods", self._pod_changed)

    def _set_changed(self, type: EventType, statefulset: Object, old: Object | None) -> None:
        if type != "DELETED" and (old is None or asks_anew(statefulset, old)):
            self.queue.add(key_of(statefulset))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        controller = controller_of(pod)
        if controller is None or controller["kind"] != "StatefulSet":
            return
        statefulset = self.informer(_SETS).get(controller["name"], pod["metadata"]["namespace"])
        if statefulset is not None and statefulset["metadata"]["uid"] == controller["uid"]:
            self.queue.add_after(key_of(statefulset), settle(statefulset["spec"].get("replicas", 1)))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        statefulset = self.informer(_SETS).get(name, namespace)
        if statefulset is None:
            return None
        reference = controller_reference("apps/v1", "StatefulSet", statefulset)
        known = history.revisions_of(self, statefulset, reference)
        status = statefulset.get("status") or {}
        update = history.sync(self, statefulset, reference, known, _REVISION_HASH, status.get("collisionCount") or 0)
        if update is None:
            status = {**status, "collisionCount": (status.get("collisionCount") or 0) + 1}
            self.client.update(_SETS, {**statefulset, "status": status}, "status")
            return 0.0
        current = next((r for r in known if r["metadata"]["name"] == status.get("currentRevision")), update)
        if "deletionTimestamp" not in statefulset["metadata"]:
            self._step(statefulset, reference, current, update)
        self._write_status(statefulset, current, update)
        self._forget(statefulset, known, {current["metadata"]["name"], update["metadata"]["name"]})
        return self._next_available(statefulset)

    def _step(self, statefulset: Object, reference: Object, current: Object, update: Object) -> None:
        selector = selector_of(statefulset["spec"].get("selector")) or NOTHING
        prefix = f"{statefulset['metadata']['name']}-"
        own = claim(
            self.client,
            self.informer("pods"),
            "pods",
            statefulset,
            reference,
            selector,
            lambda pod: str(pod["metadata"]["name"]).rpartition("-")[0] + "-" == prefix,
        )
        if statefulset["spec"].get("volumeClaimTemplates"):
            for pod in own:
                self._settle_claims(statefulset, pod)
        for step in statefulset_plan.next_steps(statefulset, own, update["metadata"]["name"], self.kernel.now()):
            if step.pod is None:
                self._create(statefulset, statefulset_plan.make_pod(statefulset, reference, step.ordinal, current, update))
            else:
                self._remove(statefulset, step, step.pod)

    def _create(self, statefulset: Object, pod: Object) -> None:
        name = statefulset["metadata"]["name"]
        for wanted in statefulset_plan.claims_for(statefulset, pod["metadata"]["name"]).values():
            self._ensure_claim(statefulset, pod["metadata"]["name"], wanted)
        try:
            self.client.create("pods", pod)
        except StatusError as error:
            if not terminating_namespace(error):
                text = f"create Pod {pod['metadata']['name']} in StatefulSet {name} failed error: {error.message}"
                self.event(statefulset, "Warning", "FailedCreate", text)
                raise
        else:
            self.event(
                statefulset,
                "Normal",
                "SuccessfulCreate",
                f"create Pod {pod['metadata']['name']} in StatefulSet {name} successful",
            )

    def _ensure_claim(self, statefulset: Object, pod_name: str, wanted: Object) -> None:
        meta, name = wanted["metadata"], statefulset["metadata"]["name"]
        if self.informer(_CLAIMS).get(meta["name"], meta["namespace"]) is not None:
            return
        self.client.create(_CLAIMS, wanted)
        text = f"create Claim {meta['name']} Pod {pod_name} in StatefulSet {name} success"
        self.event(statefulset, "Normal", "SuccessfulCreate", text)

    def _remove(self, statefulset: Object, step: Step, pod: Object) -> None:
        meta, name = pod["metadata"], statefulset["metadata"]["name"]
        if step.action == "replace":
            failed = pods.phase(pod) == "Failed"
            reason, what = ("RecreatingFailedPod", "failed") if failed else ("RecreatingTerminatedPod", "terminated")
            text = f"StatefulSet {meta['namespace']}/{name} is recreating {what} Pod {meta['name']}"
            self.event(statefulset, "Warning" if failed else "Normal", reason, text)
        try:
            self.client.delete("pods", meta["name"], meta["namespace"], uid=meta["uid"])
        except StatusError as error:
            if error.code != 404:
                raise
        else:
            self.event(statefulset, "Normal", "SuccessfulDelete", f"delete Pod {meta['name']} in StatefulSet {name} successful")

    def _settle_claims(self, statefulset: Object, pod: Object) -> None:
        """Give the claims of a pod the owner that the retention policy wants; other owners stay."""
        wanted = statefulset_plan.claim_owners(statefulset, pod)
        ours = {statefulset["metadata"]["uid"], pod["metadata"]["uid"]}
        for claim_ in statefulset_plan.claims_for(statefulset, pod["metadata"]["name"]).values():
            found = self.informer(_CLAIMS).get(claim_["metadata"]["name"], claim_["metadata"]["namespace"])
            if found is None or "deletionTimestamp" in found["metadata"]:
                continue
            known = found["metadata"].get("ownerReferences") or []
            owners = [r for r in known if r["uid"] not in ours and not _is_old_pod(r, pod)] + wanted
            if owners != known:
                self.client.update(_CLAIMS, {**found, "metadata": {**found["metadata"], "ownerReferences": owners}})

    def _write_status(self, statefulset: Object, current: Object, update: Object) -> None:
        own = owned_by(self.informer("pods"), statefulset["metadata"]["uid"])
        status = statefulset_plan.status_of(statefulset, own, current, update, self.kernel.now())
        if status != statefulset.get("status"):
            self.client.update(_SETS, {**statefulset, "status": status}, "status")

    def _forget(self, statefulset: Object, known: list[Object], live: set[str]) -> None:
        own = owned_by(self.informer("pods"), statefulset["metadata"]["uid"])
        live |= {labels(pod).get(statefulset_plan.HASH, "") for pod in own}
        limit = statefulset["spec"].get("revisionHistoryLimit", 10)
        for revision in history.forgettable(known, live, _REVISION_HASH, limit):
            self.client.delete(history.REVISIONS, revision["metadata"]["name"], revision["metadata"]["namespace"])

    def _next_available(self, statefulset: Object) -> float | None:
        minimum, now = statefulset["spec"].get("minReadySeconds", 0), self.kernel.now()
        own = owned_by(self.informer("pods"), statefulset["metadata"]["uid"])
        return min((w for p in own if (w := pods.seconds_until_available(p, minimum, now))), default=None)


def _is_old_pod(reference: Object, pod: Object) -> bool:
    """Whether a reference is to an earlier pod of the same name."""
    return bool(reference["kind"] == "Pod" and reference["name"] == pod["metadata"]["name"])
