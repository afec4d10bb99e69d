"""What many tables write in their cells: ages, selectors, containers, lists that are cut short.

Upstream: the helper functions of pkg/printers/internalversion/printers.go and pkg/apis/core/helper.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slab.apimachinery.labels import format_selector, selector_of
from k8slab.apimachinery.timestamps import human_duration, parse_time
from k8slab.apimachinery.types import Object

__all__ = [
    "NONE",
    "UNKNOWN",
    "UNSET",
    "access_modes",
    "age",
    "condition",
    "containers",
    "images",
    "label_selector",
    "labels",
    "load_balancer",
    "shortened",
    "since",
    "spec_of",
    "status_of",
]

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
_ACCESS_MODES = (("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"))


def spec_of(obj: Object) -> Object:
    """Return the spec, empty where there is none."""
    return obj.get("spec") or {}


def status_of(obj: Object) -> Object:
    """Return the status, empty where there is none."""
    return obj.get("status") or {}


def since(time: str | None, now: float) -> str:
    """Return how long ago a time was.

    >>> since("1970-01-01T00:00:00Z", 90.0), since(None, 90.0)
    ('90s', '<unknown>')
    """
    return human_duration(now - parse_time(time)) if time else UNKNOWN


def age(obj: Object, now: float) -> str:
    """Return how long ago the object was created."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def labels(pairs: Mapping[str, str] | None) -> str:
    """Return a label set, as ``labels.FormatLabels`` does.

    >>> labels({"b": "2", "a": "1"}), labels(None)
    ('a=1,b=2', '<none>')
    """
    return ",".join(f"{k}={v}" for k, v in sorted(pairs.items())) if pairs else NONE


def label_selector(selector: Object | None) -> str:
    """Return a LabelSelector as text, its requirements in order of their keys.

    >>> label_selector({"matchLabels": {"b": "2"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]})
    'a,b=2'
    """
    return format_selector(tuple(sorted(selector_of(selector) or (), key=lambda requirement: requirement[0])))


def containers(template: Object | None) -> str:
    """Return the names of a pod template's containers."""
    return ",".join(c["name"] for c in _containers(template))


def images(template: Object | None) -> str:
    """Return the images of a pod template's containers."""
    return ",".join(c.get("image", "") for c in _containers(template))


def _containers(template: Object | None) -> Sequence[Object]:
    return spec_of(template or {}).get("containers") or ()


def shortened(items: Sequence[str], limit: int = 3, separator: str = ",") -> str:
    """Join the first few and say how many more there are.

    >>> shortened(["a", "b", "c", "d", "e"])
    'a,b,c + 2 more...'
    """
    text = separator.join(items[:limit])
    return f"{text} + {len(items) - limit} more..." if len(items) > limit else text


def access_modes(modes: Iterable[str] | None) -> str:
    """Return access modes in their short forms, in a fixed order.

    >>> access_modes(["ReadWriteMany", "ReadWriteOnce"])
    'RWO,RWX'
    """
    present = set(modes or ())
    return ",".join(short for mode, short in _ACCESS_MODES if mode in present)


def condition(obj: Object, type: str) -> Object | None:
    """Return a condition of the status, None if it is not there."""
    return next((c for c in status_of(obj).get("conditions") or () if c["type"] == type), None)


def load_balancer(status: Object) -> str:
    """Return the addresses that a load balancer gave."""
    ingress: list[dict[str, Any]] = (status.get("loadBalancer") or {}).get("ingress") or []
    return ",".join(sorted({point.get("ip") or point.get("hostname") or "" for point in ingress} - {""}))
