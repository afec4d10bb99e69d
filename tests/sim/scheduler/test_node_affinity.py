"""Node selectors and node affinity."""

import pytest

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import message, node, pod, reasons, scores

REASON = "node(s) didn't match Pod's node affinity/selector"


def required(*terms):
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def expressions(*items):
    return {"matchExpressions": [dict(zip(("key", "operator", "values"), item, strict=False)) for item in items]}


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (expressions(("disk", "In", ["ssd", "nvme"])), True),
        (expressions(("disk", "In", ["hdd"])), False),
        (expressions(("disk", "NotIn", ["hdd"])), True),
        (expressions(("missing", "NotIn", ["x"])), True),
        (expressions(("disk", "Exists")), True),
        (expressions(("missing", "Exists")), False),
        (expressions(("missing", "DoesNotExist")), True),
        (expressions(("cores", "Gt", ["7"])), True),
        (expressions(("cores", "Gt", ["8"])), False),
        (expressions(("cores", "Lt", ["9"])), True),
        (expressions(("disk", "In", ["ssd"]), ("cores", "Gt", ["8"])), False),
        ({}, False),
    ],
)
def test_required_terms(term, fits):
    trace = simulate(pod("p", affinity=required(term)), [node("n", labels={"disk": "ssd", "cores": "8"})])
    assert reasons(trace) == ({} if fits else {"n": REASON})


def test_one_of_several_terms_is_enough():
    affinity = required(expressions(("disk", "In", ["hdd"])), expressions(("disk", "In", ["ssd"])))
    assert simulate(pod("p", affinity=affinity), [node("n", labels={"disk": "ssd"})])["status"]["node"] == "n"


def test_node_selector_and_affinity_must_both_match():
    affinity = required(expressions(("disk", "Exists")))
    nodes = [node("a", labels={"disk": "ssd"}), node("b", labels={"disk": "ssd", "tier": "front"})]
    trace = simulate(pod("p", affinity=affinity, nodeSelector={"tier": "front"}), nodes)
    assert (trace["status"]["node"], reasons(trace)) == ("b", {"a": REASON})


def test_terms_that_name_nodes_leave_the_others_unlooked_at():
    fields = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}
    trace = simulate(pod("p", affinity=required(fields)), [node("a"), node("b", cpu="1")])
    assert trace["status"]["node"] == "b"
    assert [n["evaluated"] for n in trace["status"]["nodes"]] == [False, True]
    trace = simulate(pod("p", cpu="2", affinity=required(fields)), [node("a"), node("b", cpu="1")])
    assert message(trace).startswith(
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
    )


def test_terms_that_name_no_common_node_conflict():
    fields = {
        "matchFields": [
            {"key": "metadata.name", "operator": "In", "values": ["a"]},
            {"key": "metadata.name", "operator": "In", "values": ["b"]},
        ]
    }
    trace = simulate(pod("p", affinity=required(fields)), [node("a"), node("b")])
    assert message(trace) == (
        "0/2 nodes are available: pod affinity terms conflict. "
        "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )


def test_preferred_terms_add_up_their_weights():
    preferred = [
        {"weight": 30, "preference": expressions(("disk", "In", ["ssd"]))},
        {"weight": 10, "preference": expressions(("tier", "Exists"))},
    ]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    nodes = [node("both", labels={"disk": "ssd", "tier": "x"}), node("disk", labels={"disk": "ssd"}), node("none")]
    trace = simulate(pod("p", affinity=affinity), nodes)
    assert scores(trace, "NodeAffinity", "raw") == {"both": 40, "disk": 30, "none": 0}
    assert scores(trace, "NodeAffinity") == {"both": 100, "disk": 75, "none": 0}
    assert scores(trace, "NodeAffinity", "weighted") == {"both": 200, "disk": 150, "none": 0}


def test_a_pod_with_a_node_name_fits_that_node_only():
    trace = simulate(pod("p", nodeName="b"), [node("a"), node("b")])
    assert (trace["status"]["node"], reasons(trace)) == ("b", {"a": "node(s) didn't match the requested node name"})
