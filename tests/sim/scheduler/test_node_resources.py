"""Requests against what is left, and how free capacity is scored."""

import pytest

from k8slab.sim.scheduler import Configuration, simulate
from k8slab.sim.scheduler.plugins.node_resources_fit import ScoringStrategy
from k8slab.sim.scheduler.resources import pod_requests
from tests.sim.scheduler.builders import message, node, on, pod, reasons, scores


def container(cpu=None, memory=None, **more):
    return {"resources": {"requests": {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}}, **more}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container("100m"), container("1", "1Gi")]}, {"cpu": 1100, "memory": 2**30}),
        ({"containers": [container("1")], "initContainers": [container("3"), container("2")]}, {"cpu": 3000}),
        ({"containers": [container("3")], "initContainers": [container("2")]}, {"cpu": 3000}),
        ({"containers": [container("1")], "initContainers": [container("1", restartPolicy="Always")]}, {"cpu": 2000}),
        (
            {"containers": [container("1")], "initContainers": [container("1", restartPolicy="Always"), container("3")]},
            {"cpu": 4000},
        ),
        (
            {"containers": [container("1")], "initContainers": [container("3"), container("1", restartPolicy="Always")]},
            {"cpu": 3000},
        ),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, {"cpu": 1250}),
        ({"containers": [container("1")], "resources": {"requests": {"cpu": "5"}}}, {"cpu": 5000}),
        ({"containers": [container()]}, {}),
    ],
)
def test_what_a_pod_requests(spec, expected):
    assert pod_requests(spec) == expected


def test_a_container_without_requests_counts_with_the_defaults_for_scoring():
    spec = {"containers": [container(), container("1")]}
    assert pod_requests(spec, non_zero=True) == {"cpu": 1100, "memory": 2 * 200 * 1024 * 1024}


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [
        ({"cpu": "2"}, {"cpu": "2"}, None),
        ({"cpu": "2001m"}, {"cpu": "2"}, "Insufficient cpu"),
        ({"cpu": "1", "memory": "7Gi"}, {"cpu": "4", "memory": "2Gi"}, "Insufficient cpu, Insufficient memory"),
        ({}, {"cpu": "4"}, None),
    ],
)
def test_requests_must_fit_beside_those_of_the_other_pods(wanted, present, expected):
    trace = simulate(pod("p", **wanted), [node("n", cpu="4", memory="8Gi")], [on("n", "other", **present)])
    assert reasons(trace) == ({"n": expected} if expected else {})


def test_a_full_node_has_too_many_pods():
    trace = simulate(pod("p"), [node("n", pods="1")], [on("n", "other")])
    assert message(trace) == (
        "0/1 nodes are available: 1 Too many pods. "
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_finished_pods_hold_nothing():
    finished = on("n", "job", cpu="4") | {"status": {"phase": "Succeeded"}}
    assert simulate(pod("p", cpu="4"), [node("n", cpu="4")], [finished])["status"]["node"] == "n"


def test_an_extended_resource_that_no_node_has():
    greedy = pod("p")
    greedy["spec"]["containers"][0]["resources"] = {"requests": {"example.com/gpu": "1"}}
    assert reasons(simulate(greedy, [node("n")])) == {"n": "Insufficient example.com/gpu"}


def test_preemption_cannot_make_a_node_larger():
    trace = simulate(pod("p", cpu="8", priority=10), [node("n", cpu="4")], [on("n", "low", cpu="4")])
    assert message(trace).endswith("1 Preemption is not helpful for scheduling.")


# 4 CPU, 10000 bytes; the pod asks for 1 CPU and 2000 bytes.
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (ScoringStrategy("LeastAllocated"), {"empty": (75 + 80) // 2, "busy": (25 + 50) // 2}),
        (ScoringStrategy("MostAllocated"), {"empty": (25 + 20) // 2, "busy": (75 + 50) // 2}),
        (ScoringStrategy("RequestedToCapacityRatio"), {"empty": 23, "busy": 63}),
        (ScoringStrategy("RequestedToCapacityRatio", shape=((0, 10), (100, 0))), {"empty": 78, "busy": 38}),
        (ScoringStrategy("LeastAllocated", resources=(("cpu", 3), ("memory", 1))), {"empty": 76, "busy": 31}),
    ],
)
def test_scoring_strategies(strategy, expected):
    nodes = [node("empty", cpu="4", memory="10000"), node("busy", cpu="4", memory="10000")]
    configuration = Configuration(scoring_strategy=strategy)
    trace = simulate(pod("p", cpu="1", memory="2000"), nodes, [on("busy", "other", "2", "3000")], configuration=configuration)
    assert scores(trace, "NodeResourcesFit") == expected


def test_balanced_allocation_rewards_what_brings_cpu_and_memory_together():
    nodes = [node(name, cpu="10", memory="1000") for name in ("lopsided", "even")]
    present = [on("lopsided", "hog", "8", "1"), on("even", "same", "4", "400")]
    trace = simulate(pod("p", cpu="1m", memory="500"), nodes, present)
    # lopsided: 60 before, 84 after (0.8 and 0.5); even: 100 before, 75 after (0.4 and 0.9)
    assert scores(trace, "NodeResourcesBalancedAllocation") == {"lopsided": 87, "even": 62}


def test_balanced_allocation_has_no_opinion_on_pods_that_request_nothing():
    trace = simulate(pod("p"), [node("a"), node("b")])
    assert scores(trace, "NodeResourcesBalancedAllocation") == {}
    assert "NodeResourcesBalancedAllocation" in trace["status"]["skipped"]["score"]


def test_a_host_port_is_held_by_one_pod():
    def serving(name, port, ip=None, protocol="TCP", **more):
        one = pod(name, **more)
        entry = {"containerPort": 80, "hostPort": port, "protocol": protocol} | ({"hostIP": ip} if ip else {})
        one["spec"]["containers"][0]["ports"] = [entry]
        return one

    def fits(incoming, present):
        present["spec"]["nodeName"] = "n"
        return not reasons(simulate(incoming, [node("n")], [present]))

    assert not fits(serving("p", 80), serving("q", 80))
    assert fits(serving("p", 80), serving("q", 81))
    assert fits(serving("p", 80), serving("q", 80, protocol="UDP"))
    assert fits(serving("p", 80, "127.0.0.1"), serving("q", 80, "127.0.0.2"))
    assert not fits(serving("p", 80, "127.0.0.1"), serving("q", 80))
    assert not fits(serving("p", 80), serving("q", 80, "127.0.0.1"))


def test_images_that_are_there_already_attract_pods():
    size = 600 * 1024 * 1024
    nodes = [node("has"), node("has-not")]
    nodes[0]["status"]["images"] = [{"names": ["nginx:latest"], "sizeBytes": size}]
    trace = simulate(pod("p"), nodes)
    # half of the nodes have it, so it counts half: 100 * (300 - 23) / (1000 - 23)
    assert scores(trace, "ImageLocality") == {"has": 28, "has-not": 0}
