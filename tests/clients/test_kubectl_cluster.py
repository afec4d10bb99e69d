"""Nodes, permissions, custom resources and quotas through kubectl."""

import json
from collections.abc import Iterator

import pytest

from tests.clients.manifests import DEPLOYMENT, SLEEPER
from tests.processes import Kubectl, eventually


@pytest.fixture
def node(kubectl: Kubectl) -> Iterator[str]:
    """A node that is given back as it was."""
    yield "worker-3"
    kubectl("uncordon", "worker-3")
    kubectl.try_("taint", "node", "worker-3", "colour-")


def test_nodes(kubectl: Kubectl) -> None:
    header, *nodes = kubectl("get", "nodes").rows
    assert header == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert [n[:3] for n in nodes] == [
        ["control-plane", "Ready", "control-plane"],
        ["worker-1", "Ready", "<none>"],
        ["worker-2", "Ready", "<none>"],
        ["worker-3", "Ready", "<none>"],
    ]
    assert all(n[4].startswith("v1.37.") for n in nodes)
    zones = {row[0]: row[-1] for row in kubectl("get", "nodes", "--no-headers", "-L", "topology.kubernetes.io/zone").rows}
    assert zones == {"control-plane": "zone-b", "worker-1": "zone-a", "worker-2": "zone-b", "worker-3": "zone-a"}


def test_cordon_and_uncordon(kubectl: Kubectl, node: str) -> None:
    assert kubectl("cordon", node).out == f"node/{node} cordoned\n"
    assert kubectl("cordon", node).out == f"node/{node} already cordoned\n"
    assert kubectl("get", "node", node, "--no-headers").rows[0][1] == "Ready,SchedulingDisabled"
    taint = {"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable"}
    eventually(
        lambda: taint.items() <= json.loads(kubectl("get", "node", node, "-o", "jsonpath={.spec.taints[0]}").out or "{}").items()
    )
    assert kubectl("uncordon", node).out == f"node/{node} uncordoned\n"


def test_taint_keeps_pods_away(kubectl: Kubectl, node: str) -> None:
    assert kubectl("taint", "node", node, "colour=red:NoSchedule").out == f"node/{node} tainted\n"
    kubectl(
        "create", "-f", "-", stdin=SLEEPER.replace("spec:\n", f"spec:\n  nodeSelector: {{kubernetes.io/hostname: {node}}}\n", 1)
    )
    eventually(lambda: "FailedScheduling" in kubectl("events", "--for", "pod/sleeper").out)
    condition = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'
    message = eventually(lambda: kubectl("get", "pod", "sleeper", "-o", condition).out)
    assert message.startswith("0/4 nodes are available: ")
    assert "preemption: 0/4 nodes are available: " in message
    assert kubectl("taint", "node", node, "colour-").out == f"node/{node} untainted\n"
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    assert kubectl.fails("taint", "node", node, "colour=red:Sometimes").startswith("error: invalid taint effect: Sometimes")


def pinned_deployment(kubectl: Kubectl, node: str) -> str:
    """The Deployment on one node only; drain looks into all namespaces, so the label is one that no other test has."""
    there = "    spec:\n      terminationGracePeriodSeconds: 0\n      nodeSelector: {kubernetes.io/hostname: " + node + "}\n"
    return DEPLOYMENT.replace("app: web", f"app: {kubectl.namespace}").replace("    spec:\n", there)


def test_drain(kubectl: Kubectl, node: str) -> None:
    kubectl("create", "-f", "-", stdin=pinned_deployment(kubectl, node))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    drained = kubectl("drain", node, "--ignore-daemonsets", f"--pod-selector=app={kubectl.namespace}", "--timeout=60s")
    assert drained.lines[0] == f"node/{node} cordoned"
    assert sum(" evicted" in line for line in drained.lines) == 2
    assert drained.lines[-1] == f"node/{node} drained"
    eventually(lambda: [row[2] for row in kubectl("get", "pods", "--no-headers").rows] == ["Pending", "Pending"])


def test_a_disruption_budget_holds_an_eviction(kubectl: Kubectl, node: str) -> None:
    kubectl("create", "-f", "-", stdin=pinned_deployment(kubectl, node))
    kubectl("create", "pdb", "web", f"--selector=app={kubectl.namespace}", "--min-available=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    eventually(lambda: kubectl("get", "pdb", "web", "-o", "jsonpath={.status.currentHealthy}").out == "2")
    drained = kubectl.try_("drain", node, "--ignore-daemonsets", f"--pod-selector=app={kubectl.namespace}", "--timeout=1s")
    assert drained.code == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in drained.err


def test_can_i_and_whoami(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods").out == "yes\n"
    kubectl("create", "serviceaccount", "robot")
    robot = f"system:serviceaccount:{kubectl.namespace}:robot"
    assert kubectl.try_("auth", "can-i", "list", "pods", "--as", robot).out == "no\n"
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "readers", "--role=reader", f"--serviceaccount={kubectl.namespace}:robot")
    assert eventually(lambda: kubectl.try_("auth", "can-i", "list", "pods", "--as", robot).out == "yes\n")
    assert kubectl("get", "pods", "--as", robot).code == 0
    assert kubectl.fails("get", "secrets", "--as", robot) == (
        f'Error from server (Forbidden): secrets is forbidden: User "{robot}" cannot list resource "secrets" '
        f'in API group "" in the namespace "{kubectl.namespace}"'
    )
    rules = kubectl("auth", "can-i", "--list", "--as", robot).rows
    assert ["pods", "[]", "[]", "[get", "list]"] in rules
    assert ["Username", robot] in kubectl("auth", "whoami", "--as", robot).rows
    assert ["Username", "kubernetes-admin"] in kubectl("auth", "whoami").rows


def test_quota(kubectl: Kubectl) -> None:
    kubectl("create", "quota", "few", "--hard=pods=1")
    eventually(lambda: kubectl("get", "quota", "few", "-o", "jsonpath={.status.used.pods}").out == "0")
    kubectl("create", "-f", "-", stdin=SLEEPER)
    assert kubectl.fails("create", "-f", "-", stdin=SLEEPER.replace("name: sleeper,", "name: other,")) == (
        'Error from server (Forbidden): error when creating "STDIN": pods "other" is forbidden: '
        "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"
    )


def test_the_glass_box(kubectl: Kubectl) -> None:
    ours = kubectl("api-resources", "--api-group=sim.k8slab.dev", "-o", "name").lines
    assert {"clocks.sim.k8slab.dev", "schedulingtraces.sim.k8slab.dev"} <= set(ours)
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    trace = json.loads(kubectl("get", "schedulingtrace", "sleeper", "-o", "json").out)
    node = kubectl("get", "pod", "sleeper", "-o", "jsonpath={.spec.nodeName}").out
    assert trace["status"]["node"] == node


def test_top(kubectl: Kubectl) -> None:
    header, *rows = eventually(lambda: (r := kubectl.try_("top", "nodes")).code == 0 and r).rows
    assert header == ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    assert [row[0] for row in rows] == ["control-plane", "worker-1", "worker-2", "worker-3"]
