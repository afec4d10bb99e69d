"""Prometheus' text form: what components count, as ``/metrics`` shows it (upstream: k8s.io/component-base/metrics).

Format: https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

__all__ = ["CONTENT_TYPE", "Family", "Labels", "text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Family(NamedTuple):
    """A metric: its name, what it is, and a value for each set of labels."""

    name: str
    type: Literal["counter", "gauge"]
    help: str
    values: Mapping[Labels, float]


def text(families: Iterable[Family]) -> str:
    """Return metrics as text, by name.

    >>> print(text([Family("pods", "gauge", "Pods.", {(("node", "a"),): 2, (): 0.5})]))
    # HELP pods Pods.
    # TYPE pods gauge
    pods 0.5
    pods{node="a"} 2
    <BLANKLINE>
    """
    lines = []
    for family in sorted(families):
        lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.type}"]
        lines += [f"{family.name}{_braces(labels)} {value:.10g}" for labels, value in sorted(family.values.items())]
    return "\n".join([*lines, ""])


def _braces(labels: Labels) -> str:
    shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)
    return f"{{{shown}}}" if shown else ""
