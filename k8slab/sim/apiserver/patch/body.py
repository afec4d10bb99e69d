"""Reading the body of a patch request, with the errors of Go's decoders.

Upstream: patch.go in k8s.io/apiserver and DecodePatch in github.com/evanphx/json-patch.
"""

from typing import Any

from k8slab.sim.apiserver import gojson
from k8slab.sim.apiserver.errors import StatusError, bad_request

__all__ = ["decode_patch"]

_MAX_OPERATIONS = 10_000


def decode_patch(raw: bytes, kind: str) -> Any:
    """Return the patch in a request's body: a list of operations for "json", an object otherwise.

    Raises
    ------
    StatusError
        400 with Go's words for what cannot be read, 413 for more than 10,000 operations.
    """
    prefix = "error decoding patch: " if kind == "merge" else ""
    try:
        patch = gojson.parse_json(raw)
    except gojson.ParseError as error:
        raise bad_request(f"{prefix}{error}") from None
    go = "jsonpatch.Patch" if kind == "json" else "map[string]interface {}"
    if not isinstance(patch, list if kind == "json" else dict):
        raise bad_request(f"{prefix}json: cannot unmarshal {gojson.json_kind(patch)} into Go value of type {go}")
    if isinstance(patch, list):
        _check_operations(patch)
    return patch


def _check_operations(patch: list[Any]) -> None:
    for operation in patch:
        if not isinstance(operation, dict):
            problem = f"cannot unmarshal {gojson.json_kind(operation)} into Go value of type jsonpatch.Operation"
            raise bad_request(f"json: {problem}")
    if len(patch) > _MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(patch)}"
        raise StatusError(413, "RequestEntityTooLarge", text)
