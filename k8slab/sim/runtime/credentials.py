"""Who a process is, and what the kernel lets it do: user, groups, capabilities, no_new_privs, seccomp.

Real components: Linux's struct cred and runc. A process of root has the capabilities of its container in effect; that of
another user has none, whatever ``capabilities.add`` says, because Kubernetes sets no ambient ones: they only bound what a
set-uid program could get. Upstream: containerd's oci.WithCapabilities, defaultUnixCaps.
"""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["CAPABILITIES", "DEFAULT_CAPABILITIES", "ROOT", "Credentials", "capability_mask", "container_capabilities"]

#: By bit, as in /usr/include/linux/capability.h.
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
    "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
    "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip

#: What containerd gives a container that asks for nothing.
DEFAULT_CAPABILITIES = frozenset({
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
    "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
})  # fmt: skip


def capability_mask(names: Iterable[str]) -> str:
    """Return a set of capabilities as /proc shows it.

    >>> capability_mask(DEFAULT_CAPABILITIES)
    '00000000a80425fb'
    """
    return f"{sum(1 << CAPABILITIES.index(name) for name in names):016x}"


def container_capabilities(add: Iterable[str] = (), drop: Iterable[str] = (), privileged: bool = False) -> frozenset[str]:
    """Return the capabilities of a container by its securityContext.

    ``ALL`` in either list comes first, then the other names are added, then dropped. Names that the kernel does not know are
    the caller's to refuse (`unknown` in `k8slab.sim.kubelet.security`).

    >>> sorted(container_capabilities(add=["NET_BIND_SERVICE"], drop=["ALL"]))
    ['NET_BIND_SERVICE']
    """
    if privileged:
        return frozenset(CAPABILITIES)
    added, dropped = {_name(n) for n in add}, {_name(n) for n in drop}
    if not added and not dropped:
        return DEFAULT_CAPABILITIES
    found = frozenset(CAPABILITIES) if "ALL" in added else DEFAULT_CAPABILITIES
    if "ALL" in dropped:
        found = frozenset()
    return ((found | (added - {"ALL"})) - (dropped - {"ALL"})) & frozenset(CAPABILITIES)


def _name(text: str) -> str:
    return text.upper().removeprefix("CAP_")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a process.

    Parameters
    ----------
    uid, gid, groups
        Ids; ``groups`` are the supplementary ones.
    bounding
        The capabilities of its container.
    no_new_privs
        Whether no program it starts can get more than it has.
    seccomp
        Whether a filter of system calls is in force.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    bounding: frozenset[str] = DEFAULT_CAPABILITIES
    no_new_privs: bool = False
    seccomp: bool = False

    @property
    def effective(self) -> frozenset[str]:
        """The capabilities in effect."""
        return self.bounding if self.uid == 0 else frozenset()

    def can(self, capability: str) -> bool:
        """Whether a capability is in effect."""
        return self.uid == 0 and capability in self.bounding

    def in_group(self, gid: int) -> bool:
        """Whether it belongs to a group."""
        return gid == self.gid or gid in self.groups


#: A process that may do everything: the kernel's own view.
ROOT = Credentials(bounding=frozenset(CAPABILITIES))
