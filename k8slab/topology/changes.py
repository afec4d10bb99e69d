"""What changed between two versions of an object, and the recorded changes of a cluster as a story. Pure functions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8slab.apimachinery.types import Object, key_of, name_of, namespace_of
from k8slab.topology.status import pod_status

__all__ = ["Happening", "differences_of", "happenings", "words_of"]

#: Fields that say only that somebody wrote or is still alive.
_NOISE = frozenset({"resourceVersion", "managedFields", "generation", "observedGeneration", "lastHeartbeatTime", "lastProbeTime",
                    "lastUpdateTime", "renewTime", "lastTransitionTime", "transitionTime"})  # fmt: skip
_LONGEST = 60


@dataclass(frozen=True)
class Happening:
    """One change worth telling: its number in the history, when, of what, what happened (``tone`` ok, no, warn, info)."""

    number: int
    moment: str
    kind: str
    namespace: str
    name: str
    what: str
    tone: str
    is_event: bool = False

    @property
    def subject(self) -> str:
        """The object as people say it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def differences_of(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield what differs as ``path: old → new``, leaving out what only says that somebody wrote.

    >>> list(differences_of({"status": {"phase": "Pending"}}, {"status": {"phase": "Running", "podIP": "10.0.0.1"}}))
    ['status.phase: Pending → Running', 'status.podIP: 10.0.0.1']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            if name not in _NOISE:
                yield from differences_of(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(old, list) and isinstance(new, list) and all(isinstance(x, dict) for x in [*old, *new]):
        before, after = _named(old), _named(new)
        for name in dict.fromkeys([*before, *after]):
            yield from differences_of(before.get(name), after.get(name), f"{path}[{name}]")
    elif old != new and not (_empty(old) and _empty(new)):
        yield f"{path}: {_short(new)}" if _empty(old) else f"{path}: {_short(old)} → {_short(new) or 'gone'}"


def _named(items: Iterable[Object]) -> dict[str, Object]:
    return {str(item.get("type") or item.get("name") or item.get("ip") or i): item for i, item in enumerate(items)}


def _empty(value: object) -> bool:
    return value is None or value == {} or value == []


def _short(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{k}={v}" for k, v in value.items() if not isinstance(v, dict | list) and k not in _NOISE) or "…"
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def words_of(change: str, old: Object | None, new: Object) -> tuple[str, str]:
    """Return what happened to an object in a few words, and a tone; no words if nothing worth telling did."""
    if change == "DELETED":
        return "is gone", "no"
    if change == "ADDED" or old is None:
        return ("appears", "ok") if new["kind"] != "Pod" else (f"appears: {pod_status(new)}", "ok")
    found = list(differences_of(old, new))
    if not found:
        return "", ""
    if new["kind"] == "Pod":
        before, after = pod_status(old), pod_status(new)
        if before != after:
            return f"{before} → {after}", "ok" if after in ("Running", "Completed") else "info"
        placed = (new.get("spec") or {}).get("nodeName")
        if placed and not (old.get("spec") or {}).get("nodeName"):
            return f"goes to {placed}", "info"
    more = f" (and {len(found) - 2} more)" if len(found) > 2 else ""
    return "; ".join(found[:2]) + more, "info"


def happenings(
    changes: Iterable[tuple[int, str, str, Object]],
    before: Mapping[str, Object],
    known: dict[int, Happening | None] | None = None,
) -> list[Happening]:
    """Return recorded changes (number, moment, type, object) as a story.

    Parameters
    ----------
    changes
        Oldest first.
    before
        The objects there were before the first of them, by kind and key (``Pod chat/web``).
    known
        What has been worked out before, by number; it is added to.
    """
    last, cache, story = dict(before), {} if known is None else known, []
    for number, moment, type_, obj in changes:
        key = f"{obj['kind']} {key_of(obj)}"
        if number not in cache:
            cache[number] = _happening(number, moment, type_, last.get(key), obj)
        found = cache[number]
        if found is not None:
            story.append(found)
        if type_ == "DELETED":
            last.pop(key, None)
        else:
            last[key] = obj
    return story


def _happening(number: int, moment: str, type_: str, old: Object | None, obj: Object) -> Happening | None:
    if obj["kind"] == "Event":
        if type_ == "DELETED":
            return None
        about = obj.get("involvedObject") or obj.get("regarding") or {}
        tone = "warn" if obj.get("type") == "Warning" else "soft"
        words = f"{obj.get('reason', '')}: {obj.get('message') or obj.get('note') or ''}"
        return Happening(
            number, moment, about.get("kind", ""), about.get("namespace", ""), about.get("name", ""), words, tone, True
        )
    words, tone = words_of(type_, old, obj)
    return Happening(number, moment, obj["kind"], namespace_of(obj), name_of(obj), words, tone) if words else None
