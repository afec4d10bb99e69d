"""Reading bodies: JSON and YAML to Python values, with the error texts that Go's parsers give.

Upstream: sigs.k8s.io/json and sigs.k8s.io/yaml as the API server uses them. Called by `decode` and `patch`.
Simplified: YAML problems are worded by PyYAML behind upstream's prefix ``yaml: line N:``.
"""

from functools import cache
from typing import Any

__all__ = ["Pairs", "ParseError", "go_text", "json_kind", "parse_json", "parse_json_pairs", "parse_yaml", "yaml_duplicates"]


#: More values than any object of 3 MiB can have without aliases.
_MAX_EXPANDED = 1_000_000
#: How deep orjson writes; upstream's limit is 10,000.
_MAX_DEPTH = 254


class ParseError(ValueError):
    """A body that is not JSON or YAML; the text is upstream's."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as often as they were written."""

    def items(self) -> "Pairs":
        """Return the pairs, as a dict would."""
        return self


_KINDS = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number", Pairs: "object"}


def json_kind(value: Any) -> str:
    """Return what Go calls a JSON value in "cannot unmarshal ... into".

    >>> json_kind([]), json_kind(1), json_kind(True)
    ('array', 'number', 'bool')
    """
    return _KINDS.get(value.__class__, "null")


def go_text(value: Any) -> str:
    """Return a value as Go's %v prints it.

    >>> go_text({"image": "nginx", "args": ["a", None], "tty": True})
    'map[args:[a <nil>] image:nginx tty:true]'
    """
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{go_text(v)}' for k, v in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(go_text(v) for v in value)}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if value.__class__ is bool else str(value)


def parse_json(raw: bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ParseError
        ``unexpected end of JSON input``, ``invalid character '}' looking for beginning of value`` and so on.
    """
    import orjson

    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _without_surrogates(_parse_slowly(raw, None))
    return _storable(value) if raw.count(b"[") + raw.count(b"{") > _MAX_DEPTH else value


def _storable(value: Any) -> Any:
    """The value, if it is not nested deeper than the store can write."""
    import orjson

    try:
        orjson.dumps(value)
    except TypeError:
        raise ParseError("exceeded max depth") from None
    return value


def _without_surrogates(value: Any) -> Any:
    """Half a surrogate pair is no text; Go reads U+FFFD there."""
    import json

    import orjson

    text = json.dumps(value, ensure_ascii=False)
    return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())


def parse_json_pairs(raw: bytes) -> Any:
    """Return the value of a JSON text with `Pairs` for objects, so that duplicate keys can be seen."""
    return _parse_slowly(raw, Pairs)


def _parse_slowly(raw: bytes, hook: Any) -> Any:
    import json

    text = raw.decode("utf-8", "replace")
    try:
        return json.loads(text, object_pairs_hook=hook, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ParseError(_golang_problem(text, error.msg, error.pos)) from None
    except RecursionError:
        raise ParseError("exceeded max depth") from None


def _no_constant(name: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    where = "in numeric literal" if name.startswith("-") else "looking for beginning of value"
    raise ParseError(f"invalid character '{name.lstrip('-')[0]}' {where}")


def _golang_problem(text: str, problem: str, position: int) -> str:
    if problem.startswith("Invalid \\"):
        position += 1
    if problem.startswith("Unterminated") or position >= len(text.rstrip()):
        return "unexpected end of JSON input"
    where = {
        "Expecting value": "looking for beginning of value",
        "Unexpected UTF-8 BOM (decode using utf-8-sig)": "looking for beginning of value",
        "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
        "Illegal trailing comma before end of object": "looking for beginning of object key string",
        "Illegal trailing comma before end of array": "looking for beginning of value",
        "Expecting ':' delimiter": "after object key",
        "Expecting ',' delimiter": f"after {'array element' if _inside_array(text, position) else 'object key:value pair'}",
        "Extra data": "after top-level value",
        "Invalid control character at": "in string literal",
    }.get(problem, "in string escape code")
    if problem.startswith("Illegal trailing comma"):
        position = next(i for i in range(position + 1, len(text)) if not text[i].isspace())
    character = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'"}.get(text[position], text[position])
    return f"invalid character '{character}' {where}"


def _inside_array(text: str, position: int) -> bool:
    """Whether the innermost bracket that is open at a position is a square one."""
    import re

    depth: list[str] = []
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text[:position]):
        if token in "[{":
            depth.append(token)
        elif token in "]}":
            depth.pop()
    return bool(depth) and depth[-1] == "["


def parse_yaml(raw: bytes) -> Any:
    """Return the value of a YAML text as its JSON form: keys are strings, times stay text.

    Raises
    ------
    ParseError
        ``yaml: line 2: ...``.
    """
    return _load_yaml(raw)[0]


def yaml_duplicates(raw: bytes) -> list[str]:
    """Return a text for each key that a mapping holds twice: ``line 3: key "a" already set in map``."""
    return _load_yaml(raw)[1]


def _load_yaml(raw: bytes) -> tuple[Any, list[str]]:
    import yaml

    loader = _loader()(raw)
    try:
        node = loader.get_single_node()
        if node is not None and b"*" in raw and _expanded(node, {}) > _MAX_EXPANDED:
            raise ParseError("yaml: document contains excessive aliasing")
        return (None if node is None else _storable(loader.construct_document(node))), loader.duplicates
    except RecursionError:
        raise ParseError("exceeded max depth") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ParseError(f"yaml: line {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ParseError(f"yaml: {error}") from None
    finally:
        loader.dispose()


def _key(node: Any) -> str:
    """A mapping's key as JSON has it: the text that was written."""
    if not isinstance(node.value, str):
        raise ParseError(f"yaml: line {node.start_mark.line + 1}: a key must be a scalar")
    return str(node.value)


def _expanded(node: Any, known: dict[int, int]) -> int:
    """How many values a YAML node is when every alias is written out."""
    size = known.get(id(node))
    if size == 0:
        raise ParseError("yaml: anchor value contains itself")
    if size is None:
        known[id(node)] = 0
        parts = node.value if isinstance(node.value, list) else []
        inner = (part for item in parts for part in (item if isinstance(item, tuple) else (item,)))
        size = known[id(node)] = 1 + sum(_expanded(part, known) for part in inner)
    return size


@cache
def _loader() -> Any:
    """PyYAML's C loader without the YAML 1.1 types that Kubernetes does not have: times, base-60 numbers."""
    import re

    import yaml

    class Loader(yaml.CSafeLoader):
        duplicates: list[str]

        def __init__(self, stream: bytes) -> None:
            super().__init__(stream)
            self.duplicates = []

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            written: set[str] = set()
            for key, _ in node.value:
                if _key(key) in written and not key.tag.endswith(":merge"):
                    self.duplicates.append(f'line {key.start_mark.line + 1}: key "{key.value}" already set in map')
                written.add(key.value)
            self.flatten_mapping(node)
            return {_key(key): self.construct_object(value, deep=deep) for key, value in node.value}

    unwanted = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in unwanted]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    integer = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$")
    number = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", integer, list("-+0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+0123456789."))
    made: Any = Loader
    made.add_constructor("tag:yaml.org,2002:map", made.construct_yaml_map)
    return made
