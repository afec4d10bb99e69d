"""Shell arithmetic: what stands in ``$(( ))``, over 64-bit integers.

>>> compute("1 + 2 * 3", {}), compute("x += 2", {"x": "5"}), compute("a > 1 ? 10 : 20", {"a": "0"})
(7, 7, 20)
"""

import re
from collections.abc import Callable, MutableMapping

__all__ = ["ArithmeticError_", "compute"]

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\+\+|--|<<=|>>=|[-+*/%&|^]=|<<|>>|&&|\|\||[<>=!]=|\*\*|[-+*/%<>=!&|^~?:(),])"
)
_LEVELS: list[dict[str, Callable[[int, int], int]]] = [
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {"<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b), "<=": lambda a, b: int(a <= b), ">=": lambda a, b: int(a >= b)},
    {"<<": lambda a, b: a << (b & 63), ">>": lambda a, b: a >> (b & 63)},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: _divide(a, b), "%": lambda a, b: a - b * _divide(a, b)},
    {"**": lambda a, b: _power(a, b)},
]


class ArithmeticError_(Exception):  # noqa: N801 - ArithmeticError is Python's own
    """The expression cannot be computed; the text is what ash says."""


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise ArithmeticError_("divide by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _power(a: int, b: int) -> int:
    if b < 0:
        raise ArithmeticError_("exponent less than 0")
    return pow(a, b, 2**64)


def _wrap(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def compute(text: str, variables: MutableMapping[str, str]) -> int:
    """Return the value of an expression; assignments in it change ``variables``."""
    return _Parser(text, variables).run()


class _Parser:
    """Precedence climbing, computing as it goes."""

    def __init__(self, text: str, variables: MutableMapping[str, str]) -> None:
        self._tokens: list[str] = []
        position = 0
        stripped = text.strip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise ArithmeticError_("arithmetic syntax error")
            self._tokens.append(match[1])
            position = match.end()
        self._at, self._variables = 0, variables

    def run(self) -> int:
        if not self._tokens:
            return 0
        value = self._assignment()
        while self._take(","):
            value = self._assignment()
        if self._at < len(self._tokens):
            raise ArithmeticError_("arithmetic syntax error")
        return _wrap(value)

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _get(self, name: str) -> int:
        text = self._variables.get(name, "").strip() or "0"
        try:
            return int(text, 0) if not text.lstrip("-").startswith("0") or "x" in text.lower() else int(text, 8)
        except ValueError:
            return _Parser(text, self._variables).run() if text != name else 0

    def _assignment(self) -> int:
        name, operator = self._peek(), self._peek(1)
        if name[:1].isalpha() or name[:1] == "_":
            if operator == "=":
                self._at += 2
                return self._set(name, self._assignment())
            if len(operator) > 1 and operator.endswith("=") and operator not in ("==", "!=", "<=", ">="):
                self._at += 2
                function = next(level[operator[:-1]] for level in _LEVELS if operator[:-1] in level)
                return self._set(name, function(self._get(name), self._assignment()))
        return self._conditional()

    def _set(self, name: str, value: int) -> int:
        self._variables[name] = str(_wrap(value))
        return value

    def _conditional(self) -> int:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        yes = self._assignment()
        if not self._take(":"):
            raise ArithmeticError_("arithmetic syntax error")
        no = self._assignment()
        return yes if condition else no

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            function = _LEVELS[level][self._peek()]
            self._at += 1
            value = _wrap(function(value, self._binary(level + 1)))
        return value

    def _unary(self) -> int:
        token = self._peek()
        self._at += 1
        match token:
            case "-":
                return -self._unary()
            case "+":
                return self._unary()
            case "!":
                return int(not self._unary())
            case "~":
                return ~self._unary()
            case "++" | "--":
                name = self._peek()
                self._at += 1
                return self._set(name, self._get(name) + (1 if token == "++" else -1))
            case "(":
                value = self._assignment()
                if not self._take(")"):
                    raise ArithmeticError_("arithmetic syntax error")
                return value
        return self._operand(token)

    def _operand(self, token: str) -> int:
        if token[:1].isdigit():
            return int(token, 8) if token.startswith("0") and token.isdigit() and len(token) > 1 else int(token, 0)
        if not (token[:1].isalpha() or token[:1] == "_"):
            raise ArithmeticError_("arithmetic syntax error")
        value = self._get(token)
        for operator, step in (("++", 1), ("--", -1)):
            if self._take(operator):
                self._set(token, value + step)
        return value
