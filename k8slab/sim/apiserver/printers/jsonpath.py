"""The part of kubectl's JSONPath that the printer columns of custom resources use.

Upstream: k8s.io/client-go/util/jsonpath. Served: ``.a.b``, ``['a']``, ``.a\\.b``, ``[0]``, ``[-1]``, ``[*]``, ``.*`` and filters
such as ``[?(@.type=="Ready")]``. Not served: slices, unions, ``..`` and range; a column with one of these stays empty.
"""

import operator
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

__all__ = ["find"]

Step = Callable[[Any], Iterable[Any]]

_TOKEN = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\]\\])+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]
      | \[\?\(\s*@(?P<left>[^=!<>\s)]*)\s*(?:(?P<op>==|!=|<=|>=|<|>)\s*(?P<right>'[^']*'|"[^"]*"|[^\s)]+))?\s*\)\]""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"true": True, "false": False, "null": None}


def find(path: str, value: Any) -> list[Any]:
    """Return what a path leads to; a path that is not understood leads nowhere.

    >>> find('.status.conditions[?(@.type=="Ready")].status', {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    ['True']
    >>> find(".metadata.labels.app\\\\.io/name", {"metadata": {"labels": {"app.io/name": "web"}}})
    ['web']
    """
    found = [value]
    for step in _steps(path):
        found = [result for item in found for result in step(item)]
    return found


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            return (lambda _: (),)
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    parts = match.groupdict()
    if parts["field"] == "*" or parts["all"]:
        return lambda value: value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if parts["index"]:
        return _item(int(parts["index"]))
    if parts["left"] is not None:
        return _filter(parts["left"], parts["op"], parts["right"])
    return _field(parts["key"] if parts["key"] is not None else re.sub(r"\\(.)", r"\1", parts["field"]))


def _field(name: str) -> Step:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _item(index: int) -> Step:
    return lambda value: value[index:][:1] if isinstance(value, list) and -len(value) <= index else ()


def _filter(left: str, name: str | None, right: str | None) -> Step:
    wanted = _literal(right) if right is not None else None

    def holds(item: Any) -> bool:
        found = find(left, item)
        if name is None:
            return bool(found)
        try:
            return any(_OPERATORS[name](value, wanted) for value in found)
        except TypeError:
            return False

    return lambda value: [item for item in value if holds(item)] if isinstance(value, list) else ()


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    if text in _WORDS:
        return _WORDS[text]
    try:
        return float(text)
    except ValueError:
        return text
