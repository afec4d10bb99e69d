"""Whom would a more important pod push out?"""

import pytest

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import CONTROL_PLANE, message, node, on, pod


def started(one, minute):
    return {**one, "status": {"startTime": f"2026-01-01T00:{minute:02}:00Z"}}


def budget(name, allowed, **labels):
    return {
        "metadata": {"name": name, "namespace": "chat"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }


def preempted(incoming, nodes, pods, budgets=()):
    """The nominated node and the victims, None if nobody has to go."""
    trace = simulate(incoming, nodes, pods, {"poddisruptionbudgets.policy": list(budgets)})
    plan = trace["status"].get("preemption", {})
    chosen = next((c for c in plan.get("candidates", ()) if c.get("chosen")), None)
    return (chosen["node"], sorted(v["name"] for v in chosen["victims"])) if chosen else None


def test_only_as_many_as_needed_leave_and_the_least_important_first():
    pods = [on("n", "low", "1", priority=1), on("n", "middle", "1", priority=2), on("n", "high", "1", priority=3)]
    assert preempted(pod("p", "1", priority=10), [node("n", cpu="3")], pods) == ("n", ["low"])
    assert preempted(pod("p", "2", priority=10), [node("n", cpu="3")], pods) == ("n", ["low", "middle"])


def test_equal_priority_is_not_preempted():
    trace = simulate(pod("p", "1", priority=1), [node("n", cpu="1")], [on("n", "same", "1", priority=1)])
    assert message(trace) == (
        "0/1 nodes are available: 1 Insufficient cpu. "
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_the_message_counts_each_node_once():
    nodes = [node("cp", taints=[CONTROL_PLANE]), node("w1", cpu="2"), node("w2", cpu="2")]
    present = [on("w1", "a", "1", priority=5), on("w2", "b", "1", priority=0)]
    trace = simulate(pod("p", "3", priority=1), nodes, present)
    assert message(trace).endswith("preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")
    trace = simulate(pod("p", "2", priority=0), nodes, present)
    assert message(trace) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 nodes are "
        "available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )


def test_a_pod_that_must_not_preempt_waits():
    polite = pod("p", "1", priority=10, preemptionPolicy="Never")
    trace = simulate(polite, [node("n", cpu="1")], [on("n", "low", "1")])
    assert message(trace).endswith(" preemption: not eligible due to preemptionPolicy=Never.")


def test_a_pod_whose_victims_are_leaving_does_not_preempt_again():
    leaving = on("n", "low", "1")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    leaving["status"] = {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]}
    waiting = pod("p", "1", priority=10) | {"status": {"nominatedNodeName": "n"}}
    trace = simulate(waiting, [node("n", cpu="1")], [leaving])
    assert message(trace).endswith(" preemption: not eligible due to terminating pod on the nominated node.")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([("a", 1)], [("b", 2)]),  # the least important victim
        ([("a", 1), ("b", 1)], [("c", 2)]),  # ... even if there are more of them
        ([("a", 2)], [("b", 2), ("c", 1)]),  # then the smaller sum of priorities
    ],
)
def test_the_left_node_is_the_cheaper_one(left, right):
    def share(victims):
        return {1: "4", 2: "2"}[len(victims)]

    pods = [on("left", name, share(left), priority=p) for name, p in left]
    pods += [on("right", name, share(right), priority=p) for name, p in right]
    nodes = [node("left", cpu="4"), node("right", cpu="4")]
    for order in (nodes, nodes[::-1]):
        assert preempted(pod("p", "4", priority=10), order, pods) == ("left", sorted(name for name, _ in left))


def test_of_equal_victims_the_youngest_goes():
    pods = [started(on("left", "old", "1"), 1), started(on("right", "young", "1"), 9)]
    nodes = [node("left", cpu="1"), node("right", cpu="1")]
    assert preempted(pod("p", "1", priority=10), nodes, pods) == ("right", ["young"])


def test_a_budget_protects_where_there_is_a_choice():
    guarded = on("left", "guarded", "1", labels={"app": "db"})
    pods = [guarded, on("right", "free", "1", priority=5)]
    nodes = [node("left", cpu="1"), node("right", cpu="1")]
    incoming = pod("p", "1", priority=10)
    assert preempted(incoming, nodes, pods) == ("left", ["guarded"])
    assert preempted(incoming, nodes, pods, [budget("db", 0, app="db")]) == ("right", ["free"])
    assert preempted(incoming, nodes, pods, [budget("db", 1, app="db")]) == ("left", ["guarded"])
    assert preempted(incoming, nodes[:1], pods[:1], [budget("db", 0, app="db")]) == ("left", ["guarded"])


def test_on_one_node_the_guarded_pod_is_put_back_first():
    pods = [on("n", "guarded", "1", labels={"app": "db"}), on("n", "free", "1", priority=5)]
    assert preempted(pod("p", "1", priority=10), [node("n", cpu="2")], pods, [budget("db", 0, app="db")]) == ("n", ["free"])


def test_removing_a_pod_can_make_room_in_a_topology():
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    incoming = pod("p", "1", labels={"app": "web"}, priority=10, topologySpreadConstraints=[spread])
    pods = [on("a", "web-1", labels={"app": "web"}), on("b", "big", "1", priority=20)]
    assert preempted(incoming, [node("a", cpu="1"), node("b", cpu="1")], pods) == ("a", ["web-1"])


def test_removing_a_pod_can_satisfy_anti_affinity():
    anti = {"labelSelector": {"matchLabels": {"app": "noisy"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [anti]}}
    noisy = on("n", "noisy", labels={"app": "noisy"})
    assert preempted(pod("p", affinity=affinity, priority=10), [node("n")], [noisy]) == ("n", ["noisy"])
    loner = on("n", "loner", affinity=affinity)
    assert preempted(pod("p", labels={"app": "noisy"}, priority=10), [node("n")], [loner]) == ("n", ["loner"])
