"""How fast an autoscaler may move: stabilisation windows and scaling policies. Pure.

Upstream: k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go (stabilizeRecommendationWithBehaviors,
convertDesiredReplicasWithBehaviorRate; normalizeDesiredReplicas for those without behavior) and
pkg/apis/autoscaling/v2/defaults.go.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["DEFAULT_DOWN", "DEFAULT_UP", "History", "Limited", "highest", "limit", "plain_limit", "rules", "stabilize"]

DEFAULT_UP: Object = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}],
}
DEFAULT_DOWN: Object = {
    "stabilizationWindowSeconds": 300,
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}

_TOO_FAST = "the desired replica count is {} faster than the maximum scale rate"

_TOO_MANY = "the desired replica count is more than the maximum replica count"
_TOO_FEW = "the desired replica count is less than the minimum replica count"
_WITHIN = "the desired count is within the acceptable range"

Change = tuple[float, int]  #: when, and how many replicas


class Limited(NamedTuple):
    """The size after all limits, and what the condition ScalingLimited says."""

    replicas: int
    reason: str
    message: str


@dataclass
class History:
    """What an autoscaler remembers of one target, as upstream does: recommendations and changes, in memory only."""

    recommendations: list[Change] = field(default_factory=list)
    ups: list[Change] = field(default_factory=list)
    downs: list[Change] = field(default_factory=list)

    def forget(self, before: float) -> None:
        """Drop what is too old to matter."""
        for entries in (self.recommendations, self.ups, self.downs):
            entries[:] = [entry for entry in entries if entry[0] >= before]


def rules(behavior: Object | None) -> tuple[Object, Object]:
    """Return the rules for scaling up and down, with upstream's defaults filled in."""
    behavior = behavior or {}
    up, down = behavior.get("scaleUp") or {}, behavior.get("scaleDown") or {}
    given = [{key: value for key, value in rule.items() if value is not None} for rule in (up, down)]
    return {**DEFAULT_UP, **given[0]}, {**DEFAULT_DOWN, **given[1]}


def stabilize(current: int, desired: int, past: Iterable[Change], up: Object, down: Object, now: float) -> int:
    """Return the least change that every recommendation of the windows agrees with."""
    recent = list(past)
    lowest = min([desired, *(n for when, n in recent if when > now - up["stabilizationWindowSeconds"])])
    highest = max([desired, *(n for when, n in recent if when > now - down["stabilizationWindowSeconds"])])
    return min(max(current, lowest), highest)


def highest(desired: int, past: Iterable[Change], now: float) -> int:
    """Return the highest recommendation of the last five minutes: what an autoscaler without ``behavior`` goes by."""
    window = DEFAULT_DOWN["stabilizationWindowSeconds"]
    return max([desired, *(n for when, n in past if when >= now - window)])


def plain_limit(current: int, desired: int, bounds: tuple[int, int]) -> Limited:
    """Return the size that an autoscaler without ``behavior`` takes: at most twice as many as now, or four.

    >>> plain_limit(3, 20, (1, 10)).replicas, plain_limit(1, 20, (1, 10)).replicas, plain_limit(6, 20, (1, 10)).reason
    (6, 4, 'TooManyReplicas')
    """
    minimum, maximum = bounds
    fastest = max(2 * current, 4)
    if desired < minimum:
        return Limited(minimum, "TooFewReplicas", _TOO_FEW)
    if desired > min(fastest, maximum):
        if maximum > fastest:
            return Limited(fastest, "ScaleUpLimit", _TOO_FAST.format("increasing"))
        return Limited(maximum, "TooManyReplicas", _TOO_MANY)
    return Limited(desired, "DesiredWithinRange", _WITHIN)


def limit(current: int, desired: int, bounds: tuple[int, int], history: History, up: Object, down: Object, now: float) -> Limited:
    """Return the desired size within the bounds and the allowed rate."""
    minimum, maximum = bounds
    if desired > current:
        fastest = max(current, _up_limit(current, history, up, now))
        if desired > min(maximum, fastest):
            if fastest < maximum:
                return Limited(fastest, "ScaleUpLimit", _TOO_FAST.format("increasing"))
            return Limited(maximum, "TooManyReplicas", _TOO_MANY)
    elif desired < current:
        fastest = min(current, _down_limit(current, history, down, now))
        if desired < max(minimum, fastest):
            if fastest > minimum:
                return Limited(fastest, "ScaleDownLimit", _TOO_FAST.format("decreasing"))
            return Limited(minimum, "TooFewReplicas", _TOO_FEW)
    return Limited(desired, "DesiredWithinRange", _WITHIN)


def _changed(entries: Sequence[Change], policy: Object, now: float) -> int:
    return sum(n for when, n in entries if when > now - policy["periodSeconds"])


def _up_limit(current: int, history: History, up: Object, now: float) -> int:
    if up["selectPolicy"] == "Disabled":
        return current
    proposals = []
    for policy in up["policies"]:
        start = current - _changed(history.ups, policy, now) + _changed(history.downs, policy, now)
        percent = math.ceil(start * (100 + policy["value"]) / 100)
        proposals.append(start + policy["value"] if policy["type"] == "Pods" else percent)
    return int(min(proposals) if up["selectPolicy"] == "Min" else max(proposals))


def _down_limit(current: int, history: History, down: Object, now: float) -> int:
    if down["selectPolicy"] == "Disabled":
        return current
    proposals = []
    for policy in down["policies"]:
        start = current + _changed(history.downs, policy, now) - _changed(history.ups, policy, now)
        percent = int(start * (100 - policy["value"]) / 100)
        proposals.append(start - policy["value"] if policy["type"] == "Pods" else percent)
    return int(max(proposals) if down["selectPolicy"] == "Min" else min(proposals))
