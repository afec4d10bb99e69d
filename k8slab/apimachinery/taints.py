"""Taints of nodes and tolerations of pods.

Upstream: k8s.io/component-helpers/scheduling/corev1 (taint and toleration helpers).
"""

from collections.abc import Iterable

from k8slab.apimachinery.types import Object

__all__ = ["tolerates", "toleration_seconds"]


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers a taint; one without a key and with Exists covers all.

    >>> tolerates({"key": "gpu", "operator": "Exists"}, {"key": "gpu", "value": "a100", "effect": "NoSchedule"})
    True
    >>> tolerates({"key": "gpu", "value": "a100", "effect": "NoExecute"}, {"key": "gpu", "value": "a100", "effect": "NoSchedule"})
    False
    """
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def toleration_seconds(tolerations: Iterable[Object], taint: Object) -> float:
    """Return how long a NoExecute taint is tolerated: 0 not at all, infinite without ``tolerationSeconds``.

    >>> toleration_seconds([{"operator": "Exists", "tolerationSeconds": 300}], {"key": "k", "effect": "NoExecute"})
    300.0
    >>> toleration_seconds([], {"key": "k", "effect": "NoExecute"})
    0.0
    """
    matching = [t for t in tolerations if tolerates(t, taint)]
    if not matching:
        return 0.0
    limits = [max(0.0, float(t["tolerationSeconds"])) for t in matching if t.get("tolerationSeconds") is not None]
    return min(limits, default=float("inf"))
