"""sh, ash, bash: the shell as a command, with -c, a script, or interactively."""

import posixpath

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
    return await _interactive(p, shell) if p.tty else await shell.run_text((await p.stdin.read_all()).decode("utf-8", "replace"))


async def _script(p: Process, args: list[str], options: set[str]) -> int:
    from k8slab.sim.runtime.shell.interpreter import Shell

    try:
        text = p.files.read(p.path(args[0])).decode("utf-8", "surrogateescape")
    except FileError:
        return p.fail(f"can't open '{args[0]}': No such file or directory", 2)
    shell = Shell(p, posixpath.basename(args[0]) if "/" not in args[0] else args[0], args[1:])
    shell.options |= options
    return await shell.run_text(text)


async def _interactive(p: Process, shell: "object") -> int:
    """Read and run line by line, with a prompt."""
    from k8slab.sim.runtime.shell.grammar import ShellSyntaxError
    from k8slab.sim.runtime.shell.interpreter import Exit, Shell
    from k8slab.sim.runtime.shell.parse import parse

    assert isinstance(shell, Shell)
    pending = ""
    while True:
        sign = "#" if p.uid == 0 else "$"
        p.out("> " if pending else f"{p.cwd} {sign} " if "busybox" in p.container.config.image.tools else f"{sign} ")
        line = (await p.stdin.read_line()).decode("utf-8", "replace")
        if not line:
            return shell.status
        pending += line
        try:
            script = parse(pending)
        except ShellSyntaxError as error:
            if "unexpected end" in str(error) or pending.count('"') % 2 or pending.count("'") % 2 or _open(pending):
                continue
            shell.complain(str(error))
            pending, shell.status = "", 2
            continue
        pending = ""
        try:
            await shell.run(script)
        except Exit as exit:
            return exit.code
        except Exception as error:
            shell.complain(str(error))
            shell.status = 2


def _open(text: str) -> bool:
    """Whether a compound command has not been closed yet."""
    words = text.replace(";", " ; ").split()
    pairs = (("do", "done"), ("then", "fi"), ("case", "esac"), ("{", "}"), ("if", "fi"), ("while", "done"), ("for", "done"))
    return any(words.count(opening) > words.count(closing) for opening, closing in pairs)


async def python(p: Process) -> int:
    """Refuse to run Python code, except for --version: no code of a pod ever runs on the host."""
    if p.args[:1] in (["--version"], ["-V"]):
        p.out(f"Python {p.container.config.image.version}\n")
        return 0
    return p.fail("this simulated image runs only 'python -m http.server' and --version")


COMMANDS: dict[str, Program] = {"sh": sh, "ash": sh, "bash": sh, "dash": sh, "python": python, "python3": python}
