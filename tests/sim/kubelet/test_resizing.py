"""In-place resize: what a node gives a running pod, refuses it, or gives it later.

Expected conditions and messages: test/e2e/common/node/pod_resize.go and pkg/kubelet/allocation/allocation_manager_test.go.
"""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    return World(capacity={"cpu": "4", "memory": "4Gi"})


def resources(cpu, memory="100Mi"):
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}


def running(world, name="web", cpu="1", **more):
    world.shell(name, "sleep 100000", resources=resources(cpu), **more)
    world.kernel.advance(2)


def resize(world, wanted, name="web"):
    spec = world.get(name)["spec"]
    containers = [{**spec["containers"][0], "resources": wanted}]
    world.client.patch("pods", name, NAMESPACE, {"spec": {"containers": containers}})
    world.kernel.run_ready()
    world.kernel.advance(2)


def status(world, name="web"):
    found = world.get(name)["status"]["containerStatuses"][0]
    return found["resources"]["requests"]["cpu"], found["allocatedResources"]["cpu"], found["restartCount"]


def waiting(world, name="web"):
    found = [c for c in world.get(name)["status"]["conditions"] if c["type"].startswith("PodResize")]
    return [(c["type"], c.get("reason"), c.get("message")) for c in found]


def test_more_cpu_is_given_to_the_running_container(world):
    running(world)
    assert world.sh("web", "cat /sys/fs/cgroup/cpu.max") == "100000 100000\n"
    resize(world, resources("2"))
    assert world.sh("web", "cat /sys/fs/cgroup/cpu.max") == "200000 100000\n"
    assert status(world) == ("2", "2", 0)
    assert waiting(world) == []
    assert [r for _, r, _ in world.client.events() if r.startswith("Resize")] == ["ResizeStarted", "ResizeCompleted"]


def test_a_policy_may_ask_for_a_restart(world):
    running(world, resizePolicy=[{"resourceName": "cpu", "restartPolicy": "RestartContainer"}])
    resize(world, resources("2"))
    world.kernel.advance(40)
    assert status(world) == ("2", "2", 1)
    assert ("Normal", "Killing", "Container c resize requires restart") in world.client.events()


def test_what_the_node_can_never_give_is_infeasible_and_changes_nothing(world):
    running(world)
    resize(world, resources("5"))
    text = "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"
    assert waiting(world) == [("PodResizePending", "Infeasible", text)]
    assert status(world) == ("1", "1", 0)
    resize(world, resources("2"))
    assert (waiting(world), status(world)) == ([], ("2", "2", 0))


def test_what_others_have_is_deferred_until_they_give_it_back(world):
    running(world)
    running(world, "other", "2")
    resize(world, resources("3"))
    text = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"
    assert waiting(world) == [("PodResizePending", "Deferred", text)]
    world.client.delete("pods", "other", NAMESPACE, grace_period=0)
    world.kernel.advance(40)
    assert (waiting(world), status(world)) == ([], ("3", "3", 0))


def test_a_memory_limit_below_what_is_used_is_an_error_until_less_is_used(world):
    spec = {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]}
    running(world, spec=spec, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    world.sh("web", "dd if=/dev/zero of=/v/f bs=1M count=60")
    resize(world, resources("1", "50Mi"))
    assert waiting(world)[0][:2] == ("PodResizeInProgress", "Error")
    world.sh("web", "rm /v/f")
    world.kernel.advance(11)
    assert waiting(world) == []
    assert world.sh("web", "cat /sys/fs/cgroup/memory.max") == f"{50 << 20}\n"
