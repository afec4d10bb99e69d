"""Label selectors, in both spellings: the ``LabelSelector`` object and the text of ``kubectl -l``.

Upstream: k8s.io/apimachinery/pkg/labels and metav1.LabelSelectorAsSelector.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["Labels", "Requirement", "Selector", "format_selector", "matches", "parse_selector", "selector_of"]

Labels = Mapping[str, str]
Requirement = tuple[str, str, tuple[str, ...]]
Selector = tuple[Requirement, ...]

_OPERATORS: dict[str, Callable[[str | None, tuple[str, ...]], bool]] = {
    "In": lambda v, values: v is not None and v in values,
    "NotIn": lambda v, values: v is None or v not in values,
    "Exists": lambda v, values: v is not None,
    "DoesNotExist": lambda v, values: v is None,
    "Gt": lambda v, values: v is not None and _integer(v) is not None and int(v) > int(values[0]),
    "Lt": lambda v, values: v is not None and _integer(v) is not None and int(v) < int(values[0]),
}


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def matches(selector: Selector, labels: Labels) -> bool:
    """Whether every requirement of a parsed selector holds; an empty selector matches everything.

    >>> matches(parse_selector("app=web,tier in (front,edge)"), {"app": "web", "tier": "edge"})
    True
    """
    return all(_OPERATORS[operator](labels.get(key), values) for key, operator, values in selector)


def selector_of(selector: Mapping[str, Any] | None) -> Selector | None:
    """Parse a ``LabelSelector`` object; None stays None, which upstream reads as "matches nothing".

    >>> selector_of({"matchLabels": {"app": "web"}})
    (('app', 'In', ('web',)),)
    """
    if selector is None:
        return None
    equal = [(k, "In", (v,)) for k, v in sorted((selector.get("matchLabels") or {}).items())]
    return tuple(
        equal + [(e["key"], e["operator"], tuple(e.get("values") or ())) for e in selector.get("matchExpressions") or ()]
    )


_INTEGER = re.compile(r"[+-]?[0-9]+")
_TOKEN = re.compile(r"\s*(?:(?P<op>==|!=|=|>|<|!|,|\(|\))|(?P<word>[^\s=!<>,()]+))")


@lru_cache(maxsize=1024)
def parse_selector(text: str) -> Selector:
    """Parse the text form: ``a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1``.

    Raises
    ------
    ValueError
        With upstream's wording, if the text cannot be parsed.

    Examples
    --------
    >>> parse_selector("app=web,!canary")
    (('app', 'In', ('web',)), ('canary', 'DoesNotExist', ()))
    """
    tokens = [m["op"] or m["word"] for m in _TOKEN.finditer(text.strip())] if text.strip() else []
    requirements: list[Requirement] = []
    position = 0
    while position < len(tokens):
        requirement, position = _requirement(tokens, position, text)
        requirements.append(requirement)
        if position < len(tokens):
            if tokens[position] != "," or position + 1 == len(tokens):
                raise ValueError(f"unable to parse requirement: found '{tokens[position]}', expected: ',' or 'end of string'")
            position += 1
    return tuple(requirements)


def _requirement(tokens: list[str], at: int, text: str) -> tuple[Requirement, int]:
    def token(i: int) -> str:
        return tokens[i] if i < len(tokens) else ""

    if token(at) == "!":
        return (token(at + 1), "DoesNotExist", ()), at + 2
    key, operator = token(at), token(at + 1)
    if not key or key in "=!<>,()==":
        raise ValueError(f"unable to parse requirement: found '{key}', expected: !, identifier, or 'end of string'")
    if operator in ("", ","):
        return (key, "Exists", ()), at + 1
    if operator in ("=", "==", "!=", ">", "<"):
        name = {"=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}[operator]
        empty = token(at + 2) in ("", ",")
        if name in ("Gt", "Lt") and (empty or _integer(token(at + 2)) is None):
            detail = f"Invalid value: \"{token(at + 2)}\": for 'Gt', 'Lt' operators, the value must be an integer"
            raise ValueError(f"unable to parse requirement: values[0][{key}]: {detail}")
        return (key, name, ("" if empty else token(at + 2),)), at + (2 if empty else 3)
    if operator in ("in", "notin") and token(at + 2) == "(":
        end = tokens.index(")", at) if ")" in tokens[at:] else -1
        if end < 0:
            raise ValueError("unable to parse requirement: found '', expected: ',' or ')'")
        values = tuple(t for t in tokens[at + 3 : end] if t != ",")
        return (key, "In" if operator == "in" else "NotIn", values), end + 1
    raise ValueError(f"unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt")


def format_selector(selector: Selector | None) -> str:
    """Return the text form, as kubectl and tables print it: in order of the keys; "<none>" for an empty one.

    >>> format_selector(selector_of({"matchLabels": {"app": "web"}}))
    'app=web'
    """
    if selector is None or not selector:
        return "<none>"
    return ",".join(_format(r) for r in sorted(selector, key=lambda r: r[0]))


def _format(requirement: Requirement) -> str:
    key, operator, values = requirement
    match operator:
        case "In" if len(values) == 1:
            return f"{key}={values[0]}"
        case "In" | "NotIn":
            return f"{key} {operator.lower()} ({','.join(sorted(values))})"
        case "Exists":
            return key
        case "DoesNotExist":
            return f"!{key}"
        case _:
            return f"{key}{'>' if operator == 'Gt' else '<'}{values[0]}"
