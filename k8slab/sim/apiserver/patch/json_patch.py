"""JSON patch (RFC 6902).

Upstream: github.com/evanphx/json-patch; here the package ``jsonpatch``. Every failure gives the same answer, as there.
"""

from typing import Any

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.errors import StatusError

__all__ = ["json_patch"]


def json_patch(doc: Object, patch: list[Object]) -> Object:
    """Return the document after a list of operations.

    Raises
    ------
    StatusError
        422 if an operation cannot be carried out: no such path, a test that fails, an unknown operation.

    Examples
    --------
    >>> json_patch({"data": {"a": "1"}}, [{"op": "replace", "path": "/data/a", "value": "2"}])
    {'data': {'a': '2'}}
    """
    import jsonpatch
    import jsonpointer

    try:
        patched: Any = jsonpatch.JsonPatch(patch).apply(deep_copy(doc), in_place=True)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, KeyError, TypeError, IndexError):
        raise StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {}) from None
    if not isinstance(patched, dict):
        raise StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {})
    return patched
