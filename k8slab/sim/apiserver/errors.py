"""API errors: real ``Status`` objects with upstream's reason, code and wording.

Upstream: k8s.io/apimachinery/pkg/api/errors and k8s.io/apimachinery/pkg/util/validation/field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from k8slab.apimachinery.types import Object

__all__ = ["OMITTED", "FieldError", "GoLiteral", "StatusError", "already_exists", "bad_request", "conflict", "forbidden", "gone",
           "internal_error", "invalid", "method_not_allowed", "method_not_supported", "not_found", "qualified",
           "resource_not_found", "too_many_requests", "unauthorized",
           "unreachable", "unsupported_media_type"]  # fmt: skip


class StatusError(Exception):
    """An answer of the API server that is not a success."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details
        self.metadata: Object = {}

    def status(self) -> Object:
        """Return the ``Status`` object."""
        status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


@dataclass(frozen=True)
class FieldError:
    """One entry of field.ErrorList.

    Parameters
    ----------
    type
        Upstream's cause: ``FieldValueRequired``, ``FieldValueInvalid``, ``FieldValueDuplicate``, ``FieldValueForbidden``,
        ``FieldValueNotSupported``, ``FieldValueTooLong``, ``FieldValueTooMany``, ``FieldValueNotFound``,
        ``FieldValueTypeInvalid``, ``InternalError``.
    field
        Path, as upstream writes it: ``spec.containers[0].ports[1].name``.
    detail
        What is wrong.
    value
        The offending value, rendered into the message as Go renders it (a str is quoted, see `golang_value`).
    """

    type: str
    field: str
    detail: str = ""
    value: Any = None

    @property
    def body(self) -> str:
        """The text without the field: ``Invalid value: "x": must be ...``."""
        label = _LABELS[self.type]
        text = label if self.type in _WITHOUT_VALUE or self.value is OMITTED else f"{label}: {golang_value(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


_LABELS = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueNotFound": "Not found",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}
_WITHOUT_VALUE = {"FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError"}


class GoLiteral(str):
    """A value that is already spelled as Go would print it."""


#: In the place of a value that would not help: the message does without.
OMITTED = GoLiteral("")


def golang_value(value: Any) -> str:
    """Return a value as Go's field errors print it: strings quoted, numbers and booleans bare."""
    if isinstance(value, GoLiteral):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return '"null"'
    if isinstance(value, int | float):
        return str(value)
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def qualified(resource_or_kind: str, group: str) -> str:
    """Return ``deployments.apps`` or ``Deployment.apps``; the core group adds nothing."""
    return f"{resource_or_kind}.{group}" if group else resource_or_kind


def _details(name: str, group: str, kind: str, **more: Any) -> Object:
    pairs = {"name": name, "group": group, "kind": kind, **more}
    return {k: v for k, v in pairs.items() if v not in ("", None)}


def bad_request(message: str) -> StatusError:
    """400."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """401."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(group: str, plural: str, name: str, message: str) -> StatusError:
    """403: ``pods "web" is forbidden: <message>``."""
    subject = qualified(plural, group) + (f' "{name}"' if name else "")
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {message}", _details(name, group, plural))


def not_found(group: str, plural: str, name: str) -> StatusError:
    """404: ``pods "web" not found``."""
    return StatusError(404, "NotFound", f'{qualified(plural, group)} "{name}" not found', _details(name, group, plural))


def method_not_supported(group: str, plural: str, action: str) -> StatusError:
    """405."""
    message = f"{action} is not supported on resources of kind {qualified(plural, group)!r}".replace("'", '"')
    return StatusError(405, "MethodNotAllowed", message, _details("", group, plural))


def method_not_allowed() -> StatusError:
    """405 of the router: no such method on this path."""
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def resource_not_found() -> StatusError:
    """404 of the router: nothing is served under this path."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(group: str, plural: str, name: str) -> StatusError:
    """409 on create."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _details(name, group, plural))


def conflict(group: str, plural: str, name: str, message: str) -> StatusError:
    """409 on update: ``Operation cannot be fulfilled on pods "web": <message>``."""
    text = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {message}'
    return StatusError(409, "Conflict", text, _details(name, group, plural))


def gone(message: str, continue_: str = "") -> StatusError:
    """410: the revision asked for was compacted; a list can be gone on with at ``continue_``."""
    error = StatusError(410, "Expired", message)
    error.metadata = {"continue": continue_} if continue_ else {}
    return error


def unsupported_media_type(message: str) -> StatusError:
    """415."""
    return StatusError(415, "UnsupportedMediaType", message)


def invalid(group: str, kind: str, name: str, errors: Sequence[FieldError]) -> StatusError:
    """422: ``Deployment.apps "x" is invalid: spec.selector: Required value`` (several in brackets)."""
    texts = list(dict.fromkeys(str(e) for e in errors))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": e.type, "message": e.body, "field": e.field} for e in errors]
    message = f'{qualified(kind, group)} "{name}" is invalid: {joined}'
    return StatusError(422, "Invalid", message, _details(name, group, kind, causes=causes))


def too_many_requests(message: str, retry_after: int = 0, causes: list[Object] | None = None) -> StatusError:
    """429, with ``retryAfterSeconds`` where one is known."""
    details: Object = {}
    if causes:
        details["causes"] = causes
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, "TooManyRequests", message, details)


def unreachable() -> StatusError:
    """503: no API server answers; for a component that a fault cut off."""
    return StatusError(503, "ServiceUnavailable", "the API server cannot be reached: connect: no route to host")


def internal_error(message: str) -> StatusError:
    """500."""
    causes = [{"message": message}]
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", {"causes": causes})
