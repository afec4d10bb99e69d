"""Containers of a pod start one after the other, and a start is noticed a moment later."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World

SLEEP = {"image": "busybox:1.37", "command": ["sleep", "1000"]}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def slow():
    return World(start_delays=1)


def steps(world, name="web"):
    return [f"{reason} {message}" for _, reason, message in world.client.events(name) if reason in ("Pulling", "Started")]


def test_the_second_container_waits_until_the_first_has_started(slow):
    slow.pod(spec={"containers": [{"name": "a", "image": "nginx:1.29"}, {"name": "b", **SLEEP}]})
    slow.kernel.advance(1)
    assert steps(slow) == ['Pulling Pulling image "nginx:1.29"']
    slow.kernel.advance(10)
    assert steps(slow) == [
        'Pulling Pulling image "nginx:1.29"',
        "Started Container started",  # the second one counts with the first
        'Pulling Pulling image "busybox:1.37"',
    ]
    assert slow.get()["status"]["phase"] == "Running"


def test_an_image_that_cannot_be_pulled_does_not_hold_up_the_next_container(slow):
    slow.pod(spec={"containers": [{"name": "a", "image": "nginx:nope"}, {"name": "b", **SLEEP}]})
    slow.kernel.advance(8)
    assert (slow.reason(container=0), slow.reason(container=1)) == ("ImagePullBackOff", "Running")


def test_a_post_start_hook_holds_up_the_next_container():
    world = World()
    hook = {"postStart": {"exec": {"command": ["sleep", "5"]}}}
    world.pod(spec={"containers": [{"name": "a", "lifecycle": hook, **SLEEP}, {"name": "b", **SLEEP}]})
    world.kernel.advance(4)
    assert world.reason(container=1) == "ContainerCreating"
    world.kernel.advance(2)
    assert world.reason(container=1) == "Running"


def test_a_container_over_in_an_instant_is_never_seen_running(slow):
    phases = []
    slow.client.informer("pods").subscribe(lambda type, pod, old=None: phases.append((pod.get("status") or {}).get("phase")))
    slow.shell("web", "echo hi", spec={"restartPolicy": "Never"})
    slow.kernel.advance(10)
    assert "Running" not in phases
    assert phases[-1] == "Succeeded"


def test_the_first_readiness_probe_finds_a_server_that_listens(slow):
    slow.pod(readinessProbe={"httpGet": {"path": "/", "port": 80}, "periodSeconds": 10})
    slow.kernel.advance(5)
    assert slow.condition("Ready") == ("True", "")
    assert not [e for e in slow.client.events("web") if e[1] == "Unhealthy"]


def test_a_container_never_created_shows_the_image_as_written():
    world = World()
    world.pod(image="nginx", envFrom=[{"configMapRef": {"name": "nope"}}])
    status = world.get()["status"]["containerStatuses"][0]
    assert (world.reason(), status["image"], status["imageID"]) == ("CreateContainerConfigError", "nginx", "")


def add_debugger(world, **container):
    debugger = {"name": "debugger", "image": "busybox:1.37", **container}
    world.client.patch("pods", "web", NAMESPACE, {"spec": {"ephemeralContainers": [debugger]}}, "merge")
    world.kernel.run_ready()


def test_an_ephemeral_container_runs_beside_the_others():
    world = World()
    world.pod()
    add_debugger(world, command=["sh", "-c", "wget -qO- http://localhost >/dev/null && echo reached"])
    world.kernel.advance(5)
    assert world.state(kind="ephemeralContainerStatuses")["terminated"]["exitCode"] == 0
    assert world.log(container="debugger") == "reached\n"
    assert world.condition("Ready") == ("True", "")


def test_an_ephemeral_container_that_fails_is_not_started_again():
    world = World()
    world.pod()
    add_debugger(world, command=["false"])
    world.kernel.advance(100)
    status = world.get()["status"]["ephemeralContainerStatuses"][0]
    assert (status["state"]["terminated"]["exitCode"], status["restartCount"]) == (1, 0)
    assert world.get()["status"]["phase"] == "Running"


def test_a_finished_pod_ends_its_ephemeral_container():
    world = World()
    world.shell("web", "sleep 10", spec={"restartPolicy": "Never"})
    add_debugger(world, command=["sleep", "1000"])
    world.kernel.advance(60)
    assert world.get()["status"]["phase"] == "Succeeded"
    assert "terminated" in world.state(kind="ephemeralContainerStatuses")


def test_a_container_is_not_said_to_run_before_its_post_start_hook_is_done(world):
    hook = {"exec": {"command": ["sh", "-c", "sleep 5; touch /done"]}}
    world.shell("slow", "sleep 1000", lifecycle={"postStart": hook})
    world.kernel.advance(2)
    assert (world.get("slow")["status"]["phase"], world.reason("slow")) == ("Pending", "ContainerCreating")
    world.kernel.advance(5)
    assert (world.get("slow")["status"]["phase"], world.reason("slow")) == ("Running", "Running")


@pytest.mark.parametrize(
    ("policy", "rules", "code", "again"),
    [
        ("Never", [], 1, False),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}], 42, True),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}], 1, False),
        ("Never", [{"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [1]}}], 2, True),
        ("OnFailure", [], 1, True),
        ("OnFailure", [], 0, False),
        ("Always", [], 0, True),
    ],
)
def test_a_container_may_have_a_restart_policy_and_rules_of_its_own(world, policy, rules, code, again):
    pod_policy = "Never" if policy != "Never" else "Always"
    more = {"restartPolicyRules": rules} if rules else {}
    world.shell("one", f"exit {code}", restartPolicy=policy, spec={"restartPolicy": pod_policy}, **more)
    world.kernel.advance(30)
    assert (world.restarts("one") > 0) == again
