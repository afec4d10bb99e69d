"""Rates of use from measurements: the last two of every node and container.

Upstream: metrics-server, pkg/storage (node.go, pod.go, types.go). CPU time is a counter, so that a rate needs two measurements;
a container that has just started gets its start as the first one. Pure.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from k8slab.apimachinery.quantity import format_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.addons.metrics.scraper import PERIOD

__all__ = ["FRESH", "Point", "Points", "usage"]

FRESH = 10.0  #: seconds that a new container must have run to be measured from its start


class Point(NamedTuple):
    """A measurement: when, of something started when, CPU seconds since the start, bytes of memory."""

    time: float
    started: float
    cpu: float
    memory: int


Pair = tuple[Point, Point]


class Points:
    """The last two points of things by key; what the latest scrape did not find is forgotten."""

    def __init__(self, fresh: bool) -> None:
        self._fresh = fresh
        self._last: Mapping[str, Point] = {}
        self._before: dict[str, Point] = {}

    def store(self, points: Mapping[str, Point]) -> None:
        """Take the points of a scrape."""
        before = {}
        for key, point in points.items():
            last = self._last.get(key)
            if self._fresh and FRESH <= point.time - point.started < PERIOD:
                before[key] = Point(point.started, point.started, 0.0, 0)
            elif last is not None and point.started < last.time < point.time:
                before[key] = last
        self._last, self._before = points, before

    def pair(self, key: str) -> Pair | None:
        """Return (earlier, later), None if there are not two."""
        before = self._before.get(key)
        return None if before is None else (before, self._last[key])

    def pairs(self, keys: Iterable[str]) -> dict[str, Pair] | None:
        """Return the pairs of all keys, None if one is missing."""
        found = {key: self.pair(key) for key in keys}
        return {key: pair for key, pair in found.items() if pair} if all(found.values()) else None


def usage(pair: Pair) -> Object:
    """Return CPU and memory as the metrics API writes them.

    >>> usage((Point(0, 0, 1.0, 0), Point(15, 0, 4.75, 20 << 20)))
    {'cpu': '250m', 'memory': '20Mi'}
    """
    before, last = pair
    microcores = round((last.cpu - before.cpu) / (last.time - before.time) * 1e6)
    cpu = f"{microcores}000n" if microcores % 1000 else format_quantity(Fraction(microcores, 10**6))
    return {"cpu": cpu, "memory": format_quantity(last.memory, binary=True)}
