"""Which volume suits a claim, and what binding the two writes. Pure.

Upstream: k8s.io/component-helpers/storage/volume (FindMatchingVolume, GetBindVolumeToClaim) and
k8s.io/kubernetes/pkg/controller/volume/persistentvolume.
"""

from collections.abc import Iterable
from fractions import Fraction

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object, annotations, labels

__all__ = ["BIND_COMPLETED", "BOUND_BY_CONTROLLER", "PROVISIONER", "SELECTED_NODE", "bound_claim", "bound_volume", "find_volume",
           "is_for", "mismatch"]  # fmt: skip

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"


def is_for(volume: Object, claim: Object) -> bool:
    """Whether a volume is bound to or reserved for exactly this claim."""
    reference, meta = volume["spec"].get("claimRef"), claim["metadata"]
    if not reference or (reference.get("namespace"), reference["name"]) != (meta["namespace"], meta["name"]):
        return False
    return reference.get("uid") in (None, "", meta["uid"])


def find_volume(claim: Object, volumes: Iterable[Object], only_reserved: bool = False) -> Object | None:
    """Return the volume reserved for the claim, else the smallest free one that suits it.

    Parameters
    ----------
    claim
        An unbound claim.
    volumes
        All volumes.
    only_reserved
        Leave the choice to the scheduler (WaitForFirstConsumer).
    """
    known = sorted(volumes, key=lambda v: str(v["metadata"]["name"]))
    reserved = next((v for v in known if is_for(v, claim)), None)
    if reserved is not None or only_reserved:
        return reserved
    free = [v for v in known if not v["spec"].get("claimRef") and "deletionTimestamp" not in v["metadata"] and _suits(claim, v)]
    return min(free, key=_size, default=None)


def _size(volume: Object) -> Fraction:
    return parse_quantity((volume["spec"].get("capacity") or {}).get("storage", "0"))


def _suits(claim: Object, volume: Object) -> bool:
    selector = selector_of(claim["spec"].get("selector"))
    return (
        not mismatch(claim, volume)
        and (volume.get("status") or {}).get("phase") in ("Available", "Pending", None)
        and (selector is None or matches(selector, labels(volume)))
    )


def mismatch(claim: Object, volume: Object) -> str:
    """Return why a volume cannot serve a claim, "" if it can (upstream: checkVolumeSatisfyClaim)."""
    wanted, offered = claim["spec"], volume["spec"]
    requested = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    if parse_quantity(requested) > _size(volume):
        return "requested PV is too small"
    if (wanted.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        return "storageClassName does not match"
    if wanted.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        return "incompatible volumeMode"
    if not set(wanted.get("accessModes") or ()) <= set(offered.get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def _marked(obj: Object, *marks: str) -> Object:
    return {**obj["metadata"], "annotations": {**annotations(obj), **dict.fromkeys(marks, "yes")}}


def bound_volume(volume: Object, claim: Object) -> Object:
    """Return the volume with its claimRef complete."""
    if is_for(volume, claim) and volume["spec"]["claimRef"].get("uid"):
        return volume
    meta = claim["metadata"]
    reference = {"kind": "PersistentVolumeClaim", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    reference |= {"apiVersion": "v1", "resourceVersion": meta["resourceVersion"]}
    own = volume["metadata"] if volume["spec"].get("claimRef") else _marked(volume, BOUND_BY_CONTROLLER)
    return {**volume, "metadata": own, "spec": {**volume["spec"], "claimRef": reference}}


def bound_claim(claim: Object, volume: Object) -> Object:
    """Return the claim with its volume's name."""
    name = volume["metadata"]["name"]
    if claim["spec"].get("volumeName") == name and BIND_COMPLETED in annotations(claim):
        return claim
    marks = [BIND_COMPLETED, *([] if claim["spec"].get("volumeName") else [BOUND_BY_CONTROLLER])]
    return {**claim, "metadata": _marked(claim, *marks), "spec": {**claim["spec"], "volumeName": name}}
