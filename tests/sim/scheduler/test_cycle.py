"""Which nodes are looked at, and what the trace tells about it."""

from collections import Counter

from k8slab.sim.scheduler import TraceLog, simulate, verdicts
from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.cycle import Algorithm
from k8slab.sim.scheduler.interface import Handle
from k8slab.sim.scheduler.nominator import Nominator
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.profile import DEFAULT_WEIGHTS, Configuration, Profile
from tests.sim.scheduler.builders import CONTROL_PLANE, node, pod, zones


def algorithm(nodes, seed=1, **configuration):
    from random import Random

    cache = Cache()
    for one in nodes:
        cache.set_node(one)
    profile = Profile(Handle(cache, {}), Configuration(**configuration))
    return Algorithm(profile, cache, Nominator(), Random(seed)), cache


def test_the_zones_take_turns():
    _, cache = algorithm(zones(a1="a", a2="a", a3="a", b1="b", c1="c", c2="c"))
    assert [n.name for n in cache.nodes] == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_in_a_large_cluster_the_search_goes_on_where_it_stopped():
    decide, _ = algorithm([node(f"n{i:03}") for i in range(200)])
    first = decide.decide(PodInfo(pod("p1"))).record.expand()["status"]
    second = decide.decide(PodInfo(pod("p2"))).record.expand()["status"]
    assert first["nodesFeasible"] == 100 == second["nodesFeasible"]
    looked_at = [{n["name"] for n in trace["nodes"] if n["evaluated"]} for trace in (first, second)]
    assert not looked_at[0] & looked_at[1]
    assert all("filters" not in n for n in first["nodes"] if not n["evaluated"])


def test_refused_nodes_do_not_count_as_found():
    tainted = [node(f"n{i:03}", taints=[CONTROL_PLANE] if i % 2 else None) for i in range(300)]
    decide, _ = algorithm(tainted, percentage_of_nodes_to_score=10)
    for attempt in range(3):
        status = decide.decide(PodInfo(pod(f"p{attempt}"))).record.expand()["status"]
        assert status["nodesFeasible"] == 100
        assert status["nodesEvaluated"] in (199, 200)


def test_equal_nodes_share_the_pods():
    decide, _ = algorithm([node(f"n{i}") for i in range(4)])
    chosen = Counter(decide.decide(PodInfo(pod(f"p{i}"))).node for i in range(400))
    assert set(chosen) == {"n0", "n1", "n2", "n3"}
    assert min(chosen.values()) > 60


def test_the_weights_of_kubernetes_1_37():
    assert DEFAULT_WEIGHTS == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "NodeResourcesFit": 1,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
    }


def test_plugins_whose_answers_are_kept_filter_before_the_others():
    _, cache = algorithm([])
    local = [plugin.local for plugin in Profile(Handle(cache, {})).filter]
    assert local == sorted(local, reverse=True)


def test_the_trace_adds_up():
    trace = simulate(pod("p", cpu="1"), [node("a"), node("b", cpu="8"), node("cp", taints=[CONTROL_PLANE])])
    for entry in trace["status"]["nodes"]:
        if entry["feasible"]:
            assert entry["total"] == sum(row["weighted"] for row in entry["scores"])
            assert all(row["weighted"] == row["normalized"] * row["weight"] for row in entry["scores"])
    assert trace["status"]["node"] == "b"
    assert [n["name"] for n in trace["status"]["nodes"] if n.get("chosen")] == ["b"]


def test_the_trace_as_a_table_of_nodes_and_plugins():
    table = verdicts(simulate(pod("p", cpu="1"), [node("a"), node("cp", taints=[CONTROL_PLANE])]))
    assert table["a"]["NodeResourcesFit"] == "Success"
    assert table["a"]["NodePorts"] == "Skip"
    assert table["cp"]["NodeUnschedulable"] == "Success"
    assert table["cp"]["TaintToleration"] == "node(s) had untolerated taint(s)"
    assert table["cp"]["NodeResourcesFit"] == "NotReached"


def test_the_log_keeps_the_latest_traces_and_tells_its_subscribers():
    def trace(name, result="Scheduled"):
        return {"metadata": {"namespace": "chat", "name": name}, "status": {"result": result}}

    log, seen = TraceLog(limit=2), []
    log.record(trace("a"))
    end = log.subscribe(lambda type, obj, old: seen.append((type, obj["metadata"]["name"])))
    log.record(trace("b"))
    log.record(trace("a", "Unschedulable"))
    log.record(trace("c"))
    end()
    log.record(trace("d"))
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("ADDED", "c"), ("DELETED", "b")]
    assert [t["metadata"]["name"] for t in log.list("chat")] == ["c", "d"]
    assert log.get("chat", "b") is None
    assert log.list("other") == []
