"""Constructors of field errors, one per upstream function of field.ErrorList, and the checks every kind shares.

Upstream: k8s.io/apimachinery/pkg/util/validation/field and pkg/api/validation/generic.go. A path is a plain string that the
caller has already joined ("spec.containers[0].name"); an empty result costs nothing because callers extend lists.
"""

from collections.abc import Iterable
from typing import Any

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.sim.apiserver.errors import FieldError, GoLiteral
from k8slab.sim.apiserver.names import percent

__all__ = ["IMMUTABLE", "Errors", "duplicate", "forbidden", "immutable", "int_or_percent", "invalid", "invalid_each", "missing",
           "nonnegative", "nonnegative_fields", "not_found", "not_more_than_100_percent", "not_supported", "required",
           "too_long", "too_many"]  # fmt: skip

Errors = list[FieldError]

IMMUTABLE = "field is immutable"
_NEGATIVE = "must be greater than or equal to 0"
_NIL = GoLiteral("null")


def required(field: str, detail: str = "") -> FieldError:
    """A value that must be given is not."""
    return FieldError("FieldValueRequired", field, detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value that breaks a rule."""
    return FieldError("FieldValueInvalid", field, detail, value)


def forbidden(field: str, detail: str) -> FieldError:
    """A value that could be right elsewhere but not here."""
    return FieldError("FieldValueForbidden", field, detail)


def duplicate(field: str, value: Any, detail: str = "") -> FieldError:
    """A value that has to be unique and is not."""
    return FieldError("FieldValueDuplicate", field, detail, value)


def not_found(field: str, value: Any, detail: str = "") -> FieldError:
    """A reference to something that is not there."""
    return FieldError("FieldValueNotFound", field, detail, value)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value that is not one of an enumeration; the order of `supported` is the order of the message."""
    listed = ", ".join(f'"{one}"' for one in supported)
    return FieldError("FieldValueNotSupported", field, f"supported values: {listed}", value)


def too_long(field: str, limit: int) -> FieldError:
    """More bytes than allowed."""
    return FieldError("FieldValueTooLong", field, f"may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> FieldError:
    """More items than allowed."""
    return FieldError("FieldValueTooMany", field, f"must have at most {limit} items", count)


def missing(value: Any) -> Any:
    """Return what Go prints for an absent map, slice or struct: null instead of the quoted "null" of an absent pointer."""
    return _NIL if value is None else value


def invalid_each(field: str, value: Any, messages: Iterable[str]) -> Errors:
    """One `invalid` per message."""
    return [invalid(field, value, message) for message in messages]


def nonnegative(value: int | None, field: str) -> Errors:
    """The number may be 0 or more; absent is fine."""
    return [invalid(field, value, _NEGATIVE)] if value is not None and value < 0 else []


def nonnegative_fields(obj: dict[str, Any], names: Iterable[str], path: str) -> Errors:
    """`nonnegative` for several fields of one object, in the given order."""
    return [error for name in names for error in nonnegative(obj.get(name), f"{path}.{name}")]


def immutable(new: Any, old: Any, field: str, detail: str = IMMUTABLE) -> Errors:
    """The value must not change; empty and absent count as equal, as in upstream's semantic equality."""
    if new == old or (not new and not old and not isinstance(new, bool) and not isinstance(old, bool)):
        return []
    return [invalid(field, new, detail)]


def int_or_percent(value: int | str, field: str) -> Errors:
    """A whole number from 0 on, or a percentage."""
    if isinstance(value, int):
        return nonnegative(value, field)
    return invalid_each(field, value, percent(value))


def not_more_than_100_percent(value: int | str, field: str) -> Errors:
    """A percentage may not exceed 100%; anything that is not a percentage is somebody else's concern."""
    if isinstance(value, str) and not percent(value) and int(value[:-1]) > 100:
        return [invalid(field, value, "must not be greater than 100%")]
    return []


def quantity_less(one: str | int | float, other: str | int | float) -> bool:
    """Whether the first quantity is smaller."""
    return parse_quantity(one) < parse_quantity(other)
