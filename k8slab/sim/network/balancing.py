"""Which endpoints of a Service get a connection, and how likely each is: pure functions.

Real component: kube-proxy's topology.go (who is eligible) and iptables mode's chain of rules with ``--probability``: of n rules
the first matches with 1/n, the next with 1/(n-1), the last always, so that each endpoint has the same share.
"""

from typing import NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["Endpoint", "Selection", "endpoints_of_slice", "rules_of", "select", "usable"]


class Endpoint(NamedTuple):
    """One address of a slice, with the conditions and hints that decide whether it gets traffic."""

    ip: str
    ready: bool
    serving: bool
    terminating: bool
    node: str
    hostname: str
    target: str
    for_zones: frozenset[str] = frozenset()
    for_nodes: frozenset[str] = frozenset()


class Selection(NamedTuple):
    """The eligible endpoints, the others each with the reason, and what narrowed the choice ("" if nothing did)."""

    eligible: list[Endpoint]
    left_out: list[tuple[Endpoint, str]]
    narrowed: str


def usable(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints that get traffic: the ready ones, or, if there are none, those that still serve while terminating."""
    ready = [e for e in endpoints if e.ready]
    return ready or [e for e in endpoints if e.serving and e.terminating]


def select(endpoints: list[Endpoint], node: str, zone: str, policy: str) -> Selection:
    """Choose whom a node's proxy sends connections to.

    Parameters
    ----------
    endpoints
        All of the Service.
    node, zone
        Where the packet meets the rules.
    policy
        The traffic policy that applies, ``Cluster`` or ``Local``.
    """
    if policy == "Local":
        near, narrowed = [e for e in endpoints if e.node == node], "traffic policy Local"
    else:
        near, narrowed = _by_hints(endpoints, node, zone)
    eligible = usable(near)
    if not eligible and policy != "Local":
        near, narrowed = endpoints, ""
        eligible = usable(near)
    chosen, kept = set(eligible), set(near)
    left_out = [(e, _reason(e, narrowed if e not in kept else "")) for e in endpoints if e not in chosen]
    return Selection(eligible, left_out, narrowed)


def _by_hints(endpoints: list[Endpoint], node: str, zone: str) -> tuple[list[Endpoint], str]:
    """Apply topology hints: only if every ready endpoint has one, and at least one is meant for here."""
    ready = [e for e in endpoints if e.ready]
    if all(e.for_nodes for e in ready) and any(node in e.for_nodes for e in ready):
        return [e for e in endpoints if node in e.for_nodes], f"hints for node {node}"
    if zone and all(e.for_zones for e in ready) and any(zone in e.for_zones for e in ready):
        return [e for e in endpoints if zone in e.for_zones], f"hints for zone {zone}"
    return endpoints, ""


def _reason(endpoint: Endpoint, narrowed: str) -> str:
    if narrowed:
        return f"not on this node ({narrowed})" if "Local" in narrowed else f"not chosen by {narrowed}"
    if endpoint.terminating:
        return "terminating"
    return "not ready"


def rules_of(targets: list[str]) -> list[Object]:
    """Return the rules of kube-proxy's chain: the probability of each once it is reached, and its share of all connections.

    >>> [r["probability"] for r in rules_of(["10.244.1.2:80", "10.244.2.2:80", "10.244.3.2:80"])]
    [0.33333, 0.5, 1]
    """
    count = len(targets)
    return [
        {"endpoint": target, "probability": round(1 / (count - n), 5) if count - n > 1 else 1, "share": round(1 / count, 5)}
        for n, target in enumerate(targets)
    ]


def endpoints_of_slice(piece: Object) -> list[Endpoint]:
    """Read the endpoints of an EndpointSlice; conditions that are not there count as upstream says (ready unless denied)."""
    found = []
    for entry in piece.get("endpoints") or ():
        conditions, hints = entry.get("conditions") or {}, entry.get("hints") or {}
        ready = conditions.get("ready") is not False
        serving = ready if conditions.get("serving") is None else conditions["serving"]
        reference = entry.get("targetRef") or {}
        target = f"{reference.get('namespace', '')}/{reference['name']}" if reference.get("name") else ""
        zones = frozenset(z["name"] for z in hints.get("forZones") or ())
        nodes = frozenset(n["name"] for n in hints.get("forNodes") or ())
        found += [
            Endpoint(
                ip, ready, serving, bool(conditions.get("terminating")), entry.get("nodeName") or "",
                entry.get("hostname") or "", target, zones, nodes,
            )
            for ip in entry.get("addresses") or ()
        ]  # fmt: skip
    return found
