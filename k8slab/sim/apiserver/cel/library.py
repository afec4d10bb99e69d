"""The functions that Kubernetes adds to CEL; a method's receiver is its first argument.

Upstream: k8s.io/apiserver/pkg/cel/library (lists, regex, urls, quantity, ip, cidr) and cel-go's extension for strings.
A quantity, a URL and an address are maps with one hidden key each, so that equality works and other operations do not.
"""

import ipaddress
import itertools
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qs, urlsplit

from k8slab.apimachinery.quantity import parse_quantity

__all__ = ["FUNCTIONS"]

_QUANTITY, _URL, _IP, _CIDR = "\0quantity", "\0url", "\0ip", "\0cidr"


def _fails(function: Callable[..., object], *arguments: Any) -> bool:
    try:
        function(*arguments)
    except (ValueError, TypeError):
        return True
    return False


# strings


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise ValueError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(whole: Any, part: Any, start: int = 0) -> int:
    if isinstance(whole, str):
        return whole.find(part, start)
    return next((i for i, item in enumerate(whole) if item == part), -1)


def _last_index_of(whole: Any, part: Any) -> int:
    if isinstance(whole, str):
        return whole.rfind(part)
    return max((i for i, item in enumerate(whole) if item == part), default=-1)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if not separator:
        return list(text) if limit < 0 else [*text[: limit - 1], text[limit - 1 :]]
    return text.split(separator, limit - 1) if limit > 0 else text.split(separator)


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(text):
        raise ValueError(f"index out of range: {start if not 0 <= start <= len(text) else last}")
    return text[start:last]


def _format(template: str, arguments: list[Any]) -> str:
    left = list(arguments)

    def fill(match: re.Match[str]) -> str:
        kind = match[2]
        if kind == "%":
            return "%"
        value = left.pop(0)
        if kind in "dsf":
            return {"d": lambda: str(int(value)), "s": lambda: _shown(value), "f": lambda: f"{value:{match[1] or '.6'}f}"}[kind]()
        return format(value, {"e": f"{match[1] or '.6'}e", "b": "b", "o": "o", "x": "x", "X": "X"}[kind])

    return re.sub(r"%(\.\d+)?([sdfebxXo%])", fill, template)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(k)}: {_shown(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "null" if value is None else str(value)


# quantities


def _quantity(text: str) -> dict[str, str]:
    return {_QUANTITY: str(parse_quantity(text))}


def _number(quantity: Any) -> Fraction:
    return Fraction(quantity[_QUANTITY] if isinstance(quantity, dict) else quantity)


def _of(number: Fraction) -> dict[str, str]:
    return {_QUANTITY: str(number)}


def _as_integer(quantity: Any) -> int:
    number = _number(quantity)
    if number.denominator != 1:
        raise ValueError("cannot convert value to integer")
    return int(number)


# addresses and URLs


def _ip(text: Any) -> dict[str, str]:
    if isinstance(text, dict):  # a network's own address
        return {_IP: text[_CIDR].partition("/")[0]}
    return {_IP: str(ipaddress.ip_address(text))}


def _cidr(text: str) -> dict[str, str]:
    return {_CIDR: str(ipaddress.ip_interface(text))} if "/" in text else _no_network(text)


def _no_network(text: str) -> dict[str, str]:
    raise ValueError(f"network address parse error during conversion from string: netip.ParsePrefix(\"{text}\"): no '/'")


def _address(value: dict[str, str]) -> Any:
    return ipaddress.ip_address(value[_IP])


def _network(value: dict[str, str]) -> Any:
    return ipaddress.ip_interface(value[_CIDR]).network


def _contains_ip(network: dict[str, str], ip: Any) -> bool:
    return (ipaddress.ip_address(ip) if isinstance(ip, str) else _address(ip)) in _network(network)


def _contains_cidr(network: dict[str, str], other: Any) -> bool:
    inner, outer = _network(_cidr(other) if isinstance(other, str) else other), _network(network)
    return bool(inner.version == outer.version and inner.subnet_of(outer))


def _url(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    if not (text.startswith("/") or (parts.scheme and parts.netloc)):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return {_URL: text}


def _host(url: dict[str, str]) -> str:
    return urlsplit(url[_URL]).netloc.rpartition("@")[2]


def _is_sorted(items: list[Any]) -> bool:
    return all(a <= b for a, b in itertools.pairwise(items))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "charAt": _char_at,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "join": lambda items, separator="": separator.join(items),
    "lowerAscii": lambda text: "".join(c.lower() if c.isascii() else c for c in text),
    "upperAscii": lambda text: "".join(c.upper() if c.isascii() else c for c in text),
    "replace": lambda text, old, new, limit=-1: text.replace(old, new, limit),
    "reverse": lambda text: text[::-1],
    "split": _split,
    "substring": _substring,
    "trim": lambda text: text.strip(),
    "format": _format,
    "isSorted": _is_sorted,
    "sum": lambda items: sum(items),
    "min": lambda items: min(items),
    "max": lambda items: max(items),
    "find": lambda text, pattern: found[0] if (found := re.search(pattern, text)) else "",
    "findAll": lambda text, pattern, limit=-1: [m[0] for m in re.finditer(pattern, text)][: None if limit < 0 else limit],
    "quantity": _quantity,
    "isQuantity": lambda text: not _fails(_quantity, text),
    "isInteger": lambda q: not _fails(_as_integer, q),
    "asInteger": _as_integer,
    "asApproximateFloat": lambda q: float(_number(q)),
    "sign": lambda q: (_number(q) > 0) - (_number(q) < 0),
    "add": lambda a, b: _of(_number(a) + _number(b)),
    "sub": lambda a, b: _of(_number(a) - _number(b)),
    "isLessThan": lambda a, b: _number(a) < _number(b),
    "isGreaterThan": lambda a, b: _number(a) > _number(b),
    "compareTo": lambda a, b: (_number(a) > _number(b)) - (_number(a) < _number(b)),
    "ip": _ip,
    "isIP": lambda text: not _fails(_ip, text),
    "family": lambda ip: _address(ip).version,
    "isLoopback": lambda ip: _address(ip).is_loopback,
    "isUnspecified": lambda ip: _address(ip).is_unspecified,
    "isGlobalUnicast": lambda ip: not (_address(ip).is_multicast or _address(ip).is_loopback or _address(ip).is_unspecified),
    "cidr": _cidr,
    "isCIDR": lambda text: not _fails(_cidr, text),
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "prefixLength": lambda network: _network(network).prefixlen,
    "url": _url,
    "isURL": lambda text: not _fails(_url, text),
    "getScheme": lambda url: urlsplit(url[_URL]).scheme,
    "getHost": _host,
    "getHostname": lambda url: urlsplit(url[_URL]).hostname or "",
    "getPort": lambda url: str(urlsplit(url[_URL]).port or ""),
    "getEscapedPath": lambda url: urlsplit(url[_URL]).path,
    "getQuery": lambda url: parse_qs(urlsplit(url[_URL]).query, keep_blank_values=True),
}
