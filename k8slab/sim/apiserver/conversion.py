"""Conversion between the versions of a kind that is served in more than one.

Upstream: the conversion functions of pkg/apis/autoscaling and pkg/apis/events. All other kinds have one served version
each, or versions of the same shape.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource

__all__ = ["convert"]


def convert(obj: Object, source: Resource, target: Resource) -> Object:
    """Return the object in another version; the same object if the versions are the same."""
    if source is target or (source.group, source.version) == (target.group, target.version):
        return obj
    converter = _CONVERTERS.get((source.group, source.version, target.group, target.version))
    converted = converter(obj) if converter else dict(obj)
    converted["apiVersion"], converted["kind"] = target.api_version, target.kind
    return converted


def _hpa_v1_to_v2(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
        spec["metrics"] = [{"type": "Resource", "resource": cpu}]
    status = dict(obj.get("status") or {})
    current = status.pop("currentCPUUtilizationPercentage", None)
    if current is not None:
        cpu = {"name": "cpu", "current": {"averageUtilization": current}}
        status["currentMetrics"] = [{"type": "Resource", "resource": cpu}]
    return {**obj, "spec": spec, "status": status}


def _hpa_v2_to_v1(obj: Object) -> Object:
    spec = {k: v for k, v in (obj.get("spec") or {}).items() if k not in ("metrics", "behavior")}
    cpu = _cpu((obj.get("spec") or {}).get("metrics"), "target")
    if cpu.get("averageUtilization") is not None:
        spec["targetCPUUtilizationPercentage"] = cpu["averageUtilization"]
    status = {k: v for k, v in (obj.get("status") or {}).items() if k not in ("currentMetrics", "conditions")}
    used = _cpu((obj.get("status") or {}).get("currentMetrics"), "current")
    if used.get("averageUtilization") is not None:
        status["currentCPUUtilizationPercentage"] = used["averageUtilization"]
    return {**obj, "spec": spec, "status": {"currentReplicas": 0, "desiredReplicas": 0, **status}}


def _cpu(metrics: list[Object] | None, part: str) -> dict[str, Any]:
    for metric in metrics or ():
        if metric.get("type") == "Resource" and metric["resource"]["name"] == "cpu":
            found: dict[str, Any] = metric["resource"].get(part) or {}
            return found
    return {}


_RENAMED = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}


def _events_to_core(obj: Object) -> Object:
    return {_RENAMED.get(k, k): v for k, v in obj.items()}


def _core_to_events(obj: Object) -> Object:
    back = {v: k for k, v in _RENAMED.items()}
    return {back.get(k, k): v for k, v in obj.items()}


_CONVERTERS = {
    ("autoscaling", "v1", "autoscaling", "v2"): _hpa_v1_to_v2,
    ("autoscaling", "v2", "autoscaling", "v1"): _hpa_v2_to_v1,
    ("events.k8s.io", "v1", "", "v1"): _events_to_core,
    ("", "v1", "events.k8s.io", "v1"): _core_to_events,
}
