"""The look-ups that several plugins share, each a dictionary access."""

from k8slab.apimachinery.types import Object, annotations, name_of, namespace_of
from k8slab.sim.client import Client, Informer

__all__ = ["ByNamespace", "DefaultClass"]


class ByNamespace:
    """The objects of one resource in a namespace, by name."""

    def __init__(self, client: Client, resource: str) -> None:
        self._informer: Informer = client.informer(resource)
        self._informer.add_index("admission-namespace", lambda obj: (namespace_of(obj),))

    def __getitem__(self, namespace: str) -> list[Object]:
        found = self._informer.by_index("admission-namespace", namespace)
        return sorted(found, key=name_of) if len(found) > 1 else found


class DefaultClass:
    """The class objects (storage, ingress) that an annotation marks as default."""

    def __init__(self, client: Client, resource: str, *marks: str) -> None:
        self._informer: Informer = client.informer(resource)
        self._informer.add_index(
            "admission-default", lambda obj: ["yes"] if any(annotations(obj).get(m) == "true" for m in marks) else []
        )

    def all(self) -> list[Object]:
        """Return every class so marked, the newest first."""
        found = sorted(self._informer.by_index("admission-default", "yes"), key=name_of)
        return sorted(found, key=lambda obj: obj["metadata"].get("creationTimestamp", ""), reverse=True)
