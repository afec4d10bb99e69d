"""The fake keeps the promises that tests of components build on."""

import pytest

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, Informer
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient


@pytest.fixture
def client():
    return FakeClient(Kernel(seed=1))


def test_it_is_a_client(client):
    typed: Client = client
    informer: Informer = typed.informer("pods")
    assert informer.list() == []


def test_a_stale_write_is_a_conflict(client):
    first = client.create("configmaps", {"metadata": {"name": "a", "namespace": "x"}, "data": {}})
    client.update("configmaps", {**first, "data": {"k": "1"}})
    with pytest.raises(StatusError) as caught:
        client.update("configmaps", {**first, "data": {"k": "2"}})
    assert caught.value.reason == "Conflict"


def test_a_write_without_effect_keeps_the_revision(client):
    first = client.create("configmaps", {"metadata": {"name": "a", "namespace": "x"}, "data": {}})
    assert client.update("configmaps", first)["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_subscribers_get_what_is_there_and_then_the_changes_in_order(client):
    client.create("pods", {"metadata": {"name": "a", "namespace": "x"}, "spec": {}})
    seen = []
    end = client.informer("pods").subscribe(lambda type, obj, old: seen.append((type, obj["metadata"]["name"])))
    client.create("pods", {"metadata": {"name": "b", "namespace": "x"}, "spec": {}})
    client.delete("pods", "a", "x")
    client.kernel.run_ready()
    end()
    client.delete("pods", "b", "x")
    client.kernel.run_ready()
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


def test_indexes_follow_the_objects(client):
    pods = client.informer("pods")
    pods.add_index("node", lambda pod: [pod["spec"].get("nodeName", "")])
    client.create("pods", {"metadata": {"name": "a", "namespace": "x"}, "spec": {}})
    client.create("pods", {"metadata": {"name": "a", "namespace": "x"}, "target": {"name": "n1"}}, subresource="binding")
    assert [p["metadata"]["name"] for p in pods.by_index("node", "n1")] == ["a"]
    assert pods.by_index("node", "") == []


def test_a_pod_on_a_node_stops_gracefully(client):
    client.add({"kind": "Pod", "metadata": {"name": "a", "namespace": "x"}, "spec": {"nodeName": "n1"}})
    client.delete("pods", "a", "x")
    assert client.get("pods", "a", "x")["metadata"]["deletionGracePeriodSeconds"] == 30
    client.delete("pods", "a", "x", grace_period=0)
    assert client.informer("pods").get("a", "x") is None


def test_finalizers_hold_an_object(client):
    client.create("configmaps", {"metadata": {"name": "a", "namespace": "x", "finalizers": ["me/hold"]}})
    client.delete("configmaps", "a", "x")
    assert "deletionTimestamp" in client.get("configmaps", "a", "x")["metadata"]
    client.patch("configmaps", "a", "x", {"metadata": {"finalizers": None}})
    assert client.informer("configmaps").get("a", "x") is None


def test_spec_changes_raise_the_generation_and_status_changes_do_not(client):
    client.create("deployments.apps", {"metadata": {"name": "a", "namespace": "x"}, "spec": {"replicas": 1}})
    client.patch("deployments.apps", "a", "x", {"spec": {"replicas": 2}, "status": {"replicas": 9}})
    client.patch("deployments.apps", "a", "x", {"status": {"replicas": 1}}, subresource="status")
    now = client.get("deployments.apps", "a", "x")
    assert (now["metadata"]["generation"], now["status"]) == (2, {"replicas": 1})


def test_the_same_event_again_raises_its_count(client):
    pod = client.create("pods", {"metadata": {"name": "a", "namespace": "x"}, "spec": {}})
    client.event(pod, "Normal", "Pulled", "again")
    client.event(pod, "Normal", "Pulled", "again")
    assert client.events("a") == [("Normal", "Pulled", "again")]
    assert client.list("events")[0]["count"] == 2
