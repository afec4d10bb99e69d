"""Taints keep pods away, tolerations let them in."""

import pytest

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import node, pod, reasons, scores

GPU = {"key": "gpu", "value": "a100", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("taint", "toleration", "fits"),
    [
        (GPU, None, False),
        (GPU, {"key": "gpu", "operator": "Exists"}, True),
        (GPU, {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        (GPU, {"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        (GPU, {"key": "gpu", "operator": "Equal", "value": "a100"}, True),
        (GPU, {"key": "gpu", "value": "a100"}, True),
        (GPU, {"key": "gpu", "value": "h100"}, False),
        (GPU, {"key": "gpu", "operator": "Equal"}, False),
        (GPU, {"key": "other", "operator": "Exists"}, False),
        (GPU, {"operator": "Exists"}, True),
        ({"key": "load", "value": "5", "effect": "NoSchedule"}, {"key": "load", "operator": "Lt", "value": "6"}, True),
        ({"key": "load", "value": "7", "effect": "NoSchedule"}, {"key": "load", "operator": "Lt", "value": "6"}, False),
        ({"key": "load", "value": "7", "effect": "NoSchedule"}, {"key": "load", "operator": "Gt", "value": "6"}, True),
        ({"key": "x", "effect": "NoExecute"}, None, False),
        ({"key": "x", "effect": "NoSchedule"}, {"key": "x", "operator": "Equal"}, True),
        ({"key": "x", "effect": "PreferNoSchedule"}, None, True),
    ],
)
def test_a_taint_needs_a_toleration(taint, toleration, fits):
    tolerations = {"tolerations": [toleration]} if toleration else {}
    trace = simulate(pod("p", **tolerations), [node("n", taints=[taint])])
    assert reasons(trace) == ({} if fits else {"n": "node(s) had untolerated taint(s)"})


def test_the_trace_names_the_taint_which_the_message_no_longer_does():
    trace = simulate(pod("p"), [node("n", taints=[GPU])])
    refusal = next(row for row in trace["status"]["nodes"][0]["filters"] if row["plugin"] == "TaintToleration")
    assert refusal["detail"] == "{gpu: a100}"
    assert "gpu" not in trace["status"]["message"]


def test_nodes_with_fewer_soft_taints_score_higher():
    def soft(n):
        return [{"key": f"k{i}", "effect": "PreferNoSchedule"} for i in range(n)]

    trace = simulate(pod("p"), [node("none"), node("one", taints=soft(1)), node("two", taints=soft(2))])
    assert scores(trace, "TaintToleration", "raw") == {"none": 0, "one": 1, "two": 2}
    assert scores(trace, "TaintToleration") == {"none": 100, "one": 50, "two": 0}
    assert trace["status"]["node"] == "none"


def test_a_cordoned_node_takes_no_pods_unless_they_tolerate_it():
    cordoned = [node("n", unschedulable=True)]
    assert reasons(simulate(pod("p"), cordoned)) == {"n": "node(s) were unschedulable"}
    tolerant = pod("p", tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}])
    assert simulate(tolerant, cordoned)["status"]["node"] == "n"
