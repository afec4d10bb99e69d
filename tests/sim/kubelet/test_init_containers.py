"""Init containers run one after the other before the rest; sidecars start in that order too, and stop last."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World

INIT = "initContainerStatuses"


@pytest.fixture
def world():
    return World()


def box(name, script, **more):
    return {"name": name, "image": "busybox:1.37", "command": ["sh", "-c", script], **more}


def test_init_containers_run_in_order_and_the_app_after_them(world):
    world.pod(spec={"initContainers": [box("first", "sleep 10"), box("second", "sleep 10")]})
    assert [world.reason(container=i, kind=INIT) for i in (0, 1)] == ["Running", "PodInitializing"]
    assert world.reason() == "PodInitializing"
    assert world.condition("Initialized") == ("False", "ContainersNotInitialized")
    world.kernel.advance(11)
    assert [world.reason(container=i, kind=INIT) for i in (0, 1)] == ["Completed", "Running"]
    world.kernel.advance(11)
    assert world.reason() == "Running"
    assert world.condition("Initialized") == ("True", "")


def test_a_failing_init_container_is_tried_again_and_holds_the_pod(world):
    world.pod(spec={"initContainers": [box("init", "exit 1")]})
    assert world.get()["status"]["phase"] == "Pending"
    assert world.reason(kind=INIT) == "CrashLoopBackOff"
    assert world.reason() == "PodInitializing"


def test_with_restart_policy_never_it_fails_the_pod(world):
    world.pod(spec={"initContainers": [box("init", "exit 1")], "restartPolicy": "Never"})
    assert world.get()["status"]["phase"] == "Failed"


def test_an_init_container_prepares_a_volume_for_the_app(world):
    mount = {"name": "site", "mountPath": "/work"}
    init = box("init", "echo prepared > /work/index.html", volumeMounts=[mount])
    spec = {"initContainers": [init], "volumes": [{"name": "site", "emptyDir": {}}]}
    world.pod("web", volumeMounts=[{"name": "site", "mountPath": "/usr/share/nginx/html"}], spec=spec)
    world.shell("client", "sleep 1000")
    ip = world.get()["status"]["podIP"]
    assert world.sh("client", f"wget -qO- http://{ip}") == "prepared\n"


def test_a_sidecar_runs_before_and_beside_the_app(world):
    sidecar = box("proxy", "sleep 1000", restartPolicy="Always")
    world.pod(spec={"initContainers": [sidecar, box("init", "exit 0")]})
    assert [world.reason(container=i, kind=INIT) for i in (0, 1)] == ["Running", "Completed"]
    assert world.reason() == "Running"


def test_the_next_container_waits_for_a_sidecar_to_have_started_up(world):
    probe = {"exec": {"command": ["test", "-e", "/up"]}, "periodSeconds": 1, "failureThreshold": 30}
    sidecar = box("proxy", "sleep 5; touch /up; sleep 1000", restartPolicy="Always", startupProbe=probe)
    world.pod(spec={"initContainers": [sidecar]})
    assert world.reason() == "PodInitializing"
    world.kernel.advance(7)
    assert world.reason() == "Running"


def test_sidecars_stop_when_the_app_has_completed_and_do_not_hold_the_pod(world):
    sidecar = box("proxy", "trap 'exit 0' TERM; while true; do sleep 1; done", restartPolicy="Always")
    world.shell("job", "sleep 3", spec={"initContainers": [sidecar], "restartPolicy": "Never"})
    world.kernel.advance(10)
    assert world.get("job")["status"]["phase"] == "Succeeded"
    assert world.reason("job", kind=INIT) == "Completed"


def test_sidecars_are_stopped_after_the_app(world):
    script = "trap 'date +%s; exit 0' TERM; while true; do sleep 1; done"
    sidecar = box("proxy", script, restartPolicy="Always")
    world.shell("web", "trap 'sleep 5; exit 0' TERM; while true; do sleep 1; done", spec={"initContainers": [sidecar]})
    began = world.kernel.now()
    log = world.kubelets[0].logs(NAMESPACE, "web", "proxy", follow=True)
    world.client.delete("pods", "web", NAMESPACE)
    world.kernel.advance(20)
    chunks = []
    log.listen(chunks.append)
    assert int(b"".join(chunks)) >= began + 5
    assert not world.exists()
