"""All controllers together."""

import pytest

from k8slab.sim.clock import Clock
from k8slab.sim.controllers import MANAGER, ControllerManager
from k8slab.sim.kernel import Kernel
from tests.sim.controllers.world import resources, workload
from tests.sim.fakes import FakeClient


class Cluster:
    def __init__(self):
        self.kernel = Kernel(Clock("stepped"), seed=1)
        self.client = FakeClient(self.kernel)
        self.users = []
        self.manager = ControllerManager(
            self._client_for, self.kernel, resources=resources, ca_pem="PEM", sign_token=lambda account, secret: "token"
        )
        self.manager.start()

    def _client_for(self, account):
        self.users.append(account)
        return self.client.as_user(account)

    def settle(self, seconds=0):
        self.kernel.run_ready()
        self.kernel.advance(seconds)

    def deploy(self, replicas=3):
        self.client.create("deployments.apps", {"metadata": {"name": "web", "namespace": "chat"}, "spec": workload(replicas)})
        self.settle()


@pytest.fixture
def cluster():
    return Cluster()


def test_a_namespace_and_its_workload_come_and_go(cluster):
    cluster.client.create("namespaces", {"metadata": {"name": "chat"}, "spec": {"finalizers": ["kubernetes"]}})
    cluster.deploy()
    assert len(cluster.client.list("pods", "chat")) == 3
    cluster.client.delete("namespaces", "chat")
    cluster.settle(3)
    for resource in ("namespaces", "pods", "replicasets.apps", "deployments.apps", "serviceaccounts", "configmaps"):
        assert cluster.client.list(resource) == [], resource


def test_deleting_a_deployment_deletes_its_pods(cluster):
    cluster.deploy()
    cluster.client.delete("deployments.apps", "web", "chat")
    cluster.settle()
    assert cluster.client.list("replicasets.apps") == []
    assert cluster.client.list("pods") == []


def test_one_controller_can_be_stopped_while_the_others_go_on(cluster):
    cluster.manager.stop("replicaset-controller")
    cluster.deploy()
    assert len(cluster.client.list("replicasets.apps")) == 1
    assert cluster.client.list("pods") == []
    cluster.manager.start("replicaset-controller")
    cluster.settle()
    assert len(cluster.client.list("pods")) == 3


def test_an_unknown_controller_is_named_with_those_there_are(cluster):
    with pytest.raises(KeyError, match=r"there is no controller .*replicaset-controller"):
        cluster.manager.stop("replica-set")


def test_each_controller_has_its_own_account_and_all_share_the_informers_of_the_manager(cluster):
    assert cluster.users[0] == MANAGER
    assert {"deployment-controller", "replicaset-controller", "generic-garbage-collector", "node-controller"} <= set(
        cluster.users
    )


def test_the_same_seed_gives_the_same_names(cluster):
    cluster.deploy()
    other = Cluster()
    other.deploy()
    assert [p["metadata"]["name"] for p in cluster.client.list("pods")] == [
        p["metadata"]["name"] for p in other.client.list("pods")
    ]


def test_a_stopped_manager_does_nothing(cluster):
    cluster.manager.stop()
    cluster.deploy()
    assert cluster.client.list("replicasets.apps") == []
