"""Field selectors: ``--field-selector status.phase=Running,spec.nodeName!=worker-1``.

Upstream: k8s.io/apimachinery/pkg/fields and the field label conversion functions of pkg/apis/*.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object

__all__ = ["FieldSelector", "field_value", "matches_fields", "parse_field_selector", "stored_fields", "supported_fields"]

#: (path, equal?, value): all must hold.
FieldSelector = tuple[tuple[str, bool, str], ...]

_COMMON = ("metadata.name", "metadata.namespace")
_EVENT = tuple(f"involvedObject.{f}" for f in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"))
_REGARDING = {path.replace("involvedObject", "regarding"): path for path in _EVENT}
_STORED = {**_REGARDING, "reportingController": "reportingComponent"}
_SUPPORTED: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
    ),
    "events": (*_EVENT, "reason", "reportingComponent", "source", "type"),
    "events.events.k8s.io": (*_REGARDING, "reason", "reportingController", "type"),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicationcontrollers": ("status.replicas",),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}  # fmt: skip
_DEFAULTS = {"spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0", "status.successful": "0"}


def supported_fields(resource: str) -> tuple[str, ...]:
    """Return the field paths that a resource ("pods", "jobs.batch") can be selected by.

    >>> "spec.nodeName" in supported_fields("pods"), supported_fields("configmaps")
    (True, ('metadata.name', 'metadata.namespace'))
    """
    return _COMMON + _SUPPORTED.get(resource, ())


def stored_fields(resource: str, selector: FieldSelector) -> FieldSelector:
    """Return a selector in terms of what is stored: events.k8s.io shows the same events under other names of fields.

    >>> stored_fields("events.events.k8s.io", (("regarding.name", True, "web"),))
    (('involvedObject.name', True, 'web'),)
    """
    if resource != "events.events.k8s.io":
        return selector
    return tuple((_STORED.get(path, path), equal, value) for path, equal, value in selector)


def parse_field_selector(text: str) -> FieldSelector:
    """Parse the text form.

    Raises
    ------
    ValueError
        With upstream's wording, if a term has no operator.

    Examples
    --------
    >>> parse_field_selector("status.phase=Running,spec.nodeName!=")
    (('status.phase', True, 'Running'), ('spec.nodeName', False, ''))
    """
    return tuple(_term(term, text) for term in text.split(",") if term)


def _term(term: str, text: str) -> tuple[str, bool, str]:
    for operator, equal in (("!=", False), ("==", True), ("=", True)):
        path, found, value = term.partition(operator)
        if found:
            return path.strip(), equal, value.strip()
    raise ValueError(f"invalid selector: '{text}'; can't understand '{term}'")


def field_value(obj: Object, path: str) -> str:
    """Return the text a selector compares: "" where the field is unset, unless upstream has a default.

    >>> field_value({"spec": {"nodeName": "worker-1"}}, "spec.nodeName"), field_value({}, "spec.unschedulable")
    ('worker-1', 'false')
    """
    special: Callable[[Object], str] | None = _SPECIAL.get(path)
    if special is not None:
        return special(obj)
    value: object = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return _DEFAULTS.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


_SPECIAL: dict[str, Callable[[Object], str]] = {
    "source": lambda o: (o.get("source") or {}).get("component") or o.get("reportingComponent") or "",
    "status.successful": lambda o: str((o.get("status") or {}).get("succeeded", 0)),
}


def matches_fields(selector: FieldSelector, obj: Object) -> bool:
    """Whether every term holds."""
    return all((field_value(obj, path) == value) is equal for path, equal, value in selector)
