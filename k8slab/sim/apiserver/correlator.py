"""Keeping Events few: similar ones are combined, and who talks too much about one object is not written down.

Upstream: client-go/tools/record/events_cache.go (EventAggregator, EventSourceObjectSpamFilter) with its default options.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["COMBINED", "Correlator", "Said"]

#: From this many different messages of one reason about one object on, within the interval, they are combined into one Event.
MAX_SIMILAR = 10
SIMILAR_SECONDS = 600.0
#: A component may write this many Events about an object at once, and then one in five minutes.
BURST = 25
REFILL_PER_SECOND = 1 / 300

_REMEMBERED = 4096
COMBINED = "(combined from similar events): "

T = TypeVar("T")


@dataclass(frozen=True)
class Said:
    """What a component says: ``source`` (component, host) about ``subject`` (the involved object), of a type and reason."""

    source: tuple[str, str]
    subject: Hashable
    type: str
    reason: str
    message: str


@dataclass
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass
class _Bucket:
    tokens: float
    last: float


class Correlator:
    """Decides what becomes of each Event of a component."""

    def __init__(self) -> None:
        self._similar: OrderedDict[Hashable, _Similar] = OrderedDict()
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def admit(self, said: Said, now: float) -> str | None:
        """Return the message to write, perhaps a combined one; None to write nothing.

        >>> correlator = Correlator()
        >>> web = [Said(("replicaset-controller", ""), "w", "Normal", "SuccessfulCreate", f"Created pod: {n}") for n in range(30)]
        >>> written = [correlator.admit(said, 0.0) for said in web]
        >>> written[8], written[9], written[29]
        ('Created pod: 8', '(combined from similar events): Created pod: 9', None)
        """
        message = self._combined(said, now)
        return message if self._allowed((said.source, said.subject), now) else None

    def _combined(self, said: Said, now: float) -> str:
        similar = _remembered(self._similar, (said.source, said.subject, said.type, said.reason), _Similar())
        if now - similar.last > SIMILAR_SECONDS:
            similar.messages.clear()
        similar.last = now
        if said.message in similar.messages or len(similar.messages) < MAX_SIMILAR - 1:
            similar.messages.add(said.message)
            return said.message
        return COMBINED + said.message

    def _allowed(self, key: Hashable, now: float) -> bool:
        bucket = _remembered(self._buckets, key, _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) * REFILL_PER_SECOND)
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _remembered(table: "OrderedDict[Hashable, T]", key: Hashable, new: T) -> T:
    """Return what a table holds under a key, the new value if there is none; the table forgets what is oldest."""
    value = table.setdefault(key, new)
    if len(table) > _REMEMBERED:
        table.popitem(last=False)
    return value
