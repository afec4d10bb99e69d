"""A deleted pod is asked to stop, given time, and then killed."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    return World()


def delete(world, name="web", **options):
    world.client.delete("pods", name, NAMESPACE, **options)
    world.kernel.run_ready()


def lifetime(world, name="web", limit=100):
    """Seconds until a deleted pod is gone."""
    began = world.kernel.now()
    while world.exists(name) and world.kernel.now() < began + limit:
        world.kernel.advance_to_next()
    return round(world.kernel.now() - began, 3)


def test_nginx_stops_at_once(world):
    world.pod()
    log = world.kubelets[0].logs(NAMESPACE, "web", "", follow=True)
    delete(world)
    assert not world.exists()
    chunks = []
    log.listen(chunks.append)
    assert b"signal 3 (SIGQUIT) received, shutting down" in b"".join(chunks)
    assert ("Normal", "Killing", "Stopping container c") in world.client.events()


def test_the_last_status_says_how_it_ended(world):
    world.pod()
    delete(world)
    assert [a[:2] for a in world.client.actions if a[1].startswith("pods")][-3:] == [
        ("delete", "pods"), ("patch", "pods/status"), ("delete", "pods"),
    ]  # fmt: skip


def test_the_first_process_ignores_sigterm_without_a_handler_and_is_killed_after_the_grace_period(world):
    world.shell("web", "sleep 1000")
    delete(world)
    assert lifetime(world) == 30


def test_a_trap_ends_it_earlier(world):
    world.shell("web", "trap 'exit 0' TERM; while true; do sleep 1; done")
    delete(world)
    assert lifetime(world) <= 1


def test_wait_is_interrupted_by_a_trap(world):
    world.shell("web", "trap 'echo bye; exit 0' TERM; sleep 1000 & wait $!")
    delete(world)
    assert lifetime(world) == 0


def test_a_shorter_grace_period_of_the_deletion_counts(world):
    world.shell("web", "sleep 1000")
    delete(world, grace_period=3)
    assert lifetime(world) == 3


def test_a_second_deletion_may_shorten_it(world):
    world.shell("web", "sleep 1000")
    delete(world)
    world.kernel.advance(5)
    delete(world, grace_period=1)
    assert lifetime(world) == 1


def test_forced_deletion_removes_the_pod_and_kills_at_once(world):
    world.shell("web", "sleep 1000")
    delete(world, grace_period=0)
    assert not world.exists()
    assert world.kubelets[0].usage() == {}


def test_pre_stop_runs_before_the_signal(world):
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "sleep 4; echo drained > /proc/1/fd/1"]}}}
    world.pod(lifecycle=hook)
    log = world.kubelets[0].logs(NAMESPACE, "web", "", follow=True)
    delete(world)
    assert lifetime(world) == 4
    chunks = []
    log.listen(chunks.append)
    text = b"".join(chunks).decode()
    assert text.index("drained") < text.index("SIGQUIT")


def test_pre_stop_sleep_and_its_share_of_the_grace_period(world):
    world.shell("web", "sleep 1000", lifecycle={"preStop": {"sleep": {"seconds": 10}}})
    delete(world)
    assert lifetime(world) == 30


def test_a_failing_pre_stop_is_told_and_does_not_hold_the_pod(world):
    world.pod(lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "exit 5"]}}})
    delete(world)
    world.kernel.advance(1)
    assert any(reason == "FailedPreStopHook" for _, reason, _ in world.client.events())
    assert not world.exists()


def test_a_terminating_pod_keeps_its_address_until_it_is_gone(world):
    world.shell("old", "sleep 1000")
    delete(world, "old")
    assert world.pod("new")["status"]["podIP"] != "10.244.0.2"


def test_a_pod_that_never_started_is_gone_at_once(world):
    world.pod(image="ngnix")
    delete(world)
    assert not world.exists()


def test_a_completed_pod_is_gone_at_once(world):
    world.shell("web", "exit 0", spec={"restartPolicy": "Never"})
    delete(world)
    assert not world.exists()
