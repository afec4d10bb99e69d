"""The flow log: connections counted by who talked to whom and what became of it (in life: Hubble, VPC flow logs)."""

from dataclasses import dataclass

from k8slab.sim.network.path import PacketPath

__all__ = ["Flow", "FlowLog"]


@dataclass(slots=True)
class Flow:
    """Connections of one source to one destination that ended at the same target with the same verdict."""

    number: int
    source: str
    destination: str
    service: str
    target: str
    verdict: str
    policy: str
    first: float
    last: float = 0.0
    connections: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, path: PacketPath) -> None:
        """Count one more."""
        took = path.ended - path.time
        self.connections += 1
        self.sent += path.sent
        self.received += path.received
        self.seconds += took
        self.slowest = max(self.slowest, took)
        self.last = path.ended


class FlowLog:
    """The flows of the cluster; of more than ``limit``, the one that was not seen for the longest time is forgotten."""

    def __init__(self, limit: int = 2000) -> None:
        self._flows: dict[tuple[str, str, str, str], Flow] = {}
        self._limit, self._count = limit, 0

    def add(self, path: PacketPath) -> None:
        """Count a connection that has come about, or has not; HTTP requests when they have ended."""
        key = _key(path)
        flow = self._flows.pop(key, None)
        if flow is None:
            self._count += 1
            flow = Flow(self._count, path.source, path.destination, path.service, path.target, key[3], path.policy, path.time)
            if len(self._flows) >= self._limit:
                del self._flows[next(iter(self._flows))]
        flow.add(path)
        self._flows[key] = flow

    def carried(self, path: PacketPath) -> None:
        """Add what a counted connection has carried."""
        flow = self._flows.get(_key(path))
        if flow is not None:
            flow.sent += path.sent
            flow.received += path.received

    def list(self) -> list[Flow]:
        """Return the flows, oldest first."""
        return sorted(self._flows.values(), key=lambda flow: flow.number)


def _key(path: PacketPath) -> tuple[str, str, str, str]:
    return path.source, path.destination, path.target, "dropped" if path.dropped else path.verdict
