"""Claims in use, volumes that are bound and classes of attributes that are named are not deleted under their users.

Upstream: k8s.io/kubernetes/pkg/controller/volume/{pvcprotection,pvprotection,vacprotection}. Admission puts a finalizer on
each of them; these controllers take it away when nobody uses a deleted one any more.
"""

from typing import ClassVar

from k8slab.apimachinery.pod_claims import pod_claims
from k8slab.apimachinery.types import Object, key_of, split_key
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller

__all__ = ["AttributesClassProtectionController", "ClaimProtectionController", "VolumeProtectionController", "claims_of"]

_BY_CLAIM = "pods-by-claim"


def claims_of(pod: Object) -> tuple[str, ...]:
    """Return the keys of the claims that a pod mounts."""
    namespace = pod["metadata"]["namespace"]
    return tuple(f"{namespace}/{claim.claim}" for claim in pod_claims(pod))


class _ProtectionController(Controller):
    """Keeps a finalizer on what is alive and takes it away from what is deleted and unused."""

    resource: ClassVar[str]
    finalizer: ClassVar[str]

    def setup(self) -> None:
        self.watch(self.resource, self._changed)

    def _changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(key_of(obj))

    def in_use(self, obj: Object) -> bool:
        """Whether somebody still needs the object."""
        raise NotImplementedError

    def reconcile(self, key: str) -> float | None:
        namespace, name = split_key(key)
        obj = self.informer(self.resource).get(name, namespace)
        if obj is None:
            return None
        finalizers = obj["metadata"].get("finalizers") or []
        if "deletionTimestamp" not in obj["metadata"]:
            wanted = finalizers if self.finalizer in finalizers else [*finalizers, self.finalizer]
        else:
            wanted = finalizers if self.in_use(obj) else [f for f in finalizers if f != self.finalizer]
        if wanted != finalizers:
            self.client.update(self.resource, {**obj, "metadata": {**obj["metadata"], "finalizers": wanted}})
        return None


class ClaimProtectionController(_ProtectionController):
    """Keeps a claim while a pod that uses it is on a node."""

    name = "persistentvolumeclaim-protection-controller"
    account = "pvc-protection-controller"
    resource: ClassVar[str] = "persistentvolumeclaims"
    finalizer: ClassVar[str] = "kubernetes.io/pvc-protection"

    def setup(self) -> None:  # noqa: D102
        self.informer("pods").add_index(_BY_CLAIM, claims_of)
        super().setup()
        self.watch("pods", self._pod_changed)

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        if type == "DELETED" and pod["spec"].get("volumes"):
            for key in claims_of(pod):
                self.queue.add(key)

    def in_use(self, obj: Object) -> bool:  # noqa: D102
        return any(pod["spec"].get("nodeName") for pod in self.informer("pods").by_index(_BY_CLAIM, key_of(obj)))


class VolumeProtectionController(_ProtectionController):
    """Keeps a volume while it is bound to a claim."""

    name = "persistentvolume-protection-controller"
    account = "pv-protection-controller"
    resource: ClassVar[str] = "persistentvolumes"
    finalizer: ClassVar[str] = "kubernetes.io/pv-protection"

    def in_use(self, obj: Object) -> bool:  # noqa: D102
        return (obj.get("status") or {}).get("phase") == "Bound"


class AttributesClassProtectionController(_ProtectionController):
    """Keeps a VolumeAttributesClass while a claim or a volume names it."""

    name = "volumeattributesclass-protection-controller"
    account = "volumeattributesclass-protection-controller"
    resource: ClassVar[str] = "volumeattributesclasses.storage.k8s.io"
    finalizer: ClassVar[str] = "kubernetes.io/vac-protection"

    def setup(self) -> None:  # noqa: D102
        super().setup()
        for users in ("persistentvolumeclaims", "persistentvolumes"):
            self.watch(users, self._user_changed)

    def _user_changed(self, type: EventType, user: Object, old: Object | None) -> None:
        for name in _classes(old or user) - (_classes(user) if type != "DELETED" else set()):
            self.queue.add(name)

    def in_use(self, obj: Object) -> bool:  # noqa: D102
        users = [*self.informer("persistentvolumeclaims").list(), *self.informer("persistentvolumes").list()]
        return any(obj["metadata"]["name"] in _classes(user) for user in users)


def _classes(user: Object) -> set[str]:
    """Return the VolumeAttributesClasses that a claim or a volume names."""
    status = user.get("status") or {}
    named = {user["spec"].get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName")}
    named.add((status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"))
    return {name for name in named if name}
