"""Sets of fields in the form that managedFields has them on the wire (FieldsV1).

Upstream: sigs.k8s.io/structured-merge-diff/fieldpath (Set, PathElement, serialization). The JSON form is the set itself:
``{"f:spec": {"f:replicas": {}}}``. A child ``{}`` is a member without members below, ``"."`` marks a member that has some.
Sets are values: no function changes one in place, and results share what did not change with their arguments.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from k8slab.apimachinery.compact import compact_json

__all__ = ["FieldSet", "Path", "contains", "difference", "intersection", "ordered", "path_text", "paths", "shared", "union",
           "value_key"]  # fmt: skip

FieldSet = dict[str, Any]
Path = tuple[str, ...]


def is_member(node: FieldSet) -> bool:
    """Whether a node below the root stands for a field of the set, not only for a way to some."""
    return not node or "." in node


def as_member(node: FieldSet) -> FieldSet:
    """The node, made a member."""
    return node if is_member(node) else {".": {}, **node}


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields that are in any of two sets.

    >>> union({"f:a": {}}, {"f:a": {"f:b": {}}})
    {'f:a': {'.': {}, 'f:b': {}}}
    """
    if not a or not b or a is b:
        return a or b
    return _union(a, b)


def _union(a: FieldSet, b: FieldSet) -> FieldSet:
    out = dict(a)
    grown = False
    for key, node in b.items():
        mine = out.get(key)
        if mine is None:
            out[key], grown = node, True
        elif key != "." and mine != node:
            out[key] = _union(mine, node) if mine and node else as_member(mine or node)
    return ordered(out) if grown else out


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields of one set that are not in another; a field's own fields are fields of their own.

    >>> difference({"f:a": {".": {}, "f:b": {}}}, {"f:a": {}})
    {'f:a': {'f:b': {}}}
    """
    out = None
    for key, theirs in b.items():
        mine = a.get(key)
        if mine is None or key == ".":
            continue
        left = _without(mine, theirs)
        if left is not mine:
            out = dict(a) if out is None else out
            if left is None:
                del out[key]
            else:
                out[key] = left
    return a if out is None else out


def _without(mine: FieldSet, theirs: FieldSet) -> FieldSet | None:
    drop_self = is_member(mine) and is_member(theirs)
    if not mine:
        return None if drop_self else mine
    left = difference(mine, theirs)
    if drop_self:
        return {k: v for k, v in left.items() if k != "."} or None
    if left.keys() == {"."}:
        return {}
    return left or None


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return the fields that are in both sets.

    >>> intersection({"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:b": {}, "f:c": {}}})
    {'f:a': {'f:b': {}}}
    """
    out: FieldSet = {}
    for key, mine in a.items():
        theirs = b.get(key)
        if theirs is None or key == ".":
            continue
        both = is_member(mine) and is_member(theirs)
        inner = intersection(mine, theirs)
        if inner:
            out[key] = {".": {}, **inner} if both else inner
        elif both:
            out[key] = {}
    return out


def contains(fields: FieldSet, path: Path) -> bool:
    """Whether a path is a member."""
    node = fields
    for element in path:
        if element not in node:
            return False
        node = node[element]
    return bool(path) and is_member(node)


def paths(fields: FieldSet, above: Path = ()) -> Iterator[Path]:
    """Yield the members, those of a level before what lies deeper, as upstream lists them.

    >>> list(paths({"f:a": {".": {}, "f:b": {}}, "f:c": {}}))
    [('f:a',), ('f:c',), ('f:a', 'f:b')]
    """
    inner = [(element, node) for element, node in fields.items() if element != "."]
    yield from ((*above, element) for element, node in inner if is_member(node))
    for element, node in inner:
        yield from paths(node, (*above, element))


def path_text(path: Path) -> str:
    """Return a path as error messages print it.

    >>> path_text(("f:spec", "f:containers", 'k:{"name":"c"}', "f:image"))
    '.spec.containers[name="c"].image'
    """
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    if kind == "i":
        return f"[{text}]"
    import orjson

    return "[" + ",".join(f"{k}={orjson.dumps(v).decode()}" for k, v in orjson.loads(text).items()) + "]"


@lru_cache(maxsize=8192)
def value_key(names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """Return the element of a list's item: ``k:{"name":"c"}`` by its keys, ``v:"x"`` if it has none.

    >>> value_key(("port", "protocol"), (80, "TCP")), value_key((), ("x",))
    ('k:{"port":80,"protocol":"TCP"}', 'v:"x"')
    """
    import orjson

    if not names:
        return "v:" + orjson.dumps(values[0]).decode()
    present = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return "k:" + orjson.dumps(present, option=orjson.OPT_SORT_KEYS).decode()


@lru_cache(maxsize=8192)
def _rank(element: str) -> tuple[Any, ...]:
    """Upstream's order: "." first, then fields, keys, values; numbers in keys by their value."""
    if element[:2] not in ("k:", "v:"):
        return (element[:1], element)
    import orjson

    value = orjson.loads(element[2:])
    values = value.items() if isinstance(value, dict) else [("", value)]
    return (element[:1], *((k, 0, v) if isinstance(v, int | float) else (k, 1, str(v)) for k, v in values))


def ordered(node: FieldSet) -> FieldSet:
    """Return a node with its children in upstream's order (theirs are left as they are)."""
    return {key: node[key] for key in sorted(node, key=_rank)}


_known: dict[tuple[str, bytes], FieldSet] = {}
_MAX_KNOWN = 20_000


def shared(fields: FieldSet) -> FieldSet:
    """Return the set built from parts that equal sets share: ten thousand pods of one template own the same fields."""
    return {
        label: {name: _shared(name, inner) if inner else inner for name, inner in node.items()} for label, node in fields.items()
    }


def _shared(name: str, node: FieldSet) -> FieldSet:
    if len(_known) > _MAX_KNOWN:
        _known.clear()
    return _known.setdefault((name, compact_json(node)), node)
