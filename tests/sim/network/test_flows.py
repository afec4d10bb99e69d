"""The flow log: raw connections and what policies drop are in it, with bytes and the deciding policy."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    world = World()
    world.pod("redis", "redis:8")
    world.shell("box", "sleep 100000")
    world.pod("client", "redis:8", command=["sleep", "100000"])
    world.service("redis", "10.96.1.1", "redis", ports=[{"port": 6379, "protocol": "TCP"}])
    return world


def flows(world):
    return {(f.source, f.verdict): f for f in world.network.flows.list()}


def test_a_raw_connection_counts_its_bytes_when_it_ends(world):
    assert world.sh("client", "redis-cli -h redis SET greeting hello") == "OK\n"
    flow = flows(world)["chat/client", "connected"]
    assert (flow.service, flow.target, flow.connections) == ("chat/redis", "chat/redis", 1)
    assert (flow.sent, flow.received) == (len("*3\r\n$3\r\nSET\r\n$8\r\ngreeting\r\n$5\r\nhello\r\n"), len("+OK\r\n"))


def test_what_a_policy_drops_is_logged_with_the_policy(world):
    spec = {"podSelector": {"matchLabels": {"app": "redis"}}, "policyTypes": ["Ingress"]}
    world.client.create("networkpolicies.networking.k8s.io", {"metadata": {"name": "shut", "namespace": NAMESPACE}, "spec": spec})
    code, _, _ = world.run("box", "nc", "-z", "-w", "2", "redis", "6379")
    flow = flows(world)["chat/box", "dropped"]
    assert (code, flow.policy, flow.connections, flow.sent) == (1, "chat/shut", 1, 0)
    assert flow.slowest == pytest.approx(2)


def test_a_refusal_is_one_too(world):
    world.run("box", "nc", "-z", "redis", "6380")
    assert ("chat/box", "refused") in flows(world)
