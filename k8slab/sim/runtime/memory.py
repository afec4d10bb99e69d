"""Memory of a node: how much its containers use, and whom the kernel kills when there is none left.

Real component: Linux's OOM killer (mm/oom_kill.c, oom_badness): the process with the largest share of the memory in thousandths
plus its ``oom_score_adj``, which the kubelet sets by quality of service. Simplified: no page cache and no swap.
"""

from collections.abc import Callable
from typing import Protocol

__all__ = ["NodeMemory", "badness"]


class Tenant(Protocol):
    """A container, as far as memory goes."""

    memory: int

    @property
    def oom_score_adj(self) -> int:
        """How early it is killed."""

    def kill(self, reason: str = "") -> None:
        """End it."""


def badness(memory: int, oom_score_adj: int, capacity: int) -> int:
    """Return how much the kernel wants to kill a process.

    >>> badness(512 << 20, 1000, 8 << 30), badness(6 << 30, -997, 8 << 30)
    (1062, -247)
    """
    return memory * 1000 // capacity + oom_score_adj


class NodeMemory:
    """The memory of a node.

    Parameters
    ----------
    capacity
        In bytes.
    reserved
        What the node itself uses.
    """

    __slots__ = ("capacity", "reserved", "tenants", "used", "watch")

    def __init__(self, capacity: int = 8 << 30, reserved: int = 0) -> None:
        self.capacity, self.reserved, self.used = capacity, reserved, 0
        self.tenants: dict[Tenant, None] = {}
        self.watch: Callable[[], object] = lambda: None  #: called whenever more is used

    @property
    def available(self) -> int:
        """Bytes that are left."""
        return self.capacity - self.reserved - self.used

    def claim(self, tenant: Tenant, size: int) -> None:
        """Note that a container uses more (or less); if that is too much, somebody has to die."""
        self.used += size
        self.tenants[tenant] = None
        if size > 0:
            self.watch()
        while self.available < 0 and self.tenants:
            max(self.tenants, key=lambda t: badness(t.memory, t.oom_score_adj, self.capacity)).kill("OOMKilled")

    def leave(self, tenant: Tenant) -> None:
        """Take back all that a container has."""
        if tenant in self.tenants:
            del self.tenants[tenant]
            self.used -= tenant.memory
