"""``kubectl proxy`` and ``kubectl get --raw``: HTTP through the API server to Services, Pods and kubelets."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.clients.manifests import DEPLOYMENT, SERVICE
from tests.processes import Kubectl


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    kubectl("create", "-f", "-", stdin=f"{DEPLOYMENT}---\n{SERVICE}")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    return kubectl


@contextmanager
def proxied(kubectl: Kubectl) -> Iterator[str]:
    """``kubectl proxy`` on a free port; gives its address."""
    process = kubectl.start("proxy", "--port=0")
    try:
        assert process.stdout is not None
        yield "http://" + process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


def test_a_service_in_the_browser(web: Kubectl) -> None:
    with proxied(web) as base:
        url = f"{base}/api/v1/namespaces/{web.namespace}/services/web:80/proxy"
        with urllib.request.urlopen(url, timeout=60) as answer:  # a redirect adds the slash
            assert answer.url == f"{url}/"
            assert answer.headers["Content-Type"].startswith("text/html")
            assert "Welcome to nginx!" in answer.read().decode()


def test_raw_paths(web: Kubectl) -> None:
    here = f"/api/v1/namespaces/{web.namespace}"
    pod = web("get", "pods", "-o", "jsonpath={.items[0].metadata.name}").out
    assert "Welcome to nginx!" in web("get", "--raw", f"{here}/services/web/proxy/").out
    assert "Welcome to nginx!" in web("get", "--raw", f"{here}/services/http:web:/proxy/").out
    assert "Welcome to nginx!" in web("get", "--raw", f"{here}/pods/{pod}/proxy/").out
    assert "Welcome to nginx!" in web("get", "--raw", f"{here}/pods/{pod}:80/proxy/").out
    ip = web("get", "pod", pod, "-o", "jsonpath={.status.podIP}").out
    refused = f"error trying to reach service: dial tcp {ip}:81: connect: connection refused"
    for path, error in (
        ("services/web:81", '(ServiceUnavailable): no service port 81 found for service "web"'),
        ("services/none", '(NotFound): services "none" not found'),
        (f"pods/{pod}:81", f"(ServiceUnavailable): {refused}"),
        ("pods/ftp:web:21", '(BadRequest): invalid pod request "ftp:web:21"'),
    ):
        assert web.fails("get", "--raw", f"{here}/{path}/proxy/") == f"Error from server {error}"


def test_a_service_without_endpoints(web: Kubectl) -> None:
    web("scale", "deployment/web", "--replicas=0")
    web("wait", "pods", "-l", "app=web", "--for=delete", "--timeout=60s")
    assert web.fails("get", "--raw", f"/api/v1/namespaces/{web.namespace}/services/web/proxy/") == (
        'Error from server (ServiceUnavailable): no endpoints available for service "web"'
    )


def test_other_methods_queries_and_bodies(web: Kubectl) -> None:
    web("create", "deployment", "echo", "--image=registry.k8s.io/e2e-test-images/agnhost:2.47", "--", "/agnhost", "netexec")
    web("rollout", "status", "deployment/echo", "--timeout=60s")
    pod = web("get", "pods", "-l", "app=echo", "-o", "jsonpath={.items[0].metadata.name}").out
    with proxied(web) as base:
        url = f"{base}/api/v1/namespaces/{web.namespace}/pods/{pod}:8080/proxy/echo?msg=hi%20%26%20bye"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b"body"), timeout=60) as answer:
            assert answer.read() == b"hi & bye"


def test_the_kubelet_behind_a_node(web: Kubectl) -> None:
    node = web("get", "pods", "-o", "jsonpath={.items[0].spec.nodeName}").out
    kubelet = f"/api/v1/nodes/{node}/proxy"
    assert web("get", "--raw", f"{kubelet}/healthz").out == "ok"
    pods = json.loads(web("get", "--raw", f"{kubelet}/pods").out)["items"]
    assert any(pod["metadata"]["namespace"] == web.namespace for pod in pods)
    summary = json.loads(web("get", "--raw", f"{kubelet}/stats/summary").out)
    assert summary["node"]["nodeName"] == node
    mine = [pod for pod in summary["pods"] if pod["podRef"]["namespace"] == web.namespace]
    assert mine[0]["containers"][0]["memory"]["workingSetBytes"] > 0
    config = json.loads(web("get", "--raw", f"/api/v1/nodes/{node}:10250/proxy/configz").out)
    assert config["kubeletconfig"]["clusterDomain"] == "cluster.local"
    assert 'container_memory_working_set_bytes{container="nginx"' in web("get", "--raw", f"{kubelet}/metrics/resource").out
    assert web.fails("get", "--raw", f"{kubelet}/no-such-path") == (
        "Error from server (NotFound): the server could not find the requested resource"
    )
