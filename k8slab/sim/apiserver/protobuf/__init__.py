"""Reading request bodies in protobuf, which kubectl's ``create`` and other typed clients send.

Upstream: k8s.io/apimachinery/pkg/runtime/serializer/protobuf (the envelope) and the generated.proto files of k8s.io/api.
Answers are always JSON; such clients accept it as their second choice. The field numbers are in ``fields.json``, written
by ``tools/protobuf_fields.py``; the types come from `schema`, so that both stay one table.
"""

import base64
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from k8slab.apimachinery.timestamps import rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import bad_request
from k8slab.sim.apiserver.schema import TypeSchema, schema_for

__all__ = ["MEDIA_TYPE", "decode_protobuf"]

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_Message = dict[int, list[Any]]


def decode_protobuf(body: bytes) -> Object:
    """Return the object in a protobuf body, as its JSON would be.

    Raises
    ------
    StatusError
        400 if the body is no such message or of a kind that is not known.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix 6b 38 73 00")
    try:
        envelope = _message(body[4:])
        meta = _message(envelope[1][-1])
        api_version, kind = meta[1][-1].decode(), meta[2][-1].decode()
        group, _, version = api_version.rpartition("/")
        obj = _struct(_message(envelope.get(2, [b""])[-1]), schema_for(group, version, kind))
    except (LookupError, ValueError, TypeError, struct.error) as error:
        raise bad_request(f"the protobuf body cannot be decoded: {type(error).__name__} {error}") from error
    return {"apiVersion": api_version, "kind": kind, **obj}


@cache
def _tables() -> dict[str, dict[str, str]]:
    import orjson

    tables: dict[str, dict[str, str]] = orjson.loads((Path(__file__).parent / "fields.json").read_bytes())
    return tables


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
        if not byte & 0x80:
            return value, at


def _message(data: bytes) -> _Message:
    """Return the values of each field number, undecoded: integers or bytes."""
    found: _Message = {}
    at = 0
    value: Any
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire == _BYTES:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            (value,), at = struct.unpack("<d" if size == 8 else "<f", data[at : at + size]), at + size
        else:
            raise ValueError(f"wire type {wire}")
        found.setdefault(number, []).append(value)
    return found


def _struct(message: _Message, node: TypeSchema) -> Object:
    return {
        name: _field(values, node.fields[name].type) for name, values in _named(message, node.definition) if name in node.fields
    }


def _named(message: _Message, definition: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield the JSON name and the values of each field; those of embedded structs as the struct's own."""
    table = _tables()[definition]
    for number, values in message.items():
        name = table.get(str(number), "")
        if name.startswith(">"):
            yield from _named(_message(values[-1]), name[1:])
        elif name:
            yield name, values


def _field(values: list[Any], node: TypeSchema) -> Any:
    match node.kind:
        case "list":
            assert node.items is not None
            return [_field([value], node.items) for value in values]
        case "map":
            assert node.items is not None
            entries = [_message(value) for value in values]
            return {e.get(1, [b""])[-1].decode(): _map_value(e.get(2, [b""]), node.items) for e in entries}
        case "struct":
            return _struct(_message(values[-1]), node)
    return _scalar(values[-1], node)


def _map_value(values: list[Any], node: TypeSchema) -> Any:
    """A list as the value of a map is wrapped in a message of its own (``ExtraValue``)."""
    return _field(_message(values[-1]).get(1, []), node) if node.kind == "list" else _field(values, node)


def _scalar(value: Any, node: TypeSchema) -> Any:
    match node.kind:
        case "string":
            return value.decode()
        case "bool":
            return bool(value)
        case "int32" | "int64":
            return value - (1 << 64) if value >= 1 << 63 else value
        case "bytes":
            return base64.b64encode(value).decode()
        case "quantity":
            return _message(value).get(1, [b"0"])[-1].decode()
        case "int-or-string":
            return _int_or_string(_message(value))
        case "time":
            return _time(_message(value), node.go.endswith("MicroTime"))
        case "raw":
            import orjson

            return orjson.loads(_message(value).get(1, [b"null"])[-1])
    return value


def _int_or_string(message: _Message) -> int | str:
    if message.get(1, [0])[-1]:
        text: str = message.get(3, [b""])[-1].decode()
        return text
    number: int = _scalar(message.get(2, [0])[-1], TypeSchema("int64", "int64"))
    return number


def _time(message: _Message, micro: bool) -> str | None:
    seconds = _scalar(message.get(1, [0])[-1], TypeSchema("int64", "int64"))
    if seconds <= 0:
        return None
    return rfc3339_micro(seconds + message.get(2, [0])[-1] / 1e9) if micro else rfc3339(seconds)
