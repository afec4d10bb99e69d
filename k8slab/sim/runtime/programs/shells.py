"""sh, ash, bash: the shell as a command, with -c, a script, or interactively."""

import posixpath
import re

from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import Process, Program

__all__ = ["COMMANDS"]


async def sh(p: Process) -> int:
    """Run ``-c TEXT [NAME ARGS]``, a script file, or what comes on standard input."""
    from k8slab.sim.runtime.shell.interpreter import Shell

    args, options = list(p.args), set()
    while args and args[0][:1] == "-" and len(args[0]) > 1 and args[0] != "--":
        letters = args.pop(0).lstrip("-")
        options |= {"e"} & set(letters) | {"x"} & set(letters) | {"u"} & set(letters) if letters != "login" else set()
        if "c" in letters and letters != "login":
            text, *rest = args or [""]
            shell = Shell(p, rest[0] if rest else p.name, rest[1:])
            shell.options |= options
            return await shell.run_text(text)
    if args:
        return await _script(p, args, options)
    shell = Shell(p, p.name, [])
    return await _read_and_run(p, shell)


async def _script(p: Process, args: list[str], options: set[str]) -> int:
    from k8slab.sim.runtime.shell.interpreter import Shell

    try:
        text = p.files.read(p.path(args[0])).decode("utf-8", "surrogateescape")
    except FileError:
        return p.fail(f"can't open '{args[0]}': No such file or directory", 2)
    shell = Shell(p, posixpath.basename(args[0]) if "/" not in args[0] else args[0], args[1:])
    shell.options |= options
    return await shell.run_text(text)


async def _read_and_run(p: Process, shell: "object") -> int:
    """Read standard input and run each command as soon as it is complete; with a prompt on a terminal."""
    from k8slab.sim.runtime.shell.grammar import ShellSyntaxError
    from k8slab.sim.runtime.shell.interpreter import Exit, Shell
    from k8slab.sim.runtime.shell.parse import parse

    assert isinstance(shell, Shell)
    pending = ""
    while True:
        if p.tty:
            p.out(_prompt(p, pending))
        line = (await p.stdin.read_line()).decode("utf-8", "replace")
        if not line:
            return await shell.run_text(pending) if pending else await shell.leave()
        pending += line
        if _open(pending):
            continue
        try:
            script = parse(pending)
        except ShellSyntaxError as error:
            if "unexpected end" in str(error) or pending.count('"') % 2 or pending.count("'") % 2:
                continue
            shell.complain(str(error))
            pending, shell.status = "", 2
            if not p.tty:
                return 2
            continue
        pending = ""
        try:
            await shell.run(script)
        except Exit as exit:
            shell.status = exit.code
            return await shell.leave()
        except Exception as error:
            shell.complain(str(error))
            shell.status = 2


def _prompt(p: Process, pending: str) -> str:
    sign = "#" if p.uid == 0 else "$"
    return "> " if pending else f"{p.cwd} {sign} " if "busybox" in p.container.config.image.tools else f"{sign} "


_PAIRS = (("do", "done"), ("then", "fi"), ("case", "esac"), ("{", "}"), ("if", "fi"), ("while", "done"), ("for", "done"))
_HERE = re.compile(r"<<(-?)[ \t]*([\"']?)(\w+)\2")


def _open(text: str) -> bool:
    """Whether a compound command, a here-document or a continued line has not ended yet.

    >>> _open("cat <<E\\nx\\n"), _open("cat <<E\\nx\\nE\\n"), _open("for i in 1; do\\n"), _open("echo \\\\\\n"), _open("ls\\n")
    (True, False, True, True, False)
    """
    words = text.replace(";", " ; ").split()
    if text.endswith("\\\n") or any(words.count(opening) > words.count(closing) for opening, closing in _PAIRS):
        return True
    lines = text.splitlines()
    return any(not any((line.lstrip("\t") if tabs else line) == end for line in lines) for tabs, _, end in _HERE.findall(text))


async def python(p: Process) -> int:
    """Refuse to run Python code, except for --version: no code of a pod ever runs on the host."""
    if p.args[:1] in (["--version"], ["-V"]):
        p.out(f"Python {p.container.config.image.version}\n")
        return 0
    return p.fail("this simulated image runs only 'python -m http.server' and --version")


COMMANDS: dict[str, Program] = {"sh": sh, "ash": sh, "bash": sh, "dash": sh, "python": python, "python3": python}
