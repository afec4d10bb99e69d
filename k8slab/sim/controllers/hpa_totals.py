"""Replicas for a metric that is one number, of an object or from outside the cluster, not one of each pod. Pure.

Upstream: getUsageRatioReplicaCount, GetObjectPerPodMetricReplicas and GetExternalPerPodMetricReplicas in
k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go.
"""

import math
from collections.abc import Iterable

from k8slab.apimachinery.types import Object
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.hpa_metrics import TOLERANCES, MetricsError

__all__ = ["per_pod_replicas", "ready_count", "value_replicas"]


def ready_count(candidates: Iterable[Object]) -> int:
    """Return how many pods run and are ready.

    Raises
    ------
    MetricsError
        If there are no pods at all.
    """
    found = list(candidates)
    if not found:
        raise MetricsError("unable to calculate ready pods: no pods returned by selector while calculating replica count")
    return sum(pods.phase(pod) == "Running" and pods.is_ready(pod) for pod in found)


def value_replicas(current: int, ready: int, value: int, target: int, tolerances: tuple[float, float] = TOLERANCES) -> int:
    """Return the replicas for a target ``value``; both in milli-units.

    >>> value_replicas(current=3, ready=3, value=20_000, target=10_000), value_replicas(0, 0, 25_000, 10_000)
    (6, 3)
    """
    ratio = value / target
    if not current:
        return math.ceil(ratio)
    return current if _tolerable(ratio, tolerances) else math.ceil(round(ratio * ready, 9))


def per_pod_replicas(replicas: int, value: int, target: int, tolerances: tuple[float, float] = TOLERANCES) -> tuple[int, int]:
    """Return (replicas, present average) for a target ``averageValue``; ``replicas`` are those of the target's status.

    >>> per_pod_replicas(4, value=8_600, target=1_000), per_pod_replicas(4, 4_300, 1_000)
    ((9, 2150), (4, 1075))
    """
    ratio = value / (target * replicas) if replicas else math.inf
    wanted = replicas if _tolerable(ratio, tolerances) else math.ceil(round(value / target, 9))
    return wanted, math.ceil(value / replicas) if replicas else value


def _tolerable(ratio: float, tolerances: tuple[float, float]) -> bool:
    up, down = tolerances
    return 1.0 - down <= ratio <= 1.0 + up
