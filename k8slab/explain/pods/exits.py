"""What an exit code means.

128 + n is "ended by signal n" by the shell's and the runtime's convention; 125 to 127 are the shell's and the runtime's own.
"""

from typing import NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["Exit", "exit_of"]


class Exit(NamedTuple):
    """Id, what happened (completes "it …"), what to do, and whether the code alone proves it."""

    verdict: str
    says: str
    change: str
    certain: bool = True


_ERROR = "Read its log: the program says there what it lacks. Then correct its arguments, environment or image."
_CODES = {
    0: Exit("completed", "ended by itself with exit code 0, and restartPolicy Always starts it again and again",
            "Give it a program that keeps running, or make it a Job (or set restartPolicy to OnFailure or Never)."),
    126: Exit("not-executable", "ended with exit code 126: what it was to run is there, but cannot be executed",
              "Make the file executable, or correct the command.", False),
    127: Exit("command-not-found", "ended with exit code 127: the shell did not find the command",
              "Correct the command, or use an image that has the program.", False),
    134: Exit("abort", "aborted itself (SIGABRT, exit code 134)", _ERROR),
    137: Exit("killed", "was killed (SIGKILL, exit code 137); who did it does not show",
              "Look for failed liveness probes, memory use and what happened on the node.", False),
    139: Exit("segfault", "crashed (SIGSEGV, exit code 139): the program accessed memory that is not its own",
              "This is a bug of the program, or an image for another platform: try another version."),
    143: Exit("sigterm", "ended on SIGTERM (exit code 143); who sent it does not show",
              "Look for failed probes and for what stopped the container.", False),
}  # fmt: skip


def exit_of(terminated: Object) -> Exit:
    """Return what the end of a container means.

    >>> exit_of({"exitCode": 139}).verdict, exit_of({"exitCode": 3}).verdict
    ('segfault', 'error')
    """
    code = int(terminated.get("exitCode", 0))
    if code in _CODES:
        return _CODES[code]
    if 128 < code <= 128 + 64:
        return Exit("signal", f"was ended by signal {code - 128} (exit code {code})", _ERROR)
    return Exit("error", f"ended by itself with exit code {code}: the program met an error", _ERROR)
