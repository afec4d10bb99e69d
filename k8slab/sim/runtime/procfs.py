"""/proc of a container: a directory per process, and what the kernel says about itself.

Every look makes the entries anew from the processes that run. Simplified: status, cmdline, comm and environ of a process; of
/proc/sys what pods set. The paths that runc masks are empty, and /proc/sys is read-only unless the container is privileged.
"""

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

from k8slab.sim.runtime.credentials import capability_mask
from k8slab.sim.runtime.filesystem import Directory, File, FileError, Node, OwnLink
from k8slab.sim.runtime.pids import Entry

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container

__all__ = ["MASKED", "proc_directory", "status_text"]

#: Empty in a container, unless it is privileged or has ``procMount: Unmasked``.
MASKED = ("acpi", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list")


def proc_directory(container: "Container") -> Directory:
    """Return /proc."""
    return Directory(_Processes(container, _kernel_files(container)), 0o555, container.started_at)


def _kernel_files(container: "Container") -> dict[str, Node]:
    network, kernel = container.config.network, container.kernel
    sysctls = Directory(mtime=kernel.now())
    port_start = str(network.unprivileged_port_start)
    values = {"net.ipv4.ip_unprivileged_port_start": port_start, "net.ipv4.ping_group_range": "0\t2147483647"}
    values |= {"kernel.hostname": network.hostname, "kernel.osrelease": "6.12.0-k8slab", **network.sysctls}
    for name, text in values.items():
        sysctls.put(name.replace(".", "/"), File(f"{text}\n".encode()))
    tree = Directory()
    tree.mount("sys", sysctls, read_only=not container.config.privileged)
    memory = container.config.node_memory
    files = {
        "version": "Linux version 6.12.0-k8slab (simulated) #1 SMP\n",
        "meminfo": f"MemTotal:       {memory.capacity // 1024} kB\nMemFree:        {memory.available // 1024} kB\n",
        "uptime": f"{kernel.now() - container.started_at:.2f} 0.00\n",
    }
    found: dict[str, Node] = {"self": OwnLink("1"), **tree.entries}
    found |= {name: File(text.encode(), 0o444, kernel.now()) for name, text in files.items()}
    return found | {name: File(b"", 0o400, kernel.now()) for name in MASKED}


class _Processes(MutableMapping[str, Node]):
    """The entries of /proc."""

    def __init__(self, container: "Container", fixed: dict[str, Node]) -> None:
        self._container, self._fixed = container, fixed

    def _entries(self) -> dict[str, Entry]:
        return {str(entry.pid): entry for entry in self._container.visible()}

    def __getitem__(self, name: str) -> Node:
        return self._fixed[name] if name in self._fixed else _process_directory(self._entries()[name], self._container)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._fixed, *self._entries()])

    def __len__(self) -> int:
        return len(self._fixed) + len(self._entries())

    def __setitem__(self, name: str, node: Node) -> None:
        raise FileError("No such file or directory")

    def __delitem__(self, name: str) -> None:
        raise FileError("Operation not permitted")


def _process_directory(entry: Entry, container: "Container") -> Directory:
    who = entry.who
    environment = "".join(f"{k}={v}\0" for k, v in entry.environment.items())
    files = {
        "status": (status_text(entry), 0o444),
        "cmdline": ("".join(f"{word}\0" for word in entry.argv), 0o444),
        "comm": (f"{_name(entry)}\n", 0o644),
        "environ": (environment, 0o400),
        "cgroup": ("0::/\n", 0o444),
    }
    now = container.kernel.now()
    entries: dict[str, Node] = {n: File(t.encode(), mode, now, None, who.uid, who.gid) for n, (t, mode) in files.items()}
    return Directory(entries, 0o555, now, who.uid, who.gid)


def _name(entry: Entry) -> str:
    return entry.argv[0].rpartition("/")[2][:15]


def status_text(entry: Entry) -> str:
    """Return /proc/PID/status, as far as it is about identity and rights."""
    who = entry.who
    uids, gids = "\t".join([str(who.uid)] * 4), "\t".join([str(who.gid)] * 4)
    effective, bounding, none = capability_mask(who.effective), capability_mask(who.bounding), capability_mask(())
    lines = {
        "Name": _name(entry), "Umask": "0022", "State": "S (sleeping)", "Tgid": entry.pid, "Pid": entry.pid,
        "PPid": entry.parent, "Uid": uids, "Gid": gids, "Groups": " ".join(map(str, who.groups)) + " ",
        "CapInh": none, "CapPrm": effective, "CapEff": effective, "CapBnd": bounding, "CapAmb": none,
        "NoNewPrivs": int(who.no_new_privs), "Seccomp": 2 if who.seccomp else 0, "Seccomp_filters": int(who.seccomp),
    }  # fmt: skip
    return "".join(f"{name}:\t{value}\n" for name, value in lines.items())
