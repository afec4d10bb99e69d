"""The types every layer shares: a Kubernetes object is a plain dictionary as it came out of JSON."""

from typing import Any

__all__ = ["Object", "annotations", "controller_of", "deep_copy", "key_of", "labels", "name_of", "namespace_of", "split_key"]

Object = dict[str, Any]


def name_of(obj: Object) -> str:
    """Return ``metadata.name``."""
    name: str = obj["metadata"].get("name", "")
    return name


def namespace_of(obj: Object) -> str:
    """Return ``metadata.namespace``, "" for a cluster-scoped object."""
    namespace: str = obj["metadata"].get("namespace", "")
    return namespace


def key_of(obj: Object) -> str:
    """Return "namespace/name", or "name" for a cluster-scoped object (upstream: ``cache.MetaNamespaceKeyFunc``).

    >>> key_of({"metadata": {"namespace": "chat", "name": "web"}})
    'chat/web'
    """
    meta = obj["metadata"]
    namespace = meta.get("namespace")
    return f"{namespace}/{meta['name']}" if namespace else meta["name"]


def split_key(key: str) -> tuple[str, str]:
    """Return (namespace, name) of a key that `key_of` made.

    >>> split_key("chat/web"), split_key("worker-1")
    (('chat', 'web'), ('', 'worker-1'))
    """
    namespace, _, name = key.rpartition("/")
    return namespace, name


def labels(obj: Object) -> dict[str, str]:
    """Return ``metadata.labels``, empty where there are none."""
    return obj["metadata"].get("labels") or {}


def annotations(obj: Object) -> dict[str, str]:
    """Return ``metadata.annotations``, empty where there are none."""
    return obj["metadata"].get("annotations") or {}


def controller_of(obj: Object) -> Object | None:
    """Return the owner reference with ``controller: true``, if any (upstream: ``metav1.GetControllerOf``)."""
    return next((ref for ref in obj["metadata"].get("ownerReferences") or () if ref.get("controller")), None)


def deep_copy(value: Any) -> Any:
    """Copy a JSON value; several times faster than `copy.deepcopy`, which must expect anything."""
    if isinstance(value, dict):
        return {k: deep_copy(v) if isinstance(v, (dict, list)) else v for k, v in value.items()}
    if isinstance(value, list):
        return [deep_copy(v) if isinstance(v, (dict, list)) else v for v in value]
    return value
