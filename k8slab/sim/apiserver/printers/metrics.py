"""Rows of NodeMetrics and PodMetrics.

Upstream: metrics-server, pkg/api/table.go.
"""

from fractions import Fraction
from typing import Any

from k8slab.apimachinery.quantity import format_quantity, parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.columns import column, printer

__all__: list[str] = []

_COLUMNS = (
    column("Name", "Name of the resource", format="name"),
    column("cpu", "Resource Metric", format="quantity"),
    column("memory", "Resource Metric", format="quantity"),
    column("Window", "Duration in which the metric was collected", format="duration"),
)


def _row(obj: Object, uses: list[Object]) -> list[Any]:
    cpu, memory = (sum((parse_quantity(u[name]) for u in uses), Fraction(0)) for name in ("cpu", "memory"))
    nano = int(cpu * 10**9)
    shown = f"{nano}n" if nano % 10**6 else format_quantity(cpu)
    return [obj["metadata"]["name"], shown, format_quantity(memory, binary=True), obj["window"]]


@printer("metrics.k8s.io", "NodeMetrics", _COLUMNS)
def _node(obj: Object, now: float) -> list[Any]:
    return _row(obj, [obj["usage"]])


@printer("metrics.k8s.io", "PodMetrics", _COLUMNS)
def _pod(obj: Object, now: float) -> list[Any]:
    return _row(obj, [c["usage"] for c in obj["containers"]])
