"""Time series from ``/metrics`` of the pods: what Prometheus keeps, as far as the adapter asks for it. Pure.

Names follow the rules that prometheus-adapter's walkthrough gives it: a counter ``x_total`` is asked for as ``x_per_second``, the
increase over the last minute; a gauge under its own name. Simplified: one window for all, no query language, no histograms.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["WINDOW", "Sample", "Series", "parse_exposition", "public_name"]

WINDOW = 60.0  #: seconds over which the rate of a counter is taken
Labels = tuple[tuple[str, str], ...]
_LINE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_UNESCAPE = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class Sample(NamedTuple):
    """One line: a metric, what it is, its labels, its value."""

    name: str
    type: str
    labels: Labels
    value: float


def parse_exposition(text: str) -> list[Sample]:
    """Read Prometheus' text form; lines that are none are left out.

    >>> parse_exposition('# TYPE hits_total counter\\nhits_total{code="200"} 7\\nup 1')[0]
    Sample(name='hits_total', type='counter', labels=(('code', '200'),), value=7.0)
    """
    types, found = {}, []
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            types[name] = kind.strip()
        elif (match := _LINE.fullmatch(line.strip())) is not None:
            try:
                value = float(match[3])
            except ValueError:
                continue
            labels = tuple((k, re.sub(r"\\.", lambda m: _UNESCAPE.get(m[0], m[0]), v)) for k, v in _LABEL.findall(match[2] or ""))
            found.append(Sample(match[1], types.get(match[1], "untyped"), labels, value))
    return found


def public_name(sample: Sample) -> str:
    """Return the name under which the adapter serves a series.

    >>> public_name(Sample("hits_total", "counter", (), 1)), public_name(Sample("connections", "gauge", (), 1))
    ('hits_per_second', 'connections')
    """
    return f"{sample.name.removesuffix('_total')}_per_second" if sample.type == "counter" else sample.name


class Series:
    """The recent points of one target's series."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str, Labels], list[tuple[float, float]]] = {}

    def store(self, samples: Iterable[Sample], now: float) -> None:
        """Take what a scrape brought; a series that it did not bring has ended."""
        fresh = {}
        for sample in samples:
            key = (public_name(sample), sample.type, sample.labels)
            old = [p for p in self._points.get(key, ()) if p[0] >= now - WINDOW]
            fresh[key] = [*old, (now, sample.value)]
        self._points = fresh

    def names(self) -> set[str]:
        """Return the names it serves."""
        return {name for name, _, _ in self._points}

    def values(self, name: str) -> Mapping[Labels, tuple[float, float]]:
        """Return (time, value) by labels; a counter needs two points for that."""
        found = {}
        for (known, kind, labels), points in self._points.items():
            if known != name or (kind == "counter" and len(points) < 2):
                continue
            found[labels] = (points[-1][0], rate(points) if kind == "counter" else points[-1][1])
        return found


def rate(points: list[tuple[float, float]]) -> float:
    """Return a counter's increase per second; after a restart it counts from 0 again.

    >>> rate([(0, 10), (15, 40), (30, 5)])
    1.1666666666666667
    """
    steps = itertools.pairwise(value for _, value in points)
    increase = sum(after - before if after >= before else after for before, after in steps)
    return increase / (points[-1][0] - points[0][0])
