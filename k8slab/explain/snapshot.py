"""What has been fetched from a cluster, and what has not: the facts that diagnosers reason about.

A listing is complete, or it is not, because somebody may not list or something is not served. Only a complete listing can
prove that an object is *not* there. Pure: a diagnoser that needs more says so (`Needed`), somebody else fetches it, and the
diagnoser starts again; so no more is asked of a cluster than the question takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.kinds import resource_of

__all__ = ["Key", "Listing", "Needed", "Snapshot"]


class Key(NamedTuple):
    """What can be fetched: all of a resource ("": of all namespaces), or one object of it.

    Three resources are special: ``events`` with a name are those about objects of that name, ``log`` is the end of a
    container's log (name: ``pod/container`` or ``pod/container/previous``), ``self`` is the user who asks.
    """

    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Say it in words: ``pods in namespace chat``."""
        what = f"{self.resource}/{self.name}" if self.name and self.resource != "events" else self.resource
        return f"{what} in namespace {self.namespace}" if self.namespace else what


class Needed(Exception):
    """A diagnoser cannot go on without this."""

    def __init__(self, key: Key) -> None:
        super().__init__(str(key))
        self.key = key


@dataclass(frozen=True)
class Listing:
    """What came back: objects, and the reason why they may not be all ("" if they are)."""

    objects: tuple[Object, ...] = ()
    gap: str = ""
    served: bool = True


@dataclass(frozen=True)
class Snapshot:
    """Everything known about a cluster at one time.

    Parameters
    ----------
    listings
        What has been fetched.
    now
        The cluster's time.
    closed
        There is nothing more to be fetched: what is not here does not exist.
    """

    listings: Mapping[Key, Listing] = field(default_factory=dict)
    now: float = 0.0
    closed: bool = False

    @classmethod
    def of(cls, objects: Iterable[Object], now: float = 0.0) -> "Snapshot":
        """Return the snapshot of a whole cluster that consists of these objects."""
        grouped: dict[Key, list[Object]] = {}
        for obj in objects:
            grouped.setdefault(Key(_resource(obj)), []).append(obj)
        return cls({key: Listing(tuple(found)) for key, found in grouped.items()}, now, closed=True)

    def with_listing(self, key: Key, listing: Listing) -> "Snapshot":
        """Return a snapshot that knows this too."""
        return replace(self, listings={**self.listings, key: listing})

    def without(self, resource: str, gone: Object | None = None) -> "Snapshot":
        """Return a snapshot in which a resource (or one object of it) has not been seen."""
        known = self.listings.get(Key(resource), Listing())
        left = () if gone is None else tuple(o for o in known.objects if o is not gone)
        return self.with_listing(Key(resource), Listing(left, f"not all {resource} could be seen"))

    def look_up(self, key: Key) -> Listing:
        """Return what is known about a key.

        Raises
        ------
        Needed
            If nobody has looked yet.
        """
        for wider in (key, Key(key.resource, key.namespace), Key(key.resource)):
            if wider in self.listings:
                found = self.listings[wider]
                return replace(found, objects=tuple(o for o in found.objects if _within(o, key)))
        if self.closed:
            return Listing()
        raise Needed(key)


def _resource(obj: Object) -> str:
    special = {"Log": "log", "Self": "self"}
    return special.get(obj["kind"]) or resource_of(obj.get("apiVersion", "v1"), obj["kind"])


def _within(obj: Object, key: Key) -> bool:
    if key.namespace and namespace_of(obj) != key.namespace:
        return False
    if not key.name:
        return True
    if key.resource == "events":
        return bool((obj.get("involvedObject") or {}).get("name") == key.name)
    return name_of(obj) == key.name
