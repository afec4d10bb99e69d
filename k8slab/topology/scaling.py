"""Autoscaling as numbers: what an HPA measured, wanted and did over time, and the load that made it. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.topology.rollouts import Version

__all__ = ["Metric", "load_points", "metrics_of", "replicas_over_time", "scaling_state"]

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Metric:
    """One metric of an HPA: its name and unit, the target, what was measured last (None: nothing yet)."""

    name: str
    unit: str
    target: float
    current: float | None


def metrics_of(hpa: Object) -> list[Metric]:
    """Return the metrics of an HPA (autoscaling/v2) with their targets and last measurements.

    >>> target = {"type": "Utilization", "averageUtilization": 50}
    >>> spec = {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}
    >>> metrics_of({"spec": spec})
    [Metric(name='cpu', unit='% of request', target=50.0, current=None)]
    """
    current = [_reading(m) for m in (hpa.get("status") or {}).get("currentMetrics") or ()]
    found = []
    for metric in (hpa.get("spec") or {}).get("metrics") or ():
        name, body = _named(metric)
        target = body.get("target") or {}
        field = next((f for f in ("averageUtilization", "averageValue", "value") if target.get(f) is not None), "")
        unit = "% of request" if field == "averageUtilization" else "per pod" if field == "averageValue" else ""
        measured = next((values.get(field) for n, values in current if n == name), None)
        found.append(Metric(name, unit, float(parse_quantity(target.get(field, 0))), measured))
    return found


def _named(metric: Object) -> tuple[str, Object]:
    kind = metric.get("type", "")
    body: Object = metric.get(kind[:1].lower() + kind[1:]) or {}
    name = body.get("name") or (body.get("metric") or {}).get("name") or kind
    return f"{name} of {body['container']}" if body.get("container") else name, body


def _reading(metric: Object) -> tuple[str, dict[str, float]]:
    name, body = _named(metric)
    values = {k: float(parse_quantity(v)) for k, v in (body.get("current") or {}).items() if v is not None}
    return name, values


def replicas_over_time(versions: Iterable[Version], field: str) -> Points:
    """Return a number of an HPA's status over time, a point per change."""
    points: list[tuple[float, float]] = []
    for when, type_, hpa in versions:
        value = (hpa.get("status") or {}).get(field)
        if type_ != "DELETED" and value is not None and (not points or points[-1][1] != value):
            points.append((when, float(value)))
    return tuple(points)


def load_points(run: Object, *path: str, factor: float = 1.0) -> Points:
    """Return one field of a LoadRun's series over time, such as ``("latencySeconds", "p99")``."""
    points = []
    for entry in (run.get("status") or {}).get("series") or ():
        value = entry
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, int | float):
            points.append((parse_time(entry["time"]), value * factor))
    return tuple(points)


def scaling_state(hpa: Object) -> tuple[str, str]:
    """Return what an HPA is doing, in a sentence, with a tone (ok, no, info)."""
    spec, status = hpa.get("spec") or {}, hpa.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    for type_ in ("AbleToScale", "ScalingActive"):
        condition = conditions.get(type_) or {}
        if condition.get("status") == "False":
            return f"It does not scale: {condition.get('message') or condition.get('reason', '')}", "no"
    now, wanted = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
    words = (
        f"{now} replica{'s' * (now != 1)}, {wanted} wanted (between {spec.get('minReplicas', 1)} and {spec.get('maxReplicas')})."
    )
    limited = conditions.get("ScalingLimited") or {}
    if limited.get("status") == "True" and limited.get("reason") in ("TooManyReplicas", "TooFewReplicas"):
        return f"{words} Limited: {limited.get('message', '')}.", "info"
    if not conditions:
        return "Nothing measured yet.", "info"
    return words, "ok" if now == wanted else "info"
