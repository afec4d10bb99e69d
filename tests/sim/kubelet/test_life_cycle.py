"""From bound to running, through every way it can fail, to the end."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    return World()


def test_a_pod_of_a_known_image_runs_and_is_ready_at_once_without_start_delays(world):
    status = world.pod()["status"]
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.244.0.2"
    assert status["hostIP"] == "172.18.0.2"
    container = status["containerStatuses"][0]
    assert container["ready"]
    assert container["image"] == "docker.io/library/nginx:1.29"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "PodReadyToStartContainers": "True", "Initialized": "True", "Ready": "True", "ContainersReady": "True",
    }  # fmt: skip


def test_it_takes_one_status_write(world):
    world.pod()
    assert [a for a in world.client.actions if a[1] == "pods/status"] == [("patch", "pods/status", "chat/web")]


def test_events_tell_the_story(world):
    world.pod()
    assert [(reason, message.partition(" in ")[0]) for _, reason, message in world.client.events("web")] == [
        ("Pulling", 'Pulling image "nginx:1.29"'),
        ("Pulled", 'Successfully pulled image "nginx:1.29"'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]


def test_an_image_on_the_node_is_not_pulled_again(world):
    world.pod("one")
    world.pod("two")
    message = 'Container image "nginx:1.29" already present on machine and can be accessed by the pod'
    assert ("Normal", "Pulled", message) in world.client.events("two")


def test_with_start_delays_a_pull_takes_as_long_as_the_image_is_large():
    world = World(start_delays=1)
    world.pod()
    assert (world.get()["status"]["phase"], world.reason()) == ("Pending", "ContainerCreating")
    world.kernel.advance(2)
    assert world.reason() == "ContainerCreating"
    world.kernel.advance(2)
    assert world.reason() == "Running"


def test_a_typo_in_the_image_is_err_image_pull_then_back_off(world):
    world.pod(image="ngnix")
    assert world.reason() == "ErrImagePull"
    assert world.state()["waiting"]["message"] == (
        'failed to pull and unpack image "docker.io/library/ngnix:latest": '
        'failed to resolve reference "docker.io/library/ngnix:latest": '
        "pull access denied, repository does not exist or may require authorization: "
        "server message: insufficient_scope: authorization failed"
    )
    world.kernel.advance(3)
    assert world.reason() == "ImagePullBackOff"
    assert ("Normal", "BackOff", 'Back-off pulling image "ngnix"') in world.client.events()
    assert ("Warning", "Failed", "Error: ImagePullBackOff") in world.client.events()


def test_a_corrected_image_is_pulled_and_runs(world):
    world.pod(image="ngnix")
    pod = world.get()
    container = {**pod["spec"]["containers"][0], "image": "nginx"}
    world.client.update("pods", {**pod, "spec": {**pod["spec"], "containers": [container]}})
    world.kernel.advance(1)
    assert world.reason() == "Running"


def test_a_new_image_restarts_the_container(world):
    pod = world.pod()
    container = {**pod["spec"]["containers"][0], "image": "nginx:1.28"}
    world.client.update("pods", {**pod, "spec": {**pod["spec"], "containers": [container]}})
    world.kernel.advance(1)
    assert world.restarts() == 1
    assert world.get()["status"]["containerStatuses"][0]["image"] == "docker.io/library/nginx:1.28"


@pytest.mark.parametrize(("image", "reason"), [("Nginx:1", "InvalidImageName"), ("nginx:no-such", "ErrImagePull")])
def test_other_images_that_cannot_be(world, image, reason):
    world.pod(image=image)
    assert world.reason() == reason


def test_never_pulling_what_is_not_there(world):
    world.pod(imagePullPolicy="Never")
    assert world.reason() == "ErrImageNeverPull"


def test_a_container_that_ends_well_completes_the_pod(world):
    world.shell("job", "echo done", spec={"restartPolicy": "Never"})
    assert world.get("job")["status"]["phase"] == "Succeeded"
    assert world.reason("job") == "Completed"
    assert world.condition("Ready", "job") == ("False", "PodCompleted")
    assert world.condition("Initialized", "job") == ("True", "PodCompleted")


def test_a_container_that_fails_fails_the_pod(world):
    world.shell("job", "echo no >&2; exit 3", spec={"restartPolicy": "Never"})
    assert world.get("job")["status"]["phase"] == "Failed"
    terminated = world.state("job")["terminated"]
    assert (terminated["exitCode"], terminated["reason"]) == (3, "Error")


def test_crash_loop_back_off_starts_at_ten_seconds_and_doubles(world):
    world.shell("bad", "exit 1")
    delays = []
    for _ in range(7):
        assert world.reason("bad") == "CrashLoopBackOff"
        before = world.kernel.now()
        restarts = world.restarts("bad")
        while world.restarts("bad") == restarts:
            world.kernel.advance_to_next()
        delays.append(round(world.kernel.now() - before))
    assert delays == [10, 20, 40, 80, 160, 300, 300]
    assert world.get("bad")["status"]["phase"] == "Running"


def test_the_message_of_a_crash_loop_names_container_and_pod(world):
    uid = world.shell("bad", "exit 1")["metadata"]["uid"]
    assert world.state("bad")["waiting"]["message"] == f"back-off 10s restarting failed container=c pod=bad_chat({uid})"
    assert ("Warning", "BackOff", f"Back-off restarting failed container c in pod bad_chat({uid})") in world.client.events()
    assert world.get("bad")["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1


def test_back_off_begins_again_after_ten_good_minutes(world):
    world.shell("flaky", "[ -e /x ] || sleep 700; exit 1")
    world.kernel.advance(701)
    world.kernel.advance(701)
    assert world.restarts("flaky") == 2


def test_on_failure_restarts_only_after_a_failure(world):
    world.shell("good", "exit 0", spec={"restartPolicy": "OnFailure"})
    world.shell("bad", "exit 1", spec={"restartPolicy": "OnFailure"})
    assert world.get("good")["status"]["phase"] == "Succeeded"
    assert world.reason("bad") == "CrashLoopBackOff"


def test_a_command_that_does_not_exist_cannot_be_started(world):
    world.pod("bad", "busybox", command=["serve"])
    last = world.get("bad")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("StartError", 128)
    assert 'exec: "serve": executable file not found in $PATH' in last["message"]
    assert world.reason("bad") == "RunContainerError"


def test_a_pod_has_only_so_long(world):
    world.pod(spec={"activeDeadlineSeconds": 30, "terminationGracePeriodSeconds": 1})
    world.kernel.advance(32)
    status = world.get()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"


def test_a_deadline_can_be_shortened_while_the_pod_runs(world):
    world.pod(spec={"activeDeadlineSeconds": 300})
    world.kernel.advance(10)
    world.client.patch("pods", "web", NAMESPACE, {"spec": {"activeDeadlineSeconds": 20}})
    world.kernel.advance(5)
    assert world.get()["status"]["phase"] == "Running"
    world.kernel.advance(10)
    assert world.get()["status"]["reason"] == "DeadlineExceeded"


def test_memory_beyond_the_limit_is_oom_killed(world):
    resources = {"limits": {"memory": "64Mi"}}
    world.pod("hog", "polinux/stress", args=["--vm", "1", "--vm-bytes", "128M"], command=["stress"], resources=resources)
    last = world.get("hog")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


@pytest.mark.parametrize(
    ("requests", "reason", "message"),
    [
        (
            {"cpu": "3"},
            "OutOfcpu",
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
        ),
        ({"memory": "9Gi"}, "OutOfmemory", None),
    ],
)
def test_a_node_rejects_what_it_has_no_room_for(requests, reason, message):
    world = World(capacity={"cpu": "2"})
    status = world.pod(resources={"requests": requests})["status"]
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert message is None or status["message"] == message


def test_a_node_rejects_a_pod_whose_node_selector_it_does_not_match(world):
    status = world.pod(spec={"nodeSelector": {"disk": "ssd"}})["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "NodeAffinity")
    assert (
        status["message"] == "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    )


def test_room_is_given_back(world):
    world = World(capacity={"cpu": "2"})
    world.pod("one", resources={"requests": {"cpu": "2"}})
    world.client.delete("pods", "one", NAMESPACE)
    world.kernel.advance(1)
    assert world.pod("two", resources={"requests": {"cpu": "2"}})["status"]["phase"] == "Running"


def test_readiness_gates_wait_for_their_condition(world):
    world.pod(spec={"readinessGates": [{"conditionType": "example.com/ok"}]})
    assert world.condition("Ready") == ("False", "ReadinessGatesNotReady")
    conditions = [*world.get()["status"]["conditions"], {"type": "example.com/ok", "status": "True"}]
    world.client.patch("pods", "web", NAMESPACE, {"status": {"conditions": conditions}}, subresource="status")
    world.kernel.run_ready()
    assert world.condition("Ready") == ("True", "")


def test_after_a_reboot_of_the_node_containers_start_again():
    world = World()
    before = world.pod()
    other = World()
    other.client.add({**before, "kind": "Pod", "apiVersion": "v1"})
    other.kernel.run_ready()
    status = other.get()["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert (status["lastState"]["terminated"]["reason"], status["lastState"]["terminated"]["exitCode"]) == ("Unknown", 255)
    assert other.reason() == "Running"


def test_a_pod_that_has_ended_leaves_its_room_to_others():
    world = World(capacity={"cpu": "2"})
    world.shell("job", "exit 0", resources={"requests": {"cpu": "2"}}, spec={"restartPolicy": "Never"})
    world.kernel.advance(2)
    world.shell("next", "sleep 100", resources={"requests": {"cpu": "2"}})
    assert (world.get("job")["status"]["phase"], world.get("next")["status"]["phase"]) == ("Succeeded", "Running")
