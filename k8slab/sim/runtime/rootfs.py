"""The file tree of a container: what every Linux image has, what the image adds, and the volumes mounted over it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slab.sim.runtime.filesystem import Directory, File, Symlink

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container

__all__ = ["build_root"]

_DIRECTORIES = (
    "bin",
    "dev",
    "etc",
    "home",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "usr/local/bin",
    "var/log",
    "var/run",
)
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"

_CGROUP: "dict[str, Callable[[Container], str]]" = {
    "cpu.stat": lambda c: c.cpu.stat(),
    "cpu.max": lambda c: f"{c.cpu.limit * 100 or 'max'} 100000\n",
    "cpu.weight": lambda c: f"{1 + (c.cpu.weight - 2) * 9999 // 262142}\n",
    "memory.current": lambda c: f"{c.memory}\n",
    "memory.max": lambda c: f"{c.config.memory_limit or 'max'}\n",
}


def build_root(container: "Container") -> Directory:
    """Return a fresh tree for a container."""
    from k8slab.sim.runtime.lookup import commands_of

    config, now = container.config, container.started_at
    root = Directory(mtime=now)
    for path in _DIRECTORIES if config.image.tools else ("dev", "etc", "proc", "sys"):
        root.put(path, Directory(mtime=now))
    if config.image.tools:
        root.put("etc/passwd", File(_PASSWD.encode()))
    for command in commands_of(config.image):
        root.put(f"bin/{command}" if config.image.tools else command.split(" ")[0], File(b"\x7fELF", 0o755, now))
    for device in ("null", "zero", "stdout", "stderr", "stdin", "urandom", "random"):
        root.put(f"dev/{device}", File(b"", 0o666, now))
    for path, text in config.image.files.items():
        executable = text.startswith("#!")
        root.put(path, File(text.encode(), 0o755 if executable else 0o644, now))
    network = config.network
    root.put("etc/hostname", File(f"{network.hostname}\n".encode()))
    root.put("etc/hosts", File(source=lambda: network.hosts_file().encode()))
    root.put("etc/resolv.conf", File(source=lambda: network.resolv.text().encode()))
    for name, source in _CGROUP.items():
        root.put(f"sys/fs/cgroup/{name}", File(source=lambda source=source: source(container).encode()))
    root.put("proc/self", Symlink("1"))
    _mount(root, container)
    root.read_only = config.read_only_root
    return root


def _mount(root: Directory, container: "Container") -> None:
    for mount in sorted(container.config.mounts(), key=lambda m: m.path):
        root.mount(mount.path, mount.node, mount.read_only)
