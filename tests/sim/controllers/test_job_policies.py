"""Which failures of a Job count, when a part is enough, what each index may fail, when a pod is replaced."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.job import JobController
from k8slab.sim.controllers.job_plan import INDEX
from k8slab.sim.controllers.job_policies import FAILURE_COUNT, failure_action, success_verdict
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


_EXIT = "Container c for pod chat/p failed with exit code {} matching FailJob rule at index 0"
_CONDITION = "Pod chat/p has condition DisruptionTarget matching FailJob rule at index 0"
DISRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


@pytest.mark.parametrize(  # upstream: TestMatchPodFailurePolicy
    ("rules", "code", "condition", "action", "message"),
    [
        ([exits("FailJob", 1, 2)], 2, "", "FailJob", _EXIT.format(2)),
        ([exits("FailJob", 1, 2)], 3, "", "Count", None),
        ([exits("FailJob", 5, operator="NotIn")], 3, "", "FailJob", _EXIT.format(3)),
        ([exits("FailJob", 5, operator="NotIn")], 0, "", "Count", None),
        ([exits("FailJob", 1, containerName="other")], 1, "", "Count", None),
        ([exits("Ignore", 1), exits("FailJob", 1)], 1, "", "Ignore", None),
        ([exits("FailIndex", 1)], 1, "", "FailIndex", None),
        ([DISRUPTED], 137, "DisruptionTarget", "Ignore", None),
        ([{**DISRUPTED, "action": "FailJob"}], 137, "DisruptionTarget", "FailJob", _CONDITION),
        ([DISRUPTED], 137, "", "Count", None),
    ],
)  # fmt: skip
def test_the_first_rule_that_matches_decides(rules, code, condition, action, message):
    found = [{"type": condition, "status": "True"}] if condition else []
    ended = {"name": "c", "state": {"terminated": {"exitCode": code}}}
    pod = {"metadata": {"namespace": "chat", "name": "p"}, "status": {"conditions": found, "containerStatuses": [ended]}}
    decided, verdict = failure_action({"spec": {"podFailurePolicy": {"rules": rules}}}, pod)
    assert (decided, verdict and verdict.message) == (action, message)


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


@pytest.mark.parametrize(  # upstream: TestMatchSuccessPolicy
    ("rules", "succeeded", "met"),
    [
        ([{"succeededIndexes": "0,2-3"}], {0, 2}, None),
        ([{"succeededIndexes": "0,2-3"}], {0, 2, 3}, 0),
        ([{"succeededCount": 2}], {7}, None),
        ([{"succeededCount": 2}], {7, 9}, 0),
        ([{"succeededIndexes": "0-3", "succeededCount": 1}], {9}, None),
        ([{"succeededIndexes": "0-3", "succeededCount": 1}], {3, 9}, 0),
        ([{"succeededIndexes": "5"}, {"succeededCount": 1}], {1}, 1),
        ([], {1, 2, 3}, None),
    ],
)
def test_a_part_of_the_indexes_may_be_enough(rules, succeeded, met):
    verdict = success_verdict({"spec": {"successPolicy": {"rules": rules}}}, succeeded)
    assert (verdict and verdict.message) == (None if met is None else f"Matched rules at index {met}")


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
