"""What a cluster can do is found out by asking it; what cannot be seen is unknown."""

from pathlib import Path

import pytest

from k8slab.apimachinery.types import Object
from k8slab.cluster.capabilities import NAMES, Sights, judge
from k8slab.cluster.choice import source
from k8slab.errors import K8slabError
from tests.processes import K8slab, eventually

ZONE = "topology.kubernetes.io/zone"


def node(name: str, zone: str = "a", provider: str = "", control_plane: bool = False) -> Object:
    taints = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}] if control_plane else []
    return {
        "metadata": {"name": name, "labels": {ZONE: zone}},
        "spec": {"providerID": provider, "taints": taints},
        "status": {"nodeInfo": {"kubeletVersion": "v1.37.0"}},
    }


def daemon_set(name: str, image: str = "") -> Object:
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": [{"image": image}]}}}}


def kind_cluster(**changes: object) -> Sights:
    """A kind cluster of three nodes as kind 0.27 makes it."""
    facts: dict[str, object] = {
        "groups": frozenset({"apps", "networking.k8s.io", "storage.k8s.io"}),
        "nodes": [
            node("control-plane", provider="kind://docker/k/control-plane", control_plane=True),
            node("worker", "a", "kind://docker/k/worker"),
            node("worker2", "b", "kind://docker/k/worker2"),
        ],
        "daemon_sets": [daemon_set("kindnet", "docker.io/kindest/kindnetd:v20250214-acbabc1a"), daemon_set("kube-proxy")],
        "deployments": [{"metadata": {"name": "coredns"}}],
        "ingress_classes": [],
        "storage_classes": [
            {"metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
        ],
        "admin": True,
    }
    return Sights(**{**facts, **changes})  # type: ignore[arg-type]


def there(seen: Sights) -> dict[str, bool | None]:
    return {capability.name: capability.there for capability in judge(seen)}


def test_a_kind_cluster() -> None:
    assert there(kind_cluster()) == {
        "containers": True, "images": None,
        "clock": False, "faults": False, "traces": False, "load": False, "policy": True, "metrics": False,
        "load-balancer": False, "ingress": False, "storage": True, "several-nodes": True, "zones": True, "admin": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("policy", {"daemon_sets": [daemon_set("kindnet", "docker.io/kindest/kindnetd:v20240202-8f1494ea")]}, False),
        ("policy", {"daemon_sets": [daemon_set("calico-node"), daemon_set("kube-proxy")]}, True),
        ("policy", {"daemon_sets": [daemon_set("kube-flannel-ds"), daemon_set("kube-proxy")]}, False),
        ("policy", {"daemon_sets": None}, None),
        ("policy", {"daemon_sets": []}, None),
        ("metrics", {"groups": frozenset({"metrics.k8s.io"})}, True),
        ("load-balancer", {"daemon_sets": [daemon_set("metallb-speaker")]}, True),
        ("load-balancer", {"nodes": [node("a", provider="gce://p/z/a")]}, True),
        ("load-balancer", {"nodes": None}, None),
        ("ingress", {"ingress_classes": [{"metadata": {"name": "nginx"}}]}, True),
        ("ingress", {"ingress_classes": None}, None),
        ("storage", {"storage_classes": [{"metadata": {"name": "slow"}}]}, False),
        ("several-nodes", {"nodes": [node("a"), node("b", control_plane=True)]}, False),
        ("zones", {"nodes": [node("a"), node("b")]}, False),
        ("admin", {"admin": False}, False),
        ("clock", {"groups": frozenset({"sim.k8slab.dev"})}, True),
        ("containers", {"groups": frozenset({"sim.k8slab.dev"})}, False),
        ("images", {"groups": frozenset({"sim.k8slab.dev"})}, True),
        ("images", {"nodes": [{**node("a"), "status": {"images": [{"names": ["docker.io/chatter/web:1.0"]}]}}]}, True),
        ("images", {"nodes": None}, None),
    ],
)
def test_one_difference(name: str, changes: dict[str, object], expected: bool | None) -> None:
    assert there(kind_cluster(**changes))[name] is expected


def test_what_is_missing_is_said_in_one_line() -> None:
    found = judge(kind_cluster())
    assert "clock" not in found
    assert found["clock"].line == "This cluster's clock cannot be moved; waiting takes as long as it takes."
    assert judge(kind_cluster(daemon_sets=None))["policy"].line.startswith("It cannot be told whether this works here")
    assert {c.name for c in found} == set(NAMES)
    with pytest.raises(K8slabError, match="there are containers, images, clock"):
        found["magic"]


def test_the_embedded_cluster_and_the_same_as_any_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = K8slab(tmp_path / "state")
    assert command("up").code == 0
    try:
        embedded = source("embedded", tmp_path / "state")
        monkeypatch.setenv("KUBECONFIG", str(command.kubeconfig))
        context = source("context:k8slab")
        # an addon may come up between the two looks
        found = eventually(lambda: (seen := [s.capabilities() for s in (embedded, context)])[0] == seen[1] and seen)
        missing = {c.name for c in found[0] if not c.there}
        assert "containers" in missing
        assert missing <= {"containers", "ingress"}
        assert embedded.nodes() == context.nodes() == ["control-plane", "worker-1", "worker-2", "worker-3"]
        assert context.running()
        assert context.status()["nodes"] == "4 of 4 ready"
        assert context.down().endswith("nothing, nothing there is ours; the cluster itself stays")
        with pytest.raises(K8slabError, match="catalogue"):
            embedded.load_image("web:1")
        with pytest.raises(K8slabError, match="push it to a registry"):
            context.load_image("web:1")
        with pytest.raises(K8slabError, match="has the shape it has"):
            context.up(Path("clusters/default.yaml"))
    finally:
        command("down")
    assert not context.running()
