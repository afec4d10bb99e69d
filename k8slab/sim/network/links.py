"""How far apart places are: latency and loss between zones, as data.

A link holds for connections between nodes of its two zones (or of one zone, if both are the same); without one, packets take
no time and none is lost. A lost packet is sent again after TCP's time-outs: 1 s, 2 s, 4 s ... to open a connection, 0.2 s
doubling for data.
"""

import random
from collections.abc import Iterable
from typing import NamedTuple

from k8slab.sim.client import Client

__all__ = ["DATA_RETRY", "NO_LINK", "SYN_RETRY", "TCP_GIVES_UP", "Link", "Links", "trip_time"]

ZONE = "topology.kubernetes.io/zone"
SYN_RETRY, DATA_RETRY, RETRIES = 1.0, 0.2, 6

#: Seconds after which data that is never acknowledged ends a connection.
TCP_GIVES_UP = 924.0


class Link(NamedTuple):
    """Seconds that a packet takes one way, and the share of packets that are lost (0 to 1)."""

    latency: float = 0.0
    loss: float = 0.0


NO_LINK = Link()


def trip_time(link: Link, first_retry: float, chance: random.Random) -> float | None:
    """Return the seconds from sending a packet to the answer, sent again while it or the answer is lost; None: given up.

    >>> trip_time(Link(0.05), 1.0, random.Random(1)), trip_time(Link(0.05, 1.0), 1.0, random.Random(1))
    (0.1, None)
    """
    waited, retry = 0.0, first_retry
    for _ in range(RETRIES + 1):
        if not link.loss or (chance.random() >= link.loss and chance.random() >= link.loss):
            return waited + 2 * link.latency
        waited, retry = waited + retry, retry * 2
    return None


class Links:
    """The links of the cluster.

    Parameters
    ----------
    client
        Reads nodes: their label says their zone.
    """

    def __init__(self, client: Client) -> None:
        self._nodes = client.informer("nodes")
        self._links: dict[tuple[str, str], Link] = {}
        self._faults: dict[str, tuple[frozenset[str], frozenset[str], Link]] = {}

    def set(self, zone: str, other: str, link: Link | None) -> None:
        """Set the link between two zones, or inside one; None takes it away."""
        key = min(zone, other), max(zone, other)
        self._links.pop(key, None)
        if link is not None:
            self._links[key] = link

    def put(self, holder: str, nodes: Iterable[str], others: Iterable[str], link: Link) -> None:
        """Lay a link of a fault between two sets of nodes; it comes on top of the zones' links."""
        self._faults[holder] = frozenset(nodes), frozenset(others), link

    def forget(self, holder: str) -> None:
        """Take the link of a fault away; harmless if there is none."""
        self._faults.pop(holder, None)

    def list(self) -> list[tuple[tuple[str, str], Link]]:
        """Return the links by their zones."""
        return sorted(self._links.items())

    def between(self, node: str, other: str) -> Link:
        """Return the link between two nodes; a pod and its own node are not apart."""
        if not (self._links or self._faults) or node == other:
            return NO_LINK
        first, second = sorted((self._zone(node), self._zone(other)))
        link = self._links.get((first, second), NO_LINK)
        for one, two, worse in self._faults.values():
            if (node in one and other in two) or (node in two and other in one):
                link = Link(link.latency + worse.latency, 1 - (1 - link.loss) * (1 - worse.loss))
        return link

    def _zone(self, node: str) -> str:
        found = self._nodes.get(node)
        return str(((found or {}).get("metadata", {}).get("labels") or {}).get(ZONE, ""))
