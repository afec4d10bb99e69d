"""Resource quantities: "100m", "1.5", "64Mi", "2k", "1e3".

Upstream: k8s.io/apimachinery/pkg/api/resource (Quantity). Exact arithmetic on `fractions.Fraction`, so nothing is
rounded before upstream would round it; upstream rounds up, and so do `value` and `milli_value`.
"""

import re
from fractions import Fraction
from functools import lru_cache

__all__ = ["canonical", "format_quantity", "milli_value", "parse_quantity", "value"]

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_PATTERN = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([eE])([+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?")


@lru_cache(maxsize=8192)
def parse_quantity(text: str | int | float) -> Fraction:
    """Return the exact number a quantity stands for.

    Raises
    ------
    ValueError
        With upstream's wording, if the text is not a quantity.

    Examples
    --------
    >>> parse_quantity("100m"), parse_quantity("1Ki"), parse_quantity(2)
    (Fraction(1, 10), Fraction(1024, 1), Fraction(2, 1))
    """
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, digits, exponent, power, suffix = match.groups()
    number = Fraction(digits)
    if exponent:
        number *= Fraction(10) ** int(power)
    elif suffix in _BINARY:
        number *= _BINARY[suffix]
    else:
        number *= Fraction(10) ** _DECIMAL[suffix or ""]
    return -number if sign == "-" else number


@lru_cache(maxsize=8192)
def value(text: str | int | float) -> int:
    """Return the quantity as a whole number, rounded up (upstream: ``Quantity.Value``).

    >>> value("1.5Gi"), value("100m")
    (1610612736, 1)
    """
    number = parse_quantity(text)
    return -((-number.numerator) // number.denominator)


@lru_cache(maxsize=8192)
def milli_value(text: str | int | float) -> int:
    """Return a thousand times the quantity, rounded up (upstream: ``Quantity.MilliValue``).

    >>> milli_value("250m"), milli_value("2")
    (250, 2000)
    """
    number = parse_quantity(text) * 1000
    return -((-number.numerator) // number.denominator)


def _decimal(number: Fraction) -> str:
    for suffix, power in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = number / Fraction(10) ** power
        if scaled.denominator == 1:
            return f"{scaled.numerator}{suffix}"
    return format_quantity(Fraction(-((-number * 10**9).numerator // (number * 10**9).denominator), 10**9))


def format_quantity(number: Fraction | int, binary: bool = False) -> str:
    """Return the canonical text of a number, with binary (Ki, Mi) or decimal (m, k, M) suffixes.

    >>> format_quantity(Fraction(1, 10)), format_quantity(2**20, binary=True), format_quantity(1500)
    ('100m', '1Mi', '1500')
    """
    number = Fraction(number)
    if number == 0:
        return "0"
    if binary and number.denominator == 1 and abs(number) >= 1024:
        for suffix, factor in sorted(_BINARY.items(), key=lambda item: -item[1]):
            if number % factor == 0:
                return f"{number.numerator // factor}{suffix}"
        return str(number.numerator)
    return _decimal(number)


def canonical(text: str | int | float) -> str:
    """Return the canonical form upstream writes back: same value, largest suffix without a fraction, no exponent loss.

    >>> canonical("0.5"), canonical("1000m"), canonical("1024Ki"), canonical("1.5Gi"), canonical(1)
    ('500m', '1', '1Mi', '1536Mi', '1')
    """
    raw = str(text)
    number = parse_quantity(text)
    match = _PATTERN.fullmatch(raw)
    assert match is not None
    if match[5] in _BINARY:
        return format_quantity(number, binary=True)
    if match[3] and number.denominator == 1:
        power, whole = 0, number.numerator
        while whole and whole % 1000 == 0:
            power, whole = power + 3, whole // 1000
        return f"{whole}e{power}" if power else str(whole)
    return _decimal(number) if number else "0"
