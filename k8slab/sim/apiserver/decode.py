"""From the bytes of a request to an object, as a decode into Go structs and back would leave it.

Upstream: k8s.io/apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json (strict errors) and transformDecodeError in
k8s.io/apiserver. Every type is turned once into a closure that checks types, drops unknown fields, nulls and what
omitempty drops, writes the zeros that Go writes, and brings quantities, times and base64 into canonical form.

Called by the registry for bodies (`decode`) and for objects that are already in memory (`check`).
Simplified: a list or map without omitempty stays absent where Go would write null.
"""

import re
from binascii import a2b_base64
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from k8slab.apimachinery.quantity import canonical
from k8slab.apimachinery.timestamps import parse_time, rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver import gojson, schema
from k8slab.sim.apiserver.errors import FieldError, StatusError, bad_request, invalid, unsupported_media_type
from k8slab.sim.apiserver.protobuf import MEDIA_TYPE, decode_protobuf
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["FieldValidation", "check", "decode", "decode_any"]

FieldValidation = Literal["Strict", "Warn", "Ignore"]
_Checker = Callable[[Any, list[str]], Any]

_JSON = "application/json"
_YAML = "application/yaml"
_APPLY = "application/apply-patch+yaml"


class _Mismatch(Exception):
    """A value of the wrong type, on its way up through the structs that hold it."""

    def __init__(self, value: str, go: str) -> None:
        self.value, self.go, self.struct, self.path = value, go, "", ""

    def __str__(self) -> str:
        into = f"struct field {self.struct}.{self.path}" if self.struct else "value"
        return f"json: cannot unmarshal {self.value} into Go {into} of type {self.go}"


class _BadValue(Exception):
    """A text that its type cannot read: a quantity, a time, base64."""


def decode(
    raw: bytes, content_type: str, schema: TypeSchema, api_version: str, kind: str, field_validation: FieldValidation = "Warn"
) -> tuple[Object, list[str]]:
    """Return the object in a request's body and the warnings about it.

    An apply patch is only parsed: nulls and empty values mean something there, and `managedfields.apply` checks it.

    Raises
    ------
    StatusError
        400 with upstream's text, 415 for a media type that is not understood.
    """
    media = content_type.partition(";")[0].strip() or _JSON
    if media == _APPLY:
        return _apply_configuration(raw, field_validation)
    if media == MEDIA_TYPE:
        return check(decode_protobuf(raw), schema, api_version, kind, field_validation)
    if media not in (_JSON, _YAML):
        raise unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    try:
        body = gojson.parse_json(raw) if media == _JSON else gojson.parse_yaml(raw)
    except gojson.ParseError as error:
        prefix = "couldn't get version/kind; json parse error" if media == _JSON else "error converting YAML to JSON"
        raise _unrecognized(kind, f"{prefix}: {error}", raw) from None
    if not isinstance(body, dict):
        raise _unrecognized(kind, f"couldn't get version/kind; json parse error: {_not_an_object(body)}", raw)
    _same_kind(body, api_version, kind)
    problems: list[str] = []
    obj = _checked(body, schema, api_version, kind, problems)
    if field_validation == "Ignore":
        return obj, []
    if problems or _may_have_duplicates(raw, body, media):
        problems = _strict_problems(raw, body, media, schema)
    if problems and field_validation == "Strict":
        raise _unhandled(api_version, kind, f"strict decoding error: {', '.join(problems)}")
    return obj, problems


def decode_any(raw: bytes, content_type: str) -> Any:
    """Return the JSON or YAML value in a body that is no object of the API's own.

    Raises
    ------
    StatusError
        400 if it cannot be parsed.
    """
    try:
        return gojson.parse_yaml(raw) if "yaml" in content_type else gojson.parse_json(raw)
    except gojson.ParseError as error:
        raise bad_request(str(error)) from None


def check(
    obj: Object,
    schema: TypeSchema,
    api_version: str,
    kind: str,
    field_validation: FieldValidation = "Ignore",
    patched: bool = False,
) -> tuple[Object, list[str]]:
    """Return a checked, normalised private copy of an object that is already in memory, and the warnings about it.

    Parameters
    ----------
    patched
        The object is the outcome of a patch: errors are upstream's 422 about "patch" instead of a 400 about the body.
    """
    problems: list[str] = []
    try:
        checked = _run(obj, schema, problems)
    except (_Mismatch, _BadValue) as error:
        raise _patch_error(obj, str(error)) if patched else _unhandled(api_version, kind, str(error)) from None
    checked["apiVersion"], checked["kind"] = api_version, kind
    if not problems or field_validation == "Ignore":
        return checked, []
    problems = list(_strict_walk(obj, schema, ""))
    if field_validation == "Strict":
        text = f"strict decoding error: {', '.join(problems)}"
        raise _patch_error(obj, text) if patched else _unhandled(api_version, kind, text)
    return checked, problems


def _checked(body: Object, schema: TypeSchema, api_version: str, kind: str, problems: list[str]) -> Object:
    try:
        obj = _run(body, schema, problems)
    except (_Mismatch, _BadValue) as error:
        raise _unhandled(api_version, kind, str(error)) from None
    obj["apiVersion"], obj["kind"] = api_version, kind
    return obj


def _run(body: Object, schema: TypeSchema, problems: list[str]) -> Object:
    checked: Object = _checker(schema)(body, problems)
    return checked


# --- errors ---------------------------------------------------------------------------------------------------------


def _unhandled(api_version: str, kind: str, problem: str, expected: str = "") -> StatusError:
    version = api_version.rpartition("/")[2]
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {expected or kind}: {problem}')


def _unrecognized(kind: str, problem: str, raw: bytes) -> StatusError:
    if not raw:
        summary = "<empty>"
    elif raw[:1] == b"{":
        summary = raw[:30].decode(errors="replace") + (" ..." if len(raw) > 30 else "")
    else:
        summary = raw[:30].hex() + (" ..." if len(raw) > 30 else "")
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {problem} ({summary})")


def _patch_error(obj: Object, problem: str) -> StatusError:
    import orjson

    return invalid("", "", "", [FieldError("FieldValueInvalid", "patch", problem, orjson.dumps(obj).decode())])


def _not_an_object(body: Any) -> str:
    struct = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    return f"json: cannot unmarshal {gojson.json_kind(body)} into Go value of type {struct}"


def _same_kind(body: Object, api_version: str, kind: str) -> None:
    """Refuse a body of another kind; one without apiVersion or kind is taken as what the path says."""
    got_version, got_kind = body.get("apiVersion") or api_version, body.get("kind") or kind
    if (got_version, got_kind) == (api_version, kind):
        return
    for field, value in (("apiVersion", got_version), ("kind", got_kind)):
        if not isinstance(value, str):
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: "
                f"json: cannot unmarshal {gojson.json_kind(value)} into Go struct field .{field} of type string"
            )
    group, _, version = got_version.rpartition("/")
    try:
        schema.schema_for(group, version, got_kind)
    except LookupError:
        problem = f'no kind "{got_kind}" is registered for version "{got_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        raise _unhandled(got_version, got_kind, problem, kind) from None
    if got_kind == kind and got_version != api_version and _convertible(group, api_version.rpartition("/")[0]):
        raise bad_request(f"the API version in the data ({got_version}) does not match the expected API version ({api_version})")
    internal = (api_version.rpartition("/")[0] or "core").partition(".")[0]
    problem = f"converting (v{version.removeprefix('v')}.{got_kind}) to ({internal}.{kind}): unknown conversion"
    raise _unhandled(got_version, got_kind, problem, kind)


def _convertible(group: str, other: str) -> bool:
    """Whether upstream converts between two groups: versions of one, and the two homes of Event."""
    return group == other or {group, other} == {"", "events.k8s.io"}


# --- strict mode ----------------------------------------------------------------------------------------------------


def _may_have_duplicates(raw: bytes, body: Object, media: str) -> bool:
    """Whether a key may have been written twice: the text has other quotes than its parsed form needs."""
    if media == _YAML:
        return True
    import orjson

    return raw.count(b'"') != orjson.dumps(body).count(b'"')


def _strict_problems(raw: bytes, body: Object, media: str, node: TypeSchema) -> list[str]:
    if media == _JSON:
        return list(_strict_walk(gojson.parse_json_pairs(raw), node, ""))
    return gojson.yaml_duplicates(raw) + list(_strict_walk(body, node, ""))


def _strict_walk(value: Any, node: TypeSchema | None, path: str) -> "list[str]":
    """The unknown and duplicate fields of a value, in the order in which they were written."""
    found: list[str] = []
    if isinstance(value, dict | gojson.Pairs):
        seen: set[str] = set()
        for key, inner in value.items():
            inner_path = f"{path}.{key}" if path else key
            if key in seen:
                found.append(f'duplicate field "{inner_path}"')
                continue
            seen.add(key)
            if node is not None and node.kind == "struct" and key not in node.fields and not node.preserve:
                found.append(f'unknown field "{inner_path}"')
            elif isinstance(inner, dict | list):
                found += _strict_walk(inner, _inner(node, key), inner_path)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, dict | list):
                found += _strict_walk(item, node.items if node is not None and node.kind == "list" else None, f"{path}[{i}]")
    return found


def _inner(node: TypeSchema | None, key: str) -> TypeSchema | None:
    if node is None or node.kind not in ("struct", "map"):
        return None
    if node.kind == "map":
        return node.items
    return node.fields[key].type if key in node.fields else None


def _apply_configuration(raw: bytes, field_validation: FieldValidation) -> tuple[Object, list[str]]:
    try:
        body = gojson.parse_yaml(raw) if raw[:1] != b"{" else _json_or_yaml(raw)
        if not isinstance(body, dict):
            raise gojson.ParseError(
                f"json: cannot unmarshal {gojson.json_kind(body)} into Go value of type map[string]interface {{}}"
            )
    except gojson.ParseError as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if field_validation == "Ignore" or (raw[:1] == b"{" and not _may_have_duplicates(raw, body, _JSON)):
        return body, []
    duplicates = gojson.yaml_duplicates(raw)
    problem = "error converting YAML to JSON: yaml: unmarshal errors:\n  " + "\n  ".join(duplicates)
    if duplicates and field_validation == "Strict":
        raise bad_request(f"error strict decoding YAML: {problem}")
    return body, [problem] if duplicates else []


def _json_or_yaml(raw: bytes) -> Any:
    """Most apply patches are JSON, which is YAML too but twenty times faster to read."""
    try:
        return gojson.parse_json(raw)
    except gojson.ParseError:
        return gojson.parse_yaml(raw)


# --- one closure per type -------------------------------------------------------------------------------------------


def _checker(node: TypeSchema) -> _Checker:
    made: _Checker | None = node.compiled.get("check")
    if made is None:
        make = {"struct": _struct, "list": _list, "map": _map}.get(node.kind)
        made = node.compiled["check"] = make(node) if make else _scalar(node)
    return made


_PLAIN = {"string": str, "bool": bool}
_ZERO: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "number": 0, "quantity": "0", "int-or-string": 0}


def _plan(
    node: TypeSchema,
) -> tuple[dict[str, tuple[type | None, _Checker, bool]], list[tuple[str, Any]], list[tuple[str, _Checker]]]:
    """What a struct's closure needs: per field (plain class, checker, keep zeros); zeros to write; structs to write."""
    fields, zeros, structs = {}, [], []
    for name, field in node.fields.items():
        checker = _checker(field.type)
        plain = None if node.lenient else _PLAIN.get(field.type.kind)
        fields[name] = (plain, checker, field.pointer or (field.always and field.type.kind not in ("list", "map")))
        if field.always and field.type.kind in _ZERO:
            zeros.append((name, _ZERO[field.type.kind]))
        elif field.always and field.type.kind == "struct" and not node.lenient:
            structs.append((name, checker))
    return fields, zeros, structs


def _struct(node: TypeSchema) -> _Checker:
    plan: Any = None
    lenient, preserve, struct_name = node.lenient, node.preserve, node.go.rpartition(".")[2]

    def run(value: Any, unknown: list[str]) -> Any:
        nonlocal plan
        if value.__class__ is not dict:
            if lenient:
                return value
            raise _Mismatch(_described(value), node.go)
        if plan is None:
            plan = _plan(node)
        fields, zeros, structs = plan
        out = {}
        name = ""
        try:
            for name, inner in value.items():
                field = fields.get(name)
                if field is None:
                    if preserve:
                        out[name] = deep_copy(inner)
                    else:
                        unknown.append(name)
                elif inner is None:
                    if lenient:
                        out[name] = None
                elif inner.__class__ is field[0]:
                    if inner or field[2]:
                        out[name] = inner
                else:
                    checked = field[1](inner, unknown)
                    if checked or field[2]:
                        out[name] = checked
        except _Mismatch as error:
            error.struct = error.struct or struct_name
            error.path = f"{name}.{error.path}" if error.path else name
            raise
        for name, zero in zeros:
            if name not in out:
                out[name] = zero
        for name, checker in structs:
            if name not in out:
                out[name] = checker({}, unknown)
        return out

    return run


def _list(node: TypeSchema) -> _Checker:
    assert node.items is not None
    item, plain = _checker(node.items), _PLAIN.get(node.items.kind)
    zero = _ZERO.get(node.items.kind)

    def run(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not list:
            if node.lenient:
                return value
            raise _Mismatch(_described(value), node.go)
        return [
            inner if inner.__class__ is plain else zero if inner is None and zero is not None else item(inner, unknown)
            for inner in value
            if inner is not None or zero is not None or node.lenient
        ]

    return run


def _map(node: TypeSchema) -> _Checker:
    assert node.items is not None
    item, plain = _checker(node.items), _PLAIN.get(node.items.kind)
    zero = _ZERO.get(node.items.kind)

    def run(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not dict:
            if node.lenient:
                return value
            raise _Mismatch(_described(value), node.go)
        return {
            key: inner if inner.__class__ is plain else zero if inner is None else item(inner, unknown)
            for key, inner in value.items()
        }

    return run


def _scalar(node: TypeSchema) -> _Checker:
    if node.kind == "raw":
        # Field sets are never changed in place, and copying them would cost more than the rest of the object.
        return (lambda value, _: value) if node.go == "v1.FieldsV1" else (lambda value, _: deep_copy(value))
    if node.kind in ("int32", "int64"):
        return _integer(node.go, 31 if node.kind == "int32" else 63)
    if node.kind in _PLAIN or node.kind == "number":
        accepted = (int, float) if node.kind == "number" else (_PLAIN[node.kind],)

        def plain(value: Any, _: list[str]) -> Any:
            if value.__class__ in accepted:
                return value
            raise _Mismatch(_described(value), node.go)

        return plain
    read = {"quantity": _quantity, "int-or-string": _int_or_string, "bytes": _base64}.get(node.kind)
    if read is None:
        read = _micro_time if node.go == "v1.MicroTime" else _time

    return lambda value, _: read(value)


def _integer(go: str, bits: int) -> _Checker:
    low, high = -(2**bits), 2**bits

    def run(value: Any, _: list[str]) -> Any:
        if value.__class__ is int and low <= value < high:
            return value
        raise _Mismatch(f"number {value}" if value.__class__ in (int, float) else _described(value), go)

    return run


def _described(value: Any) -> str:
    return gojson.json_kind(value)


@lru_cache(maxsize=4096)
def _canonical(text: str | int | float) -> str:
    return canonical(text)


def _quantity(value: Any) -> str:
    try:
        if value.__class__ in (str, int, float):
            return _canonical(value)
        return canonical("")
    except ValueError as error:
        raise _BadValue(str(error)) from None


def _int_or_string(value: Any) -> Any:
    if value.__class__ is str or (value.__class__ is int and -(2**31) <= value < 2**31):
        return value
    described = f"number {value}" if value.__class__ in (int, float) else _described(value)
    raise _BadValue(f"json: cannot unmarshal {described} into Go value of type int32")


def _base64(value: Any) -> str:
    if value.__class__ is not str:
        raise _Mismatch(_described(value), "[]uint8")
    text: str = value.replace("\n", "").replace("\r", "")
    try:
        if len(text) % 4:
            raise ValueError
        if text:
            a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error is one
        raise _BadValue(f"illegal base64 data at input byte {_first_bad_byte(value)}") from None
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
        raise _BadValue(f"json: cannot unmarshal {_described(value)} into Go value of type string")
    try:
        if _RFC3339.fullmatch(value):
            return parse_time(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        pass
    raise _BadValue(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')


def _time(value: Any) -> str:
    if value.__class__ is str and _WHOLE_SECONDS.fullmatch(value):
        return str(value)
    return rfc3339(_seconds(value, "2006-01-02T15:04:05Z07:00"))


def _micro_time(value: Any) -> str:
    return rfc3339_micro(_seconds(value, "2006-01-02T15:04:05.000000Z07:00"))
