"""What is left of a value after a decode into a Go struct and back: one closure per type, made on first use.

A closure checks types, drops unknown fields, nulls and what omitempty drops, writes the zeros that Go writes, and brings
scalars into canonical form. Always a new value; only field sets (FieldsV1) are shared, nobody changes those in place.

Upstream: encoding/json on the structs of k8s.io/api. Called by `decode`.
Simplified: a list or map without omitempty stays absent where Go would write null.
"""

from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver import scalars
from k8slab.sim.apiserver.scalars import Mismatch
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["round_trip"]

_Checker = Callable[[Any, list[str]], Any]


def round_trip(body: Object, schema: TypeSchema, unknown: list[str]) -> Object:
    """Return the object that Go would write back; names of unknown fields are appended to ``unknown``.

    Raises
    ------
    Mismatch, BadValue
        If Go could not read it.
    """
    checked: Object = _checker(schema)(body, unknown)
    return checked


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
            raise Mismatch(value, node.kind, node.go)
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
        except Mismatch as error:
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
            raise Mismatch(value, node.kind, node.go)
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
            raise Mismatch(value, node.kind, node.go)
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
            raise Mismatch(value, node.kind, node.go)

        return plain
    read = {"quantity": scalars.quantity, "int-or-string": scalars.int_or_string, "bytes": scalars.base64_text}.get(node.kind)
    if read is None:
        read = scalars.micro_time if node.go == "v1.MicroTime" else scalars.time

    return lambda value, _: read(value)


def _integer(go: str, bits: int) -> _Checker:
    low, high = -(2**bits), 2**bits

    def run(value: Any, _: list[str]) -> Any:
        if value.__class__ is int and low <= value < high:
            return value
        raise Mismatch(value, go, go)

    return run
