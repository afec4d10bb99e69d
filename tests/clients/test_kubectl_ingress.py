"""An Ingress by kubectl, and its answers on the host's loopback: HTTP, HTTPS with the Secret's certificate, errors."""

import http.client
import ssl
from pathlib import Path

import pytest

from tests.processes import K8slab, Kubectl, eventually
from tests.sim.addons.certificates import certificate_of

APPLICATION = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: c, image: "registry.k8s.io/e2e-test-images/agnhost:2.53", args: [netexec], ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
"""

Door = tuple[int, int]


@pytest.fixture
def door(kubectl: Kubectl) -> Door:
    """The host's ports of the controller, as its Service tells them."""
    where = "-n", "ingress-nginx"
    kubectl("wait", "deployment/ingress-nginx-controller", *where, "--for=condition=Available", "--timeout=60s")
    marks = r"{.metadata.annotations.k8slab\.dev/http} {.metadata.annotations.k8slab\.dev/https}"
    found = kubectl("get", "service", "ingress-nginx-controller", *where, "-o", f"jsonpath={marks}").out.split()
    http_port, https_port = (int(url.rpartition(":")[2]) for url in found)
    return http_port, https_port


def get(port: int, host: str, path: str = "/", authority: str = "") -> tuple[int, bytes]:
    """Ask as a browser does that takes the host for 127.0.0.1, with TLS if an authority is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    if authority:
        context = ssl.create_default_context(cadata=authority)
        connection.connect()
        connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_an_ingress_is_reached_from_the_host_and_from_inside(
    kubectl: Kubectl, namespace: str, door: Door, server: K8slab
) -> None:
    host = f"{namespace}.localhost"
    kubectl("apply", "-f", "-", stdin=APPLICATION)
    kubectl("rollout", "status", "deployment/shop", "--timeout=60s")
    kubectl("create", "ingress", "shop", "--class=nginx", f"--rule={host}/*=shop:80", f"--rule={host}/gone=nobody:80")
    address = "jsonpath={.status.loadBalancer.ingress[0].hostname}"
    eventually(lambda: kubectl("get", "ingress", "shop", "-o", address).out == "localhost")
    assert kubectl("get", "ingress", "shop", "--no-headers").out.split()[:5] == ["shop", "nginx", host, "localhost", "80"]
    pods = {p.removeprefix("pod/") for p in kubectl("get", "pods", "-o", "name").lines}
    names = eventually(lambda: (told := {get(door[0], host, "/hostname")[1].decode() for _ in range(2)}) == pods and told)
    assert get(door[0], host, "/gone")[0] == 503
    assert get(door[0], "nobody.localhost")[0] == 404
    assert "Scheduled for sync" in kubectl("describe", "ingress", "shop").out
    inside = "wget", "-qO-", "--header", f"Host: {host}", "http://ingress-nginx-controller.ingress-nginx/hostname"
    assert kubectl("exec", "deploy/shop", "--", *inside).out in names
    assert f"http://127.0.0.1:{door[0]} https://127.0.0.1:{door[1]}" in server("status").out


def test_tls_with_the_certificate_of_a_secret(kubectl: Kubectl, namespace: str, door: Door, tmp_path: Path) -> None:
    host = f"{namespace}.localhost"
    made = certificate_of(host)
    (tmp_path / "tls.crt").write_text(made.chain)
    (tmp_path / "tls.key").write_text(made.key)
    kubectl("create", "secret", "tls", "cert", f"--cert={tmp_path / 'tls.crt'}", f"--key={tmp_path / 'tls.key'}")
    kubectl("apply", "-f", "-", stdin=APPLICATION)
    kubectl("create", "ingress", "shop", f"--rule={host}/*=shop:80,tls=cert")
    kubectl("rollout", "status", "deployment/shop", "--timeout=60s")
    eventually(lambda: get(door[0], host)[0] == 308)  # the controller has taken it up
    eventually(lambda: get(door[1], host, "/header?key=X-Forwarded-Proto", made.chain) == (200, b"https"))
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
        get(door[1], "other.localhost", "/", made.chain)  # the fake certificate
