"""The namespace controller: a namespace that is deleted takes everything in it along.

Upstream: k8s.io/kubernetes/pkg/controller/namespace. Pods go first (OrderedNamespaceDeletion), then everything else.
Simpler: what is left is looked at every second (upstream: after half of the longest grace period, up to 16 s), and
objects are deleted one by one, as there is no deletecollection inside the process.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers import conditions
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel

__all__ = ["NamespaceController", "remaining_conditions"]

RETRY = 1.0
BURST = 200  #: deletions before other work gets its turn


_CONDITIONS = (  # type, reason when it is so, reason and message when it is not
    ("NamespaceDeletionDiscoveryFailure", "DiscoveryFailed", "ResourcesDiscovered", "All resources successfully discovered"),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "GroupVersionParsingFailed",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeletionFailed",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "SomeResourcesRemain", "ContentRemoved", "All content successfully removed"),
    (
        "NamespaceFinalizersRemaining",
        "SomeFinalizersRemain",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
)


def remaining_conditions(
    counts: Mapping[str, int], finalizers: Mapping[str, int], failures: Sequence[str], now: float
) -> list[Object]:
    """Return the conditions of a terminating namespace.

    Parameters
    ----------
    counts
        Objects left, by resource.
    finalizers
        Objects that a finalizer holds, by finalizer.
    failures
        Error messages of deletions.
    now
        The time.
    """
    dotted = {name if "." in name else f"{name}.": n for name, n in sorted(counts.items())}
    left = ", ".join(f"{name} has {n} resource instances" for name, n in dotted.items())
    held = ", ".join(f"{name} in {n} resource instances" for name, n in sorted(finalizers.items()))
    troubles = {
        "NamespaceDeletionContentFailure": failures
        and f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(failures)}",
        "NamespaceContentRemaining": left and f"Some resources are remaining: {left}",
        "NamespaceFinalizersRemaining": held and f"Some content in the namespace has finalizers remaining: {held}",
    }
    stamp, result = rfc3339(now), []
    for type, bad, good, fine in _CONDITIONS:
        trouble = troubles.get(type)
        status, reason, message = ("True", bad, trouble) if trouble else ("False", good, fine)
        result.append({"type": type, "status": status, "lastTransitionTime": stamp, "reason": reason, "message": message})
    return result


class NamespaceController(Controller):
    """Empties terminating namespaces and then lets them go.

    Parameters
    ----------
    client, kernel, informers
        See `Controller`.
    resources
        Gives every resource that the API serves at the moment.
    """

    name = "namespace-controller"
    account = "namespace-controller"

    def __init__(
        self, client: Client, kernel: Kernel, informers: Client | None = None, *, resources: Callable[[], Iterable[Resource]]
    ) -> None:
        super().__init__(client, kernel, informers)
        self._resources = resources

    def setup(self) -> None:  # noqa: D102
        self.watch("namespaces", self._changed)

    def _changed(self, type: EventType, namespace: Object, old: Object | None) -> None:
        if type != "DELETED" and "deletionTimestamp" in namespace["metadata"]:
            self.queue.add(namespace["metadata"]["name"])

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace = self.informer("namespaces").get(key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return None
        if "kubernetes" not in (namespace["spec"].get("finalizers") or ()):
            return None
        names = self._content_resources()
        failures, more = self._delete_content(names, key)
        left = {name: objects for name in names if (objects := self.informer(name).list(key))}
        counts = {name: len(objects) for name, objects in left.items()}
        if not left:
            finalizers = [f for f in namespace["spec"]["finalizers"] if f != "kubernetes"]
            current = self._update_status(namespace, counts, left, failures)
            self.client.update("namespaces", {**current, "spec": {**current["spec"], "finalizers": finalizers}}, "finalize")
            return None
        if more and not failures:
            return 0.0
        self._update_status(namespace, counts, left, failures)
        return RETRY

    def _content_resources(self) -> list[str]:
        """Return what may live in a namespace; one name for each place in the store."""
        served = [r for r in self._resources() if r.namespaced and {"list", "delete"} <= set(r.verbs)]
        names = {r.storage_prefix: r.full_name for r in reversed(served)}
        return sorted(names.values(), key=lambda name: (name != "pods", name))

    def _delete_content(self, names: Sequence[str], namespace: str) -> tuple[list[str], bool]:
        """Delete at most `BURST` objects; return what went wrong, and whether there are more to delete."""
        failures: list[str] = []
        done = 0
        for name in names:
            for obj in self.informer(name).list(namespace):
                if "deletionTimestamp" in obj["metadata"]:
                    continue
                if done == BURST:
                    return failures, True
                done += 1
                try:
                    self.client.delete(name, obj["metadata"]["name"], namespace, propagation="Background")
                except StatusError as error:
                    if error.code != 404:
                        failures.append(error.message)
            if name == "pods" and self.informer("pods").list(namespace):
                break  # pods may still need what is around them while they stop
        return failures, False

    def _update_status(
        self, namespace: Object, counts: Mapping[str, int], left: Mapping[str, Sequence[Object]], failures: Sequence[str]
    ) -> Object:
        held: dict[str, int] = {}
        for objects in left.values():
            for obj in objects:
                for finalizer in obj["metadata"].get("finalizers") or ():
                    held[finalizer] = held.get(finalizer, 0) + 1
        known = list((namespace.get("status") or {}).get("conditions") or ())
        for condition in remaining_conditions(counts, held, failures, self.kernel.now()):
            current = conditions.find(known, condition["type"])
            if current is None or (current["status"], current.get("message")) != (condition["status"], condition["message"]):
                known = [condition if c is current else c for c in known] if current else [*known, condition]
        status = {**(namespace.get("status") or {}), "phase": "Terminating", "conditions": known}
        if status == namespace.get("status"):
            return namespace
        return self.client.update("namespaces", {**namespace, "status": status}, subresource="status")
