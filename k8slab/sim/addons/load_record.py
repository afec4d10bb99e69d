"""What became of the requests of a load run: counts, latencies, a series over time. Pure."""

import math
from collections import Counter
from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object

__all__ = ["Record", "Tally"]

_STEPS = 200  #: buckets per factor e of latency: percentiles are right to half a percent
_LEAST = 1e-6


@dataclass(slots=True)
class Tally:
    """Outcomes of requests: how many of which kind, and a histogram of the latencies of those that were answered well."""

    outcomes: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, outcome: str, latency: float) -> None:
        """Count a request; ``outcome`` is the status or the kind of the failure."""
        self.outcomes[outcome] += 1
        if _well(outcome):
            self.buckets[round(math.log(max(latency, _LEAST)) * _STEPS)] += 1
            self.seconds += latency

    def percentile(self, percent: float) -> float:
        """Return the latency that so many percent of the good answers did not exceed.

        >>> tally = Tally()
        >>> for n in range(1, 101):
        ...     tally.add("200", n / 1000)
        >>> round(tally.percentile(50), 3), round(tally.percentile(99), 3)
        (0.05, 0.099)
        """
        rank, seen = math.ceil(self.buckets.total() * percent / 100), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                latency = math.exp(bucket / _STEPS)
                return 0.0 if latency <= _LEAST * 1.01 else latency
        return 0.0

    def shown(self) -> Object:
        """Return it as the status has it."""
        good, all_ = self.buckets.total(), self.outcomes.total()
        shown: Object = {"requests": all_, "failed": all_ - good, "outcomes": dict(sorted(self.outcomes.items()))}
        if good:
            values = {f"p{p}": round(self.percentile(p), 6) for p in (50, 90, 99)}
            shown["latencySeconds"] = {"mean": round(self.seconds / good, 6), **values}
        return shown


def _well(outcome: str) -> bool:
    return outcome.isdigit() and int(outcome) < 400


class Record:
    """A run's whole tally, and one for each interval.

    Parameters
    ----------
    limit
        How many intervals are kept.
    """

    def __init__(self, limit: int = 240) -> None:
        self.total, self._current, self._limit = Tally(), Tally(), limit
        self.series: list[Object] = []

    def add(self, outcome: str, latency: float) -> None:
        """Count a request that has ended."""
        self.total.add(outcome, latency)
        self._current.add(outcome, latency)

    def close_interval(self, time: str, seconds: float, under_way: int, target: float) -> None:
        """Add an entry to the series and begin the next one."""
        shown = self._current.shown()
        good = shown["requests"] - shown["failed"]
        entry = {"time": time, "target": round(target, 3), "underWay": under_way, "throughput": round(good / seconds, 3), **shown}
        self.series = [*self.series, entry][-self._limit :]
        self._current = Tally()
