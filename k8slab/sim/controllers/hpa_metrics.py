"""From metrics to a number of replicas. Pure.

Upstream: k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go. The idea is one division (use now / use
wanted); the rest is caution about pods that have no metrics or are not ready: they are assumed to use what makes the
change smaller.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from k8slab.apimachinery.quantity import milli_value
from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.conditions import find

__all__ = ["TOLERANCES", "Groups", "MetricsError", "average_value_replicas", "group", "requests_of", "usages_of",
           "utilization_replicas"]  # fmt: skip

TOLERANCES = (0.1, 0.1)  #: how far from 1 a ratio may be without effect: upwards, downwards
CPU_INITIALIZATION = 300.0
INITIAL_READINESS = 30.0

Usages = dict[str, int]  #: milli-units by pod name


class MetricsError(Exception):
    """There is no way to tell; the message goes into the condition ScalingActive."""


class Groups(NamedTuple):
    """Names of pods by what their metrics are worth."""

    ready: set[str]
    unready: set[str]
    missing: set[str]


def usages_of(metrics: Iterable[Object], resource: str, container: str = "") -> Usages:
    """Return what each pod (or its named container) uses, from PodMetrics."""
    return {
        str(m["metadata"]["name"]): sum(
            milli_value(c["usage"].get(resource, "0")) for c in m["containers"] if container in ("", c["name"])
        )
        for m in metrics
    }


def requests_of(candidates: Iterable[Object], resource: str, container: str = "") -> Usages:
    """Return what each pod requests.

    Raises
    ------
    MetricsError
        If a container requests nothing: there is no percentage of nothing.
    """
    result = {}
    for pod in candidates:
        total = 0
        for spec in pod["spec"]["containers"]:
            if container not in ("", spec["name"]):
                continue
            request = ((spec.get("resources") or {}).get("requests") or {}).get(resource)
            if request is None:
                raise MetricsError(f"missing request for {resource} in container {spec['name']} of Pod {pod['metadata']['name']}")
            total += milli_value(request)
        result[str(pod["metadata"]["name"])] = total
    return result


def group(candidates: Iterable[Object], measured: Mapping[str, Object], resource: str, now: float) -> Groups:
    """Sort pods: those that count, those that are not ready yet, those without metrics. Ended ones are left out.

    Parameters
    ----------
    candidates
        The pods of the target.
    measured
        Their PodMetrics by name.
    resource
        "cpu" is special: a starting pod's use says nothing about its load.
    now
        The time.
    """
    groups = Groups(set(), set(), set())
    for pod in candidates:
        name = str(pod["metadata"]["name"])
        if pods.is_terminating(pod) or pods.phase(pod) == "Failed":
            continue
        if pods.phase(pod) == "Pending":
            groups.unready.add(name)
        elif name not in measured:
            groups.missing.add(name)
        elif resource == "cpu" and _is_warming_up(pod, measured[name], now):
            groups.unready.add(name)
        else:
            groups.ready.add(name)
    return groups


def _is_warming_up(pod: Object, metrics: Object, now: float) -> bool:
    status = pod.get("status") or {}
    condition, start = find(status.get("conditions"), "Ready"), status.get("startTime")
    if condition is None or not start or not condition.get("lastTransitionTime"):
        return True
    changed, started = parse_time(condition["lastTransitionTime"]), parse_time(start)
    if started + CPU_INITIALIZATION > now:
        window = float(str(metrics.get("window", "30s")).rstrip("s") or 30)
        measured_before = "timestamp" in metrics and parse_time(metrics["timestamp"]) < changed + window
        return condition["status"] == "False" or measured_before
    return bool(condition["status"] == "False" and started + INITIAL_READINESS > changed)


def utilization_replicas(
    current: int,
    target: int,
    usages: Usages,
    requests: Usages,
    groups: Groups,
    tolerances: tuple[float, float] = TOLERANCES,
) -> tuple[int, int]:
    """Return (replicas, present utilization in percent) for a target in percent of the requests."""

    def percent(of: Mapping[str, int]) -> int:
        total = sum(requests.get(name, 0) for name in of)
        if not total:
            raise MetricsError("no metrics returned matched known pods")
        return sum(of.values()) * 100 // total

    def assumed(name: str) -> int:
        return requests.get(name, 0) * max(100, target) // 100

    ready = _ready(usages, groups)
    return _replicas(current, ready, groups, lambda of: percent(of) / target, assumed, tolerances), percent(ready)


def average_value_replicas(
    current: int, target: int, usages: Usages, groups: Groups, tolerances: tuple[float, float] = TOLERANCES
) -> tuple[int, int]:
    """Return (replicas, present average in milli-units) for a target average per pod in milli-units."""

    def average(of: Mapping[str, int]) -> int:
        return sum(of.values()) // len(of)

    ready = _ready(usages, groups)
    return _replicas(current, ready, groups, lambda of: average(of) / target, lambda name: target, tolerances), average(ready)


def _ready(usages: Usages, groups: Groups) -> Usages:
    ready = {name: used for name, used in usages.items() if name in groups.ready}
    if not ready:
        raise MetricsError("did not receive metrics for targeted pods (pods might be unready)")
    return ready


def _replicas(
    current: int,
    ready: Usages,
    groups: Groups,
    ratio: Callable[[Mapping[str, int]], float],
    assumed: Callable[[str], int],
    tolerances: tuple[float, float],
) -> int:
    up, down = tolerances

    def tolerable(value: float) -> bool:
        return 1.0 - down <= value <= 1.0 + up

    first = ratio(ready)
    growing_with_unready = bool(groups.unready) and first > 1.0
    if not growing_with_unready and not groups.missing:
        return current if tolerable(first) else math.ceil(round(first * len(ready), 9))
    filled = dict(ready)
    if first != 1.0:
        filled |= {name: assumed(name) if first < 1.0 else 0 for name in groups.missing}
    if growing_with_unready:
        filled |= dict.fromkeys(groups.unready, 0)
    second = ratio(filled)
    if tolerable(second) or (first < 1.0 < second) or (first > 1.0 > second):
        return current
    wanted = math.ceil(round(second * len(filled), 9))
    return current if (wanted - current) * (second - 1.0) < 0 else wanted
