"""Memory that runs out: in a container, on a node; who is killed, who is evicted, and what everybody is told."""

import pytest

from k8slab.sim.kubelet.eviction import eviction_message, is_unwelcome, oom_score_adj
from k8slab.sim.runtime.memory import badness
from tests.sim.kubelet.world import World

Mi, Gi = 1 << 20, 1 << 30


# pkg/kubelet/qos/policy_test.go, standardMemoryAmount = 8000000000 there.
@pytest.mark.parametrize(
    ("qos", "priority", "request_", "score"),
    [
        pytest.param("Guaranteed", 0, "1Gi", -997, id="guaranteed"),
        pytest.param("BestEffort", 0, None, 1000, id="best effort"),
        pytest.param("Burstable", 0, "4Gi", 500, id="burstable: half the node"),
        pytest.param("Burstable", 0, "1Mi", 999, id="burstable: little, still before best effort"),
        pytest.param("Burstable", 0, None, 999, id="burstable: nothing"),
        pytest.param("Burstable", 0, "8Gi", 3, id="burstable: everything, still after guaranteed"),
        pytest.param("BestEffort", 2_000_001_000, None, -997, id="critical"),
    ],
)
def test_the_oom_score(qos, priority, request_, score):
    container = {"resources": {"requests": {"memory": request_}}} if request_ else {}
    assert oom_score_adj({"spec": {"priority": priority}, "status": {"qosClass": qos}}, container, 8 * Gi) == score


# mm/oom_kill.c, oom_badness: pages + oom_score_adj * totalpages / 1000.
@pytest.mark.parametrize(
    ("memory", "adjustment", "points"), [(4 * Gi, 0, 500), (4 * Gi, 1000, 1500), (8 * Gi, -997, 3), (0, 999, 999)]
)
def test_the_badness(memory, adjustment, points):
    assert badness(memory, adjustment, 8 * Gi) == points


def test_what_the_evicted_is_told():
    assert eviction_message(50 * Mi, [("c", 3 * Gi, Gi), ("d", 1, 2)]) == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container c was using 3Gi, request is 1Gi, has larger consumption of memory. "
    )


@pytest.fixture
def world():
    """One node of 2 GiB, of which its own daemons use 256 MiB."""
    return World(capacity={"memory": "2Gi"})


def hog(world, name, size, **rest):
    return world.pod(name, "polinux/stress", command=["stress", "--vm", "1", "--vm-bytes", size], **rest)


def memory_pressure(world):
    conditions = world.client.get("nodes", "node-0")["status"]["conditions"]
    return next(c["status"] for c in conditions if c["type"] == "MemoryPressure")


def test_a_command_in_a_container_can_bring_it_over_its_limit(world):
    world.shell("box", "sleep 1000", image="polinux/stress", resources={"limits": {"memory": "64Mi"}})
    world.run("box", "stress", "--vm", "1", "--vm-bytes", "100M", seconds=1)
    last = world.get("box")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"], world.restarts("box")) == ("OOMKilled", 137, 1)


def test_a_pod_is_evicted_when_the_node_has_less_than_100_mi(world):
    hog(world, "small", "200M")
    hog(world, "big", "1500M")
    world.kernel.advance(9)
    assert world.reason("big") == "Running"
    world.kernel.advance(5)
    status = world.get("big")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
    assert status["message"].startswith("The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
    target = next(c for c in status["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")
    assert world.reason("small") == "Running"
    assert memory_pressure(world) == "True"


def test_pressure_is_over_when_five_minutes_have_passed_without_it(world):
    hog(world, "big", "1700M")
    world.kernel.advance(30)
    assert memory_pressure(world) == "True"
    world.kernel.advance(270)
    assert memory_pressure(world) == "True"
    world.kernel.advance(30)
    assert memory_pressure(world) == "False"


@pytest.mark.parametrize(
    ("qos", "priority", "tolerated", "turned_away"),
    [
        ("BestEffort", 0, None, True),
        ("BestEffort", 0, "node.kubernetes.io/memory-pressure", False),
        ("BestEffort", 0, "disk", True),
        ("BestEffort", 2_000_000_000, None, False),
        ("Burstable", 0, None, False),
        ("Guaranteed", 0, None, False),
    ],
)
def test_a_node_under_pressure_turns_best_effort_pods_away(qos, priority, tolerated, turned_away):
    tolerations = [{"key": tolerated, "operator": "Exists", "effect": "NoSchedule"}] if tolerated else []
    assert is_unwelcome({"spec": {"priority": priority, "tolerations": tolerations}, "status": {"qosClass": qos}}) is turned_away


def test_a_critical_pod_is_not_evicted(world):
    hog(world, "vital", "1700M", spec={"priority": 2_000_001_000})
    world.kernel.advance(60)
    assert world.reason("vital") == "Running"


def test_without_any_memory_left_the_kernel_kills_the_worst(world):
    hog(world, "big", "1000M")
    hog(world, "more", "900M")
    last = world.get("big")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)
    assert world.restarts("more") == 0
