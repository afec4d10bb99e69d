"""The controllers in a whole cluster: the real registry with its RBAC and admission, the scheduler, the kubelets."""

import pytest

from k8slab.sim.cluster import MASTER
from tests.sim.controllers.world import conditions, workload


class Lab:
    """A cluster of three workers on a stepped clock, and its administrator."""

    def __init__(self, api):
        self.cluster = api.cluster
        self.admin = self.cluster.loopback.client(MASTER, "test")
        self.after(5)

    def after(self, seconds):
        self.cluster.kernel.advance(seconds)

    def deploy(self, name="web", replicas=3):
        meta = {"name": name, "namespace": "default"}
        self.admin.create(
            "deployments.apps", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": workload(replicas)}
        )
        self.after(20)

    def deployment(self, name="web"):
        return self.admin.get("deployments.apps", name, "default")

    def placed(self):
        """Nodes of the pods that are not on their way out."""
        pods = self.admin.list("pods", "default")
        return [p["spec"].get("nodeName") for p in pods if "deletionTimestamp" not in p["metadata"]]


@pytest.fixture
def lab(make_api):
    return Lab(make_api(workers=3, seed=7))


def test_a_deployment_becomes_available_and_rolls(lab):
    lab.deploy()
    assert conditions(lab.deployment()) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}}}
    lab.admin.patch("deployments.apps", "web", "default", patch, "strategic")
    lab.after(60)
    assert lab.deployment()["status"]["updatedReplicas"] == 3
    assert lab.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert {p["spec"]["containers"][0]["image"] for p in lab.admin.list("pods", "default")} == {"nginx:1.27"}


def test_the_pods_of_a_dead_node_are_replaced_elsewhere_and_gone_when_it_is_back(lab):
    lab.deploy()
    assert "worker-1" in lab.placed()
    lab.cluster.kubelets["worker-1"].stop()
    lab.after(65)
    assert conditions(lab.admin.get("nodes", "worker-1"))["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert lab.deployment()["status"]["availableReplicas"] == 2
    lab.after(330)
    assert sorted(set(lab.placed())) == ["worker-2", "worker-3"]
    assert lab.deployment()["status"]["availableReplicas"] == 3
    lab.cluster.kubelets["worker-1"].start()
    lab.after(60)
    assert len(lab.admin.list("pods", "default")) == 3
    assert "taints" not in lab.admin.get("nodes", "worker-1")["spec"]


def test_a_namespace_goes_with_all_that_is_in_it(lab):
    lab.admin.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chat"}})
    meta = {"name": "web", "namespace": "chat"}
    lab.admin.create("deployments.apps", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": workload(2)})
    lab.after(10)
    assert len(lab.admin.list("pods", "chat")) == 2
    lab.admin.delete("namespaces", "chat")
    lab.after(60)
    assert "chat" not in [n["metadata"]["name"] for n in lab.admin.list("namespaces")]
    assert lab.admin.list("pods", "chat") == []


def test_no_controller_is_refused_what_it_needs(lab):
    """Every kind of workload works with the rights that the bootstrap roles give, and nobody keeps failing."""
    owner = {"selector": {"matchLabels": {"app": "web"}}, "template": workload()["template"]}
    once = {"spec": {**owner["template"]["spec"], "restartPolicy": "Never"}}
    for resource, kind, spec in (
        (
            "replicationcontrollers",
            "ReplicationController",
            {"replicas": 1, "selector": {"app": "web"}, "template": owner["template"]},
        ),
        ("daemonsets.apps", "DaemonSet", owner),
        ("statefulsets.apps", "StatefulSet", {"serviceName": "s", "replicas": 1, **owner}),
        ("jobs.batch", "Job", {"template": once}),
        ("cronjobs.batch", "CronJob", {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": once}}}),
        ("services", "Service", {"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        ("poddisruptionbudgets.policy", "PodDisruptionBudget", {"minAvailable": 1, "selector": owner["selector"]}),
        ("resourcequotas", "ResourceQuota", {"hard": {"pods": "100"}}),
    ):
        version = lab.cluster.scheme.by_name(resource).api_version
        meta = {"name": "x", "namespace": "default"}
        lab.admin.create(resource, {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec})
    lab.after(130)
    failing = {name: len(c.queue._failures) for name, c in lab.cluster.controllers.controllers.items() if c.queue._failures}
    assert failing == {}
    assert lab.admin.get("daemonsets.apps", "x", "default")["status"]["numberReady"] == 3
    assert lab.admin.get("statefulsets.apps", "x", "default")["status"]["readyReplicas"] == 1
    assert lab.admin.get("cronjobs.batch", "x", "default")["status"]["lastScheduleTime"]
    assert lab.admin.get("poddisruptionbudgets.policy", "x", "default")["status"]["disruptionsAllowed"] >= 1
    assert int(lab.admin.get("resourcequotas", "x", "default")["status"]["used"]["pods"]) >= 5
