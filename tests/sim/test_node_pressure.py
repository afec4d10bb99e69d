"""A node that runs out of memory, in a whole cluster: eviction, the taint, the replacement elsewhere."""

import pytest

from tests.sim.controllers.test_in_a_cluster import Lab


@pytest.fixture
def lab(make_api):
    return Lab(make_api(workers=2, seed=7))


def test_an_evicted_pod_stays_as_failed_and_is_replaced_on_another_node(lab):
    container = {"name": "c", "image": "polinux/stress", "command": ["stress", "--vm", "1", "--vm-bytes", "7850M"]}
    template = {"metadata": {"labels": {"app": "hog"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "hog"}}, "template": template}
    meta = {"name": "hog", "namespace": "default"}
    lab.admin.create("deployments.apps", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    lab.after(14)
    evicted, following = sorted(lab.admin.list("pods", "default"), key=lambda p: p["status"]["phase"])
    assert (evicted["status"]["phase"], evicted["status"]["reason"]) == ("Failed", "Evicted")
    assert following["spec"]["nodeName"] != evicted["spec"]["nodeName"]
    node = lab.admin.get("nodes", evicted["spec"]["nodeName"])
    assert {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"} in [
        {k: t[k] for k in ("key", "effect")} for t in node["spec"]["taints"]
    ]
    reasons = {e["reason"] for e in lab.admin.list("events", "default")}
    assert {"Evicted", "EvictionThresholdMet", "NodeHasInsufficientMemory"} <= reasons
