"""Who controls which object: references, indexes by controller, adoption and release.

Upstream: k8s.io/kubernetes/pkg/controller/controller_ref_manager.go and k8s.io/apimachinery/pkg/apis/meta/v1
(NewControllerRef). An object has at most one controller; a controller adopts orphans that its selector matches and
releases what no longer matches.
"""

from collections.abc import Callable, Iterable

from k8slab.apimachinery.labels import Selector, matches
from k8slab.apimachinery.types import Object, controller_of, labels
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, Informer

__all__ = ["CONTROLLER_INDEX", "NOTHING", "add_controller_index", "claim", "controller_reference", "orphans_in", "owned_by"]

CONTROLLER_INDEX = "controller-uid"
NOTHING: Selector = (("", "In", ()),)  #: what a missing or empty selector of a controller stands for


def controller_reference(api_version: str, kind: str, owner: Object) -> Object:
    """Return the owner reference that makes an owner the controller."""
    meta = owner["metadata"]
    identity = {"apiVersion": api_version, "kind": kind, "name": meta["name"], "uid": meta["uid"]}
    return {**identity, "controller": True, "blockOwnerDeletion": True}


def _index_keys(obj: Object) -> Iterable[str]:
    controller = controller_of(obj)
    return (controller["uid"],) if controller else (f"orphans/{obj['metadata'].get('namespace', '')}",)


def add_controller_index(informer: Informer) -> Informer:
    """Let an informer find objects by the uid of their controller, and those without one by namespace."""
    informer.add_index(CONTROLLER_INDEX, _index_keys)
    return informer


def owned_by(informer: Informer, uid: str) -> list[Object]:
    """Return the objects that a controller controls."""
    return informer.by_index(CONTROLLER_INDEX, uid)


def orphans_in(informer: Informer, namespace: str) -> list[Object]:
    """Return the objects of a namespace that nobody controls."""
    return informer.by_index(CONTROLLER_INDEX, f"orphans/{namespace}")


def claim(
    client: Client,
    informer: Informer,
    resource: str,
    owner: Object,
    reference: Object,
    selector: Selector,
    candidate: Callable[[Object], bool] = lambda obj: True,
) -> list[Object]:
    """Return what the owner controls, after adopting matching orphans and releasing what does not match any more.

    Parameters
    ----------
    client, informer, resource
        Where the controlled objects are; the controller index must have been added.
    owner, reference
        The controller and the reference to it.
    selector
        What it wants to control.
    candidate
        Whether an object may be adopted at all (an active pod, for example).
    """
    going = "deletionTimestamp" in owner["metadata"]
    claimed = []
    for obj in owned_by(informer, owner["metadata"]["uid"]):
        if matches(selector, labels(obj)):
            claimed.append(obj)
        elif not going:
            _release(client, resource, obj, owner)
    for obj in () if going else orphans_in(informer, owner["metadata"]["namespace"]):
        if "deletionTimestamp" not in obj["metadata"] and matches(selector, labels(obj)) and candidate(obj):
            adopted = _adopt(client, resource, obj, reference)
            if adopted is not None:
                claimed.append(adopted)
    return claimed


def _adopt(client: Client, resource: str, obj: Object, reference: Object) -> Object | None:
    return _set_owners(client, resource, obj, [*(obj["metadata"].get("ownerReferences") or ()), reference])


def _release(client: Client, resource: str, obj: Object, owner: Object) -> Object | None:
    others = [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != owner["metadata"]["uid"]]
    return _set_owners(client, resource, obj, others)


def _set_owners(client: Client, resource: str, obj: Object, owners: list[Object]) -> Object | None:
    meta = obj["metadata"]
    patch = {"metadata": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "ownerReferences": owners or None}}
    try:
        return client.patch(resource, meta["name"], meta.get("namespace", ""), patch)
    except StatusError as error:
        if error.code == 404:
            return None  # gone meanwhile: nothing to control
        raise
