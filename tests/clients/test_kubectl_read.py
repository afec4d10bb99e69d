"""``kubectl get``, ``describe``, ``explain``, ``api-resources``, ``api-versions``, ``events``, ``wait``."""

import json
import re
import select
from typing import Any

import pytest
import yaml

from tests.clients.manifests import CONFIG, DEPLOYMENT, SLEEPER
from tests.processes import Kubectl, eventually


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """A Deployment of two, rolled out."""
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    return kubectl


def test_tables(web: Kubectl) -> None:
    header, row = web("get", "deployments").rows
    assert header == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:4] == ["web", "2/2", "2", "2"]
    header, row = web("get", "deployments", "-o", "wide").rows
    assert header == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    assert row[5:] == ["nginx", "nginx:1.27", "app=web"]
    header, *pods = web("get", "pods", "-o", "wide", "--show-labels").rows
    assert header[:9] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED", "NODE"]
    assert header[-1] == "LABELS"
    assert [pod[1:4] for pod in pods] == [["1/1", "Running", "0"]] * 2
    assert all(re.fullmatch(r"10\.\d+\.\d+\.\d+", pod[5]) for pod in pods)
    assert web("get", "pods", "--no-headers", "-L", "app").rows[0][-1] == "web"


def test_nothing_and_not_found(kubectl: Kubectl) -> None:
    nothing = kubectl("get", "pods")
    assert (nothing.out, nothing.err) == ("", f"No resources found in {kubectl.namespace} namespace.\n")
    assert kubectl.fails("get", "pod", "x") == 'Error from server (NotFound): pods "x" not found'
    assert kubectl.fails("get", "gadgets") == 'error: the server doesn\'t have a resource type "gadgets"'


def test_output_forms(web: Kubectl) -> None:
    def forms() -> list[dict[str, Any]]:
        return [
            json.loads(web("get", "deployment", "web", "-o", "json").out),
            yaml.safe_load(web("get", "deploy/web", "-o", "yaml").out),
        ]

    as_json = eventually(lambda: (both := forms())[0] == both[1] and both[0])  # nobody wrote to it in between
    assert (as_json["apiVersion"], as_json["kind"], as_json["metadata"]["name"]) == ("apps/v1", "Deployment", "web")
    assert "managedFields" not in as_json["metadata"]
    assert "managedFields" in web("get", "deploy/web", "-o", "yaml", "--show-managed-fields").out
    assert web("get", "deploy", "web", "-o", "name").out == "deployment.apps/web\n"
    assert web("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.status.readyReplicas}").out == "2 2"
    columns = web("get", "deploy", "-o", "custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[*].image")
    assert columns.rows == [["NAME", "IMAGE"], ["web", "nginx:1.27"]]
    assert web("get", "deploy", "-o", "go-template={{range .items}}{{.metadata.name}}{{end}}").out == "web"
    several = web("get", "deployment,replicaset,pods", "-o", "name").lines
    assert [name.split("/")[0] for name in several] == ["deployment.apps", "replicaset.apps", "pod", "pod"]


def test_all(web: Kubectl) -> None:
    names = [line.split("/")[0] for line in web("get", "all", "-o", "name").lines]
    assert names == ["pod", "pod", "deployment.apps", "replicaset.apps"]


def test_selectors_and_sorting(kubectl: Kubectl) -> None:
    for name, tier, order in (("c", "front", 1), ("a", "back", 2), ("b", "front", 0)):
        kubectl("create", "configmap", name, f"--from-literal=order={order}")
        kubectl("label", "configmap", name, f"tier={tier}")

    def names(*arguments: str) -> list[str]:
        return kubectl("get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}", *arguments).out.split()

    assert names("-l", "tier=front") == ["b", "c"]
    assert names("-l", "tier in (back, middle)") == ["a"]
    assert names("-l", "tier,tier!=back") == ["b", "c"]
    eventually(lambda: names("-l", "!tier") == ["kube-root-ca.crt"])  # a controller's
    assert names("--field-selector", "metadata.name=b") == ["b"]
    assert names("--field-selector", "metadata.name!=kube-root-ca.crt") == ["a", "b", "c"]
    assert names("-l", "tier", "--sort-by", ".data.order") == ["b", "c", "a"]
    assert names("-l", "tier", "--chunk-size=1") == ["a", "b", "c"]
    assert kubectl.fails("get", "configmaps", "--field-selector", "data.x=1") == (
        'Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "", field selector '
        '"data.x=1": "data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )
    assert kubectl.fails("get", "pods", "--field-selector", "spec.x=1").endswith(": field label not supported: spec.x")


def test_pods_by_phase_and_node(web: Kubectl) -> None:
    node = web("get", "pods", "-o", "jsonpath={.items[0].spec.nodeName}").out
    there = web("get", "pods", "--field-selector", f"spec.nodeName={node},status.phase=Running", "-o", "name").lines
    assert 1 <= len(there) <= 2
    assert web("get", "pods", "--field-selector", "status.phase=Failed", "-o", "name").out == ""


def test_watch(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    watch = kubectl.start("get", "configmap", "settings", "-w", "--output-watch-events")
    assert watch.stdout is not None
    try:
        assert watch.stdout.readline().split() == ["EVENT", "NAME", "DATA", "AGE"]
        assert watch.stdout.readline().split()[:3] == ["ADDED", "settings", "2"]
        kubectl("patch", "configmap", "settings", "-p", '{"data":{"shape":"round"}}')
        assert select.select([watch.stdout], [], [], 60)[0]
        assert watch.stdout.readline().split()[:3] == ["MODIFIED", "settings", "3"]
        kubectl("delete", "configmap", "settings")
        assert watch.stdout.readline().split()[:3] == ["DELETED", "settings", "3"]
    finally:
        watch.kill()
        watch.communicate()


def test_describe_pod(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    eventually(lambda: "Started" in kubectl("events", "--for", "pod/sleeper").out)
    text = kubectl("describe", "pod", "sleeper").out
    for line in (
        r"^Name: +sleeper$",
        r"^Labels: +app=sleeper$",
        r"^Status: +Running$",
        r"^    Image: +busybox:1.36$",
        r"^    State: +Running$",
        r"^    Ready: +True$",
        r"^QoS Class: +BestEffort$",
        r"^Tolerations: +node.kubernetes.io/not-ready:NoExecute op=Exists for 300s$",
        r"^  Normal +Scheduled .* default-scheduler +Successfully assigned \S+/sleeper to worker-\d$",
        r"^  Normal +Pulled .* kubelet ",
        r"^  Normal +Created .* kubelet +spec.containers{main}: Container created$",
        r"^  Normal +Started .* kubelet +spec.containers{main}: Container started$",
    ):
        assert re.search(line, text, re.MULTILINE), f"{line} is not in\n{text}"


def test_describe_others(web: Kubectl) -> None:
    text = web("describe", "deployment", "web").out
    assert "Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable\n" in text
    assert "RollingUpdateStrategy:  25% max unavailable, 25% max surge\n" in text
    assert re.search(r"Normal +ScalingReplicaSet .* Scaled up replica set web-\w+ from 0 to 2", text)
    web("expose", "deployment", "web", "--port=80")
    eventually(lambda: re.search(r"^Endpoints: +(\S+:80),\S+:80$", web("describe", "service", "web").out, re.MULTILINE))
    assert re.search(r"^Selector: +app=web$", web("describe", "service", "web").out, re.MULTILINE)
    node = web("describe", "node", "worker-1").out
    assert "Taints:             <none>\n" in node
    assert re.search(r"^  Ready +True .* KubeletReady +kubelet is posting ready status$", node, re.MULTILINE)
    assert "Allocated resources:" in node
    assert web("describe", "namespace", web.namespace).out.splitlines()[-1] == "No LimitRange resource."


def test_explain(kubectl: Kubectl) -> None:
    text = kubectl("explain", "deployment.spec.replicas").out
    assert text.startswith("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: replicas <integer>\n")
    assert "FIELDS:\n  apiVersion\t<string>\n" in kubectl("explain", "pods").out
    assert "  nodeSelector\t<map[string]string>\n" in kubectl("explain", "pod.spec", "--recursive").out
    assert kubectl.fails("explain", "pod.spec.nothing") == 'error: field "nothing" does not exist'


def test_api_resources(kubectl: Kubectl) -> None:
    rows = {tuple(row) for row in kubectl("api-resources", "--no-headers").rows}
    for row in (
        ("configmaps", "cm", "v1", "true", "ConfigMap"),
        ("nodes", "no", "v1", "false", "Node"),
        ("deployments", "deploy", "apps/v1", "true", "Deployment"),
        ("horizontalpodautoscalers", "hpa", "autoscaling/v2", "true", "HorizontalPodAutoscaler"),
        ("ingresses", "ing", "networking.k8s.io/v1", "true", "Ingress"),
        ("customresourcedefinitions", "crd,crds", "apiextensions.k8s.io/v1", "false", "CustomResourceDefinition"),
        ("clusterroles", "rbac.authorization.k8s.io/v1", "false", "ClusterRole"),
    ):
        assert row in rows
    cluster_wide = kubectl("api-resources", "--namespaced=false", "-o", "name").lines
    assert "nodes" in cluster_wide
    assert "pods" not in cluster_wide
    verbs = kubectl("api-resources", "--api-group=apps", "-o", "wide").out
    assert "create,delete,deletecollection,get,list,patch,update,watch" in verbs
    versions = kubectl("api-versions").lines
    assert {"v1", "apps/v1", "batch/v1", "autoscaling/v2", "rbac.authorization.k8s.io/v1"} <= set(versions)


def test_version_and_cluster_info(kubectl: Kubectl) -> None:
    version = json.loads(kubectl("version", "-o", "json").out)
    assert version["serverVersion"]["major"] == "1"
    assert version["serverVersion"]["minor"] == version["clientVersion"]["minor"] == "37"
    assert "Kubernetes control plane" in kubectl("cluster-info").out
    assert kubectl("get", "--raw", "/readyz").out == "ok"


def test_events(web: Kubectl) -> None:
    reasons = [row[2] for row in web("events", "--for", "deployment/web", "--no-headers").rows]
    assert reasons == ["ScalingReplicaSet"]
    table = web("get", "events").rows
    assert table[0] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    seen = {row[2] for row in table[1:]}
    assert {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled"} <= seen


def test_wait(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    done = kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    assert done.out == "pod/sleeper condition met\n"
    assert kubectl("wait", "pod/sleeper", "--for=jsonpath={.status.phase}=Running").out == "pod/sleeper condition met\n"
    assert kubectl.fails("wait", "pod/sleeper", "--for=condition=Ready=False", "--timeout=300ms") == (
        "error: timed out waiting for the condition on pods/sleeper"
    )
    waiting = kubectl.start("wait", "pod/sleeper", "--for=delete", "--timeout=60s", "-v=6")
    assert waiting.stderr is not None
    next(line for line in waiting.stderr if "/pods/sleeper" in line and "200 OK" in line)  # it has found what it waits for
    kubectl("delete", "pod", "sleeper", "--wait=false")
    assert waiting.communicate(timeout=90)[0] == "pod/sleeper condition met\n"
