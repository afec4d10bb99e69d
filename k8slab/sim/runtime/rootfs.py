"""The file tree of a container: what every Linux image has, what the image adds, and the volumes mounted over it."""

from typing import TYPE_CHECKING

from k8slab.sim.runtime.filesystem import Directory, File, Symlink

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container, Mount

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


def build_root(container: "Container", mounts: "list[Mount]") -> Directory:
    """Return a fresh tree for a container, with its volumes."""
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
    _cgroup(root, container)
    root.put("proc/self", Symlink("1"))
    for mount in sorted(mounts, key=lambda m: m.path):
        root.mount(mount.path, mount.node, mount.read_only)
    root.read_only = config.read_only_root
    return root


def _cgroup(root: Directory, container: "Container") -> None:
    config, weight = container.config, 1 + (container.cpu.weight - 2) * 9999 // 262142
    quota = str(config.cpu_limit * 100) if config.cpu_limit else "max"
    for name, text in (
        ("cpu.max", f"{quota} 100000\n"),
        ("cpu.weight", f"{weight}\n"),
        ("memory.max", f"{config.memory_limit or 'max'}\n"),
    ):
        root.put(f"sys/fs/cgroup/{name}", File(text.encode(), 0o644, container.started_at))
    root.put("sys/fs/cgroup/cpu.stat", File(source=lambda: container.cpu.stat().encode()))
    root.put("sys/fs/cgroup/memory.current", File(source=lambda: f"{container.memory}\n".encode()))
