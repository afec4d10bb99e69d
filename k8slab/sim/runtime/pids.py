"""PID namespaces: which processes see each other, and under which number.

A container has one of its own, where its first process is number 1. With shareProcessNamespace the containers of a pod share one
whose number 1 is /pause; with hostPID a container is in the node's, where it sees the daemons and every container's processes.
Simplified: the node's view has no /pause processes and no kernel threads.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from k8slab.sim.runtime.credentials import ROOT, Credentials

if TYPE_CHECKING:
    from k8slab.sim.runtime.container import Container

__all__ = ["Entry", "PidSpace", "host_space", "own_processes"]

_DAEMONS = (
    (1, ["/sbin/init"]),
    (212, ["/usr/local/bin/containerd"]),
    (298, ["/usr/bin/kubelet", "--config=/var/lib/kubelet/config.yaml"]),
)
_FIRST_ON_NODE, _FIRST_IN_POD = 1001, 7


class Entry(NamedTuple):
    """A process as its PID namespace shows it."""

    pid: int
    parent: int
    argv: list[str]
    who: Credentials
    environment: dict[str, str]
    signal: Callable[[int], object]  #: what a signal does


def own_processes(container: "Container") -> list[Entry]:
    """Return the processes of a container under their own numbers."""
    from k8slab.sim.runtime.lookup import unwrapped

    found = [Entry(p.pid, p.parent, p.argv, p.credentials, p.env, p.signal) for p in container.processes.values()]
    server, known = container.server, {e.pid for e in found}
    if server is not None and container.state == "running" and container.first_pid not in known:
        environment = container.environment()
        argv = unwrapped(server.argv, container.config.image)
        found.append(Entry(container.first_pid, 0, argv, container.config.credentials, environment, _to_server(container)))
    return sorted(found, key=lambda e: e.pid)


def _to_server(container: "Container") -> Callable[[int], object]:
    def signal(number: int) -> None:
        server = container.server
        if number == 9:
            container.kill()
        elif server is not None:
            server.signal(number)

    return signal


def _ignore(number: int) -> None:
    """What the signals of simulated containers do to the node's daemons and to /pause: nothing."""


class PidSpace:
    """A PID namespace of several containers.

    Parameters
    ----------
    members
        Gives the containers that are seen in it.
    first
        The next process id.
    others
        What else is seen: (pid, command line).
    """

    __slots__ = ("_members", "_next", "_others", "_seen")

    def __init__(
        self,
        members: Callable[[], Iterable["Container"]],
        first: int = _FIRST_IN_POD,
        others: tuple[tuple[int, list[str]], ...] = ((1, ["/pause"]),),
    ) -> None:
        self._members, self._next, self._others = members, first, others
        self._seen: dict[tuple[str, int], int] = {}

    def new(self) -> int:
        """Return the next process id."""
        self._next += 1
        return self._next - 1

    def processes(self) -> list[Entry]:
        """Return what a process in it sees."""
        found = [Entry(pid, 0, argv, ROOT, {}, _ignore) for pid, argv in self._others]
        for container in self._members():
            inside = container.config.pids is self
            found += [e if inside else e._replace(pid=self._outside(container, e.pid)) for e in own_processes(container)]
        return sorted(found, key=lambda e: e.pid)

    def _outside(self, container: "Container", pid: int) -> int:
        """Return the number here of a process in a namespace below, given when it is first seen."""
        key = (container.id, pid)
        if key not in self._seen:
            self._seen[key] = self.new()
        return self._seen[key]


def host_space(members: Callable[[], Iterable["Container"]]) -> PidSpace:
    """Return the PID namespace of a node."""
    return PidSpace(members, _FIRST_ON_NODE, _DAEMONS)
