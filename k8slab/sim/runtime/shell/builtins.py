"""Commands that must run inside the shell, because they change it."""

from collections.abc import Callable, Coroutine
from typing import Any

from k8slab.sim.kernel import Future
from k8slab.sim.runtime.filesystem import Directory, FileError
from k8slab.sim.runtime.lookup import commands_of, find_program
from k8slab.sim.runtime.process import SIGNALS
from k8slab.sim.runtime.shell.interpreter import Break, Continue, Exit, Return, Shell
from k8slab.sim.runtime.shell.parse import parse
from k8slab.sim.runtime.shell.redirect import Streams

__all__ = ["BUILTINS"]

Builtin = Callable[[Shell, list[str], Streams], Coroutine[Future[Any], None, int]]


async def _nothing(shell: Shell, words: list[str], streams: Streams) -> int:
    return 0


async def _cd(shell: Shell, words: list[str], streams: Streams) -> int:
    target = words[1] if len(words) > 1 else shell.variables.get("HOME", "/")
    target = shell.variables.get("OLDPWD", "/") if target == "-" else target
    path = shell.process.path(target)
    try:
        found = shell.process.files.find(path)
        if not isinstance(found, Directory):
            raise FileError("Not a directory")
        shell.process.files.require(found, "x")
    except FileError as error:
        shell.complain(f"cd: can't cd to {target}: {error}")
        return 1
    shell.variables["OLDPWD"] = shell.process.cwd
    shell.process.cwd = shell.variables["PWD"] = path
    return 0


async def _export(shell: Shell, words: list[str], streams: Streams) -> int:
    names = [w for w in words[1:] if not w.startswith("-")]
    if not names:
        for name in sorted(shell.exported & set(shell.variables)):
            streams[1](f"export {name}='{shell.variables[name]}'\n".encode())
    for word in names:
        name, equals, value = word.partition("=")
        if equals:
            shell.variables[name] = value
        shell.exported.add(name)
    return 0


async def _local(shell: Shell, words: list[str], streams: Streams) -> int:
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if name.startswith("-"):
            continue
        if shell.locals and words[0] != "readonly":
            shell.locals[-1].setdefault(name, shell.variables.get(name))
        if equals or shell.locals:
            shell.variables[name] = value
    return 0


async def _unset(shell: Shell, words: list[str], streams: Streams) -> int:
    for name in words[1:]:
        shell.variables.pop(name, None)
        shell.exported.discard(name)
        if "-f" in words[1:2]:
            shell.functions.pop(name, None)
    return 0


async def _set(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) == 1:
        for name in sorted(shell.variables):
            streams[1](f"{name}='{shell.variables[name]}'\n".encode())
    arguments = words[1:]
    while arguments and arguments[0][:1] in "-+" and len(arguments[0]) > 1:
        flag = arguments.pop(0)
        if flag == "--":
            shell.positional = arguments
            return 0
        letters = set(flag[1:])
        if "o" in letters:
            letters.discard("o")
            letters |= {"errexit": {"e"}, "nounset": {"u"}, "xtrace": {"x"}}.get(arguments.pop(0) if arguments else "", set())
        shell.options = shell.options | letters if flag[0] == "-" else shell.options - letters
    if arguments:
        shell.positional = arguments
    return 0


def _number(words: list[str], default: int) -> int:
    return int(words[1]) if len(words) > 1 and words[1].lstrip("-").isdigit() else default


async def _exit(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Exit(_number(words, shell.status) & 255)


async def _return(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Return(_number(words, shell.status) & 255)


async def _break(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Break(_number(words, 1))


async def _continue(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Continue(_number(words, 1))


async def _shift(shell: Shell, words: list[str], streams: Streams) -> int:
    shell.positional = shell.positional[_number(words, 1) :]
    return 0


async def _eval(shell: Shell, words: list[str], streams: Streams) -> int:
    return await shell.run(parse(" ".join(words[1:])))


async def _source(shell: Shell, words: list[str], streams: Streams) -> int:
    try:
        text = shell.process.files.read(shell.process.path(words[1])).decode("utf-8", "surrogateescape")
    except FileError:
        shell.complain(f".: can't open '{words[1]}': No such file or directory")
        return 2
    return await shell.run(parse(text))


async def _exec(shell: Shell, words: list[str], streams: Streams) -> int:
    """Replace the shell by a program, in its own process; without one, keep the redirections."""
    if len(words) == 1:
        shell.streams = streams
        return 0
    process = shell.process
    program = find_program(process.container, words[1])
    if program is None:
        shell.not_found(words[1], streams)
        raise Exit(127)
    process.argv, process.env, process.on_signal = words[1:], shell.environment(), None
    process.stdin, process.stdout, process.stderr = streams[0], streams[1], streams[2]
    raise Exit(await process.guarded(program))


async def _read(shell: Shell, words: list[str], streams: Streams) -> int:
    names = [w for w in words[1:] if not w.startswith("-")] or ["REPLY"]
    line = (await streams[0].read_line()).decode("utf-8", "surrogateescape")
    separators = shell.variables.get("IFS", " \t\n")
    rest = line.rstrip("\n").strip(separators if separators.isspace() else "")
    for name in names[:-1]:
        field = next((c for c in rest if c in separators), None)
        value, _, rest = rest.partition(field) if field else (rest, "", "")
        shell.variables[name], rest = value, rest.lstrip(" \t")
    shell.variables[names[-1]] = rest
    return 0 if line else 1


async def _trap(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) == 1:
        for signal, action in shell.traps.items():
            streams[1](f"trap -- '{action}' {signal}\n".encode())
        return 0
    names = {str(number): name for name, number in SIGNALS.items()} | {"0": "EXIT"}
    action, signals = (words[1], words[2:]) if len(words) > 2 else ("-", words[1:])
    for signal in signals:
        name = names.get(signal, signal.upper().removeprefix("SIG"))
        if action == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = action
    return 0


async def _wait(shell: Shell, words: list[str], streams: Streams) -> int:
    wanted = [int(w) for w in words[1:] if w.isdigit()] or list(shell.jobs)
    status = 0
    for pid in wanted:
        job = shell.jobs.get(pid)
        if job is None:
            status = 127
            continue
        shell.woken = shell.process.kernel.future()
        woken = shell.woken
        job.add_done_callback(lambda _, awake=woken: awake.set_result(None))  # type: ignore[misc]
        await woken
        shell.woken = None
        if not job.done:
            return 143
        status = shell.jobs.pop(pid).result()
    return status if len(words) > 1 else 0


async def _type(shell: Shell, words: list[str], streams: Streams) -> int:
    """``type`` and ``command -v``: say what a name means; ``command`` alone runs it, functions aside."""
    status = 0
    quiet = words[0] == "command"
    if quiet and words[1:2] not in (["-v"], ["-V"]):
        builtin = BUILTINS.get(words[1]) if len(words) > 1 else None
        return await builtin(shell, words[1:], streams) if builtin else await shell.execute(words[1:], streams)
    for name in words[2:] if quiet else words[1:]:
        if name in BUILTINS or name in shell.functions:
            text = name if quiet else f"{name} is a shell {'function' if name in shell.functions else 'builtin'}"
        elif name in commands_of(shell.process.container.config.image):
            text = f"/bin/{name}" if quiet else f"{name} is /bin/{name}"
        else:
            text, status = "" if quiet else f"{name}: not found", 127
        if text:
            streams[1](f"{text}\n".encode())
    return status


async def _jobs(shell: Shell, words: list[str], streams: Streams) -> int:
    for number, (pid, job) in enumerate(shell.jobs.items(), 1):
        streams[1](f"[{number}] {pid} {'Done' if job.done else 'Running'}\n".encode())
    return 0


async def _pwd(shell: Shell, words: list[str], streams: Streams) -> int:
    streams[1](f"{shell.process.cwd}\n".encode())
    return 0


BUILTINS: dict[str, Builtin] = {
    ":": _nothing, ".": _source, "break": _break, "cd": _cd, "command": _type, "continue": _continue, "declare": _local,
    "eval": _eval, "exec": _exec, "exit": _exit, "export": _export, "hash": _nothing, "jobs": _jobs, "local": _local, "pwd": _pwd,
    "read": _read, "readonly": _local, "return": _return, "set": _set, "shift": _shift, "source": _source, "trap": _trap,
    "type": _type, "typeset": _local, "ulimit": _nothing, "umask": _nothing, "unset": _unset, "wait": _wait,
}  # fmt: skip
