"""sysctl, dmesg, mknod, chroot: what one asks of the kernel, and what it wants a capability for."""

import posixpath

from k8slab.sim.runtime.filesystem import Device, Directory, FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_SYSCTLS = "/proc/sys"


async def sysctl(p: Process) -> int:
    """Print kernel parameters (NAME, -a), or set one (-w NAME=VALUE) where /proc/sys may be written to."""
    options, names = parse_options(p.args, "aweqn")
    if "a" in options:
        paths = [path for path in p.files.walk(_SYSCTLS) if not isinstance(p.files.find(path), Directory)]
        names = [path.removeprefix(f"{_SYSCTLS}/").replace("/", ".") for path in paths]
    status = 0
    for text in names:
        name, setting, value = text.partition("=")
        path = f"{_SYSCTLS}/{name.strip().replace('.', '/')}"
        try:
            if setting:
                p.files.write(path, f"{value.strip()}\n".encode())
            shown = p.files.read(path).decode().strip()
            p.out(f"{shown}\n" if "n" in options else f"{name.strip()} = {shown}\n")
        except FileError as error:
            what = f"error setting key '{name.strip()}'" if setting else f"error: '{path}'"
            status = p.fail(f"{what}: {error}")
    return status


async def dmesg(p: Process) -> int:
    """Print the kernel's messages; needs CAP_SYSLOG."""
    if not p.credentials.can("SYSLOG"):
        return p.fail("klogctl: Operation not permitted")
    p.out("[    0.000000] Linux version 6.12.0-k8slab (simulated)\n")
    return 0


async def mknod(p: Process) -> int:
    """Make a device file: mknod PATH c|b MAJOR MINOR; needs CAP_MKNOD. A pipe (p) needs none."""
    if len(p.args) < 2 or p.args[1] not in ("c", "b", "u", "p"):
        raise BadUsage("usage: mknod NAME TYPE [MAJOR MINOR]")
    if p.args[1] != "p" and not p.credentials.can("MKNOD"):
        return p.fail(f"{p.args[0]}: Operation not permitted")
    p.files.place(p.path(p.args[0]), Device(b"", 0o644, p.kernel.now()))
    return 0


async def chroot(p: Process) -> int:
    """Run a command with another root; needs CAP_SYS_CHROOT, and nothing but the command's absence is simulated."""
    if not p.args:
        raise BadUsage("missing operand")
    target, command = p.args[0], (p.args[1:] or ["/bin/sh"])[0]
    found = p.files.find(p.path(target))
    if not isinstance(found, Directory):
        raise FileError(f"can't change root directory to '{target}': Not a directory")
    if not p.credentials.can("SYS_CHROOT"):
        return p.fail(f"can't change root directory to '{target}': Operation not permitted")
    places = [command] if "/" in command else [f"/bin/{command}", f"/usr/bin/{command}"]
    if not any(p.files.exists(posixpath.join(p.path(target), place.lstrip("/"))) for place in places):
        return p.fail(f"can't execute '{command}': No such file or directory", 127)
    return p.fail(f"running '{command}' with another root is not simulated", 126)


COMMANDS: dict[str, Program] = {"sysctl": sysctl, "dmesg": dmesg, "mknod": mknod, "chroot": chroot}
