"""UDP and ICMP through the data plane; routing tables as seen from inside."""

import pytest

from k8slab.sim.network import Refused, TimedOut
from k8slab.sim.network.links import Link
from tests.sim.kubelet.world import NAMESPACE, World

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
PORTS = [{"name": "udp", "port": 90, "targetPort": 8081, "protocol": "UDP"}]


def make(**options):
    world = World(nodes=2, **options)
    world.pod("net", AGNHOST, node=1, args=["netexec"])
    world.shell("box", "sleep 100000")
    world.service("net", "10.96.1.1", "net", ports=PORTS)
    return world


@pytest.fixture
def world():
    return make()


def ip(world, name):
    return world.get(name)["status"]["podIP"]


def ask(world, data, port=90, host="net", timeout=2.0):
    end = world.kubelets[0]._find(NAMESPACE, "box").record.network
    task = world.kernel.spawn(world.network.datagram(end, host, port, data, timeout))
    world.until(task, 300)
    return task.result()


def test_a_datagram_through_a_service_is_answered(world):
    assert ask(world, b"hostname") == b"net"
    assert ask(world, b"clientip") == ip(world, "box").encode()


def test_it_leaves_a_path_and_a_flow_with_its_bytes(world):
    ask(world, b"echo hello")
    path = world.network.paths.list()[-1]
    assert (path.destination, path.target, path.verdict) == ("net:90/UDP", "chat/net", "answered")
    flow = world.network.flows.list()[-1]
    assert (flow.sent, flow.received, flow.service) == (10, 5, "chat/net")


def test_tcp_and_udp_ports_are_not_the_same(world):
    with pytest.raises(Refused):
        ask(world, b"hostname", port=8080, host=ip(world, "net"))
    assert "refused" in world.sh("box", f"wget -T 2 -qO- http://{ip(world, 'net')}:8081")


def test_what_a_policy_drops_is_silence(world):
    spec = {"podSelector": {}, "ingress": [{"ports": [{"port": 8081, "protocol": "TCP"}]}]}
    world.client.create("networkpolicies.networking.k8s.io", {"metadata": {"name": "tcp", "namespace": NAMESPACE}, "spec": spec})
    began = world.kernel.now()
    with pytest.raises(TimedOut):
        ask(world, b"hostname")
    assert world.kernel.now() - began == pytest.approx(2)


def test_nobody_sends_a_lost_datagram_again(world):
    world.network.links.put("fault", ["node-0"], ["node-1"], Link(0.0, 1.0))
    with pytest.raises(TimedOut):
        ask(world, b"hostname")


def test_netcat_speaks_udp(world):
    assert world.sh("box", "printf 'hostname\\necho two\\n' | nc -u -w 1 net 90") == "nettwo"
    assert "Connection refused" in world.sh("box", f"echo x | nc -u -w 1 {ip(world, 'net')} 9")
    world.shell("listener", "echo pong | nc -u -l -p 7000")
    assert world.sh("box", f"echo ping | nc -u -w 1 {ip(world, 'listener')} 7000") == "pong\n"
    assert world.log("listener") == "ping\n"


def test_ping_and_traceroute_over_routes(world):
    out = world.sh("box", f"ping -c 2 {ip(world, 'net')}")
    assert "2 packets transmitted, 2 packets received, 0% packet loss" in out
    assert "ttl=62" in out
    assert [line.split()[1] for line in world.sh("box", f"traceroute -n {ip(world, 'net')}").splitlines()[1:]] == [
        "10.244.0.1", "172.18.0.3", ip(world, "net"),
    ]  # fmt: skip


def test_an_overlay_shows_other_routers_and_a_smaller_mtu():
    world = make(pod_network="overlay")
    assert [line.split()[1] for line in world.sh("box", f"traceroute -n {ip(world, 'net')}").splitlines()[1:]] == [
        "10.244.0.1", "10.244.1.0", ip(world, "net"),
    ]  # fmt: skip
    assert "eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450" in world.sh("box", "ip addr")
    route = next(s for s in _path(world)["steps"] if s["layer"] == "route")
    assert route["encapsulated"] == {
        "protocol": "VXLAN", "vni": 1, "port": 8472, "source": "172.18.0.2", "destination": "172.18.0.3",
    }  # fmt: skip


def _path(world):
    end = world.kubelets[0]._find(NAMESPACE, "box").record.network
    return world.network.trace(end, ip(world, "net"), 8080).to_object()


def test_a_ping_that_a_policy_drops_is_lost(world):
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    world.client.create("networkpolicies.networking.k8s.io", {"metadata": {"name": "no", "namespace": NAMESPACE}, "spec": spec})
    code, out, _ = world.run("box", "ping", "-c", "1", "-W", "1", ip(world, "net"))
    assert (code, "100% packet loss" in out) == (1, True)


@pytest.mark.parametrize(
    ("kind", "pod", "node"),
    [
        ("routed", "default via 10.244.0.1 dev eth0", "10.244.1.0/24 via 172.18.0.3 dev eth0"),
        ("overlay", "10.244.0.0/14 via 10.244.0.1 dev eth0", "10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink"),
    ],
)
def test_the_routing_tables_say_how_the_network_works(kind, pod, node):
    world = make(pod_network=kind)
    assert pod in world.sh("box", "ip route").splitlines()
    world.shell("agent", "sleep 100000", spec={"hostNetwork": True})
    seen = world.sh("agent", "ip route").splitlines()
    assert node in seen
    assert seen[0] == "default via 172.18.0.1 dev eth0"
