"""test, expr, seq, base64 and checksums: commands that compute."""

import base64
import hashlib
from collections.abc import Callable

from k8slab.sim.runtime.filesystem import Directory, File, FileError, Node, Symlink
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b, "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b, "-ge": lambda a, b: a >= b,
}  # fmt: skip
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b,
}  # fmt: skip


async def test(p: Process) -> int:
    """Evaluate a condition; also as ``[``."""
    args = list(p.args)
    if p.name == "[":
        if not args or args[-1] != "]":
            return p.fail("missing ]", 2)
        args.pop()
    if not args:
        return 1
    value, rest = _or(p, args)
    if rest:
        return p.fail(f"{rest[0]}: unknown operand", 2)
    return int(not value)


def _or(p: Process, args: list[str]) -> tuple[bool, list[str]]:
    value, rest = _and(p, args)
    while rest[:1] == ["-o"]:
        other, rest = _and(p, rest[1:])
        value = value or other
    return value, rest


def _and(p: Process, args: list[str]) -> tuple[bool, list[str]]:
    value, rest = _not(p, args)
    while rest[:1] == ["-a"]:
        other, rest = _not(p, rest[1:])
        value = value and other
    return value, rest


def _not(p: Process, args: list[str]) -> tuple[bool, list[str]]:
    if args[:1] == ["!"] and len(args) > 1:
        value, rest = _not(p, args[1:])
        return not value, rest
    return _primary(p, args)


def _primary(p: Process, args: list[str]) -> tuple[bool, list[str]]:
    if len(args) >= 3 and args[1] in _COMPARE:
        return _COMPARE[args[1]](_integer(args[0]), _integer(args[2])), args[3:]
    if len(args) >= 3 and args[1] in _TEXT:
        return _TEXT[args[1]](args[0], args[2]), args[3:]
    if args[:1] == ["("] and ")" in args:
        value, rest = _or(p, args[1:])
        return value, rest[1:]
    if len(args) >= 2 and len(args[0]) == 2 and args[0][0] == "-":
        return _unary(p, args[0][1], args[1]), args[2:]
    if not args:
        raise BadUsage("argument expected", 2)
    return bool(args[0]), args[1:]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadUsage(f"{text}: bad number", 2) from None


def _unary(p: Process, flag: str, operand: str) -> bool:
    if flag in "zn":
        return bool(operand) == (flag == "n")
    if flag == "t":
        return False
    try:
        node = p.files.find(p.path(operand), follow=flag not in "hL")
    except FileError:
        return False
    match flag:
        case "f":
            return isinstance(node, File)
        case "d":
            return isinstance(node, Directory)
        case "h" | "L":
            return isinstance(node, Symlink)
        case "s":
            return isinstance(node, Directory) or (isinstance(node, File) and bool(node.read()))
        case "x":
            return _accessible(p, node, flag)
        case "e":
            return True
        case "r" | "w":
            return _accessible(p, node, flag)
    raise BadUsage(f"-{flag}: unknown operand", 2)


def _accessible(p: Process, node: Node, want: str) -> bool:
    try:
        p.files.require(node, want)
    except FileError:
        return False
    return True


async def double_bracket(p: Process) -> int:
    """Answer ``[[ ]]`` as ``[ ]``."""
    return await test(p.child(["[", *p.args[:-1], "]"]))


async def expr(p: Process) -> int:
    """Compute with integers: + - * / % and comparisons, from left to right."""
    args = list(p.args)
    if len(args) == 2 and args[0] == "length":
        p.out(f"{len(args[1])}\n")
        return 0
    if not args or len(args) % 2 == 0:
        raise BadUsage("syntax error", 2)
    value = args[0]
    for operator, operand in zip(args[1::2], args[2::2], strict=True):
        value = _computed(value, operator, operand)
    p.out(f"{value}\n")
    return int(value in ("0", ""))


def _computed(left: str, operator: str, right: str) -> str:
    arithmetic: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
        "/": lambda a, b: int(a / b), "%": lambda a, b: a - b * int(a / b),
    }  # fmt: skip
    if operator in arithmetic:
        try:
            return str(arithmetic[operator](int(left), int(right)))
        except ValueError:
            raise BadUsage("non-integer argument", 2) from None
        except ZeroDivisionError:
            raise BadUsage("division by zero", 2) from None
    if operator in _TEXT:
        return str(int(_TEXT[operator](left, right)))
    raise BadUsage("syntax error", 2)


async def seq(p: Process) -> int:
    """Print numbers."""
    options, rest = parse_options([a for a in p.args if a], "s:w") if not p.args[0].startswith("-") else ({}, p.args)
    numbers = [int(n) for n in rest]
    first, step, last = {1: (1, 1, numbers[-1]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers), tuple(numbers))
    if step == 0 or abs(last - first) // abs(step) > 1_000_000:
        raise BadUsage("too many numbers for the simulation")
    values = [str(n) for n in range(first, last + (1 if step > 0 else -1), step)]
    p.out(options.get("s", "\n").join(values) + ("\n" if values else ""))
    return 0


async def _content(p: Process, paths: list[str]) -> list[tuple[str, bytes]]:
    if not paths or paths == ["-"]:
        return [("-", await p.stdin.read_all())]
    return [(path, p.files.read(p.path(path))) for path in paths]


async def base64_(p: Process) -> int:
    """Encode, or with -d decode."""
    options, paths = parse_options(p.args, "dw:", ("decode",))
    for _, data in await _content(p, paths):
        if "d" in options or "decode" in options:
            try:
                p.stdout(base64.b64decode(data))
            except ValueError:
                return p.fail("invalid input")
        else:
            p.out(base64.b64encode(data).decode() + "\n")
    return 0


async def checksum(p: Process) -> int:
    """Print MD5 or SHA-256 sums."""
    algorithm = p.name.removesuffix("sum")
    for path, data in await _content(p, p.args):
        p.out(f"{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}  {path}\n")
    return 0


COMMANDS: dict[str, Program] = {
    "test": test, "[": test, "[[": double_bracket, "expr": expr, "seq": seq, "base64": base64_,
    "md5sum": checksum, "sha256sum": checksum,
}  # fmt: skip
