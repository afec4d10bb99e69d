"""ps, kill, top, free, stress: processes, CPU and memory of the container."""

import re

from k8slab.apimachinery.quantity import value
from k8slab.sim.runtime.process import SIGNALS, BadUsage, Process, Program
from k8slab.sim.runtime.programs.basic import seconds_of
from k8slab.sim.runtime.programs.identity import owner_names
from k8slab.sim.runtime.programs.options import parse_options
from k8slab.sim.streams import WindowSize

__all__ = ["COMMANDS"]


async def ps(p: Process) -> int:
    """List the container's processes."""
    p.out("PID   USER     TIME  COMMAND\n")
    for entry in p.container.visible():
        user = owner_names(p, entry.who.uid, entry.who.gid)[0]
        p.out(f"{entry.pid:5d} {user:8.8s}  0:00 {' '.join(entry.argv)}\n")
    return 0


async def kill(p: Process) -> int:
    """Send a signal to processes."""
    args, number = list(p.args), SIGNALS["TERM"]
    if args and args[0] == "-l":
        p.out(" ".join(SIGNALS) + "\n")
        return 0
    if args and args[0].startswith("-"):
        text = args.pop(0)[1:]
        text = args.pop(0) if text == "s" and args else text
        if text.isdigit():
            number = int(text)
        elif text.upper().removeprefix("SIG") in SIGNALS:
            number = SIGNALS[text.upper().removeprefix("SIG")]
        else:
            raise BadUsage(f"bad signal name '{text}'")
    status = 0
    for arg in args:
        if not arg.lstrip("-").isdigit():
            raise BadUsage(f"invalid number '{arg}'")
        status = _send(p, int(arg), number) or status
    return status


def _send(p: Process, pid: int, number: int) -> int:
    target = next((e for e in p.container.visible() if e.pid == pid), None)
    if target is None:
        return p.fail(f"can't kill pid {pid}: No such process")
    if p.uid != target.who.uid and not p.credentials.can("KILL"):
        return p.fail(f"can't kill pid {pid}: Operation not permitted")
    if number and not (number == SIGNALS["KILL"] and pid == 1):
        target.signal(number)
    return 0


async def top(p: Process) -> int:
    """Print CPU and memory once."""
    cpu, memory = p.container.usage()
    p.out(f"Mem: {memory // 1024}K used\nCPU: {cpu / 10:.1f}% of one core\n  PID USER     COMMAND\n")
    p.out("".join(f"{e.pid:5d} {owner_names(p, e.who.uid, 0)[0]:8.8s} {' '.join(e.argv)}\n" for e in p.container.visible()))
    return 0


async def free(p: Process) -> int:
    """Print memory, as the node has it."""
    used = p.container.usage()[1] // 1024
    p.out("              total        used        free      shared  buff/cache   available\n")
    p.out(f"Mem:        8388608 {used:11d} {8388608 - used:11d}           0           0 {8388608 - used:11d}\n")
    p.out("Swap:             0           0           0\n")
    return 0


async def nproc(p: Process) -> int:
    """Print the number of processors."""
    p.out("4\n")
    return 0


async def uptime(p: Process) -> int:
    """Print how long the container has run."""
    p.out(f" up {int(p.kernel.now() - p.container.started_at) // 60} min,  load average: 0.00, 0.00, 0.00\n")
    return 0


async def tty(p: Process) -> int:
    """Name the terminal, or say that there is none."""
    p.out("/dev/pts/0\n" if p.tty else "not a tty\n")
    return 0 if p.tty else 1


async def stty(p: Process) -> int:
    """Print the terminal's size (``stty size``) or settings; changes are accepted and have no effect."""
    if p.window is None or not p.tty:
        return p.fail("standard input: Inappropriate ioctl for device")
    if p.args == ["size"]:
        p.out(f"{p.window.rows} {p.window.columns}\n")
    elif not p.args or p.args == ["-a"]:
        p.out(f"speed 38400 baud; rows {p.window.rows}; columns {p.window.columns};\n")
    return 0


async def tput(p: Process) -> int:
    """Print ``lines`` or ``cols`` of the terminal; 24 and 80 where there is none."""
    window = p.window or WindowSize()
    known = {"lines": window.rows, "cols": window.columns}
    if p.args[:1] and p.args[0] in known:
        p.out(f"{known[p.args[0]]}\n")
    return 0


async def stress(p: Process) -> int:
    """Use CPU (--cpu N) and memory (--vm N --vm-bytes SIZE) for a while (--timeout T)."""
    long = ("cpu=", "vm=", "vm-bytes=", "timeout=", "vm-hang=", "io=", "hdd=", "verbose", "quiet")
    options, _ = parse_options(p.args, "c:m:t:v", long)
    workers = int(options.get("cpu") or options.get("c") or 0)
    hogs = int(options.get("vm") or options.get("m") or 0)
    size = hogs * _bytes(options.get("vm-bytes", "256M"))
    limit = options.get("timeout") or options.get("t")
    p.out(f"{p.name}: info: [{p.pid}] dispatching hogs: {workers} cpu, 0 io, {hogs} vm, 0 hdd\n")
    container = p.container
    container.cpu.burn(1000 * workers)
    container.claim_memory(size)
    try:
        await p.kernel.sleep(seconds_of(limit) if limit else 10.0**9)
    finally:
        if container.state == "running":
            container.cpu.burn(-1000 * workers)
        container.release_memory(size)
    p.out(f"{p.name}: info: [{p.pid}] successful run completed\n")
    return 0


def _bytes(text: str) -> int:
    if re.fullmatch(r"\d+[bBkKmMgG]?", text) is None:
        raise BadUsage(f"invalid size '{text}'")
    return value(text[:-1] + {"k": "Ki", "m": "Mi", "g": "Gi", "b": ""}[text[-1].lower()]) if text[-1].isalpha() else int(text)


COMMANDS: dict[str, Program] = {
    "ps": ps, "kill": kill, "top": top, "free": free, "nproc": nproc, "uptime": uptime, "tty": tty,
    "stty": stty, "tput": tput,
    "stress": stress, "stress-ng": stress,
}  # fmt: skip
