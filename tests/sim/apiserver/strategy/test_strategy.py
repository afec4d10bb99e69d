"""What the server makes of an object before it is stored: status, spec, generation, and what some kinds need besides."""

from typing import Any

import pytest

from k8slab.apimachinery.types import deep_copy
from k8slab.sim.apiserver.defaults import apply_defaults
from k8slab.sim.apiserver.resources import Resource, Subresource
from k8slab.sim.apiserver.strategy import prepare_create, prepare_update
from k8slab.sim.apiserver.strategy.qos import qos_class
from tests.sim.apiserver.objects import changed, container, created, sample
from tests.sim.apiserver.recorded import kind_of


def updated(old: dict[str, Any], new: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    result = deep_copy(new)
    before = deep_copy(old)
    apply_defaults(kind_of(result), result)
    prepare_update(kind_of(result), result, old, subresource)
    assert old == before, "the stored object was changed in place"
    return dict(result)


@pytest.mark.parametrize(
    ("api_version", "kind", "status"),
    [
        ("v1", "Pod", {"phase": "Pending", "qosClass": "BestEffort"}),
        ("v1", "Namespace", {"phase": "Active"}),
        ("v1", "PersistentVolumeClaim", {"phase": "Pending"}),
        ("v1", "Service", {"loadBalancer": {}}),
        ("apps/v1", "Deployment", {}),
        ("apps/v1", "ReplicaSet", {"replicas": 0}),
    ],
)
def test_the_status_of_a_new_object_is_not_the_users(api_version: str, kind: str, status: dict[str, Any]) -> None:
    assert created(sample(api_version, kind, status={"phase": "Running", "replicas": 7}))["status"] == status


def test_a_kubelet_may_create_its_node_with_a_status() -> None:
    status = {"capacity": {"cpu": "4"}}
    assert created(sample("v1", "Node", status=status))["status"]["capacity"] == {"cpu": "4"}


@pytest.mark.parametrize(
    ("api_version", "kind", "generation"),
    [("v1", "Pod", 1), ("apps/v1", "Deployment", 1), ("batch/v1", "Job", 1), ("v1", "ConfigMap", None), ("v1", "Service", None)],
)
def test_which_kinds_count_generations(api_version: str, kind: str, generation: int | None) -> None:
    assert created(sample(api_version, kind, metadata__generation=9))["metadata"].get("generation") == generation


def test_a_changed_spec_is_a_new_generation() -> None:
    old = created(sample("apps/v1", "Deployment"))
    assert updated(old, changed(old, spec__replicas=3))["metadata"]["generation"] == 2
    assert updated(old, changed(old, metadata__labels={"a": "b"}))["metadata"]["generation"] == 1
    assert updated(old, changed(old, metadata__generation=7))["metadata"]["generation"] == 1


def test_changed_annotations_of_a_deployment_are_a_new_generation() -> None:
    old = created(sample("apps/v1", "Deployment"))
    assert updated(old, changed(old, metadata__annotations={"a": "b"}))["metadata"]["generation"] == 2
    replica_set = created(sample("apps/v1", "ReplicaSet"))
    assert updated(replica_set, changed(replica_set, metadata__annotations={"a": "b"}))["metadata"]["generation"] == 1


def test_status_and_spec_change_on_their_own_paths_only() -> None:
    old = created(sample("apps/v1", "Deployment"))
    new = changed(old, spec__replicas=3, status={"replicas": 2})
    plain, status = updated(old, new), updated(old, new, "status")
    assert (plain["spec"]["replicas"], plain["status"]) == (3, {})
    assert (status["spec"]["replicas"], status["status"], status["metadata"]["generation"]) == (1, {"replicas": 2}, 1)


def test_custom_resources_have_a_status_only_with_the_subresource() -> None:
    bare = Resource("example.com", "v1", "Room", "rooms", "room", namespaced=True)
    part = Subresource("status", "Room", "example.com", "v1", ("get", "patch", "update"))
    full = Resource("example.com", "v1", "Room", "rooms", "room", namespaced=True, subresources=(part,))
    room: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Room", "metadata": {"name": "r"}, "status": {"a": 1}}
    one, other = deep_copy(room), deep_copy(room)
    prepare_create(bare, one)
    prepare_create(full, other)
    assert one["status"] == {"a": 1}
    assert "status" not in other
    assert one["metadata"]["generation"] == other["metadata"]["generation"] == 1
    other["metadata"]["resourceVersion"] = "1"
    new = changed(other, status={"a": 1}, spec={"b": 2}, metadata__labels={"c": "d"})
    prepare_update(full, new, other, "status")
    assert new == {**other, "status": {"a": 1}}


def test_deletion_cannot_be_taken_back_by_an_update() -> None:
    old = created(sample("v1", "ConfigMap"))
    old["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0}
    new = changed(old, metadata__deletionTimestamp=None, metadata__deletionGracePeriodSeconds=None)
    assert updated(old, new)["metadata"] == old["metadata"]


def test_a_job_is_tied_to_its_pods_by_its_uid() -> None:
    job = created(sample("batch/v1", "Job"))
    labels = {
        "batch.kubernetes.io/controller-uid": "u-1",
        "batch.kubernetes.io/job-name": "x",
        "controller-uid": "u-1",
        "job-name": "x",
    }
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert job["spec"]["template"]["metadata"]["labels"] == labels
    assert job["metadata"]["labels"] == labels


def test_a_job_with_a_selector_of_its_own_is_left_alone() -> None:
    selector = {"matchLabels": {"app": "mine"}}
    job = created(sample("batch/v1", "Job", spec__manualSelector=True, spec__selector=selector))
    assert job["spec"]["selector"] == selector
    assert "labels" not in job["spec"]["template"]["metadata"]


def test_a_daemon_set_numbers_its_templates() -> None:
    key = "deprecated.daemonset.template.generation"
    old = created(sample("apps/v1", "DaemonSet"))
    assert old["metadata"]["annotations"][key] == "1"
    assert updated(old, changed(old, spec__minReadySeconds=1))["metadata"]["annotations"][key] == "1"
    other = changed(old, spec__template__spec__terminationGracePeriodSeconds=1)
    assert updated(old, other)["metadata"]["annotations"][key] == "2"


def test_a_namespace_holds_on_to_its_content() -> None:
    old = created(sample("v1", "Namespace"))
    assert old["spec"]["finalizers"] == ["kubernetes"]
    assert old["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert updated(old, changed(old, spec__finalizers=[]))["spec"]["finalizers"] == ["kubernetes"]
    assert updated(old, changed(old, spec__finalizers=[]), "finalize")["spec"]["finalizers"] == []


def test_the_storage_version_of_a_crd_is_remembered() -> None:
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rooms.example.com"},
        "spec": {"versions": [{"name": "v1", "storage": True}]},
    }  # fmt: skip
    old = created(definition)
    assert old["status"]["storedVersions"] == ["v1"]
    new = changed(old, spec__versions=[{"name": "v1", "storage": False}, {"name": "v2", "storage": True}])
    assert updated(old, new)["status"]["storedVersions"] == ["v1", "v2"]


class TestServices:
    def service(self, **spec: Any) -> dict[str, Any]:
        return created(sample("v1", "Service", **{f"spec__{name}": value for name, value in spec.items()}))

    def stored(self, **spec: Any) -> dict[str, Any]:
        return changed(self.service(**spec), spec__clusterIP="10.0.0.9", spec__clusterIPs=["10.0.0.9"])

    def test_one_address_in_both_spellings(self) -> None:
        assert self.service(clusterIP="10.0.0.9")["spec"]["clusterIPs"] == ["10.0.0.9"]
        assert self.service(clusterIPs=["10.0.0.9"])["spec"]["clusterIP"] == "10.0.0.9"

    def test_an_update_without_the_address_keeps_it(self) -> None:
        old = self.stored()
        spec = updated(old, changed(old, spec__clusterIP=None, spec__clusterIPs=None))["spec"]
        assert (spec["clusterIP"], spec["clusterIPs"]) == ("10.0.0.9", ["10.0.0.9"])

    def test_external_name_lets_the_address_go(self) -> None:
        old = self.stored()
        spec = updated(old, changed(old, spec__type="ExternalName", spec__externalName="a.b"))["spec"]
        assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & spec.keys()

    def test_node_ports_are_kept_and_dropped_with_the_type(self) -> None:
        old = self.stored(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
        left_out = changed(old, spec__ports=[{"port": 80}])
        assert updated(old, left_out)["spec"]["ports"][0]["nodePort"] == 30080
        spec = updated(old, changed(old, spec__type="ClusterIP"))["spec"]
        assert "nodePort" not in spec["ports"][0]
        assert "externalTrafficPolicy" not in spec

    def test_headless_without_selector_is_of_both_families(self) -> None:
        spec = self.service(clusterIP="None", selector=None)["spec"]
        assert (spec["ipFamilyPolicy"], spec["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])
        assert self.service(clusterIP="None")["spec"]["ipFamilyPolicy"] == "SingleStack"


@pytest.mark.parametrize(
    ("resources", "qos"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "0"}}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
        ({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "0.5", "memory": "1024Mi"}}, "Guaranteed"),
        ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], qos: str) -> None:
    assert qos_class({"containers": container(resources=resources)}) == qos


def test_a_gated_pod_says_so() -> None:
    pod = created(sample("v1", "Pod", spec__schedulingGates=[{"name": "example.com/wait"}]))
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")
