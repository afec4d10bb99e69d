"""What cluster DNS answers to which name."""

import pytest

from k8slab.sim.network.namespace import cluster_first
from tests.sim.kubelet.world import NAMESPACE, World

SUFFIX = "chat.svc.cluster.local"


@pytest.fixture(scope="module")
def world():
    world = World()
    world.pod("web-0", spec={"hostname": "web-0", "subdomain": "peers"})
    world.pod("web-1")
    named = [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}]
    world.service("web", "10.96.1.1", "web-0", "web-1", ports=named)
    world.service("peers", "None", "web-0", "web-1", ports=named)
    world.service("empty", "None")
    world.service("starting", "None", "web-0", ready=False)
    world.service("eager", "None", "web-0", ready=False, publishNotReadyAddresses=True)
    external = {"type": "ExternalName", "externalName": f"web.{SUFFIX}", "ports": []}
    world.client.create("services", {"metadata": {"name": "alias", "namespace": NAMESPACE}, "spec": external})
    return world


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        (f"web.{SUFFIX}", "A", ["10.96.1.1"]),
        (f"WEB.{SUFFIX}", "A", ["10.96.1.1"]),
        (f"peers.{SUFFIX}", "A", ["10.244.0.2", "10.244.0.3"]),
        (f"10-244-0-3.peers.{SUFFIX}", "A", ["10.244.0.3"]),
        (f"eager.{SUFFIX}", "A", ["10.244.0.2"]),
        (f"alias.{SUFFIX}", "A", [f"web.{SUFFIX}", "10.96.1.1"]),
        (f"_http._tcp.web.{SUFFIX}", "SRV", [f"0 100 80 web.{SUFFIX}"]),
        (f"_http._tcp.peers.{SUFFIX}", "SRV", [f"0 100 80 10-244-0-2.peers.{SUFFIX}", f"0 100 80 10-244-0-3.peers.{SUFFIX}"]),
        ("10-244-0-2.chat.pod.cluster.local", "A", ["10.244.0.2"]),
        ("1.1.96.10.in-addr.arpa", "PTR", [f"web.{SUFFIX}"]),
        (f"web.{SUFFIX}", "AAAA", []),
    ],
)
def test_known_names(world, name, type, expected):
    answer = world.network.dns.query(name, type)
    assert (answer.rcode, [r.value for r in answer.records]) == ("NOERROR", expected)


@pytest.mark.parametrize(
    "name",
    ["web", f"nope.{SUFFIX}", "web.other.svc.cluster.local", f"empty.{SUFFIX}", f"starting.{SUFFIX}", "example.com",
     f"x.web.{SUFFIX}", f"_https._tcp.web.{SUFFIX}", "300-1-1-1.chat.pod.cluster.local"],
)  # fmt: skip
def test_unknown_names(world, name):
    assert world.network.dns.query(name, "SRV" if name.startswith("_") else "A").rcode == "NXDOMAIN"


def test_short_names_are_searched_first_and_long_ones_last():
    resolv = cluster_first("chat")
    assert resolv.candidates("web") == [f"web.{SUFFIX}", "web.svc.cluster.local", "web.cluster.local", "web"]
    assert resolv.candidates("a.b.c.d.e.f")[0] == "a.b.c.d.e.f"
    assert resolv.candidates("web.") == ["web"]


def test_without_the_kube_dns_service_nobody_answers():
    world = World()
    world.shell("box", "sleep 1000")
    world.client.delete("services", "kube-dns", "kube-system")
    world.kernel.run_ready()
    assert world.sh("box", "nslookup web") == ";; connection timed out; no servers could be reached\n\n"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "search chat.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"),
        ({"dnsPolicy": "Default"}, "nameserver 172.18.0.2\n"),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.2.3.4"], "searches": ["x.y"]}},
            "search x.y\nnameserver 1.2.3.4\n",
        ),
        (
            {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}},
            "search chat.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:2\n",
        ),
    ],
)
def test_resolv_conf_follows_the_pods_dns_policy(spec, expected):
    world = World()
    world.shell("box", "sleep 1000", spec=spec)
    assert world.sh("box", "cat /etc/resolv.conf") == expected


def test_host_aliases_come_before_dns():
    world = World()
    world.pod("web")
    ip = world.get()["status"]["podIP"]
    world.shell("box", "sleep 1000", spec={"hostAliases": [{"ip": ip, "hostnames": ["shop.example"]}]})
    assert "Welcome to nginx!" in world.sh("box", "wget -qO- http://shop.example")
