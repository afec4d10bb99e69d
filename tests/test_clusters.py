"""The configurations in clusters/: good for kind and for the embedded cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8slab.sim.shape import default_nodes, nodes_of_kind_config
from tests.processes import K8slab, Kubectl

CLUSTERS = Path(__file__).resolve().parent.parent / "clusters"
ZONE = "topology.kubernetes.io/zone"
SHAPES = {
    "default": {"control-plane": "zone-b", "worker": "zone-a", "worker-2": "zone-b", "worker-3": "zone-a"},
    "ingress-ready": {"control-plane": "zone-b", "worker": "zone-a", "worker-2": "zone-b", "worker-3": "zone-a"},
    "no-cni": {"control-plane": "zone-b", "worker": "zone-a", "worker-2": "zone-b"},
    "single-node": {"control-plane": "zone-a"},
    "high-availability": {
        "control-plane": "zone-a", "control-plane-2": "zone-b", "control-plane-3": "zone-c",
        "worker": "zone-a", "worker-2": "zone-b", "worker-3": "zone-c",
    },
}  # fmt: skip


def test_every_file_is_known() -> None:
    assert {path.stem for path in CLUSTERS.glob("*.yaml")} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    config = yaml.safe_load((CLUSTERS / f"{name}.yaml").read_text())
    assert (config["kind"], config["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    nodes = nodes_of_kind_config(config)
    zones = {node.name.replace("worker-1", "worker"): node.labels[ZONE] for node in nodes}
    assert zones == SHAPES[name]


def test_the_default_is_the_default() -> None:
    assert nodes_of_kind_config(yaml.safe_load((CLUSTERS / "default.yaml").read_text())) == default_nodes()


@pytest.fixture
def k8slab(tmp_path: Path) -> Iterator[K8slab]:
    command = K8slab(tmp_path / "state")
    yield command
    command("down")


def test_up_with_a_configuration(k8slab: K8slab, home: Path) -> None:
    assert k8slab("up", "--config", str(CLUSTERS / "high-availability.yaml")).code == 0
    rows = Kubectl(k8slab.kubeconfig, home, "default")("get", "nodes", "--no-headers", "-L", ZONE).rows
    assert {row[0].replace("worker-1", "worker"): row[-1] for row in rows} == SHAPES["high-availability"]
    assert all(row[1] == "Ready" for row in rows)


def test_a_single_node_takes_pods(k8slab: K8slab, home: Path) -> None:
    assert k8slab("up", "--config", str(CLUSTERS / "single-node.yaml"), "--no-start-delays").code == 0
    kubectl = Kubectl(k8slab.kubeconfig, home, "default")
    kubectl("run", "web", "--image=nginx:1.27")
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=60s")
