"""NetworkPolicies in the data plane: what is not allowed is dropped, and takes time; what must get through does."""

import pytest

from k8slab.sim.network import NameserverTimeout, Refused, TimedOut
from tests.sim.kubelet.world import NAMESPACE, World

ECHO = "hashicorp/http-echo:1.0"
DENY_INGRESS = {"podSelector": {}, "policyTypes": ["Ingress"]}
DENY_EGRESS = {"podSelector": {"matchLabels": {"app": "box"}}, "policyTypes": ["Egress"]}


def make(**options):
    world = World(nodes=2, **options)
    for node in range(2):
        world.pod(f"web-{node}", ECHO, node=node, args=[f"-text=web-{node}", "-listen=:80"])
    world.shell("box", "sleep 100000")
    world.service("web", "10.96.1.1", "web-1")
    return world


@pytest.fixture
def world():
    return make()


def allow(world, name, spec):
    world.client.create("networkpolicies.networking.k8s.io", {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
    world.kernel.run_ready()


def fetch(world, url, source="box", **options):
    end = world.kubelets[0]._find(NAMESPACE, source).record.network if source else world.kubelets[0]._context.namespace
    task = world.kernel.spawn(world.network.http(end, "GET", url, **options))
    world.until(task, 300)
    return task.result().body.decode().strip()


def ip(world, name):
    return world.get(name)["status"]["podIP"]


def last_path(world):
    return world.network.paths.list()[-1].to_object()


def test_what_is_denied_is_dropped_not_refused(world):
    allow(world, "deny", DENY_INGRESS)
    began = world.kernel.now()
    with pytest.raises(TimedOut):
        fetch(world, "http://web")
    assert world.kernel.now() - began == pytest.approx(127)


def test_and_a_client_with_a_limit_waits_that_long(world):
    allow(world, "deny", DENY_INGRESS)
    assert "download timed out" in world.sh("box", f"wget -T 2 -qO- http://{ip(world, 'web-1')}")


def test_an_allowed_client_gets_its_answer(world):
    allow(world, "deny", DENY_INGRESS)
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "box"}}}], "ports": [{"port": 80}]}
    allow(world, "box-to-web", {"podSelector": {}, "ingress": [rule]})
    assert fetch(world, "http://web") == "web-1"
    with pytest.raises(TimedOut):
        fetch(world, f"http://{ip(world, 'web-1')}:81")


def test_the_path_names_the_policy_and_the_rule_that_decided(world):
    allow(world, "open", {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]})
    fetch(world, "http://web")
    step = next(s for s in last_path(world)["steps"] if s["layer"] == "policy" and s["direction"] == "Ingress")
    assert (step["allowed"], step["direction"], step["policy"], step["rule"]) == (True, "Ingress", "chat/open", 0)


def test_egress_that_is_denied_takes_the_names_with_it(world):
    allow(world, "closed", DENY_EGRESS)
    with pytest.raises(NameserverTimeout):
        fetch(world, "http://web", timeout=10)
    assert [s["layer"] for s in last_path(world)["steps"]] == ["dns", "policy", "verdict"]


def test_a_program_that_resolves_first_leaves_that_path_too(world):
    allow(world, "closed", DENY_EGRESS)
    world.sh("box", "wget -qO- http://web", seconds=100)
    assert (last_path(world)["source"], last_path(world)["verdict"]) == ("chat/box", "dns-timeout")


def test_until_dns_is_allowed(world):
    dns = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}
    rules = [{**dns, "ports": [{"port": 53, "protocol": "UDP"}]}, {"to": [{"podSelector": {"matchLabels": {"app": "web-1"}}}]}]
    allow(world, "closed", {**DENY_EGRESS, "egress": rules})
    assert fetch(world, "http://web") == "web-1"
    with pytest.raises(TimedOut):
        fetch(world, f"http://{ip(world, 'web-0')}")


def test_a_nodes_kubelet_reaches_its_pods_whatever_the_policies_say(world):
    allow(world, "deny", DENY_INGRESS)
    assert fetch(world, f"http://{ip(world, 'web-0')}", source=None) == "web-0"
    with pytest.raises(TimedOut):
        fetch(world, f"http://{ip(world, 'web-1')}", source=None)


def test_so_probes_pass(world):
    allow(world, "deny", DENY_INGRESS)
    probe = {"httpGet": {"port": 80}, "periodSeconds": 1}
    world.pod("probed", ECHO, args=["-text=x", "-listen=:80"], readinessProbe=probe)
    world.kernel.advance(5)
    assert world.condition("Ready", "probed") == ("True", "")


def test_deleting_the_policy_opens_the_way(world):
    allow(world, "deny", DENY_INGRESS)
    world.client.delete("networkpolicies.networking.k8s.io", "deny", NAMESPACE)
    assert fetch(world, "http://web") == "web-1"


def test_nobody_listening_stays_refused_if_it_is_allowed(world):
    allow(world, "open", {"podSelector": {}, "ingress": [{}]})
    with pytest.raises(Refused):
        fetch(world, f"http://{ip(world, 'web-1')}:81")


def test_a_node_port_hides_the_client_unless_the_policy_is_local(world):
    ports = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    world.service("open", "10.96.1.2", "web-1", ports=ports, type="NodePort")
    allow(world, "box", {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "box"}}}]}]})
    assert fetch(world, "http://172.18.0.3:30080") == "web-1"
    with pytest.raises(TimedOut):
        fetch(world, "http://172.18.0.2:30080")


def test_a_plugin_that_does_not_enforce_lets_everything_pass_and_says_so():
    world = make(enforce_policies=False)
    allow(world, "deny", DENY_INGRESS)
    assert fetch(world, "http://web") == "web-1"
    step = next(s for s in last_path(world)["steps"] if s["layer"] == "policy" and s["direction"] == "Ingress")
    assert step["allowed"] is False
    assert step["text"].endswith("; this network plugin does not enforce policies")
