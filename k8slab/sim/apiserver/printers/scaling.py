"""Rows of what decides how many pods there are: autoscalers, the scale of a workload, disruption budgets.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.cells import NONE, UNKNOWN, UNSET, age, shortened, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, NAME, column, printer

__all__: list[str] = []

_HPA = "autoscaling.v2.HorizontalPodAutoscaler"


@printer(
    "autoscaling",
    "HorizontalPodAutoscaler",
    (
        NAME,
        column("Reference", (f"{_HPA}Spec", "scaleTargetRef")),
        column("Targets", (f"{_HPA}Spec", "metrics")),
        column("MinPods", (f"{_HPA}Spec", "minReplicas")),
        column("MaxPods", (f"{_HPA}Spec", "maxReplicas")),
        column("Replicas", (f"{_HPA}Status", "currentReplicas")),
        AGE,
    ),
)
def _autoscaler(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    target = spec.get("scaleTargetRef") or {}
    minimum = spec.get("minReplicas")
    return [
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec.get("metrics") or [], status.get("currentMetrics") or []),
        UNSET if minimum is None else str(minimum),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


_METRIC_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metrics(specs: list[Object], statuses: list[Object]) -> str:
    if not specs:
        return NONE
    return shortened([_metric(spec, statuses[i] if i < len(statuses) else {}) for i, spec in enumerate(specs)], 2, ", ")


def _metric(spec: Object, status: Object) -> str:
    source = _METRIC_SOURCES.get(spec.get("type", ""))
    if source is None:
        return "<unknown type>"
    wanted = spec.get(source) or {}
    target = wanted.get("target") or {}
    current = (status.get(source) or {}).get("current") or {}
    if source in ("resource", "containerResource"):
        return f"{wanted.get('name', '')}: {_resource_metric(target, current)}"
    if source == "pods" or target.get("averageValue") is None:
        key = "averageValue" if source == "pods" else "value"
        return f"{current.get(key) or UNKNOWN}/{target.get(key, '0')}"
    return f"{current.get('averageValue') or UNKNOWN}/{target['averageValue']} (avg)"


def _resource_metric(target: Object, current: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue') or UNKNOWN}/{target['averageValue']}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


@printer(
    "autoscaling",
    "Scale",
    (
        column("Name", ("meta.v1.ObjectMeta", "name")),
        column("Desired", ("autoscaling.v1.ScaleSpec", "replicas"), "integer"),
        column("Available", ("autoscaling.v1.ScaleStatus", "replicas"), "integer"),
        AGE,
    ),
)
def _scale(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], spec_of(obj).get("replicas", 0), status_of(obj).get("replicas", 0), age(obj, now)]


@printer(
    "policy",
    "PodDisruptionBudget",
    (
        NAME,
        column("Min Available", "The minimum number of pods that must be available."),
        column("Max Unavailable", "The maximum number of pods that may be unavailable."),
        column("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time.", "integer"),
        AGE,
    ),
)
def _budget(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    return [
        obj["metadata"]["name"],
        *("N/A" if spec.get(field) is None else str(spec[field]) for field in ("minAvailable", "maxUnavailable")),
        status_of(obj).get("disruptionsAllowed", 0),
        age(obj, now),
    ]
