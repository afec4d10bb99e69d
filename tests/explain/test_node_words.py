"""What is said of a node that is silent, and of a drain that two budgets stop."""

from k8slab.apimachinery.types import Object
from k8slab.explain import diagnose
from k8slab.explain.question import parse
from k8slab.explain.snapshot import Snapshot

NOW = 1767225720.0  # 2026-01-01T00:02:00Z


def ask(text: str, *objects: Object) -> str:
    return " ".join(diagnose(parse(text, "chat"), Snapshot.of(objects, now=NOW)).text().split())


def silent() -> Object:
    unknown = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": "2026-01-01T00:01:50Z"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}, "status": {"conditions": [unknown]}}


def test_silence_is_counted_from_the_last_renewal_of_the_lease_not_from_when_it_was_noticed() -> None:
    meta = {"name": "worker-1", "namespace": "kube-node-lease"}
    spec = {"renewTime": "2026-01-01T00:01:00.000000Z"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
    assert "has not been heard of for 60s" in ask("node/worker-1", silent(), lease)
    assert "has not been heard of for 10s" in ask("node/worker-1", silent())


def budget(name: str) -> Object:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    status = {"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2}
    meta = {"name": name, "namespace": "chat"}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec, "status": status}


def test_a_pod_in_two_budgets_needs_one_budget_less_not_more_pods() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u", "controller": True}
    meta = {"name": "web-1-x", "namespace": "chat", "labels": {"app": "web"}, "ownerReferences": [owner]}
    spec = {"nodeName": "worker-1", "containers": [{"name": "web"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Running"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}, "status": {}}
    said = ask("drain node/worker-1", node, pod, budget("web"), budget("old"))
    assert "would fail at pod/web-1-x: it is in 2 disruption budgets" in said
    assert "Let only one budget select these pods" in said
    assert "Run more ready replicas" not in said
