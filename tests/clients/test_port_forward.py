"""``kubectl port-forward`` (SPDY in a WebSocket, and bare SPDY) and the Python client's (channels of a WebSocket)."""

import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from kubernetes import client
from kubernetes.stream import portforward

from tests.clients.manifests import DEPLOYMENT, SERVICE, SLEEPER
from tests.processes import Kubectl, eventually

BARE_SPDY = {"KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}

DENY_ALL = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""

REDIS = """\
apiVersion: v1
kind: Pod
metadata: {name: redis}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: redis, image: redis:7}]
"""


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    kubectl("create", "-f", "-", stdin=f"{DEPLOYMENT}---\n{SERVICE}")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    return kubectl


@contextmanager
def forwarded(kubectl: Kubectl, target: str, port: int, **environment: str) -> Iterator[int]:
    """Forward a free port of the host; gives its number."""
    process = kubectl.start("port-forward", target, f":{port}", "--address", "127.0.0.1", **environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(rf"Forwarding from 127\.0\.0\.1:(\d+) -> {port}\n", line)
        assert found, f"{line!r}: {process.communicate(timeout=10)[1] if not line else ''}"
        yield int(found[1])
    finally:
        process.kill()
        process.communicate()


def get(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(
    ("target", "environment"),
    [("service/web", {}), ("deployment/web", BARE_SPDY)],
    ids=["a Service, SPDY in a WebSocket", "a Deployment, SPDY"],
)
def test_many_connections_at_once(web: Kubectl, target: str, environment: dict[str, str]) -> None:
    with forwarded(web, target, 80, **environment) as port, ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(get, [port] * 16))
    assert all("Welcome to nginx!" in page for page in pages)


def test_policies_do_not_apply_because_it_goes_through_the_kubelet(web: Kubectl) -> None:
    web("create", "-f", "-", stdin=DENY_ALL)
    with forwarded(web, "service/web", 80) as port:
        assert "Welcome to nginx!" in get(port)


def test_a_port_nobody_listens_on(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=10s")
    process = kubectl.start("port-forward", "pod/sleeper", ":8080", "--address", "127.0.0.1")
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[2].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(100) == b""
    _, errors = process.communicate(timeout=10)
    assert "error forwarding port 8080 to pod " in errors
    assert "IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused" in errors
    assert errors.endswith("error: lost connection to pod\n")
    assert process.returncode == 1


def test_a_connection_stays_open_in_both_directions(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=REDIS)
    kubectl("wait", "pod/redis", "--for=condition=Ready", "--timeout=10s")
    with forwarded(kubectl, "pod/redis", 6379) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as redis:
        for command, answer in ((b"SET colour blue\r\n", b"+OK\r\n"), (b"GET colour\r\n", b"$4\r\nblue\r\n")):
            redis.sendall(command)
            assert redis.recv(100) == answer


def test_a_pod_that_has_no_node_yet(kubectl: Kubectl) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}}
    spec = {"schedulerName": "nobody", "containers": [{"name": "main", "image": "nginx:1.27"}]}
    kubectl("create", "-f", "-", stdin=json.dumps({**pod, "spec": spec}))
    assert kubectl.fails("port-forward", "pod/late", ":80") == (
        "error: unable to forward port because pod is not running. Current status=Pending"
    )


def test_the_python_client(core: client.CoreV1Api, web: Kubectl) -> None:
    pod = core.list_namespaced_pod(web.namespace).items[0].metadata.name
    forward = portforward(core.connect_get_namespaced_pod_portforward, pod, web.namespace, ports="80,81")
    http = forward.socket(80)
    http.setblocking(True)
    http.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answer = b""
    while data := http.recv(4096):
        answer += data
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Welcome to nginx!" in answer
    assert forward.error(80) is None
    assert "connection refused" in forward.error(81)
    http.close()
    forward.close()
    eventually(lambda: not forward.connected)
    forward.websocket.shutdown()  # the client leaves its socket open
