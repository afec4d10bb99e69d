"""cat, grep, head, tail, wc, tee: commands that show text as it is."""

import re

from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS", "basic_expression", "inputs"]

_FOLLOW_PERIOD = 1.0


async def inputs(p: Process, paths: list[str]) -> list[tuple[str, str]]:
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
    found = await inputs(p, paths)
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
    expression = re.escape(pattern) if "F" in options else pattern if "E" in options else basic_expression(pattern)
    expression = rf"\b(?:{expression})\b" if "w" in options else expression
    try:
        compiled = re.compile(expression, re.IGNORECASE if "i" in options else 0)
    except re.error as error:
        raise BadUsage(f"bad regex '{pattern}': {error}", 2) from None
    if not rest and not options.keys() & {"c", "m", "A", "B"}:
        return await _grep_stream(p, compiled, dict(options))
    found = await inputs(p, rest)
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


def basic_expression(pattern: str) -> str:
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
    found = await inputs(p, paths)
    for path, text in found:
        p.out(f"==> {path} <==\n" if len(paths) > 1 and "q" not in options else "")
        p.out(text[: options.number("c", 0)] if "c" in options else "".join(text.splitlines(True)[:lines]))
    return _all_read(found, paths)


async def tail(p: Process) -> int:
    """Print the last lines; with -f go on as the file grows."""
    options, paths = parse_options(_count(p.args), "n:fFqc:")
    wanted = options.get("n", "10")
    found = await inputs(p, paths)
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
    found = await inputs(p, paths)
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


COMMANDS: dict[str, Program] = {"cat": cat, "grep": grep, "head": head, "tail": tail, "wc": wc, "tee": tee}
