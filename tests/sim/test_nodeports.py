"""Node ports on the host's loopback: HTTP from outside into the simulated network."""

import json
import socket
import urllib.error
import urllib.request

import pytest

from k8slab.sim.nodeports import node_ports
from k8slab.sim.server import ServerConfig, ServerThread
from k8slab.sim.shape import default_nodes
from tests.http import Caller
from tests.processes import eventually

SERVICES = "/api/v1/namespaces/default/services"
PORTS = iter(range(30100, 32000))


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    config = ServerConfig(tmp_path_factory.mktemp("state"), nodes=default_nodes(1), start_delays=False, durable=False)
    with ServerThread(config) as server:
        call = Caller(server.kubeconfig)
        pod = {"metadata": {"name": "web", "labels": {"app": "web"}}}
        spec = {"containers": [{"name": "c", "image": "nginx:1.29"}]}
        body = json.dumps({**pod, "spec": spec}).encode()
        eventually(lambda: call("POST", "/api/v1/namespaces/default/pods", body).code in (201, 409))
        yield call


def expose(call, name, port, **spec):
    ports = [{"port": 80, "nodePort": port}]
    body = {"metadata": {"name": name}, "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": ports, **spec}}
    assert call("POST", SERVICES, json.dumps(body).encode()).code == 201


def page(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return ""


def answers(port):
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


def free_port():
    """Return a port that nobody listens on, another one each time."""
    for port in PORTS:
        if not answers(port):
            return port
    raise AssertionError


def test_a_node_port_answers_on_loopback_until_its_service_is_gone(call):
    port = free_port()
    expose(call, "web", port)
    eventually(lambda: "Welcome to nginx!" in page(port))
    assert call("DELETE", f"{SERVICES}/web").code == 200
    eventually(lambda: not page(port))


def test_a_service_without_endpoints_cuts_the_visitor_off(call):
    port = free_port()
    expose(call, "nobody", port, selector={"app": "nobody"})
    eventually(lambda: answers(port))
    assert not page(port)


def test_a_port_that_is_taken_is_told_in_an_event(call):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = free_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        expose(call, "taken", port)

        def told():
            events = call("GET", "/api/v1/namespaces/default/events").json["items"]
            return any(e["reason"] == "NodePortUnavailable" and f":{port} " in e["message"] for e in events)

        eventually(told)


def test_a_port_that_is_taken_changes_nothing_in_a_cluster_on_a_stepped_clock(tmp_path):
    config = ServerConfig(tmp_path, nodes=default_nodes(1), clock_mode="stepped", start_delays=False, durable=False)
    with ServerThread(config) as server, socket.socket() as other:
        call, port = Caller(server.kubeconfig), free_port()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        expose(call, "taken", port)
        later = free_port()
        expose(call, "free", later)
        eventually(lambda: answers(later))  # so the other port was tried, too
        events = call("GET", "/api/v1/events").json["items"]
        assert "NodePortUnavailable" not in [e["reason"] for e in events]


def test_only_tcp_ports_are_carried():
    ports = [{"port": 80, "nodePort": 30001}, {"port": 53, "nodePort": 30002, "protocol": "UDP"}, {"port": 81}]
    assert list(node_ports([{"spec": {"ports": ports}}])) == [30001]
