"""The order in which nodes are looked at: one of each zone in turn.

Upstream: pkg/scheduler/backend/cache/node_tree.go. Because only a part of a large cluster is looked at for each pod,
the order decides which part; taking the zones in turn keeps every part spread over them.
"""

from collections.abc import Iterable

from k8slab.sim.scheduler.node_info import NodeInfo, zone_of

__all__ = ["interleave_zones"]


def interleave_zones(nodes: Iterable[NodeInfo]) -> list[NodeInfo]:
    """Return the nodes zone by zone in turn; zones in order of their first node, nodes of a zone in the given order."""
    zones: dict[tuple[str, str], list[NodeInfo]] = {}
    for node in nodes:
        zones.setdefault(zone_of(node.labels), []).append(node)
    rows = max((len(members) for members in zones.values()), default=0)
    return [members[row] for row in range(rows) for members in zones.values() if row < len(members)]
