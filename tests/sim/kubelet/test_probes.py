"""Startup, liveness and readiness probes."""

import pytest

from tests.sim.kubelet.world import World

LIVENESS = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}


@pytest.fixture
def world():
    return World()


def unhealthy(world, name="web"):
    return [message for _, reason, message in world.client.events(name) if reason == "Unhealthy"]


def test_without_probes_there_are_no_timers(world):
    world.kernel.run_ready()
    before = world.kernel.next_timer()
    world.pod()
    assert world.kernel.next_timer() == before


def test_a_pod_is_ready_once_its_readiness_probe_succeeds(world):
    world.pod(readinessProbe={"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 5})
    assert world.condition("Ready") == ("False", "ContainersNotReady")
    world.kernel.advance(6)
    assert world.condition("Ready") == ("True", "")


def test_a_failing_readiness_probe_takes_it_out_and_does_not_restart_it(world):
    world.pod(readinessProbe={"httpGet": {"path": "/nope", "port": 80}, "periodSeconds": 1})
    world.kernel.advance(20)
    assert world.condition("Ready")[0] == "False"
    assert world.restarts() == 0
    assert unhealthy(world) == ["Readiness probe failed: HTTP probe failed with statuscode: 404"]


def test_readiness_comes_and_goes(world):
    probe = {"exec": {"command": ["test", "-e", "/ready"]}, "periodSeconds": 1, "failureThreshold": 2}
    world.shell("web", "sleep 1000", readinessProbe=probe)
    seen = []
    for script in ("touch /ready", "rm /ready", "touch /ready"):
        world.sh("web", script)
        world.kernel.advance(3)
        seen.append(world.condition("Ready")[0])
    assert seen == ["True", "False", "True"]


def test_the_liveness_example_of_the_documentation_is_restarted(world):
    world.pod(image="registry.k8s.io/e2e-test-images/agnhost:2.53", args=["liveness"], livenessProbe=LIVENESS)
    world.kernel.advance(12)
    assert world.restarts() == 0
    world.kernel.advance(15)
    assert world.restarts() == 1
    assert unhealthy(world)[0] == "Liveness probe failed: HTTP probe failed with statuscode: 500"
    assert ("Normal", "Killing", "Container c failed liveness probe, will be restarted") in world.client.events()


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (
            {"httpGet": {"path": "/", "port": 81}},
            'Get "http://10.244.0.2:81/": dial tcp 10.244.0.2:81: connect: connection refused',
        ),
        ({"tcpSocket": {"port": 81}}, "dial tcp 10.244.0.2:81: connect: connection refused"),
        ({"exec": {"command": ["sh", "-c", "echo broken; exit 1"]}}, "broken\n"),
        ({"exec": {"command": ["sleep", "10"]}}, 'command timed out: "sleep 10" timed out after 1s'),
    ],
)
def test_what_a_failed_probe_says(world, probe, message):
    world.pod(readinessProbe=probe)
    world.kernel.advance(2)
    assert unhealthy(world) == [f"Readiness probe failed: {message}"]


def test_a_slow_answer_is_a_failure(world):
    probe = {"httpGet": {"path": "/work?ms=5000", "port": "http"}, "timeoutSeconds": 2}
    world.pod(image="chatter/web:1.0", readinessProbe=probe, ports=[{"name": "http", "containerPort": 8080}])
    world.kernel.advance(3)
    assert unhealthy(world) == [
        'Readiness probe failed: Get "http://10.244.0.2:8080/work?ms=5000": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)"
    ]


def test_liveness_waits_for_the_startup_probe(world):
    startup = {"exec": {"command": ["test", "-e", "/up"]}, "periodSeconds": 1, "failureThreshold": 60}
    liveness = {"exec": {"command": ["test", "-e", "/up"]}, "periodSeconds": 1, "failureThreshold": 1}
    world.shell("web", "sleep 30; touch /up; sleep 1000", startupProbe=startup, livenessProbe=liveness)
    assert world.get()["status"]["containerStatuses"][0]["started"] is False
    world.kernel.advance(40)
    assert world.get()["status"]["containerStatuses"][0]["started"] is True
    assert world.restarts() == 0


def test_a_startup_that_takes_too_long_is_restarted(world):
    startup = {"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 5}
    world.pod(startupProbe=startup)
    world.kernel.advance(6)
    assert world.restarts() == 1


def test_a_restarted_container_is_probed_anew(world):
    world.pod(image="registry.k8s.io/e2e-test-images/agnhost:2.53", args=["liveness"], livenessProbe=LIVENESS)
    world.kernel.advance(120)
    assert world.restarts() >= 2


def test_a_grpc_probe_tries_until_its_time_is_over(world):
    world.pod(readinessProbe={"grpc": {"port": 9998}, "periodSeconds": 5, "timeoutSeconds": 2})
    world.kernel.advance(1)
    assert unhealthy(world) == []
    world.kernel.advance(2)
    address = f"{world.get()['status']['podIP']}:9998"
    text = f'Readiness probe failed: timeout: failed to connect service "{address}" within 2s: context deadline exceeded'
    assert unhealthy(world) == [text]
