"""A Job runs pods until enough have succeeded or too many have failed."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers import job_plan
from k8slab.sim.controllers.job import JobController
from tests.sim.controllers.world import World, conditions

JOBS = "jobs.batch"


@pytest.fixture
def world():
    return World(JobController)


def job(world, **spec):
    labels = {"batch.kubernetes.io/job-name": "j"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]},
    }
    defaults = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "selector": {"matchLabels": labels}, "template": template}
    return world.create(JOBS, "j", {**defaults, **spec})


def running(world):
    return [p["metadata"]["name"] for p in world.all("pods") if p["status"]["phase"] in ("Pending", "Running")]


def end(world, *names, phase="Succeeded"):
    terminated = {"state": {"terminated": {"finishedAt": rfc3339(world.kernel.now())}}}
    for name in names:
        world.report(name, phase, containerStatuses=[terminated])
    world.settled()


def status(world):
    return world.get(JOBS, "j")["status"]


def test_one_pod_that_succeeds_completes_the_job(world):
    job(world)
    assert status(world)["active"] == 1
    pod = world.all("pods")[0]
    assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    end(world, *running(world))
    done = status(world)
    assert (done["succeeded"], done["ready"], done["uncountedTerminatedPods"]) == (1, 0, {})
    assert "active" not in done
    assert done["completionTime"]
    assert conditions(world.get(JOBS, "j")) == {
        "SuccessCriteriaMet": ("True", "CompletionsReached"),
        "Complete": ("True", "CompletionsReached"),
    }
    assert "finalizers" not in world.all("pods")[0]["metadata"]
    assert world.client.events("j")[-1] == ("Normal", "Completed", "Job completed")


def test_several_completions_run_as_many_at_a_time_as_allowed(world):
    job(world, parallelism=2, completions=5)
    assert len(running(world)) == 2
    end(world, running(world)[0])
    assert len(running(world)) == 2
    for _ in range(2):
        end(world, *running(world))
    assert status(world)["succeeded"] == 5
    assert running(world) == []


def test_after_a_failure_it_waits_ten_seconds_then_twenty(world):
    job(world)
    for wait in (10, 20):
        end(world, *running(world), phase="Failed")
        world.settled(seconds=wait - 1)
        assert running(world) == []
        world.settled(seconds=2)
        assert len(running(world)) == 1


def test_too_many_failures_fail_the_job(world):
    job(world, backoffLimit=1)
    end(world, *running(world), phase="Failed")
    world.settled(seconds=11)
    end(world, *running(world), phase="Failed")
    assert conditions(world.get(JOBS, "j")) == {
        "FailureTarget": ("True", "BackoffLimitExceeded"),
        "Failed": ("True", "BackoffLimitExceeded"),
    }
    assert status(world)["failed"] == 2
    assert ("Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit") in world.client.events("j")
    world.settled(seconds=1000)
    assert running(world) == []


def test_a_job_that_runs_too_long_fails_and_its_pods_go(world):
    job(world, parallelism=2, completions=2, activeDeadlineSeconds=60)
    world.settled(seconds=59)
    assert len(running(world)) == 2
    world.settled(seconds=2)
    assert conditions(world.get(JOBS, "j"))["Failed"] == ("True", "DeadlineExceeded")
    assert world.names("pods") == []
    assert status(world)["failed"] == 2


def test_containers_restarted_in_place_count_against_the_limit(world):
    job(world, backoffLimit=2)
    name = running(world)[0]
    world.client.patch(JOBS, "j", "chat", {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}})
    world.report(name, "Running", containerStatuses=[{"restartCount": 2}])
    world.settled()
    assert conditions(world.get(JOBS, "j"))["FailureTarget"] == ("True", "BackoffLimitExceeded")


def test_a_suspended_job_has_no_pods_until_it_is_resumed(world):
    job(world, suspend=True)
    assert world.names("pods") == []
    assert conditions(world.get(JOBS, "j")) == {"Suspended": ("True", "JobSuspended")}
    assert "startTime" not in status(world)
    world.change(JOBS, "j", suspend=False)
    assert len(running(world)) == 1
    assert conditions(world.get(JOBS, "j")) == {"Suspended": ("False", "JobResumed")}
    world.change(JOBS, "j", suspend=True)
    assert running(world) == []
    assert "failed" not in status(world)


def test_a_work_queue_ends_with_its_first_success(world):
    job(world, parallelism=3, completions=None)
    first, second, third = running(world)
    end(world, first)
    assert len(running(world)) == 2
    end(world, second, third)
    assert conditions(world.get(JOBS, "j"))["Complete"][0] == "True"
    assert len(world.names("pods")) == 3


def test_each_index_of_an_indexed_job_has_its_pod(world):
    job(world, parallelism=2, completions=3, completionMode="Indexed")
    first = world.all("pods")[0]
    assert first["metadata"]["generateName"] == "j-0-"
    assert first["metadata"]["annotations"] == {"batch.kubernetes.io/job-completion-index": "0"}
    assert first["spec"]["hostname"] == "j-0"
    assert first["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    end(world, *running(world))
    assert status(world)["completedIndexes"] == "0,1"
    assert [job_plan.index_of(p) for p in world.all("pods") if p["status"]["phase"] == "Pending"] == [2]
    end(world, *running(world))
    assert (status(world)["completedIndexes"], status(world)["succeeded"]) == ("0-2", 3)


def test_a_failed_index_is_tried_again(world):
    job(world, parallelism=1, completions=2, completionMode="Indexed")
    end(world, *running(world), phase="Failed")
    world.settled(seconds=11)
    pod = next(p for p in world.all("pods") if p["status"]["phase"] == "Pending")
    assert job_plan.index_of(pod) == 0


def test_a_deleted_pod_counts_as_failed_and_is_replaced(world):
    job(world)
    world.run_pods()
    gone = running(world)[0]
    world.delete("pods", gone)
    assert status(world)["failed"] == 1
    assert [n for n in running(world) if n != gone] != []


def test_a_lower_parallelism_deletes_pods_without_counting_them(world):
    job(world, parallelism=3, completions=9)
    world.change(JOBS, "j", parallelism=1)
    assert len(running(world)) == 1
    assert "failed" not in status(world)


def test_pods_of_a_deleted_job_are_let_go(world):
    job(world)
    name = world.names("pods")[0]
    world.delete(JOBS, "j")
    world.client.patch("pods", name, "chat", {"metadata": {"annotations": {"touched": "yes"}}})
    world.settled()
    assert "finalizers" not in world.get("pods", name)["metadata"]


@pytest.mark.parametrize(
    ("parallelism", "completions", "active", "succeeded", "wanted"),
    [(2, 5, 0, 0, 2), (2, 5, 2, 4, 1), (2, 5, 0, 5, 0), (3, None, 0, 0, 3), (3, None, 2, 1, 2), (0, 5, 2, 0, 0)],
)
def test_how_many_pods_should_run(parallelism, completions, active, succeeded, wanted):
    spec = {"parallelism": parallelism, **({"completions": completions} if completions is not None else {})}
    assert job_plan.wanted_active({"spec": spec}, active, succeeded) == wanted


def test_the_end_of_a_pod_is_seen_at_once_also_while_a_deadline_is_far_away(world):
    job(world, activeDeadlineSeconds=3600)
    end(world, *running(world))
    assert status(world)["succeeded"] == 1


def test_a_job_that_somebody_else_manages_is_left_alone(world):
    job(world, managedBy="acme.io/batch")
    assert world.names("pods") == []


def test_naming_the_controller_itself_changes_nothing(world):
    job(world, managedBy="kubernetes.io/job-controller")
    assert len(world.names("pods")) == 1
