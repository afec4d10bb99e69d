"""Reading the scalars that Go decodes by methods of their own: quantities, times, base64, int-or-string.

Upstream: the UnmarshalJSON methods of resource.Quantity, metav1.Time, metav1.MicroTime and intstr.IntOrString, and
encoding/base64. Each reader returns the canonical form that Go would write back. Called by `roundtrip`.
"""

import re
from binascii import a2b_base64
from functools import lru_cache
from typing import Any

from k8slab.apimachinery.quantity import canonical
from k8slab.apimachinery.timestamps import parse_time, rfc3339, rfc3339_micro
from k8slab.sim.apiserver.gojson import json_kind

__all__ = ["BadValue", "Mismatch", "base64_text", "int_or_string", "micro_time", "quantity", "time"]


class Mismatch(Exception):
    """A value of the wrong type, on its way up through the structs that hold it."""

    def __init__(self, value: Any, kind: str, go: str) -> None:
        self.value, self.kind, self.go, self.struct, self.path = value, kind, go, "", ""

    def __str__(self) -> str:
        into = f"struct field {self.struct}.{self.path}" if self.struct else "value"
        what = json_kind(self.value)
        if what == "number" and self.kind in ("int32", "int64"):
            what = f"number {self.value}"
        return f"json: cannot unmarshal {what} into Go {into} of type {self.go}"

    def conversion(self) -> str:
        """Return the text for a value that was never JSON text: the outcome of a strategic merge patch."""
        have = _REFLECT_KINDS.get(self.value.__class__, "interface")
        if self.kind == "struct":
            return f"cannot restore struct from: {have}"
        if self.kind in ("map", "list"):
            return f"cannot restore {'map' if self.kind == 'map' else 'slice'} from {have}"
        if (have, self.kind) in (("int64", "string"), ("float64", "int32"), ("float64", "int64"), ("int64", "int32")):
            return f"cannot convert {have} to {self.go}"
        return f"unrecognized type: {self.kind}"


_REFLECT_KINDS = {str: "string", bool: "bool", int: "int64", float: "float64", list: "slice", dict: "map"}


class BadValue(Exception):
    """A text that its type cannot read: a quantity, a time, base64."""


@lru_cache(maxsize=4096)
def _canonical(text: str | int | float) -> str:
    return canonical(text)


def quantity(value: Any) -> str:
    """Return a quantity in canonical form; a number counts as its text."""
    try:
        if value.__class__ in (str, int, float):
            return _canonical(value)
        return canonical("")
    except ValueError as error:
        raise BadValue(str(error)) from None


def int_or_string(value: Any) -> Any:
    """Return a port or percentage as it is."""
    if value.__class__ is str or (value.__class__ is int and -(2**31) <= value < 2**31):
        return value
    described = f"number {value}" if value.__class__ in (int, float) else json_kind(value)
    raise BadValue(f"json: cannot unmarshal {described} into Go value of type int32")


def base64_text(value: Any) -> str:
    """Return base64 without line breaks."""
    if value.__class__ is not str:
        raise Mismatch(value, "bytes", "[]uint8")
    text: str = value.replace("\n", "").replace("\r", "")
    try:
        if len(text) % 4:
            raise ValueError
        if text:
            a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error is one
        raise BadValue(f"illegal base64 data at input byte {_first_bad_byte(value)}") from None
    return text


def _first_bad_byte(text: str) -> int:
    """Where Go's decoder stops: at a character outside the alphabet, at excess padding, or at an unfinished quantum."""
    count = 0
    for i, character in enumerate(text):
        if character in "\r\n":
            continue
        if character == "=" and count % 4 >= 2:
            rest = text[i:].replace("\n", "").replace("\r", "")
            needed = 4 - count % 4
            if not rest.startswith("=" * needed):
                return i + 1 if len(rest) > 1 else len(text)
            return i + needed
        if not re.match(r"[A-Za-z0-9+/]", character):
            return i
        count += 1
    return len(text) - count % 4


_WHOLE_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)")


def _seconds(value: Any, layout: str) -> float:
    if value.__class__ is not str:
        raise BadValue(f"json: cannot unmarshal {json_kind(value)} into Go value of type string")
    try:
        if _RFC3339.fullmatch(value):
            return parse_time(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        pass
    raise BadValue(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')


def time(value: Any) -> str:
    """Return a metav1.Time: UTC, whole seconds."""
    if value.__class__ is str and _WHOLE_SECONDS.fullmatch(value):
        return str(value)
    return rfc3339(_seconds(value, "2006-01-02T15:04:05Z07:00"))


def micro_time(value: Any) -> str:
    """Return a metav1.MicroTime: UTC, six digits."""
    return rfc3339_micro(_seconds(value, "2006-01-02T15:04:05.000000Z07:00"))
