"""A snapshot as a diagnoser reads it; it remembers what was asked for and could not be seen.

That memory is what keeps answers honest: the engine lowers an answer's confidence by what the diagnosers wanted to know and
did not (`World.gaps`), without any of them having to think of it. What is only shown as evidence is read with
``deciding=False`` and leaves no gap.
"""

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.answer import Evidence
from k8slab.explain.snapshot import Key, Listing, Snapshot

__all__ = ["World", "event_evidence"]

Objects = list[Object]
Lines = list[str]


class World:
    """Reads a snapshot on behalf of one question."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._gaps: dict[str, None] = {}

    @property
    def now(self) -> float:
        """The cluster's time, in seconds since 1970."""
        return self._snapshot.now

    @property
    def gaps(self) -> tuple[str, ...]:
        """What was wanted and could not be seen."""
        return tuple(self._gaps)

    def age(self, time: str | None) -> float:
        """Return the seconds since a time in an object; 0 if there is none."""
        return max(0.0, self.now - parse_time(time)) if time else 0.0

    def _look(self, key: Key, deciding: bool = True) -> Listing:
        found = self._snapshot.look_up(key)
        if found.gap and deciding and not (key.name and found.objects and key.resource != "events"):
            self._gaps[found.gap] = None
        return found

    def list(self, resource: str, namespace: str = "") -> Objects:
        """Return the objects of a resource in a namespace ("": all)."""
        return list(self._look(Key(resource, namespace)).objects)

    def peek(self, resource: str, namespace: str = "") -> Objects:
        """Return what `list` returns, as evidence only: if it cannot be seen, the answer is no worse."""
        return [*self._look(Key(resource, namespace), deciding=False).objects]

    def get(self, resource: str, name: str, namespace: str = "", *, deciding: bool = True) -> Object | None:
        """Return one object; None if it is not there or could not be seen (`lacks` tells)."""
        return next(iter(self._look(Key(resource, namespace, name), deciding).objects), None)

    def lacks(self, resource: str, name: str, namespace: str = "") -> bool:
        """Whether it is certain that there is no such object."""
        found = self._look(Key(resource, namespace, name))
        return not found.objects and not found.gap

    def sees(self, resource: str, namespace: str = "") -> bool:
        """Whether all objects of a resource can be seen; if not, that is a gap."""
        return not self._look(Key(resource, namespace)).gap

    def serves(self, resource: str, namespace: str = "") -> bool:
        """Whether the cluster has such a resource at all."""
        return self._look(Key(resource, namespace)).served

    def selected(self, resource: str, namespace: str, selector: Object | None) -> Objects:
        """Return the objects of a namespace that a LabelSelector selects; None selects nothing."""
        parsed = selector_of(selector)
        found = self.list(resource, namespace)
        return [] if parsed is None else [o for o in found if matches(parsed, labels(o))]

    def owned(self, resource: str, owner: Object) -> Objects:
        """Return the objects that an object controls."""
        uid = owner["metadata"].get("uid")
        return [o for o in self.list(resource, namespace_of(owner)) if _controlled(o, owner, uid)]

    def events(self, obj: Object, *reasons: str, deciding: bool = True) -> Objects:
        """Return the events about an object, the latest first; only those with one of the reasons, if there are any."""
        where = namespace_of(obj) or "default"
        uid = obj["metadata"].get("uid")
        found = [
            e
            for e in self._look(Key("events", where, name_of(obj)), deciding).objects
            if e["involvedObject"].get("kind") == obj["kind"] and e["involvedObject"].get("uid") in (None, "", uid)
            and (not reasons or e.get("reason") in reasons)
        ]  # fmt: skip
        return sorted(found, key=_when, reverse=True)

    def event_age(self, event: Object) -> float:
        """Return the seconds since an event was last seen."""
        return self.age(_when(event) or None)

    def log(self, pod: Object, container: str, previous: bool = False) -> Lines:
        """Return the last lines of a container's log; evidence only."""
        name = f"{name_of(pod)}/{container}" + ("/previous" if previous else "")
        found = self._look(Key("log", namespace_of(pod), name), deciding=False).objects
        return [line for entry in found for line in entry["lines"]]

    def me(self) -> Object | None:
        """Return the userInfo of who asks, None if the cluster does not tell."""
        return next(iter(self._look(Key("self")).objects), None)


def _controlled(obj: Object, owner: Object, uid: str | None) -> bool:
    references = obj["metadata"].get("ownerReferences") or ()
    if uid:
        return any(r.get("controller") and r.get("uid") == uid for r in references)
    return any(r.get("controller") and (r["kind"], r["name"]) == (owner["kind"], name_of(owner)) for r in references)


def _when(event: Object) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    return next((str(t) for t in times if t), "")


def event_evidence(event: Object) -> Evidence:
    """Return an event as evidence: ``event FailedMount (7 times)``."""
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    return Evidence(f"event {event.get('reason', '')}{times}", " ".join(str(event.get("message", "")).split()))
