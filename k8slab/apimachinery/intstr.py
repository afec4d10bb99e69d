"""Values that are a number or a percentage: ``maxSurge: 25%`` or ``maxSurge: 1``.

Upstream: k8s.io/apimachinery/pkg/util/intstr (GetScaledValueFromIntOrPercent).
"""

import math

__all__ = ["scaled_value"]


def scaled_value(value: int | str, total: int, round_up: bool) -> int:
    """Return the number that an int-or-percentage stands for.

    >>> scaled_value("25%", 10, round_up=True), scaled_value("25%", 10, round_up=False), scaled_value(3, 10, True)
    (3, 2, 3)
    """
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if round_up else math.floor(share)
