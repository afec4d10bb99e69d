"""echo, printf, env, sleep, date and other small commands about the process itself."""

import posixpath
import re
from datetime import UTC, datetime

from k8slab.sim.runtime.lookup import commands_of, find_program
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS", "unescape"]

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "0": "\0", "e": "\x1b", '"': '"'}


def unescape(text: str) -> str:
    """Replace backslash escapes as printf and ``echo -e`` do."""

    def replace(match: re.Match[str]) -> str:
        if match[1][0] == "x" and len(match[1]) > 1:
            return chr(int(match[1][1:], 16))
        return chr(int(match[1], 8)) if len(match[1]) > 1 else _ESCAPES.get(match[1], match[0])

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|0?[0-7]{2,3}|.)", replace, text, flags=re.DOTALL)


async def echo(p: Process) -> int:
    """Print arguments; -n, -e, -E."""
    args, newline, escapes = p.args, True, False
    while args and re.fullmatch(r"-[neE]+", args[0]):
        newline, escapes = newline and "n" not in args[0], escapes or "e" in args[0]
        args = args[1:]
    text = " ".join(args)
    p.out((unescape(text) if escapes else text) + ("\n" if newline else ""))
    return 0


async def printf(p: Process) -> int:
    """Print by a format, as often as there are arguments for it."""
    if not p.args:
        raise BadUsage("usage: printf FORMAT [ARGUMENT...]", 2)
    template, values = p.args[0], list(p.args[1:])
    while True:
        before = len(values)
        p.out(_formatted(template, values))
        if not values or len(values) == before:
            return 0


def _formatted(template: str, values: list[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = values.pop(0) if values else ""
        kind = match[3]
        flags = match[1] + (match[2] or "")
        if kind in "di":
            return f"%{flags}d" % int(value or "0", 0)
        if kind in "xXou":
            return f"%{flags}{'d' if kind == 'u' else kind}" % int(value or "0", 0)
        if kind in "feg":
            return f"%{flags}{kind}" % float(value or "0")
        return f"%{flags}s" % (unescape(value) if kind == "b" else value[:1] if kind == "c" else value)

    return re.sub(r"%([-+ 0#]*\d{0,3})(\.\d{1,3})?([diouxXfegsbc%])", replace, unescape(template))


async def env(p: Process) -> int:
    """Print the environment, or run a command in a changed one."""
    variables, rest = dict(p.env), list(p.args)
    if rest[:1] in (["-i"], ["-"]):
        variables, rest = {}, rest[1:]
    while rest and "=" in rest[0]:
        name, _, value = rest.pop(0).partition("=")
        variables[name] = value
    if not rest:
        p.out("".join(f"{k}={v}\n" for k, v in variables.items()))
        return 0
    return await _run(p, rest, env=variables)


async def _run(p: Process, argv: list[str], **changes: object) -> int:
    program = find_program(p.container, argv[0])
    if program is None:
        return p.fail(f"can't execute '{argv[0]}': No such file or directory", 127)
    return await p.child(argv, **changes).run(program)


async def printenv(p: Process) -> int:
    """Print variables."""
    names = p.args or list(p.env)
    p.out("".join((f"{p.env[n]}\n" if p.args else f"{n}={p.env[n]}\n") for n in names if n in p.env))
    return int(any(n not in p.env for n in names))


def seconds_of(text: str) -> float:
    """Return a duration such as 10, 0.5, 5m, infinity in seconds."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if text in ("infinity", "inf"):
        return 10.0**9
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", text)
    if match is None:
        raise BadUsage(f"invalid number '{text}'")
    return float(match[1]) * units[match[2] or "s"]


async def sleep(p: Process) -> int:
    """Wait."""
    if not p.args:
        raise BadUsage("missing operand")
    await p.kernel.sleep(sum(seconds_of(a) for a in p.args))
    return 0


async def timeout(p: Process) -> int:
    """Run a command for a limited time; 124, or 143 from BusyBox, if it takes longer."""
    from k8slab.sim.network.waiting import OutOfTime, within

    options, rest = parse_options(p.args, "s:k:t:", stop_early=True)
    limit, command = (options["t"], rest) if "t" in options else (rest[0], rest[1:])
    program = find_program(p.container, command[0])
    if program is None:
        return p.fail(f"can't execute '{command[0]}': No such file or directory", 127)
    try:
        return await within(p.kernel, seconds_of(limit), p.child(command).run(program))
    except OutOfTime:
        return 143 if "busybox" in p.container.config.image.tools else 124


async def date(p: Process) -> int:
    """Print the cluster's time."""
    options, rest = parse_options(p.args, "uId:s:", ("utc", "iso-8601"))
    if "s" in options:
        return p.fail("can't set date: Operation not permitted" if not p.credentials.can("SYS_TIME") else "not simulated")
    now = p.kernel.now()
    if "d" in options:
        text = options["d"]
        if not text.startswith("@"):
            raise BadUsage(f"invalid date '{text}' (only @SECONDS is simulated)")
        now = float(text[1:])
    moment = datetime.fromtimestamp(now, UTC)
    if rest and not rest[0].startswith("+"):
        return p.fail(f"invalid date ‘{rest[0]}’")
    template = rest[0][1:] if rest and rest[0].startswith("+") else "%Y-%m-%d" if "I" in options else "%a %b %e %H:%M:%S UTC %Y"
    template = template.replace("%s", str(int(now))).replace("%N", f"{int(now % 1 * 1e9):09d}").replace("%e", f"{moment.day:2d}")
    p.out(moment.strftime(template) + "\n")
    return 0


async def hostname(p: Process) -> int:
    """Print the host name, with -f that with its domain, or with -i the address."""
    network = p.container.config.network
    if p.args and not p.args[0].startswith("-"):
        return p.fail("sethostname: Operation not permitted" if not p.credentials.can("SYS_ADMIN") else "not simulated")
    shown = {"-i": network.ip, "-I": network.ip, "-f": network.full_name, "--fqdn": network.full_name}
    p.out(shown.get(p.args[0] if p.args else "", network.hostname) + "\n")
    return 0


async def uname(p: Process) -> int:
    """Print what system this pretends to be."""
    fields = {"s": "Linux", "n": p.container.config.network.hostname, "r": "6.12.0-k8slab", "v": "#1 SMP", "m": "x86_64"}
    options, _ = parse_options(p.args, "asnrvmo")
    wanted = "snrvm" if "a" in options else "".join(options) or "s"
    p.out(" ".join(fields.get(letter, "GNU/Linux") for letter in wanted) + (" GNU/Linux\n" if "a" in options else "\n"))
    return 0


async def pwd(p: Process) -> int:
    """Print the working directory."""
    p.out(f"{p.cwd}\n")
    return 0


async def which(p: Process) -> int:
    """Print where commands are."""
    known = commands_of(p.container.config.image)
    found = [f"/bin/{a}" for a in p.args if a in known]
    p.out("".join(f"{f}\n" for f in found))
    return int(len(found) < len(p.args))


async def xargs(p: Process) -> int:
    """Run a command with what standard input lists; -n, -I."""
    options, command = parse_options(p.args, "n:I:r0", stop_early=True)
    data = (await p.stdin.read_all()).decode("utf-8", "surrogateescape")
    command = command or ["echo"]
    if "I" in options:
        calls = [[w.replace(options["I"], line) for w in command] for line in data.splitlines()]
    else:
        items = data.split("\0") if "0" in options else data.split()
        size = options.number("n", max(1, len(items)))
        calls = [[*command, *items[i : i + size]] for i in range(0, len(items), size)] or ([] if "r" in options else [command])
    codes = [await _run(p, call) for call in calls]
    return 123 if any(codes) else 0


async def basename(p: Process) -> int:
    """Print the last part of a path."""
    name = posixpath.basename(p.args[0].rstrip("/") or "/") or "/"
    p.out((name.removesuffix(p.args[1]) if len(p.args) > 1 and name != p.args[1] else name) + "\n")
    return 0


async def dirname(p: Process) -> int:
    """Print a path without its last part."""
    p.out((posixpath.dirname(p.args[0].rstrip("/")) or ".") + "\n")
    return 0


async def yes(p: Process) -> int:
    """Print the same line for ever; slowly enough for the simulation."""
    line = (" ".join(p.args) or "y") + "\n"
    while True:
        p.out(line * 64)
        await p.kernel.sleep(p.container.charge(0.05))


async def true(p: Process) -> int:
    """Succeed."""
    return 0


async def false(p: Process) -> int:
    """Fail."""
    return 1


async def busybox(p: Process) -> int:
    """Run an applet, or list them."""
    if not p.args:
        p.out(f"BusyBox v{p.container.config.image.version} multi-call binary.\n\nCurrently defined functions:\n")
        p.out("\t" + ", ".join(sorted(commands_of(p.container.config.image))) + "\n")
        return 0
    if find_program(p.container, p.args[0]) is None:
        p.err(f"{p.args[0]}: applet not found")
        return 127
    return await _run(p, p.args)


COMMANDS: dict[str, Program] = {
    "echo": echo, "printf": printf, "env": env, "printenv": printenv, "sleep": sleep, "timeout": timeout, "date": date,
    "hostname": hostname, "uname": uname, "pwd": pwd, "which": which, "xargs": xargs,
    "basename": basename, "dirname": dirname, "yes": yes, "true": true, "false": false, "sync": true, "busybox": busybox,
}  # fmt: skip
