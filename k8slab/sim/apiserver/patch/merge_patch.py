"""JSON merge patch (RFC 7386).

Upstream: github.com/evanphx/json-patch (MergePatch).
"""

from typing import Any

from k8slab.apimachinery.types import Object

__all__ = ["merge_patch"]


def merge_patch(doc: Object, patch: Object) -> Object:
    """Return the document with the patch laid over it; null deletes, lists are replaced.

    >>> merge_patch({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": [1]}})
    {'a': {'c': 2, 'd': [1]}}
    """
    merged: Object = _merged(doc, patch)
    return merged


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = _merged(out.get(key), value)
    return out
