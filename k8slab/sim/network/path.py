"""The record of one connection: DNS answer, Service, endpoint, route, verdict; step by step, newest kept.

Nothing upstream keeps such a record; it is what a learner would piece together from tcpdump, iptables counters and CoreDNS logs.
Served through the API (packetpaths.sim.k8slab.dev).
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from k8slab.apimachinery.timestamps import rfc3339_micro
from k8slab.apimachinery.types import Object

__all__ = ["PacketPath", "PathLog"]


class PacketPath:
    """One connection attempt.

    Parameters
    ----------
    number
        Counts up in the cluster.
    time
        Simulated time of the attempt.
    source, destination
        Who connects (pod or node), and the ``host:port`` as asked for.
    """

    __slots__ = (
        "destination", "dropped", "ended", "number", "policy", "received", "sent", "service", "source", "steps", "target",
        "time", "verdict",
    )  # fmt: skip

    def __init__(self, number: int, time: float, source: str, destination: str) -> None:
        self.number, self.time, self.source, self.destination = number, time, source, destination
        self.steps: list[Object] = []
        self.target = self.service = self.verdict = self.policy = ""
        self.dropped = False
        self.ended = time
        self.sent = self.received = 0

    def step(self, layer: str, text: str, **details: Any) -> None:
        """Note what one layer (dns, service, hostport, route, policy, target, http) did."""
        self.steps.append({"layer": layer, "text": text, **details})

    def to_object(self) -> Object:
        """Return the record as a JSON value."""
        return {
            "number": self.number,
            "time": rfc3339_micro(self.time),
            "source": self.source,
            "destination": self.destination,
            "target": self.target,
            "verdict": self.verdict,
            "steps": self.steps,
        }


class PathLog:
    """The last paths that began at a pod, and the last that began at a node (probes, mostly); who wants to hear of new ones."""

    def __init__(self, limit: int = 500) -> None:
        self._of_pods: deque[PacketPath] = deque(maxlen=limit)
        self._of_nodes: deque[PacketPath] = deque(maxlen=limit)
        self._handlers: list[Callable[[PacketPath], object]] = []
        self._count = 0

    def open(self, time: float, source: str, destination: str) -> PacketPath:
        """Begin a record; it is listed at once and grows with its connection."""
        self._count += 1
        path = PacketPath(self._count, time, source, destination)
        (self._of_pods if "/" in source else self._of_nodes).append(path)
        return path

    def close(self, path: PacketPath, verdict: str, now: float) -> None:
        """End a record and tell the subscribers."""
        path.verdict, path.ended = verdict, now
        for handler in self._handlers:
            handler(path)

    def list(self) -> list[PacketPath]:
        """Return the records, oldest first."""
        return sorted((*self._of_pods, *self._of_nodes), key=lambda path: path.number)

    def subscribe(self, handler: Callable[[PacketPath], object]) -> Callable[[], None]:
        """Call the handler with every path that ends from now on; return a function that stops it."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)
