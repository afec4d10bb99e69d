"""Jobs on a schedule, and Jobs that go after a while."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.sim.controllers.cron_schedule import parse
from k8slab.sim.controllers.cronjob import CronJobController, most_recent
from k8slab.sim.controllers.job import JobController
from k8slab.sim.controllers.ttl_after_finished import TTLAfterFinishedController
from tests.sim.controllers.world import World

CRONS, JOBS = "cronjobs.batch", "jobs.batch"


def following(schedule, after, zone=UTC):
    found = parse(schedule).next(datetime.fromisoformat(after).replace(tzinfo=zone).timestamp(), zone)
    return None if found is None else datetime.fromtimestamp(found, zone).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("*/15 * * * *", "2026-01-01T00:00", "Thu 2026-01-01 00:15"),
        ("*/15 * * * *", "2026-01-01T00:59", "Thu 2026-01-01 01:00"),
        ("0 0 * * *", "2026-01-01T00:00", "Fri 2026-01-02 00:00"),
        ("30 9 * * mon-fri", "2026-01-02T10:00", "Mon 2026-01-05 09:30"),
        ("0 0 1 jan *", "2026-01-01T00:00", "Fri 2027-01-01 00:00"),
        ("0 0 13 * 5", "2026-01-01T00:00", "Fri 2026-01-02 00:00"),  # the 13th or any Friday
        ("0 0 29 2 *", "2026-01-01T00:00", "Tue 2028-02-29 00:00"),
        ("0 0 31 2 *", "2026-01-01T00:00", None),
        ("1,31 5-7/2 * * *", "2026-01-01T05:31", "Thu 2026-01-01 07:01"),
        ("@hourly", "2026-01-01T00:10", "Thu 2026-01-01 01:00"),
        ("@weekly", "2026-01-01T00:00", "Sun 2026-01-04 00:00"),
        ("@every 1h30m", "2026-01-01T00:00", "Thu 2026-01-01 01:30"),
    ],
)
def test_when_a_schedule_is_due(schedule, after, expected):
    assert following(schedule, after) == expected


def test_a_time_zone_moves_the_schedule():
    assert following("0 9 * * *", "2026-07-01T10:00", ZoneInfo("Europe/Zurich")) == "Thu 2026-07-02 09:00"


def test_a_time_that_summer_time_skips_does_not_happen():
    assert following("30 2 * * *", "2026-03-28T12:00", ZoneInfo("Europe/Zurich")) == "Mon 2026-03-30 02:30"


@pytest.mark.parametrize("minutes", [0, 3, 90, 100_000])
def test_of_many_missed_times_the_last_one_counts(minutes):
    now = 60.0 * minutes + 30
    last, count = most_recent(parse("* * * * *"), 0.0, now)
    assert (last, count) == (60.0 * minutes or None, min(minutes, 101))


@pytest.fixture
def world():
    return World(CronJobController, JobController)


def cron(world, **spec):
    template = {"metadata": {"labels": {"job": "c"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c"}]}}
    job = {"parallelism": 1, "completions": 1, "selector": {"matchLabels": {"job": "c"}}, "template": template}
    defaults = {"schedule": "*/10 * * * *", "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    world.create(CRONS, "c", {**defaults, "jobTemplate": {"spec": job}, **spec})


def finish(world):
    """All running pods succeed."""
    for pod in world.all("pods"):
        if pod["status"]["phase"] == "Pending":
            world.report(pod["metadata"]["name"], "Succeeded")
    world.settled()


def status(world):
    return world.get(CRONS, "c")["status"]


def test_a_day_that_never_comes_is_told_in_an_event(world):
    cron(world, schedule="59 23 31 2 *")
    text = "invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second"
    assert ("Warning", "InvalidSchedule", text) in world.client.events("c")


def test_a_job_starts_when_it_is_due_and_is_named_after_the_time(world):
    cron(world)
    world.settled(seconds=590)
    assert world.names(JOBS) == []
    world.settled(seconds=20)
    minutes = int(parse_time("2026-01-01T00:10:00Z")) // 60
    assert world.names(JOBS) == [f"c-{minutes}"]
    job = world.all(JOBS)[0]
    assert job["metadata"]["annotations"] == {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:10:00Z"}
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert status(world)["lastScheduleTime"] == "2026-01-01T00:10:00Z"
    assert [a["name"] for a in status(world)["active"]] == [f"c-{minutes}"]


def test_a_finished_job_leaves_the_active_list(world):
    cron(world)
    world.settled(seconds=605)
    finish(world)
    assert "active" not in status(world)
    assert status(world)["lastSuccessfulTime"] == "2026-01-01T00:10:05Z"
    assert any(reason == "SawCompletedJob" for _, reason, _ in world.client.events("c"))


def test_only_some_finished_jobs_are_kept(world):
    cron(world, successfulJobsHistoryLimit=2)
    for _ in range(5):
        world.settled(seconds=600)
        finish(world)
    assert len(world.names(JOBS)) == 2


@pytest.mark.parametrize(("policy", "running"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_what_happens_while_the_last_one_still_runs(world, policy, running):
    cron(world, concurrencyPolicy=policy)
    world.settled(seconds=605)
    first = world.names(JOBS)
    world.settled(seconds=1200)
    assert len(status(world)["active"]) == running
    assert (world.names(JOBS) == first) == (policy == "Forbid")


def test_a_suspended_one_starts_nothing(world):
    cron(world, suspend=True)
    world.settled(seconds=3600)
    assert world.names(JOBS) == []


def test_after_a_long_stop_only_one_job_starts(world):
    cron(world, startingDeadlineSeconds=7200)
    world.controllers[0].stop()
    world.settled(seconds=3600)
    world.controllers[0].start()
    world.settled()
    assert len(world.names(JOBS)) == 1


def test_beyond_the_starting_deadline_it_is_too_late(world):
    cron(world, startingDeadlineSeconds=60)
    world.controllers[0].stop()
    world.settled(seconds=800)
    world.controllers[0].start()
    world.settled()
    assert world.names(JOBS) == []


def test_a_job_goes_some_time_after_it_ended():
    world = World(TTLAfterFinishedController)
    done = {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": rfc3339(world.kernel.now())}]}
    for name, ttl in (("soon", 60), ("never", None)):
        spec = {"ttlSecondsAfterFinished": ttl} if ttl else {}
        world.client.add({"kind": "Job", "metadata": {"name": name, "namespace": "chat"}, "spec": spec, "status": done})
    world.settled(seconds=59)
    assert world.names(JOBS) == ["never", "soon"]
    world.settled(seconds=2)
    assert world.get(JOBS, "soon") is None or "deletionTimestamp" in world.get(JOBS, "soon")["metadata"]
    assert "deletionTimestamp" not in world.get(JOBS, "never")["metadata"]
