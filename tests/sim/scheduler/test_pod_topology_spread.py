"""Even numbers of pods over zones and nodes."""

import pytest

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import node, on, pod, reasons, scores, zones

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REASON = "node(s) didn't match pod topology spread constraints"
WEB = {"app": "web"}


def constraint(key=ZONE, skew=1, when="DoNotSchedule", **more):
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": when,
        "labelSelector": {"matchLabels": WEB},
        **more,
    }


def spread(*constraints, **more):
    return pod("p", labels=more.pop("labels", WEB), topologySpreadConstraints=list(constraints), **more)


def webs(**count):
    return [on(name, f"{name}-{i}", labels=WEB) for name, n in count.items() for i in range(n)]


@pytest.mark.parametrize(
    ("skew", "present", "refused"),
    [
        (1, {}, set()),
        (1, {"a1": 1}, {"a1"}),
        (2, {"a1": 1}, set()),
        (2, {"a1": 2}, {"a1"}),
        (1, {"a1": 1, "b1": 1}, set()),
        (1, {"a1": 2, "b1": 1}, {"a1"}),
    ],
)
def test_a_zone_may_be_ahead_by_max_skew_only(skew, present, refused):
    trace = simulate(spread(constraint(skew=skew)), zones(a1="a", b1="b"), webs(**present))
    assert reasons(trace) == dict.fromkeys(refused, REASON)


def test_pods_of_other_namespaces_with_other_labels_or_on_their_way_out_do_not_count():
    leaving = on("a1", "leaving", labels=WEB)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    others = [on("a1", "x", labels={"app": "db"}), pod("y", namespace="other", labels=WEB, nodeName="a1"), leaving]
    assert reasons(simulate(spread(constraint()), zones(a1="a", b1="b"), others)) == {}


def test_a_node_without_the_label_cannot_be_judged():
    trace = simulate(spread(constraint()), [*zones(a1="a"), node("nowhere")])
    assert reasons(trace) == {"nowhere": f"{REASON} (missing required label)"}


def test_both_constraints_must_hold():
    nodes = zones(a1="a", a2="a", b1="b")
    trace = simulate(spread(constraint(), constraint(HOST)), nodes, webs(a1=1, b1=1))
    assert reasons(trace) == {"a1": REASON, "b1": REASON}
    assert trace["status"]["node"] == "a2"


def test_too_few_domains_count_as_an_empty_one():
    present = webs(a1=1, b1=1)
    assert reasons(simulate(spread(constraint(minDomains=2)), zones(a1="a", b1="b"), present)) == {}
    trace = simulate(spread(constraint(minDomains=3)), zones(a1="a", b1="b"), present)
    assert reasons(trace) == {"a1": REASON, "b1": REASON}


def test_match_label_keys_count_only_pods_of_the_same_revision():
    old = [on("a1", "old", labels={**WEB, "pod-template-hash": "1"})]
    new = spread(constraint(matchLabelKeys=["pod-template-hash"]), labels={**WEB, "pod-template-hash": "2"})
    assert reasons(simulate(new, zones(a1="a", b1="b"), old)) == {}


def test_nodes_the_affinity_excludes_do_not_count_as_domains_unless_ignored():
    nodes, present = zones(a1="a", b1="b"), webs(a1=1)
    only_a = {"nodeSelector": {ZONE: "a"}}
    assert simulate(spread(constraint(), **only_a), nodes, present)["status"]["node"] == "a1"
    trace = simulate(spread(constraint(nodeAffinityPolicy="Ignore"), **only_a), nodes, present)
    assert reasons(trace)["a1"] == REASON


def test_tainted_nodes_count_as_domains_unless_honored():
    nodes, present = zones(a1="a", b1="b"), webs(a1=1)
    nodes[1]["spec"]["taints"] = [{"key": "x", "effect": "NoSchedule"}]
    assert reasons(simulate(spread(constraint()), nodes, present))["a1"] == REASON
    assert simulate(spread(constraint(nodeTaintsPolicy="Honor")), nodes, present)["status"]["node"] == "a1"


def test_soft_constraints_prefer_the_emptier_zone():
    trace = simulate(spread(constraint(when="ScheduleAnyway")), zones(a1="a", b1="b"), webs(a1=3, b1=1))
    # ln(2 zones + 2) = 1.386 for each pod
    assert scores(trace, "PodTopologySpread", "raw") == {"a1": 4, "b1": 1}
    assert scores(trace, "PodTopologySpread") == {"a1": 25, "b1": 100}


def test_nodes_without_the_label_get_no_points_from_soft_constraints():
    nodes = [*zones(a1="a", b1="b"), node("nowhere")]
    trace = simulate(spread(constraint(when="ScheduleAnyway")), nodes, webs(a1=1))
    assert scores(trace, "PodTopologySpread") == {"a1": 0, "b1": 100, "nowhere": 0}


def test_pods_of_a_replica_set_are_spread_by_default():
    owned = pod("p", labels=WEB)
    owned["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web", "controller": True, "uid": "1"}]
    replica_set = {"metadata": {"name": "web", "namespace": "chat"}, "spec": {"selector": {"matchLabels": WEB}}}
    nodes = zones(a1="a", a2="a", b1="b")
    trace = simulate(owned, nodes, webs(a1=1), {"replicasets.apps": [replica_set]})
    # hostname: ln 5 = 1.609, zone: ln 4 = 1.386, and (3 - 1) + (5 - 1) for every node
    assert scores(trace, "PodTopologySpread", "raw") == {"a1": 9, "a2": 7, "b1": 6}
    assert scores(simulate(pod("p", labels=WEB), nodes, webs(a1=1)), "PodTopologySpread") == {}


def test_pods_of_a_service_are_spread_by_default():
    service = {"metadata": {"name": "web", "namespace": "chat"}, "spec": {"selector": WEB}}
    trace = simulate(pod("p", labels=WEB), [node("a"), node("b")], webs(a=1), {"services": [service]})
    assert trace["status"]["node"] == "b"
