"""``kubectl top``, ``kubectl autoscale`` and what follows from them, on a clock that only this test moves."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import K8slab, Kubectl

ADVANCE = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster/advance"
LOAD = ["--image=busybox:1.37", "--restart=Never", "--", "sh", "-c", "while sleep 0.02; do wget -q -O- http://php-apache; done"]


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K8slab]:
    """A cluster whose time stands still."""
    k8slab = K8slab(tmp_path_factory.mktemp("stepped") / "state")
    result = k8slab("up", "--no-start-delays", "--clock", "stepped", "--seed", "1")
    assert result.code == 0, result.err
    yield k8slab
    k8slab("down")


@pytest.fixture
def kubectl(stepped: K8slab, home: Path) -> Kubectl:
    return Kubectl(stepped.kubeconfig, home, "default")


@pytest.fixture
def after(kubectl: Kubectl) -> Callable[[float], None]:
    """Let simulated seconds pass."""

    def advance(seconds: float) -> None:
        body = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "ClockAdvance", "spec": {"seconds": seconds}}
        kubectl("create", "--raw", ADVANCE, "-f", "-", stdin=json.dumps(body))

    return advance


def test_top_before_and_after_the_second_scrape(kubectl: Kubectl, after: Callable[[float], None]) -> None:
    assert kubectl.fails("top", "nodes") == "error: metrics not available yet"
    after(31)
    rows = kubectl("top", "nodes").rows
    assert [row[0] for row in rows] == ["NAME", "control-plane", "worker-1", "worker-2", "worker-3"]
    assert rows[1][1:] == ["101m", "2%", "697Mi", "8%"]  # with the control plane's pods and the Ingress controller


def test_top_shows_pods_and_containers(kubectl: Kubectl, after: Callable[[float], None]) -> None:
    kubectl("run", "burner", "--image=polinux/stress", "--", "stress", "--cpu", "1", "--vm", "1", "--vm-bytes", "50M")
    assert "podmetrics.metrics.k8s.io" in kubectl.fails("top", "pod", "burner")
    after(45)
    assert kubectl("top", "pods").rows == [["NAME", "CPU(cores)", "MEMORY(bytes)"], ["burner", "1000m", "51Mi"]]
    assert kubectl("top", "pod", "burner", "--containers", "--no-headers").rows == [["burner", "burner", "1000m", "51Mi"]]
    kubectl("delete", "pod", "burner", "--now", "--wait=false")


def test_a_deployment_under_load_is_scaled_up_and_later_down_again(kubectl: Kubectl, after: Callable[[float], None]) -> None:
    def desired() -> int:
        return int(kubectl("get", "hpa", "php-apache", "-o", "jsonpath={.status.desiredReplicas}").out)

    kubectl("create", "deployment", "php-apache", "--image=registry.k8s.io/hpa-example", "--port=80")
    kubectl("set", "resources", "deployment", "php-apache", "--requests=cpu=200m", "--limits=cpu=500m")
    kubectl("expose", "deployment", "php-apache", "--port=80")
    kubectl("autoscale", "deployment", "php-apache", "--cpu=50%", "--min=1", "--max=5")
    after(90)
    assert kubectl("get", "hpa", "php-apache", "--no-headers").out.split()[:7] == [
        "php-apache", "Deployment/php-apache", "cpu:", "0%/50%", "1", "5", "1",
    ]  # fmt: skip
    kubectl("run", "load", *LOAD)
    after(120)
    assert desired() == 5
    assert len(kubectl("get", "pods", "-l", "app=php-apache", "--no-headers").lines) == 5
    description = kubectl("describe", "hpa", "php-apache").out
    assert "reason: cpu resource utilization (percentage of request) above target" in description
    assert "the HPA was able to successfully calculate a replica count from cpu resource utilization" in description
    kubectl("delete", "pod", "load", "--now", "--wait=false")
    after(240)
    assert desired() == 5, "five minutes of high recommendations keep it up"
    after(180)
    assert desired() == 1
    assert "New size: 1; reason: All metrics below target" in kubectl("describe", "hpa", "php-apache").out
