"""Who reaches whom: pods, Services, node ports; and how exactly it fails."""

from collections import Counter

import pytest

from k8slab.sim.network import NameserverTimeout, Refused, TimedOut, UnknownHost, Unreachable
from k8slab.sim.network.addresses import AddressPool, NoAddressLeft
from k8slab.sim.network.balancing import Endpoint, usable
from tests.sim.kubelet.world import World

ECHO = "hashicorp/http-echo:1.0"


@pytest.fixture
def world():
    world = World(nodes=2)
    for i in range(3):
        world.pod(f"web-{i}", ECHO, node=i % 2, args=[f"-text=web-{i}", "-listen=:80"])
    world.shell("box", "sleep 100000")
    return world


def source(world, name="box"):
    return world.kubelets[0]._find("chat", name).record.network


def fetch(world, url, seconds=300, **options):
    """Return the body of an answer, or raise what the program would see."""
    task = world.kernel.spawn(world.network.http(options.pop("source", None) or source(world), "GET", url, **options))
    world.until(task, seconds)
    return task.result().body.decode().strip()


def test_pods_reach_each_other_on_the_same_and_on_another_node(world):
    assert fetch(world, f"http://{world.get('web-0')['status']['podIP']}") == "web-0"
    assert fetch(world, f"http://{world.get('web-1')['status']['podIP']}") == "web-1"


def test_containers_of_a_pod_share_localhost(world):
    containers = [
        {"name": "a", "image": ECHO, "args": ["-text=hi", "-listen=:5000"]},
        {"name": "b", "image": "busybox", "command": ["sh", "-c", "wget -qO- http://localhost:5000; sleep 1000"]},
    ]
    world.pod("two", spec={"containers": containers})
    assert world.log("two", "b") == "hi\n"


def test_a_service_spreads_over_its_endpoints(world):
    world.service("web", "10.96.1.1", "web-0", "web-1", "web-2")
    counts = Counter(fetch(world, "http://web") for _ in range(300))
    assert set(counts) == {"web-0", "web-1", "web-2"}
    assert min(counts.values()) > 60


def test_session_affinity_keeps_a_client_at_its_endpoint(world):
    world.service("web", "10.96.1.1", "web-0", "web-1", "web-2", sessionAffinity="ClientIP")
    assert len({fetch(world, "http://web") for _ in range(50)}) == 1


def test_and_forgets_it_after_the_timeout(world):
    config = {"clientIP": {"timeoutSeconds": 10}}
    world.service("web", "10.96.1.1", "web-0", "web-1", "web-2", sessionAffinity="ClientIP", sessionAffinityConfig=config)
    seen = set()
    for _ in range(20):
        seen.add(fetch(world, "http://web"))
        world.kernel.advance(11)
    assert len(seen) > 1


def test_a_service_without_ready_endpoints_refuses(world):
    world.service("web", "10.96.1.1", "web-0", ready=False)
    with pytest.raises(Refused):
        fetch(world, "http://web")


def test_so_does_a_port_it_does_not_have(world):
    world.service("web", "10.96.1.1", "web-0")
    with pytest.raises(Refused):
        fetch(world, "http://web:8080")


def test_a_node_port_answers_on_every_node(world):
    world.service("web", "10.96.1.1", "web-0", ports=[{"port": 80, "nodePort": 30080, "protocol": "TCP"}], type="NodePort")
    assert [fetch(world, f"http://172.18.0.{n}:30080") for n in (2, 3)] == ["web-0", "web-0"]


def test_external_traffic_policy_local_answers_only_where_the_pods_are(world):
    ports = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    world.service("web", "10.96.1.1", "web-0", ports=ports, type="NodePort", externalTrafficPolicy="Local")
    assert fetch(world, "http://172.18.0.2:30080") == "web-0"
    with pytest.raises(TimedOut):  # dropped, not refused: there are endpoints, only not here
        fetch(world, "http://172.18.0.3:30080", timeout=5)


def test_pods_are_inside_for_outer_addresses_and_their_own_nodes_ports(world):
    """Upstream short-circuits traffic of pods to external addresses: externalTrafficPolicy Local is for visitors."""
    ports = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    world.service(
        "web", "10.96.1.1", "web-1", ports=ports, type="NodePort", externalTrafficPolicy="Local", externalIPs=["203.0.113.5"]
    )
    assert fetch(world, "http://203.0.113.5") == "web-1"
    assert fetch(world, "http://172.18.0.2:30080") == "web-1"  # the node of the pod that asks


def test_internal_traffic_policy_local_drops_where_no_pod_is(world):
    world.service("web", "10.96.1.1", "web-1", internalTrafficPolicy="Local")
    with pytest.raises(TimedOut):
        fetch(world, "http://10.96.1.1", timeout=5)


def test_nobody_listening_is_refused(world):
    with pytest.raises(Refused):
        fetch(world, "http://10.244.0.2:81")


def test_an_address_without_a_pod_is_unreachable_after_a_while(world):
    began = world.kernel.now()
    with pytest.raises(Unreachable):
        fetch(world, "http://10.244.0.200")
    assert world.kernel.now() - began == pytest.approx(3.1)


def test_an_address_out_of_the_cluster_times_out(world):
    with pytest.raises(TimedOut):
        fetch(world, "http://192.0.2.1", timeout=5)


def test_an_unknown_name_is_unknown(world):
    with pytest.raises(UnknownHost) as error:
        fetch(world, "http://nope")
    assert not isinstance(error.value, NameserverTimeout)


def test_a_node_that_is_cut_off_answers_nobody(world):
    world.network.set_reachable("node-1", False)
    with pytest.raises(TimedOut):
        fetch(world, f"http://{world.get('web-1')['status']['podIP']}", timeout=2)
    world.network.set_reachable("node-1", True)
    assert fetch(world, f"http://{world.get('web-1')['status']['podIP']}") == "web-1"


def test_an_answer_that_does_not_come_in_time(world):
    world.pod("slow", "chatter/web:1.0")
    with pytest.raises(TimedOut) as error:
        fetch(world, f"http://{world.get('slow')['status']['podIP']}:8080/work?ms=3000", timeout=1)
    assert error.value.phase == "response"


def test_a_deleted_pod_listens_no_more(world):
    ip = world.get("web-0")["status"]["podIP"]
    world.client.delete("pods", "web-0", "chat")
    world.kernel.run_ready()
    with pytest.raises(Unreachable):
        fetch(world, f"http://{ip}")


def test_the_path_of_a_packet_is_kept_step_by_step(world):
    world.service("web", "10.96.1.1", "web-1")
    fetch(world, "http://web/x")
    path = world.network.paths.list()[-1].to_object()
    assert (path["source"], path["destination"], path["target"], path["verdict"]) == (
        "chat/box",
        "web:80",
        "chat/web-1",
        "answered 200",
    )
    assert [(s["layer"], s["text"]) for s in path["steps"]] == [
        ("dns", "web.chat.svc.cluster.local -> A 10.96.1.1"),
        ("service", "chat/web:80 chose 10.244.1.2:80, its only endpoint"),
        ("route", "node-0 -> node-1: 10.244.1.2 is on another node"),
        ("target", "chat/web-1 listens on TCP port 80"),
        ("http", "GET /x: 200"),
    ]


def test_so_is_the_path_of_one_that_was_refused(world):
    world.service("web", "10.96.1.1")
    with pytest.raises(Refused):
        fetch(world, "http://web")
    path = world.network.paths.list()[-1].to_object()
    assert path["verdict"] == "refused"
    assert ("service", "chat/web:80 has no endpoints: rejected") in [(s["layer"], s["text"]) for s in path["steps"]]


def test_the_same_seed_takes_the_same_choices():
    def choices():
        world = World()
        for i in range(3):
            world.pod(f"web-{i}", ECHO, args=[f"-text={i}", "-listen=:80"])
        world.shell("box", "sleep 1000")
        world.service("web", "10.96.1.1", "web-0", "web-1", "web-2")
        return [fetch(world, "http://web") for _ in range(20)]

    assert choices() == choices()


READY, STARTING = (True, True, False), (False, False, False)
DRAINING, DYING = (False, True, True), (False, False, True)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([READY, STARTING, DRAINING], [READY]),
        ([STARTING, DRAINING, DYING], [DRAINING]),
        ([STARTING, DYING], []),
    ],
)
def test_endpoints_that_terminate_serve_only_if_no_other_is_ready(conditions, expected):
    endpoints = [Endpoint(f"10.0.0.{i}", *c, "n", "", "") for i, c in enumerate(conditions)]
    assert [(e.ready, e.serving, e.terminating) for e in usable(endpoints)] == expected


def test_addresses_go_round_and_run_out():
    pool = AddressPool("10.0.0.0/29")
    first = pool.allocate()
    pool.release(first)
    assert pool.allocate() != first
    for _ in range(4):
        pool.allocate()
    with pytest.raises(NoAddressLeft, match=r"no IP addresses available in range set: 10\.0\.0\.0/29"):
        pool.allocate()


def test_the_api_server_is_outside_and_refuses(world):
    ports = [{"port": 443, "targetPort": 6443, "protocol": "TCP"}]
    world.client.create(
        "services", {"metadata": {"name": "kubernetes", "namespace": "chat"}, "spec": {"clusterIP": "10.96.0.1", "ports": ports}}
    )
    piece = {"metadata": {"name": "kubernetes", "namespace": "chat", "labels": {"kubernetes.io/service-name": "kubernetes"}}}
    world.client.create(
        "endpointslices.discovery.k8s.io", {**piece, "ports": [{"port": 6443}], "endpoints": [{"addresses": ["127.0.0.1"]}]}
    )
    world.kernel.run_ready()
    with pytest.raises(Refused):
        fetch(world, "https://kubernetes")
