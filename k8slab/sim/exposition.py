"""Prometheus' text form: what components count, as ``/metrics`` shows it (upstream: k8s.io/component-base/metrics).

Format: https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

__all__ = ["CONTENT_TYPE", "Family", "Histogram", "Labels", "Metric", "merged", "text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Family(NamedTuple):
    """A metric: its name, what it is, and a value for each set of labels."""

    name: str
    type: Literal["counter", "gauge"]
    help: str
    values: Mapping[Labels, float]

    def lines(self) -> Iterator[str]:
        """Return the samples."""
        yield from (f"{self.name}{_braces(labels)} {value:.10g}" for labels, value in sorted(self.values.items()))


class Histogram:
    """A metric that counts observations by size, for each set of labels.

    Parameters
    ----------
    name, help
        As for `Family`.
    bounds
        Upper bounds of the buckets, ascending; what is larger than all counts as ``+Inf``.

    Examples
    --------
    >>> seconds = Histogram("wait_seconds", "Waiting.", (0.1, 1.0))
    >>> for value in (0.05, 0.5, 7):
    ...     seconds.observe(value)
    >>> print(text([seconds]))
    # HELP wait_seconds Waiting.
    # TYPE wait_seconds histogram
    wait_seconds_bucket{le="0.1"} 1
    wait_seconds_bucket{le="1"} 2
    wait_seconds_bucket{le="+Inf"} 3
    wait_seconds_sum 7.55
    wait_seconds_count 3
    <BLANKLINE>
    """

    type = "histogram"

    def __init__(self, name: str, help: str, bounds: tuple[float, ...]) -> None:
        self.name, self.help, self._bounds = name, help, bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Count one observation."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def lines(self) -> Iterator[str]:
        """Return the samples; a bucket counts those of the smaller ones too."""
        names = [*(f"{bound:.10g}" for bound in self._bounds), "+Inf"]
        for labels in sorted(self._counts):
            total = 0
            for name, count in zip(names, self._counts[labels], strict=True):
                total += count
                yield f"{self.name}_bucket{_braces((*labels, ('le', name)))} {total}"
            yield f"{self.name}_sum{_braces(labels)} {self._sums[labels]:.10g}"
            yield f"{self.name}_count{_braces(labels)} {total}"


Metric = Family | Histogram


def merged(families: Iterable[Family]) -> list[Family]:
    """Return families of the same name as one."""
    found: dict[str, Family] = {}
    for family in families:
        known = found.get(family.name)
        found[family.name] = family if known is None else known._replace(values={**known.values, **family.values})
    return list(found.values())


def text(metrics: Iterable[Metric]) -> str:
    """Return metrics as text, by name.

    >>> print(text([Family("pods", "gauge", "Pods.", {(("node", "a"),): 2, (): 0.5})]))
    # HELP pods Pods.
    # TYPE pods gauge
    pods 0.5
    pods{node="a"} 2
    <BLANKLINE>
    """
    lines = []
    for metric in sorted(metrics, key=lambda metric: metric.name):
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.type}", *metric.lines()]
    return "\n".join([*lines, ""])


def _braces(labels: Labels) -> str:
    shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)
    return f"{{{shown}}}" if shown else ""
