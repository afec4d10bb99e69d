"""Pods on the host's network, and ports of the host that lead to pods."""

import pytest

from k8slab.sim.network import Refused
from tests.sim.kubelet.world import NAMESPACE, World

ECHO = "hashicorp/http-echo:1.0"


@pytest.fixture
def world():
    world = World(nodes=2)
    world.shell("box", "sleep 100000")
    return world


def fetch(world, url):
    source = world.kubelets[0]._find(NAMESPACE, "box").record.network
    task = world.kernel.spawn(world.network.http(source, "GET", url))
    world.until(task, 300)
    return task.result().body.decode().strip()


def test_a_host_port_leads_to_its_pod_on_that_node_only(world):
    ports = [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]
    world.pod("web", ECHO, node=1, args=["-text=hi", "-listen=:8080"], ports=ports)
    assert fetch(world, "http://172.18.0.3") == "hi"
    with pytest.raises(Refused):
        fetch(world, "http://172.18.0.2")
    steps = world.network.paths.list()[-2].to_object()["steps"]
    assert ("hostport", "node-1: host port 80 belongs to 10.244.1.2:8080") in [(s["layer"], s["text"]) for s in steps]


def test_it_is_given_back_with_the_pod(world):
    ports = [{"containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]
    world.pod("web", ECHO, args=["-text=hi", "-listen=:8080"], ports=ports)
    world.client.delete("pods", "web", NAMESPACE, grace_period=0)
    world.kernel.run_ready()
    with pytest.raises(Refused):
        fetch(world, "http://172.18.0.2")


def test_a_host_port_of_another_address_is_not_served(world):
    ports = [{"containerPort": 8080, "hostPort": 80, "hostIP": "127.0.0.1", "protocol": "TCP"}]
    world.pod("web", ECHO, args=["-text=hi", "-listen=:8080"], ports=ports)
    with pytest.raises(Refused):
        fetch(world, "http://172.18.0.2")


def test_a_pod_on_the_hosts_network_listens_on_the_node(world):
    spec = {"hostNetwork": True, "containers": [{"name": "c", "image": ECHO, "args": ["-text=agent", "-listen=:9000"]}]}
    pod = world.pod("agent", node=1, spec=spec)
    assert pod["status"]["podIP"] == pod["status"]["hostIP"] == "172.18.0.3"
    assert fetch(world, "http://172.18.0.3:9000") == "agent"
