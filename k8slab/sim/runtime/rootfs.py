"""The file tree of a container: what every Linux image has, what the image adds, and the volumes mounted over it."""

from typing import TYPE_CHECKING

from k8slab.sim.runtime.accounts import group_file, passwd_file
from k8slab.sim.runtime.filesystem import Device, Directory, File
from k8slab.sim.runtime.procfs import proc_directory

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
_MODES = {"root": 0o700, "tmp": 0o1777, "run": 0o755}
_DEVICES = ("null", "zero", "stdout", "stderr", "stdin", "urandom", "random", "full", "tty")
#: What else a privileged container sees of the node.
_HOST_DEVICES = ("sda", "sda1", "kmsg", "mem", "fuse", "loop-control")


def build_root(container: "Container", mounts: "list[Mount]") -> Directory:
    """Return a fresh tree for a container, with its volumes."""
    from k8slab.sim.runtime.lookup import commands_of

    config, now = container.config, container.started_at
    root = Directory(mtime=now)
    for path in _DIRECTORIES if config.image.tools else ("dev", "etc", "proc", "sys"):
        root.put(path, Directory(mtime=now, mode=_MODES.get(path, 0o755)))
    if config.image.tools or config.image.users:
        root.put("etc/passwd", File(passwd_file(config.image).encode()))
        root.put("etc/group", File(group_file(config.image).encode()))
    for command in commands_of(config.image):
        root.put(f"bin/{command}" if config.image.tools else command.split(" ")[0], File(b"\x7fELF", 0o755, now))
    for path, owner in config.image.directories.items():
        root.put(path, Directory(mtime=now, uid=owner, gid=owner))
    devices = Directory(mtime=now)
    for device in (*_DEVICES, *(_HOST_DEVICES if config.privileged else ())):
        devices.put(device, Device(b"", 0o666 if device in _DEVICES else 0o660, now))
    root.mount("dev", devices)
    for path, text in config.image.files.items():
        executable = text.startswith("#!")
        root.put(path, File(text.encode(), 0o755 if executable else 0o644, now))
    network = config.network
    root.put("etc/hostname", File(f"{network.hostname}\n".encode()))
    root.put("etc/hosts", File(source=lambda: network.hosts_file().encode()))
    root.put("etc/resolv.conf", File(source=lambda: network.resolv.text().encode()))
    _cgroup(root, container)
    root.put("proc", proc_directory(container))
    for mount in sorted(mounts, key=lambda m: m.path):
        root.mount(mount.path, mount.node, mount.read_only)
    root.read_only = config.read_only_root
    return root


def _cgroup(root: Directory, container: "Container") -> None:
    config = container.config

    def cpu_max() -> bytes:
        return f"{config.cpu_limit * 100 if config.cpu_limit else 'max'} 100000\n".encode()

    def cpu_weight() -> bytes:
        return f"{1 + (container.cpu.weight - 2) * 9999 // 262142}\n".encode()

    root.put("sys/fs/cgroup/cpu.max", File(source=cpu_max))
    root.put("sys/fs/cgroup/cpu.weight", File(source=cpu_weight))
    root.put("sys/fs/cgroup/memory.max", File(source=lambda: f"{config.memory_limit or 'max'}\n".encode()))
    root.put("sys/fs/cgroup/cpu.stat", File(source=lambda: container.cpu.stat().encode()))
    root.put("sys/fs/cgroup/memory.current", File(source=lambda: f"{container.memory}\n".encode()))
