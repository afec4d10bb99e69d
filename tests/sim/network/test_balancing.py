"""Which endpoints a node's kube-proxy uses: conditions, traffic policies and topology hints, and with which probability."""

import pytest

from k8slab.sim.network.balancing import Endpoint, rules_of, select


def end(name, node="n1", zone="", to_node="", ready=True, serving=True, terminating=False):
    zones, nodes = frozenset([zone] if zone else []), frozenset([to_node] if to_node else [])
    return Endpoint(name, ready, serving, terminating, node, "", f"chat/{name}", zones, nodes)


def names(endpoints):
    return [e.ip for e in endpoints]


A, B = end("a", "n1", "zone-a"), end("b", "n2", "zone-b")
UNREADY = end("u", ready=False, serving=False)
LEAVING = end("l", "n1", ready=False, terminating=True)


@pytest.mark.parametrize(
    ("endpoints", "node", "zone", "policy", "expected"),
    [
        ([A, B], "n1", "zone-a", "Cluster", ["a"]),
        ([A, B], "n2", "zone-b", "Cluster", ["b"]),
        ([A, B], "n3", "zone-c", "Cluster", ["a", "b"]),  # nobody is meant for this zone
        ([A, end("x")], "n1", "zone-a", "Cluster", ["a", "x"]),  # one without a hint: hints are off
        ([A, B], "n1", "", "Cluster", ["a", "b"]),  # the node has no zone
        ([end("a", to_node="n1", zone="z"), end("b", to_node="n2", zone="z")], "n1", "z", "Cluster", ["a"]),
        ([end("a", to_node="n1", zone="z"), end("b", to_node="n2", zone="z")], "n9", "z", "Cluster", ["a", "b"]),
        ([A, B], "n2", "zone-a", "Local", ["b"]),  # hints are not looked at
        ([A], "n2", "zone-a", "Local", []),
        ([A, UNREADY, LEAVING], "n9", "", "Cluster", ["a"]),
        ([UNREADY, LEAVING], "n9", "", "Cluster", ["l"]),
        ([B, LEAVING], "n1", "", "Local", ["l"]),  # the fallback is on each node by itself
        ([end("a", ready=False, zone="zone-a", serving=False), B], "n1", "zone-a", "Cluster", ["b"]),
    ],
)
def test_who_gets_connections(endpoints, node, zone, policy, expected):
    assert names(select(endpoints, node, zone, policy).eligible) == expected


def test_everybody_else_is_left_out_with_a_reason():
    found = select([A, B, UNREADY, LEAVING], "n9", "", "Cluster")
    assert [(e.ip, why) for e, why in found.left_out] == [("u", "not ready"), ("l", "terminating")]
    assert select([A, B], "n1", "zone-a", "Cluster").left_out[0][1] == "not chosen by hints for zone zone-a"
    assert select([A, B], "n1", "", "Local").left_out[0][1] == "not on this node (traffic policy Local)"


@pytest.mark.parametrize("count", range(1, 12))
def test_every_endpoint_has_the_same_share_though_the_rules_differ(count):
    reached, shares = 1.0, []
    for rule in rules_of([f"10.0.0.{n}:80" for n in range(count)]):
        shares.append(reached * rule["probability"])
        reached *= 1 - rule["probability"]
    assert shares == pytest.approx([1 / count] * count, abs=1e-4)
    assert reached == 0
