"""sort, uniq, cut, tr, sed, awk: commands that change lines."""

import re

from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options
from k8slab.sim.runtime.programs.text import basic_expression, inputs

__all__ = ["COMMANDS"]


async def sort(p: Process) -> int:
    """Sort lines; -n -r -u -k N -t C."""
    options, paths = parse_options(p.args, "nruk:t:V")
    lines = [line for _, text in await inputs(p, paths) for line in text.splitlines()]
    column = int(options.get("k", "0").split(",")[0] or 0)

    def key(line: str) -> tuple[float, str]:
        field = line
        if column:
            fields = line.split(options.get("t"))
            field = fields[column - 1] if column <= len(fields) else ""
        number = re.match(r"\s*-?\d+(\.\d+)?", field)
        return (float(number[0]) if number and "n" in options else 0.0, field)

    ordered = sorted(dict.fromkeys(lines) if "u" in options else lines, key=key, reverse="r" in options)
    p.out("".join(f"{line}\n" for line in ordered))
    return 0


async def uniq(p: Process) -> int:
    """Drop repeated lines; -c counts them, -d shows only those."""
    options, paths = parse_options(p.args, "cd")
    groups: list[tuple[str, int]] = []
    for line in (line for _, text in await inputs(p, paths) for line in text.splitlines()):
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    shown = [g for g in groups if "d" not in options or g[1] > 1]
    p.out("".join(f"{n:7d} {line}\n" if "c" in options else f"{line}\n" for line, n in shown))
    return 0


def _selected(spec: str, length: int) -> list[int]:
    chosen: set[int] = set()
    for part in spec.split(","):
        first, dash, last = part.partition("-")
        start = int(first or 1)
        chosen |= set(range(start, (int(last) if last else length if dash else start) + 1))
    return sorted(n for n in chosen if 1 <= n <= length)


async def cut(p: Process) -> int:
    """Print fields (-f, -d) or characters (-c)."""
    options, paths = parse_options(p.args, "f:d:c:s")
    separator = options.get("d", "\t")
    for _, text in await inputs(p, paths):
        for line in text.splitlines():
            if "c" in options:
                p.out("".join(line[n - 1] for n in _selected(options["c"], len(line))) + "\n")
            elif separator in line:
                fields = line.split(separator)
                p.out(separator.join(fields[n - 1] for n in _selected(options["f"], len(fields))) + "\n")
            elif "s" not in options:
                p.out(f"{line}\n")
    return 0


async def tr(p: Process) -> int:
    """Translate, or with -d delete, characters."""
    options, sets = parse_options(p.args, "dsc")
    first = _character_set(sets[0])
    text = (await p.stdin.read_all()).decode("utf-8", "surrogateescape")
    if "d" in options:
        p.out("".join(c for c in text if (c in first) == ("c" in options)))
        return 0
    second = _character_set(sets[1]) if len(sets) > 1 else first
    table = {ord(c): second[min(i, len(second) - 1)] for i, c in enumerate(first)}
    translated = text.translate(table)
    p.out(re.sub(f"([{re.escape(second)}])\\1+", r"\1", translated) if "s" in options else translated)
    return 0


def _character_set(text: str) -> str:
    from k8slab.sim.runtime.programs.basic import unescape

    classes = {"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:digit:]": "0-9", "[:space:]": " \t\n\r", "[:alpha:]": "A-Za-z"}
    for name, meaning in classes.items():
        text = text.replace(name, meaning)
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), unescape(text), flags=re.DOTALL)


_SUBSTITUTE = re.compile(
    r"(?P<address>\d+|/[^/]*/)?\s*s(?P<d>.)(?P<old>(?:\\.|(?!(?P=d)).)*)(?P=d)(?P<new>(?:\\.|(?!(?P=d)).)*)(?P=d)(?P<f>[gip]*)"
)
_PRINT = re.compile(r"(?P<first>\d+|\$|/[^/]*/)(?:,(?P<last>\d+|\$))?(?P<what>[pd])")


async def sed(p: Process) -> int:
    """Edit lines: s/old/new/[g], Np, Nd, N,Mp, /pattern/d; -n, -e, -i, -E. Other commands are refused."""
    options, rest = parse_options(p.args, "ne:iEr")
    script = options.get("e") or rest.pop(0)
    commands = [c.strip() for c in script.split(";") if c.strip()]
    extended = "E" in options or "r" in options
    for path, text in await inputs(p, rest):
        lines = text.splitlines()
        edited = [
            out for n, line in enumerate(lines, 1) for out in _edit(line, n, len(lines), commands, "n" in options, extended)
        ]
        result = "".join(f"{line}\n" for line in edited)
        if "i" in options and path != "-":
            p.files.write(p.path(path), result.encode("utf-8", "surrogateescape"))
        else:
            p.out(result)
    return 0


def _edit(line: str, number: int, total: int, commands: list[str], quiet: bool, extended: bool) -> list[str]:
    printed: list[str] = []
    for command in commands:
        substitute, select = _SUBSTITUTE.fullmatch(command), _PRINT.fullmatch(command)
        if substitute is not None:
            if not _addressed(substitute["address"], None, line, number, total):
                continue
            old = substitute["old"] if extended else basic_expression(substitute["old"])
            new = (
                re.sub(r"(?<!\\)&", r"\\g<0>", substitute["new"])
                .replace("\\&", "&")
                .replace(f"\\{substitute['d']}", substitute["d"])
            )
            flags = re.IGNORECASE if "i" in substitute["f"] else 0
            old = old.replace(f"\\{substitute['d']}", substitute["d"])
            count = 0 if "g" in substitute["f"] else 1
            line, changed = re.subn(old, new, line, count=count, flags=flags)
            printed += [line] if changed and "p" in substitute["f"] else []
        elif select is not None:
            if _addressed(select["first"], select["last"], line, number, total):
                if select["what"] == "d":
                    return printed
                printed.append(line)
        else:
            raise BadUsage(f"unsupported command {command} (this sed knows s///, p and d)")
    return printed if quiet else [*printed, line]


def _addressed(first: str | None, last: str | None, line: str, number: int, total: int) -> bool:
    if first is None:
        return True
    if first.startswith("/"):
        return re.search(basic_expression(first[1:-1]), line) is not None
    start = total if first == "$" else int(first)
    end = start if last is None else total if last == "$" else int(last)
    return start <= number <= end


_AWK = re.compile(r"(?:(?P<condition>/[^/]*/|NR\s*[=><!]=?\s*\d+)\s*)?\{\s*print\s*(?P<what>[^}]*?)\s*;?\s*\}")


async def awk(p: Process) -> int:
    """Print fields: '{print $1, $3}', with /pattern/ or NR==N before it, -F. Everything else is refused."""
    options, rest = parse_options(p.args, "F:v:", stop_early=True)
    match = _AWK.fullmatch(rest.pop(0).strip() if rest else "")
    if match is None:
        raise BadUsage("this awk knows only [/pattern/ or NR==N] {print FIELDS}", 2)
    for _, text in await inputs(p, rest):
        for number, line in enumerate(text.splitlines(), 1):
            if _awk_matches(match["condition"], line, number):
                fields = [line, *line.split(options.get("F"))]
                parts = [_awk_value(w.strip(), fields, number) for w in re.split(r",", match["what"] or "$0")]
                p.out(" ".join(parts) + "\n")
    return 0


def _awk_matches(condition: str | None, line: str, number: int) -> bool:
    if condition is None:
        return True
    if condition.startswith("/"):
        return re.search(condition[1:-1], line) is not None
    operator, value = re.findall(r"([=><!]=?)\s*(\d+)", condition)[0]
    difference = number - int(value)
    return {"==": difference == 0, "!=": difference != 0, ">": difference > 0, "<": difference < 0, ">=": difference >= 0,
            "<=": difference <= 0}.get(operator, False)  # fmt: skip


def _awk_value(word: str, fields: list[str], number: int) -> str:
    values = []
    for token in re.findall(r'"[^"]*"|\$\w+|\S+', word):
        if token.startswith('"'):
            values.append(token[1:-1])
        elif token == "NR":
            values.append(str(number))
        elif token == "NF":
            values.append(str(len(fields) - 1))
        elif token.startswith("$"):
            index = len(fields) - 1 if token == "$NF" else int(token[1:])
            values.append(fields[index] if index < len(fields) else "")
        else:
            raise BadUsage(f"awk: {token} is not simulated", 2)
    return "".join(values)


COMMANDS: dict[str, Program] = {"sort": sort, "uniq": uniq, "cut": cut, "tr": tr, "sed": sed, "awk": awk}
