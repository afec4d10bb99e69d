"""From the bytes of a request to an object, as a decode into Go structs and back would leave it.

Upstream: k8s.io/apimachinery/pkg/runtime/serializer/json and transformDecodeError in k8s.io/apiserver. The registry's
callers use it for bodies (`decode`) and for objects that are already in memory (`check`: after patches, from components).
What a round trip through Go does to a value is in `roundtrip`, strict mode in `strict`, the parsers in `gojson`.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import gojson
from k8slab.sim.apiserver.errors import FieldError, StatusError, bad_request, invalid, unsupported_media_type
from k8slab.sim.apiserver.protobuf import MEDIA_TYPE, decode_protobuf
from k8slab.sim.apiserver.roundtrip import round_trip
from k8slab.sim.apiserver.scalars import BadValue, Mismatch
from k8slab.sim.apiserver.schema import TypeSchema, schema_for
from k8slab.sim.apiserver.strict import may_have_duplicates, strict_problems, unknown_fields

__all__ = ["check", "decode"]

_JSON = "application/json"
_YAML = "application/yaml"
_APPLY = "application/apply-patch+yaml"


def decode(
    raw: bytes, content_type: str, schema: TypeSchema, api_version: str, kind: str, field_validation: str = "Warn"
) -> tuple[Object, list[str]]:
    """Return the object in a request's body and the warnings about it.

    Parameters
    ----------
    field_validation
        What becomes of unknown and duplicate fields: "Strict" refuses them, "Warn" drops them with a warning, "Ignore" drops
        them silently.

    Notes
    -----
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
    _same_kind(body, schema, api_version, kind)
    problems: list[str] = []
    obj = _checked(body, schema, api_version, kind, problems)
    if field_validation == "Ignore":
        return obj, []
    if problems or media == _YAML or may_have_duplicates(raw, body):
        problems = strict_problems(raw, body, media == _YAML, schema)
    if problems and field_validation == "Strict":
        raise _unhandled(api_version, kind, f"strict decoding error: {', '.join(problems)}")
    return obj, problems


def check(
    obj: Object,
    schema: TypeSchema,
    api_version: str,
    kind: str,
    field_validation: str = "Ignore",
    patched: bool = False,
    strategic: Object | None = None,
) -> tuple[Object, list[str]]:
    """Return a checked, normalised private copy of an object that is already in memory, and the warnings about it.

    Parameters
    ----------
    patched
        The object is the outcome of a patch: errors are upstream's 422 about "patch" instead of a 400 about the body.
    strategic
        The strategic merge patch that it is the outcome of, if it was one: the error shows the patch, not the object.
    """
    problems: list[str] = []
    try:
        checked = round_trip(obj, schema, problems)
    except (Mismatch, BadValue) as error:
        if strategic is not None and isinstance(error, Mismatch):
            raise _patch_error(gojson.go_text(strategic), error.conversion()) from None
        raise _patch_error(_json(obj), str(error)) if patched else _unhandled(api_version, kind, str(error)) from None
    checked["apiVersion"], checked["kind"] = api_version, kind
    if not problems or field_validation == "Ignore":
        return checked, []
    problems = unknown_fields(obj, schema)
    if field_validation == "Strict":
        text = f"strict decoding error: {', '.join(problems)}"
        shown = gojson.go_text(strategic) if strategic is not None else _json(obj)
        raise _patch_error(shown, text) if patched else _unhandled(api_version, kind, text)
    return checked, problems


def _checked(body: Object, schema: TypeSchema, api_version: str, kind: str, problems: list[str]) -> Object:
    try:
        obj = round_trip(body, schema, problems)
    except (Mismatch, BadValue) as error:
        raise _unhandled(api_version, kind, str(error)) from None
    obj["apiVersion"], obj["kind"] = api_version, kind
    return obj


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


def _json(obj: Object) -> str:
    import orjson

    return orjson.dumps(obj).decode()


def _patch_error(shown: str, problem: str) -> StatusError:
    return invalid("", "", "", [FieldError("FieldValueInvalid", "patch", problem, shown)])


def _not_an_object(body: Any) -> str:
    struct = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    return f"json: cannot unmarshal {gojson.json_kind(body)} into Go value of type {struct}"


def _same_kind(body: Object, expected: TypeSchema, api_version: str, kind: str) -> None:
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
        if schema_for(group, version, got_kind) is expected:
            return  # DeleteOptions and the like are the same in every group
    except LookupError:
        if expected.lenient and got_version != api_version:
            text = f"the API version in the data ({got_version}) does not match the expected API version ({api_version})"
            raise bad_request(text) from None
        if expected.lenient:
            detail = f"must be {kind}"
            wrong = FieldError("FieldValueInvalid", "kind", detail, got_kind)
            raise invalid(group, got_kind, str((body.get("metadata") or {}).get("name") or ""), [wrong]) from None
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


def _apply_configuration(raw: bytes, field_validation: str) -> tuple[Object, list[str]]:
    try:
        body = _json_or_yaml(raw) if raw[:1] == b"{" else gojson.parse_yaml(raw)
        if not isinstance(body, dict):
            raise gojson.ParseError(
                f"json: cannot unmarshal {gojson.json_kind(body)} into Go value of type map[string]interface {{}}"
            )
        meta = body.get("metadata") or {}
        if not isinstance(meta, dict):
            raise gojson.ParseError(f"json: cannot unmarshal {gojson.json_kind(meta)} into Go struct field .metadata")
    except gojson.ParseError as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    suspect = field_validation != "Ignore" and (raw[:1] != b"{" or may_have_duplicates(raw, body))
    duplicates = gojson.yaml_duplicates(raw) if suspect else []
    body["metadata"] = meta
    if not duplicates:
        return body, []
    problem = "error converting YAML to JSON: yaml: unmarshal errors:\n  " + "\n  ".join(duplicates)
    if field_validation == "Strict":
        raise bad_request(f"error strict decoding YAML: {problem}")
    return body, [problem]


def _json_or_yaml(raw: bytes) -> Any:
    """Most apply patches are JSON, which is YAML too but twenty times faster to read."""
    try:
        return gojson.parse_json(raw)
    except gojson.ParseError:
        return gojson.parse_yaml(raw)
