"""What a Job's policies do to its pods; what they decide stands in golden/job_policies.yaml."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.job import JobController
from k8slab.sim.controllers.job_plan import INDEX
from k8slab.sim.controllers.job_policies import FAILURE_COUNT
from tests.sim.controllers.test_job import end, job, running, status
from tests.sim.controllers.world import World, conditions


@pytest.fixture
def world():
    return World(JobController)


def fail(world, name, code=1, **more):
    ended = {"name": "c", "state": {"terminated": {"exitCode": code, "finishedAt": rfc3339(world.kernel.now())}}}
    pod = world.get("pods", name)
    world.client.update("pods", {**pod, "status": {"phase": "Failed", "containerStatuses": [ended], **more}}, "status")
    world.settled()


def by_index(world, wanted):
    return [p for p in world.all("pods") if p["metadata"]["annotations"][INDEX] == str(wanted)]


def exits(action, *codes, operator="In", **more):
    return {"action": action, "onExitCodes": {"operator": operator, "values": list(codes), **more}}


DISRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def test_a_bug_fails_the_job_at_once(world):
    job(world, podFailurePolicy={"rules": [exits("FailJob", 42)]}, parallelism=2, completions=2)
    first, second = running(world)
    fail(world, first, 42)
    assert "deletionTimestamp" in world.get("pods", second)["metadata"] or world.get("pods", second) is None
    assert conditions(world.get("jobs.batch", "j"))["FailureTarget"] == ("True", "PodFailurePolicy")
    fail(world, second, 143) if world.get("pods", second) else None
    assert conditions(world.get("jobs.batch", "j"))["Failed"] == ("True", "PodFailurePolicy")


def test_a_disruption_is_not_counted(world):
    job(world, backoffLimit=0, podFailurePolicy={"rules": [DISRUPTED]})
    [first] = running(world)
    fail(world, first, 137, conditions=[{"type": "DisruptionTarget", "status": "True"}])
    world.settled(seconds=15)
    assert "failed" not in status(world)
    assert len(running(world)) == 1
    assert "finalizers" not in world.get("pods", first)["metadata"]


def test_when_enough_have_succeeded_the_rest_is_stopped(world):
    policy = {"rules": [{"succeededIndexes": "0"}]}
    job(world, completionMode="Indexed", completions=3, parallelism=3, successPolicy=policy)
    end(world, by_index(world, 0)[0]["metadata"]["name"])
    world.stop_pods()
    assert conditions(world.get("jobs.batch", "j")) == {
        "SuccessCriteriaMet": ("True", "SuccessPolicy"),
        "Complete": ("True", "SuccessPolicy"),
    }
    assert status(world)["succeeded"] == 1


def test_each_index_may_fail_on_its_own(world):
    spec = {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimit": 2147483647}
    job(world, **spec, backoffLimitPerIndex=1)
    fail(world, by_index(world, 0)[0]["metadata"]["name"])
    world.settled(seconds=11)
    again = next(p for p in by_index(world, 0) if p["status"]["phase"] != "Failed")
    assert again["metadata"]["annotations"][FAILURE_COUNT] == "1"
    fail(world, again["metadata"]["name"])
    world.settled(seconds=60)
    assert status(world)["failedIndexes"] == "0"
    assert len(by_index(world, 0)) == 2
    assert "Failed" not in conditions(world.get("jobs.batch", "j"))
    end(world, by_index(world, 1)[0]["metadata"]["name"])
    assert conditions(world.get("jobs.batch", "j"))["Failed"] == ("True", "FailedIndexes")
    assert (status(world)["completedIndexes"], status(world)["failed"]) == ("1", 2)


def test_too_many_failed_indexes_end_the_job(world):
    spec = {"completionMode": "Indexed", "completions": 4, "parallelism": 2, "backoffLimit": 2147483647}
    job(world, **spec, backoffLimitPerIndex=0, maxFailedIndexes=1)
    fail(world, by_index(world, 0)[0]["metadata"]["name"])
    assert len(running(world)) == 2
    fail(world, by_index(world, 1)[0]["metadata"]["name"])
    assert conditions(world.get("jobs.batch", "j"))["FailureTarget"] == ("True", "MaxFailedIndexesExceeded")


def test_an_index_may_be_given_up_by_a_rule(world):
    spec = {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimit": 2147483647}
    job(world, **spec, backoffLimitPerIndex=5, podFailurePolicy={"rules": [exits("FailIndex", 42)]})
    fail(world, by_index(world, 1)[0]["metadata"]["name"], 42)
    assert status(world)["failedIndexes"] == "1"


@pytest.mark.parametrize(("policy", "meanwhile"), [("TerminatingOrFailed", 1), ("Failed", 0)])
def test_when_a_pod_that_is_going_is_replaced(world, policy, meanwhile):
    job(world, podReplacementPolicy=policy)
    [first] = running(world)
    world.run_pods()
    world.delete("pods", first)
    world.settled(seconds=11)
    assert "deletionTimestamp" in world.get("pods", first)["metadata"]
    assert len([name for name in running(world) if name != first]) == meanwhile
    fail(world, first, 143)
    world.settled(seconds=11)
    assert len([name for name in running(world) if name != first]) == 1
