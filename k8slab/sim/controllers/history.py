"""The history of DaemonSets and StatefulSets: one ControllerRevision per pod template they have had.

Upstream: k8s.io/kubernetes/pkg/controller/history. A revision holds the patch that brings its template back, which is how
``kubectl rollout undo`` works on these kinds.
"""

from collections.abc import Collection, Sequence

from k8slab.apimachinery.labels import selector_of
from k8slab.apimachinery.types import Object, labels
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.hashing import template_hash
from k8slab.sim.controllers.ownership import NOTHING, claim

__all__ = ["REVISIONS", "forgettable", "patch_of", "revisions_of", "same_data", "sync"]

REVISIONS = "controllerrevisions.apps"


def patch_of(template: Object) -> Object:
    """Return the patch that sets a pod template as a whole."""
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def same_data(revision: Object, patch: Object) -> bool:
    """Whether a revision holds this patch."""
    return bool(revision.get("data") == patch)


def revisions_of(controller: Controller, owner: Object, reference: Object) -> list[Object]:
    """Return the revisions of an owner, oldest first, adopting orphans."""
    selector = selector_of(owner["spec"].get("selector")) or NOTHING
    own = claim(controller.client, controller.informer(REVISIONS), REVISIONS, owner, reference, selector)
    return sorted(own, key=lambda r: (r["revision"], str(r["metadata"].get("creationTimestamp")), str(r["metadata"]["name"])))


def sync(
    controller: Controller, owner: Object, reference: Object, known: Sequence[Object], hash_label: str, collisions: int
) -> Object | None:
    """Return the revision of the owner's template: as found (moved to the end if need be) or new.

    None if the name is taken by somebody else: the caller counts a collision and tries again.
    """
    template = owner["spec"]["template"]
    patch = patch_of(template)
    number = max((r["revision"] for r in known), default=0) + 1
    found = next((r for r in reversed(known) if same_data(r, patch)), None)
    if found is not None:
        if found["revision"] == number - 1:
            return found
        return controller.client.update(REVISIONS, {**found, "revision": number})
    digest = template_hash(template, collisions)
    meta = {
        "name": f"{owner['metadata']['name']}-{digest}",
        "namespace": owner["metadata"]["namespace"],
        "labels": {**((template.get("metadata") or {}).get("labels") or {}), hash_label: digest},
        "ownerReferences": [reference],
    }
    if owner["metadata"].get("annotations"):  # with its change cause, which kubectl rollout history shows
        meta["annotations"] = dict(owner["metadata"]["annotations"])
    new = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": patch, "revision": number}
    try:
        return controller.client.create(REVISIONS, new)
    except StatusError as error:
        if error.reason == "AlreadyExists":
            return None
        raise


def forgettable(known: Sequence[Object], live: Collection[str], hash_label: str, limit: int) -> list[Object]:
    """Return the oldest revisions beyond a limit that no pod and no status refers to (by name or hash)."""
    dead = [r for r in known if not {r["metadata"]["name"], labels(r).get(hash_label, "")} & set(live)]
    return dead[: max(0, len(dead) - limit)]
