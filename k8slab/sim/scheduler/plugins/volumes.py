"""Claims and volumes as the volume plugins read them.

Upstream: pkg/scheduler/framework/plugins/volumebinding/binder.go and pkg/controller/volume/persistentvolume (FindMatchingVolume).
"""

from collections.abc import Iterable

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.quantity import value
from k8slab.apimachinery.types import Object, annotations, key_of, labels
from k8slab.sim.scheduler.interface import Handle
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.helpers import matches_node_selector_term
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = [
    "NO_PROVISIONER",
    "SELECTED_NODE",
    "claim_of",
    "find_volume",
    "is_bound",
    "storage_class_of",
    "topology_allowed",
    "volume_fits_node",
]

#: The provisioner of classes whose volumes somebody makes by hand.
NO_PROVISIONER = "kubernetes.io/no-provisioner"
#: Annotation by which the scheduler tells the provisioner where the pod will run.
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"


def claim_of(handle: Handle, pod: PodInfo, name: str) -> Object | None:
    """Return a claim of the pod's namespace."""
    return handle.get("persistentvolumeclaims", name, pod.namespace)


def is_bound(claim: Object) -> bool:
    """Whether the claim has its volume for good."""
    return bool(claim["spec"].get("volumeName")) and (
        _BIND_COMPLETED in annotations(claim) or (claim.get("status") or {}).get("phase") == "Bound"
    )


def storage_class_of(handle: Handle, claim: Object) -> Object | None:
    """Return the claim's StorageClass."""
    name = claim["spec"].get("storageClassName")
    return handle.get("storageclasses.storage.k8s.io", name) if name else None


def volume_fits_node(volume: Object, node: NodeInfo) -> bool:
    """Whether the volume can be reached from the node."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if required is None:
        return True
    return any(matches_node_selector_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def topology_allowed(storage_class: Object, node: NodeInfo) -> bool:
    """Whether the class may provision a volume for the node."""
    terms = storage_class.get("allowedTopologies") or ()
    return not terms or any(
        all(node.labels.get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ()) for term in terms
    )


def _suits(claim: Object, volume: Object) -> bool:
    wanted, offered = claim["spec"], volume["spec"]
    reference = offered.get("claimRef")
    if reference and (reference.get("namespace"), reference.get("name")) != tuple(key_of(claim).split("/")):
        return False
    if reference and reference.get("uid") not in (None, "", claim["metadata"].get("uid")):
        return False
    if (wanted.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        return False
    if (wanted.get("volumeMode") or "Filesystem") != (offered.get("volumeMode") or "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()) <= set(offered.get("accessModes") or ()):
        return False
    selector = selector_of(wanted.get("selector"))
    return (selector is None or matches(selector, labels(volume))) and _size(volume) >= value(
        wanted["resources"]["requests"]["storage"]
    )


def _size(volume: Object) -> int:
    return value((volume["spec"].get("capacity") or {}).get("storage", 0))


def find_volume(claim: Object, volumes: Iterable[Object], node: NodeInfo, taken: set[str]) -> Object | None:
    """Return the smallest free volume that suits the claim on the node; one reserved for the claim goes first."""
    fitting = [
        v
        for v in volumes
        if v["metadata"]["name"] not in taken
        and "deletionTimestamp" not in v["metadata"]
        and _suits(claim, v)
        and volume_fits_node(v, node)
    ]
    return min(fitting, key=lambda v: (not v["spec"].get("claimRef"), _size(v)), default=None)
