"""Latency and loss between zones."""

import pytest

from k8slab.sim.network import Link, TimedOut
from tests.sim.kubelet.world import NAMESPACE, World

ZONE = "topology.kubernetes.io/zone"
ECHO = "hashicorp/http-echo:1.0"


@pytest.fixture
def world():
    world = World(nodes=2)
    for node, zone in enumerate(("a", "b")):
        world.client.patch("nodes", f"node-{node}", "", {"metadata": {"labels": {ZONE: zone}}})
        world.pod(f"web-{node}", ECHO, node=node, args=[f"-text=web-{node}", "-listen=:80"])
    world.shell("box", "sleep 100000")
    return world


def took(world, pod, times=1, **options):
    source = world.kubelets[0]._find(NAMESPACE, "box").record.network
    began = world.kernel.now()
    for _ in range(times):
        task = world.kernel.spawn(world.network.http(source, "GET", f"http://{world.get(pod)['status']['podIP']}", **options))
        world.until(task, 2000)
        task.result()
    return world.kernel.now() - began


def test_without_a_link_packets_take_no_time(world):
    assert took(world, "web-1") == 0


def test_a_request_over_a_slow_link_takes_two_round_trips(world):
    world.network.links.set("b", "a", Link(latency=0.05))
    assert took(world, "web-1") == pytest.approx(0.2)
    assert took(world, "web-0") == 0


def test_the_flow_log_knows_the_latency(world):
    world.network.links.set("a", "b", Link(latency=0.05))
    took(world, "web-1", times=3)
    flow = world.network.flows.list()[-1]
    assert (flow.connections, flow.seconds) == (3, pytest.approx(0.6))


def test_lost_packets_are_sent_again_and_cost_time(world):
    world.network.links.set("a", "b", Link(loss=0.2))
    assert 1 < took(world, "web-1", times=30) < 120


def test_a_link_that_loses_everything_times_out(world):
    world.network.links.set("a", "b", Link(loss=1))
    with pytest.raises(TimedOut):
        took(world, "web-1")
    with pytest.raises(TimedOut):
        took(world, "web-1", timeout=3)


def test_until_it_is_taken_away(world):
    world.network.links.set("a", "b", Link(latency=1))
    world.network.links.set("a", "b", None)
    assert took(world, "web-1") == 0
    assert world.network.links.list() == []
