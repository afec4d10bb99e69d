"""A kubelet registers its node, renews its lease and reports."""

import pytest

from k8slab.apimachinery.timestamps import parse_time
from k8slab.sim.kubelet.config import NodeConfig
from k8slab.sim.kubelet.node_status import initial_node
from tests.sim.kubelet.world import World


@pytest.fixture
def world():
    return World()


def lease(world):
    return world.client.get("leases.coordination.k8s.io", "node-0", "kube-node-lease")


def test_a_node_registers_ready_with_its_capacity(world):
    node = world.client.get("nodes", "node-0")
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "node-0"
    assert node["status"]["allocatable"]["cpu"] == "4"
    assert {c["type"]: c["status"] for c in node["status"]["conditions"]} == {
        "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True",
    }  # fmt: skip
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.37.")
    assert {"type": "InternalIP", "address": "172.18.0.2"} in node["status"]["addresses"]


def test_roles_and_taints_are_set_at_registration():
    taint = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    node = initial_node(NodeConfig("n", roles=("control-plane",), taints=[taint]), 0)
    assert "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]
    assert node["spec"]["taints"] == [taint]


def test_what_is_advertised_in_the_capacity_can_soon_be_allocated(world):
    world.client.patch("nodes", "node-0", "", {"status": {"capacity": {"example.com/dongle": "4"}}}, subresource="status")
    world.kernel.advance(11)
    status = world.client.get("nodes", "node-0")["status"]
    assert status["allocatable"]["example.com/dongle"] == status["capacity"]["example.com/dongle"] == "4"


def test_the_lease_is_renewed_every_ten_seconds(world):
    before = parse_time(lease(world)["spec"]["renewTime"])
    world.kernel.advance(25)
    assert parse_time(lease(world)["spec"]["renewTime"]) == before + 20
    assert lease(world)["metadata"]["ownerReferences"][0]["kind"] == "Node"


def test_the_status_is_reported_every_five_minutes(world):
    writes = [a for a in world.client.actions if a == ("patch", "nodes/status", "node-0")]
    world.kernel.advance(290)
    assert [a for a in world.client.actions if a == ("patch", "nodes/status", "node-0")] == writes
    world.kernel.advance(20)
    assert len([a for a in world.client.actions if a == ("patch", "nodes/status", "node-0")]) == len(writes) + 1


def test_a_pulled_image_shows_in_the_status_soon(world):
    world.pod()
    world.kernel.advance(11)
    images = world.client.get("nodes", "node-0")["status"]["images"]
    assert [i["names"][1] for i in images] == ["docker.io/library/nginx:1.29"]


def test_images_stay_on_the_disk_of_a_node(world):
    world.pod()
    world.kernel.advance(11)
    other = World(before=lambda client: client.add(world.client.get("nodes", "node-0")))
    other.pod()
    assert any("already present on machine" in message for _, _, message in other.client.events("web"))


def test_a_stopped_kubelet_falls_silent_and_its_containers_go_on(world):
    world.pod()
    world.kubelets[0].stop()
    before = lease(world)["spec"]["renewTime"]
    world.kernel.advance(100)
    assert lease(world)["spec"]["renewTime"] == before
    assert world.network.listening("10.244.0.2", 80)


def test_started_again_it_catches_up(world):
    world.pod()
    world.kubelets[0].stop()
    world.client.delete("pods", "web", "chat")
    world.kernel.advance(100)
    assert world.exists()
    world.kubelets[0].start()
    world.kernel.advance(31)
    assert not world.exists()


def test_becoming_ready_and_being_cordoned_are_events_of_the_node(world):
    def told():
        return [message for _, reason, message in world.client.events("node-0") if reason.endswith(("Ready", "Schedulable"))]

    assert told() == ["Node node-0 status is now: NodeReady"]
    for unschedulable, status in ((True, "NodeNotSchedulable"), (False, "NodeSchedulable")):
        world.client.patch("nodes", "node-0", "", {"spec": {"unschedulable": unschedulable}}, "merge")
        world.kernel.advance(25)
        assert told()[-1] == f"Node node-0 status is now: {status}"
    assert len(told()) == 3
