"""How many pods of a budget may be evicted."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.disruption import DisruptionController, budget
from k8slab.sim.controllers.replicaset import ReplicaSetController
from tests.sim.controllers.world import World, conditions, workload

BUDGETS = "poddisruptionbudgets.policy"


@pytest.mark.parametrize(
    ("spec", "expected", "matching", "result"),
    [
        ({"minAvailable": 2}, 3, 3, (3, 2)),
        ({"minAvailable": "50%"}, 3, 3, (3, 2)),
        ({"minAvailable": "100%"}, 4, 4, (4, 4)),
        ({"maxUnavailable": 1}, 3, 2, (3, 2)),
        ({"maxUnavailable": "30%"}, 10, 10, (10, 7)),
        ({"maxUnavailable": "25%"}, 3, 3, (3, 2)),
        ({"maxUnavailable": 5}, 3, 3, (3, 0)),
        ({}, 3, 3, (0, 0)),
    ],
)
def test_what_must_stay_healthy(spec, expected, matching, result):
    assert budget(spec, expected, matching) == result


@pytest.fixture
def world():
    world = World(DisruptionController, ReplicaSetController)
    world.create("replicasets.apps", "web", workload(3))
    world.run_pods()
    return world


def protect(world, **spec):
    world.create(BUDGETS, "b", {"selector": {"matchLabels": {"app": "web"}}, **spec})
    world.settled(seconds=1)


def status(world):
    return world.get(BUDGETS, "b")["status"]


def test_the_status_says_how_many_may_go(world):
    protect(world, minAvailable=2)
    found = status(world)
    assert (found["expectedPods"], found["currentHealthy"], found["desiredHealthy"], found["disruptionsAllowed"]) == (3, 3, 2, 1)
    assert conditions(world.get(BUDGETS, "b")) == {"DisruptionAllowed": ("True", "SufficientPods")}


def test_a_pod_that_is_not_ready_uses_up_the_allowance(world):
    protect(world, maxUnavailable=1)
    world.run_pods(world.names("pods")[0], ready=False)
    world.settled(seconds=1)
    assert status(world)["disruptionsAllowed"] == 0
    assert conditions(world.get(BUDGETS, "b")) == {"DisruptionAllowed": ("False", "InsufficientPods")}


def test_an_evicted_pod_counts_as_gone_before_it_is(world):
    protect(world, minAvailable=1)
    name = world.names("pods")[0]
    found = world.get(BUDGETS, "b")
    noted = {**found["status"], "disruptedPods": {name: rfc3339(world.kernel.now())}}
    world.client.update(BUDGETS, {**found, "status": noted}, "status")
    world.settled(seconds=1)
    assert status(world)["currentHealthy"] == 2
    world.settled(seconds=120)
    assert (status(world)["currentHealthy"], status(world).get("disruptedPods")) == (3, None)


def test_a_larger_set_allows_more(world):
    protect(world, maxUnavailable="50%")
    assert status(world)["desiredHealthy"] == 1
    world.change("replicasets.apps", "web", replicas=6)
    world.run_pods()
    world.settled(seconds=1)
    assert (status(world)["expectedPods"], status(world)["disruptionsAllowed"]) == (6, 3)


def test_a_budget_without_pods_says_so(world):
    world.create(BUDGETS, "empty", {"selector": {"matchLabels": {"app": "none"}}, "minAvailable": 1})
    assert world.client.events("empty") == [("Normal", "NoPods", "No matching pods found")]
    assert world.get(BUDGETS, "empty")["status"]["disruptionsAllowed"] == 0
