"""The ephemeral volume controller: makes the claim of each generic ephemeral volume, owned by its pod.

Upstream: k8s.io/kubernetes/pkg/controller/volume/ephemeral. The garbage collector deletes the claim with the pod.
"""

from k8slab.apimachinery.pod_claims import foreign, pod_claims
from k8slab.apimachinery.types import Object, key_of, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller

__all__ = ["EphemeralVolumeController", "claim_for"]

_CLAIMS = "persistentvolumeclaims"


def claim_for(pod: Object, volume: Object, name: str) -> Object:
    """Return the claim of an ephemeral volume of a pod."""
    template, meta = volume["ephemeral"]["volumeClaimTemplate"], pod["metadata"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    given = {key: value for key, value in (template.get("metadata") or {}).items() if key in ("labels", "annotations")}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            **given,
            "name": name,
            "namespace": meta["namespace"],
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": template["spec"],
    }


class EphemeralVolumeController(Controller):
    """Makes claims for pods that ask for ephemeral volumes."""

    name = "ephemeral-volume-controller"
    account = "ephemeral-volume-controller"

    def setup(self) -> None:  # noqa: D102
        self.watch("pods", self._pod_changed)
        self.watch(_CLAIMS, self._claim_changed)

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        if type == "ADDED" and pod["spec"].get("volumes") and any(c.ephemeral for c in pod_claims(pod)):
            self.queue.add(key_of(pod))

    def _claim_changed(self, type: EventType, claim: Object, old: Object | None) -> None:
        """A claim that is gone may have been in the way, or is needed again."""
        if type != "DELETED":
            return
        meta = claim["metadata"]
        owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
        if owner is not None and owner["kind"] == "Pod":
            self.queue.add(f"{meta['namespace']}/{owner['name']}")

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        pod = self.informer("pods").get(name, namespace)
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return None
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return None
        volumes = {v["name"]: v for v in pod["spec"].get("volumes") or ()}
        for wanted in pod_claims(pod):
            if not wanted.ephemeral:
                continue
            found = self.informer(_CLAIMS).get(wanted.claim, namespace)
            if found is None:
                self._create(claim_for(pod, volumes[wanted.volume], wanted.claim))
            elif foreign(found, pod):
                return 5.0
        return None

    def _create(self, claim: Object) -> None:
        try:
            self.client.create(_CLAIMS, claim)
        except StatusError as error:
            if error.code != 409:
                raise
