"""``kubectl port-forward`` (SPDY in a WebSocket, and bare SPDY) and the Python client's (channels of a WebSocket)."""

import base64
import json
import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
import websocket
import yaml
from kubernetes import client
from kubernetes.stream import portforward

from tests.clients.manifests import DEPLOYMENT, SERVICE, SLEEPER
from tests.processes import K8slab, Kubectl, eventually

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
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    return kubectl


@contextmanager
def forwarded(kubectl: Kubectl, target: str, port: int, **environment: str) -> Iterator[int]:
    """Forward a free port of the host; gives its number."""
    process = kubectl.start("port-forward", target, f":{port}", "--address", "127.0.0.1", **environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(rf"Forwarding from 127\.0\.0\.1:(\d+) -> {port}\n", line)
        assert found, f"{line!r}: {process.communicate(timeout=60)[1] if not line else ''}"
        yield int(found[1])
    finally:
        process.kill()
        process.communicate()


def get(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
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
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    process = kubectl.start("port-forward", "pod/sleeper", ":8080", "--address", "127.0.0.1")
    assert process.stdout is not None
    port = int(process.stdout.readline().split()[2].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        assert connection.recv(100) == b""
    _, errors = process.communicate(timeout=60)
    assert "error forwarding port 8080 to pod " in errors
    assert "IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused" in errors
    assert errors.endswith("error: lost connection to pod\n")
    assert process.returncode == 1


def test_a_connection_stays_open_in_both_directions(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=REDIS)
    kubectl("wait", "pod/redis", "--for=condition=Ready", "--timeout=60s")
    with forwarded(kubectl, "pod/redis", 6379) as port, socket.create_connection(("127.0.0.1", port), timeout=60) as redis:
        for command, answer in ((b"SET colour blue\r\n", b"+OK\r\n"), (b"GET colour\r\n", b"$4\r\nblue\r\n")):
            redis.sendall(command)
            assert b"".join(redis.recv(1) for _ in answer) == answer  # in as many pieces as it may come


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
    assert "connection refused" in eventually(lambda: forward.error(81))
    http.close()
    forward.close()
    eventually(lambda: not forward.connected)
    forward.websocket.shutdown()  # the client leaves its socket open


def test_a_client_asks_again_on_the_same_connection(web: Kubectl) -> None:
    with forwarded(web, "service/web", 80) as port:
        http = HTTPConnection("127.0.0.1", port, timeout=60)
        http.connect()
        socket_of_the_first = http.sock
        for path, method, status in (("/", "GET", 200), ("/nothing", "HEAD", 404), ("/", "GET", 200)):
            http.request(method, path)
            answer = http.getresponse()
            assert (answer.status, answer.version) == (status, 11)
            answer.read()
            assert http.sock is socket_of_the_first
        http.close()


def channels(server: K8slab, path: str, *protocols: str) -> websocket.WebSocket:
    """A WebSocket of the administrator, with the subprotocols that are asked for."""
    config = yaml.safe_load(server.kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    files = [server.state / "client.crt", server.state / "client.key"]
    for file, field in zip(files, ("client-certificate-data", "client-key-data"), strict=True):
        file.write_bytes(base64.b64decode(user[field]))
    context.load_cert_chain(*map(str, files))
    url = cluster["server"].replace("https", "wss") + path
    return websocket.create_connection(url, subprotocols=list(protocols), sslopt={"context": context}, timeout=60)


def test_clients_that_name_no_protocol(server: K8slab, web: Kubectl) -> None:
    pod = web("get", "pods", "-o", "jsonpath={.items[0].metadata.name}").out
    tunnel = channels(server, f"/api/v1/namespaces/{web.namespace}/pods/{pod}/portforward?ports=80")
    assert [tunnel.recv(), tunnel.recv()] == [b"\0P\0", b"\1P\0"]  # port 80 on either channel
    tunnel.send_binary(b"\0HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert tunnel.recv().startswith(b"\0HTTP/1.1 200 OK\r\n")
    tunnel.shutdown()


def test_clients_that_speak_text(server: K8slab, kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/sleeper/exec?command=sh&stdin=1&stdout=1&stderr=1"
    shell = channels(server, path, "base64.channel.k8s.io")
    shell.send("0" + base64.b64encode(b"echo hello; exit 3\n").decode())
    assert shell.recv() == "1" + base64.b64encode(b"hello\n").decode()
    failure = shell.recv()
    shell.shutdown()
    assert failure[0] == "3"
    assert base64.b64decode(failure[1:]) == b"command terminated with non-zero exit code: exit status 3"


def test_much_output_comes_in_messages_that_every_client_can_take(server: K8slab, kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    command = "command=sh&command=-c&command=seq%2020000"
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/sleeper/exec?{command}&stdout=1"
    output = channels(server, path, "v4.channel.k8s.io")
    messages = []
    while sum(map(len, messages)) < 108894 + len(messages):
        messages.append(output.recv())
    output.shutdown()
    assert {message[0] for message in messages} == {1}
    assert max(map(len, messages)) == 32 * 1024 + 1
