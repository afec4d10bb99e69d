"""cat, grep, head, tail, wc, sort, uniq, cut, sed, tr, tee, awk: commands that read lines and write lines."""

import re

from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_FOLLOW_PERIOD = 1.0


async def _inputs(p: Process, paths: list[str]) -> list[tuple[str, str]]:
    """Return (path, text) of the files, or of standard input; files that cannot be read are complained about."""
    found = []
    for path in paths or ["-"]:
        try:
            data = await p.stdin.read_all() if path == "-" else p.files.read(p.path(path))
        except FileError as error:
            p.fail(f"{_opening(p, path)}{error}")
            continue
        found.append((path, data.decode("utf-8", "surrogateescape")))
    return found


def _opening(p: Process, path: str) -> str:
    return f"can't open '{path}': " if "busybox" in p.container.config.image.tools else f"{path}: "


def _all_read(found: list[tuple[str, str]], paths: list[str]) -> int:
    return int(len(found) < len(paths or ["-"]))


async def cat(p: Process) -> int:
    """Copy files, or standard input as it comes."""
    options, paths = parse_options(p.args, "nu")
    if not paths and not options:
        while data := await p.stdin.read_some():
            p.stdout(data)
        return 0
    found = await _inputs(p, paths)
    number = 0
    for _, text in found:
        if "n" in options:
            for line in text.splitlines(True):
                number += 1
                p.out(f"{number:6d}\t{line}")
        else:
            p.out(text)
    return _all_read(found, paths)


async def grep(p: Process) -> int:
    """Print matching lines; -i -v -c -q -o -n -E -F -w -l -r is refused."""
    options, rest = parse_options(p.args, "ivcqonEFwhle:m:A:B:", ("color=",))
    pattern = options.get("e") or (rest.pop(0) if rest else "")
    expression = re.escape(pattern) if "F" in options else pattern if "E" in options else _basic(pattern)
    expression = rf"\b(?:{expression})\b" if "w" in options else expression
    try:
        compiled = re.compile(expression, re.IGNORECASE if "i" in options else 0)
    except re.error as error:
        raise BadUsage(f"bad regex '{pattern}': {error}", 2) from None
    if not rest and not options.keys() & {"c", "m", "A", "B"}:
        return await _grep_stream(p, compiled, dict(options))
    found = await _inputs(p, rest)
    total = 0
    for path, text in found:
        total += _grep_text(p, compiled, dict(options), text, f"{path}:" if len(rest) > 1 and "h" not in options else "")
    return int(not total) if len(found) == len(rest or ["-"]) else 2


async def _grep_stream(p: Process, compiled: re.Pattern[str], options: dict[str, str]) -> int:
    total = 0
    while line := await p.stdin.read_line():
        total += _grep_text(p, compiled, options, line.decode("utf-8", "surrogateescape"), "")
    return int(not total)


def _grep_text(p: Process, compiled: re.Pattern[str], options: dict[str, str], text: str, prefix: str) -> int:
    hits = [(n, line) for n, line in enumerate(text.splitlines(), 1) if bool(compiled.search(line)) != ("v" in options)]
    hits = hits[: int(options["m"])] if "m" in options else hits
    if "q" in options:
        return len(hits)
    if "c" in options:
        p.out(f"{prefix}{len(hits)}\n")
    elif "l" in options:
        p.out(prefix.rstrip(":") + "\n" if hits else "")
    else:
        for n, line in hits:
            number = f"{n}:" if "n" in options else ""
            shown = [m[0] for m in compiled.finditer(line)] if "o" in options else [line]
            p.out("".join(f"{prefix}{number}{s}\n" for s in shown))
    return len(hits)


def _basic(pattern: str) -> str:
    """Turn a basic regular expression into an extended one: there ``\\(`` groups and ``(`` does not."""
    return re.sub(r"\\?[(){}|+?]", lambda m: m[0][1:] if m[0].startswith("\\") else f"\\{m[0]}", pattern)


def _count(args: list[str]) -> list[str]:
    """Rewrite ``-5`` as ``-n 5``."""
    return [part for a in args for part in (["-n", a[1:]] if re.fullmatch(r"-\d+", a) else [a])]


async def head(p: Process) -> int:
    """Print the first lines (-n) or bytes (-c)."""
    options, paths = parse_options(_count(p.args), "n:c:q")
    lines = options.number("n", 10)
    if not paths and "c" not in options:
        for _ in range(lines):
            line = await p.stdin.read_line()
            if not line:
                break
            p.stdout(line)
        return 0
    found = await _inputs(p, paths)
    for path, text in found:
        p.out(f"==> {path} <==\n" if len(paths) > 1 and "q" not in options else "")
        p.out(text[: options.number("c", 0)] if "c" in options else "".join(text.splitlines(True)[:lines]))
    return _all_read(found, paths)


async def tail(p: Process) -> int:
    """Print the last lines; with -f go on as the file grows."""
    options, paths = parse_options(_count(p.args), "n:fFqc:")
    wanted = options.get("n", "10")
    found = await _inputs(p, paths)
    for path, text in found:
        p.out(f"==> {path} <==\n" if len(paths) > 1 and "q" not in options else "")
        lines = text.splitlines(True)
        p.out("".join(lines[int(wanted[1:]) - 1 :] if wanted.startswith("+") else lines[-int(wanted) :] if int(wanted) else []))
    if ("f" in options or "F" in options) and found:
        await _follow(p, paths[-1] if paths else "/dev/null", len(found[-1][1]))
    return _all_read(found, paths)


async def _follow(p: Process, path: str, seen: int) -> None:
    while True:
        await p.kernel.sleep(_FOLLOW_PERIOD if path != "/dev/null" else 10.0**9)
        text = p.files.read(p.path(path)).decode("utf-8", "surrogateescape") if p.files.exists(p.path(path)) else ""
        p.out(text[seen:] if len(text) >= seen else text)
        seen = len(text)


async def wc(p: Process) -> int:
    """Count lines, words and bytes."""
    options, paths = parse_options(p.args, "lwcm")
    found = await _inputs(p, paths)
    for path, text in found:
        counts = {
            "l": text.count("\n"),
            "w": len(text.split()),
            "c": len(text.encode("utf-8", "surrogateescape")),
            "m": len(text),
        }
        wanted = [counts[k] for k in "lwcm" if k in options] if options else [counts[k] for k in "lwc"]
        width = "" if len(wanted) == 1 else "7"
        p.out(" ".join(f"{n:{width}}" for n in wanted) + (f" {path}" if paths else "") + "\n")
    return _all_read(found, paths)


async def sort(p: Process) -> int:
    """Sort lines; -n -r -u -k N -t C."""
    options, paths = parse_options(p.args, "nruk:t:V")
    lines = [line for _, text in await _inputs(p, paths) for line in text.splitlines()]
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
    for line in (line for _, text in await _inputs(p, paths) for line in text.splitlines()):
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
    for _, text in await _inputs(p, paths):
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


async def tee(p: Process) -> int:
    """Copy standard input to files as well."""
    options, paths = parse_options(p.args, "a")
    for path in paths:
        p.files.write(p.path(path), b"", append="a" in options)
    while data := await p.stdin.read_some():
        p.stdout(data)
        for path in paths:
            p.files.write(p.path(path), data, append=True)
    return 0


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
    for path, text in await _inputs(p, rest):
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
            old = substitute["old"] if extended else _basic(substitute["old"])
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
        return re.search(_basic(first[1:-1]), line) is not None
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
    for _, text in await _inputs(p, rest):
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


COMMANDS: dict[str, Program] = {
    "cat": cat, "grep": grep, "head": head, "tail": tail, "wc": wc, "sort": sort, "uniq": uniq, "cut": cut, "tr": tr, "tee": tee,
    "sed": sed, "awk": awk,
}  # fmt: skip
