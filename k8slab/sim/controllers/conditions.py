"""Conditions in a status: the list of ``{type, status, reason, message, lastTransitionTime}``.

Upstream: the Set/Get/Remove…Condition helpers that each API package repeats.
"""

from collections.abc import Iterable

from k8slab.apimachinery.types import Object

__all__ = ["find", "is_true", "put", "without"]


def find(conditions: Iterable[Object] | None, type: str) -> Object | None:
    """Return the condition of a type, if any."""
    return next((c for c in conditions or () if c["type"] == type), None)


def is_true(conditions: Iterable[Object] | None, type: str) -> bool:
    """Whether the condition of a type is there and True."""
    return (find(conditions, type) or {}).get("status") == "True"


def without(conditions: Iterable[Object], type: str) -> list[Object]:
    """Return the conditions without one type."""
    return [c for c in conditions if c["type"] != type]


def put(conditions: list[Object], condition: Object) -> list[Object]:
    """Return the conditions with one added or replaced, at the end.

    Nothing changes when status and reason are as before; the time of transition stays when the status does.

    >>> old = [{"type": "A", "status": "True", "reason": "R", "lastTransitionTime": "t1"}]
    >>> put(old, {"type": "A", "status": "True", "reason": "S", "lastTransitionTime": "t2"})
    [{'type': 'A', 'status': 'True', 'reason': 'S', 'lastTransitionTime': 't1'}]
    """
    current = find(conditions, condition["type"])
    if current and (current["status"], current.get("reason")) == (condition["status"], condition.get("reason")):
        return conditions
    if current and current["status"] == condition["status"] and "lastTransitionTime" in current:
        condition = {**condition, "lastTransitionTime": current["lastTransitionTime"]}
    return [*without(conditions, condition["type"]), condition]
