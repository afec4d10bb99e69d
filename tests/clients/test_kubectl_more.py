"""Less common kubectl commands: replace --force, prune, autoscale, debug, cluster-info dump, lists in a file."""

from pathlib import Path

from tests.clients.manifests import CONFIG, DEPLOYMENT, SLEEPER
from tests.processes import Kubectl, eventually

LIST = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {p: q}}, data: {x: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, labels: {p: q}}, data: {x: "1"}}
"""


def test_a_list_of_objects(kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "-", stdin=LIST).lines == ["configmap/a created", "configmap/b created"]
    assert [row[0] for row in kubectl("get", "-f", "-", stdin=LIST).rows] == ["NAME", "a", "b"]
    forced = kubectl("replace", "--force", "-f", "-", stdin=LIST).lines
    assert forced[-2:] == ["configmap/a replaced", "configmap/b replaced"]


def test_a_folder_and_a_kustomization(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "kustomization.yaml").write_text("resources: [config.yaml]\nnamePrefix: my-\n")
    assert kubectl("apply", "-k", str(tmp_path)).out == "configmap/my-settings created\n"
    assert kubectl("delete", "-k", str(tmp_path)).out.startswith('configmap "my-settings" deleted')


def test_prune(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=LIST)
    only_a = "\n".join(LIST.splitlines()[:-1]) + "\n"
    pruned = kubectl("apply", "--prune", "-l", "p=q", "--prune-allowlist=core/v1/ConfigMap", "-f", "-", stdin=only_a).lines
    assert pruned == ["configmap/a unchanged", "configmap/b pruned"]


def test_wait_for_creation(kubectl: Kubectl) -> None:
    waiting = kubectl.start("wait", "--for=create", "configmap/settings", "--timeout=60s")
    kubectl("create", "-f", "-", stdin=CONFIG)
    assert waiting.communicate(timeout=90)[0] == "configmap/settings condition met\n"


def test_autoscale(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    assert kubectl("autoscale", "deployment", "web", "--min=3", "--max=5", "--cpu=50%").out == (
        "horizontalpodautoscaler.autoscaling/web autoscaled\n"
    )
    header, row = kubectl("get", "hpa").rows
    assert header == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    assert row[:2] == ["web", "Deployment/web"]
    eventually(lambda: kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}").out == "3")


def test_debug_with_a_copy(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    kubectl("debug", "sleeper", "--copy-to=copy", "--image=busybox:1.36", "--attach=false", "--", "sleep", "60")
    kubectl("wait", "pod/copy", "--for=condition=Ready", "--timeout=60s")
    assert len(kubectl("get", "pod", "copy", "-o", "jsonpath={.spec.containers[*].name}").out.split()) == 2


def test_cluster_info_dump(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("cluster-info", "dump", "--namespaces", kubectl.namespace, f"--output-directory={tmp_path}")
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"nodes.json", "pods.json", "deployments.json", "logs.txt"} <= names


def test_component_status_warns(kubectl: Kubectl) -> None:
    answer = kubectl("get", "componentstatuses")
    assert answer.err == "Warning: v1 ComponentStatus is deprecated in v1.19+\n"
    assert {row[0]: row[1] for row in answer.rows[1:]} == {
        "controller-manager": "Healthy",
        "etcd-0": "Healthy",
        "scheduler": "Healthy",
    }
