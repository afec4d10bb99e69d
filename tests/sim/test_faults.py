"""Faults: what breaks, what follows from it, and how it heals."""

from collections.abc import Callable

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

FAULTS = "/apis/sim.k8slab.dev/v1alpha1/faults"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """Three workers, and six pods of a Deployment on them."""
    api, labels = make_api(workers=3), {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": 6, "selector": {"matchLabels": labels}, "template": template}
    api.post("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "web"}, "spec": spec})
    api.advance(60)
    return api


def begin(api: Api, type: str, **spec: object) -> Object:
    answer = api.post(FAULTS, {"metadata": {"name": "f"}, "spec": {"type": type, **spec}})
    assert answer.status == 201, answer.message
    status: Object = api.get(f"{FAULTS}/f").json["status"]
    return status


def ready(api: Api, node: str) -> str:
    conditions = api.get(f"/api/v1/nodes/{node}").json["status"]["conditions"]
    return next(str(c["status"]) for c in conditions if c["type"] == "Ready")


def on(api: Api, node: str) -> list[Object]:
    return [p for p in api.get(PODS).json["items"] if p["spec"].get("nodeName") == node]


def restarts(pods: list[Object]) -> list[int]:
    return [c["restartCount"] for p in pods for c in p["status"]["containerStatuses"]]


def test_a_crashed_node_is_noticed_after_the_grace_period_and_its_pods_go_after_the_toleration(api: Api) -> None:
    assert begin(api, "NodeCrash", nodes=["worker-1"])["affected"] == ["worker-1"]
    api.advance(40)
    assert ready(api, "worker-1") == "True"
    api.advance(20)
    assert ready(api, "worker-1") == "Unknown"
    api.advance(270)
    assert not any("deletionTimestamp" in p["metadata"] for p in on(api, "worker-1"))
    api.advance(60)
    lost = on(api, "worker-1")
    assert lost
    assert all("deletionTimestamp" in p["metadata"] for p in lost)
    assert len(on(api, "worker-2") + on(api, "worker-3")) == 6
    api.delete(f"{FAULTS}/f")
    api.advance(10)
    assert on(api, "worker-1") == []
    assert ready(api, "worker-1") == "True"


def test_containers_of_a_node_that_returns_soon_are_started_again(api: Api) -> None:
    count = len(on(api, "worker-1"))
    begin(api, "NodeCrash", nodes=["worker-1"], durationSeconds=30)
    api.advance(60)
    assert restarts(on(api, "worker-1")) == [1] * count
    assert all(p["status"]["phase"] == "Running" for p in on(api, "worker-1"))
    events = api.get("/api/v1/namespaces/default/events").json["items"]
    assert "Rebooted" in {e["reason"] for e in events if e["involvedObject"]["name"] == "worker-1"}


@pytest.mark.parametrize(
    ("type", "spec"),
    [
        ("KubeletStopped", {"nodes": ["worker-2"]}),
        ("NetworkPartition", {"between": [{"nodes": ["worker-2"]}, {"nodes": ["control-plane"]}]}),
    ],
)
def test_a_node_nobody_hears_from_keeps_its_containers(api: Api, type: str, spec: Object) -> None:
    before = restarts(on(api, "worker-2"))
    begin(api, type, **spec)
    api.advance(70)
    assert ready(api, "worker-2") == "Unknown"
    api.delete(f"{FAULTS}/f")
    api.advance(10)
    assert ready(api, "worker-2") == "True"
    assert restarts(on(api, "worker-2")) == before


def test_without_a_scheduler_pods_wait(api: Api) -> None:
    begin(api, "ComponentDown", component="kube-scheduler", durationSeconds=30)
    api.post(PODS, {"metadata": {"name": "late"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
    api.advance(20)
    assert "nodeName" not in api.get(f"{PODS}/late").json["spec"]
    api.advance(24)
    assert "nodeName" not in api.get(f"{PODS}/late").json["spec"]  # the new instance waits for the lease of the old one
    api.advance(4)
    assert api.get(f"{PODS}/late").json["spec"]["nodeName"]
    assert api.get(f"{FAULTS}/f").json["status"]["phase"] == "Healed"


def test_after_the_api_server_was_down_all_nodes_are_well(api: Api) -> None:
    begin(api, "ComponentDown", component="kube-apiserver", durationSeconds=30)
    api.advance(60)
    assert {ready(api, f"worker-{n}") for n in (1, 2, 3)} == {"True"}


def test_two_faults_on_one_node_heal_when_both_are_gone(api: Api) -> None:
    begin(api, "KubeletStopped", nodes=["worker-1"])
    api.post(FAULTS, {"metadata": {"name": "g"}, "spec": {"type": "KubeletStopped", "zones": ["zone-a"]}})
    api.delete(f"{FAULTS}/f")
    api.advance(70)
    assert ready(api, "worker-1") == ("Unknown" if "worker-1" in api.get(f"{FAULTS}/g").json["status"]["affected"] else "True")
    api.delete(f"{FAULTS}/g")
    api.advance(10)
    assert ready(api, "worker-1") == "True"


def test_a_leak_ends_in_an_oom_kill(api: Api) -> None:
    container = {"name": "c", "image": "nginx", "resources": {"limits": {"memory": "64Mi"}}}
    api.post(PODS, {"metadata": {"name": "leaky"}, "spec": {"containers": [container]}})
    api.advance(5)
    begin(api, "MemoryLeak", target={"namespace": "default", "pod": "leaky"})
    api.advance(8)
    (status,) = api.get(f"{PODS}/leaky").json["status"]["containerStatuses"]
    last = status["state"].get("terminated") or status["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


def test_a_registry_that_is_down_gives_err_image_pull(api: Api) -> None:
    begin(api, "RegistryDown", registry="docker.io", durationSeconds=60)
    api.post(PODS, {"metadata": {"name": "new"}, "spec": {"containers": [{"name": "c", "image": "redis"}]}})
    api.advance(5)
    (status,) = api.get(f"{PODS}/new").json["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    api.advance(200)
    assert api.get(f"{PODS}/new").json["status"]["phase"] == "Running"


def test_a_full_disk_taints_the_node(api: Api) -> None:
    begin(api, "DiskFull", nodes=["worker-1"])
    taints = api.get("/api/v1/nodes/worker-1").json["spec"]["taints"]
    assert [t["key"] for t in taints] == ["node.kubernetes.io/disk-pressure"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "NodeCrash"}, "spec.nodes: Required value: NodeCrash needs nodes or zones"),
        ({"type": "ComponentDown", "component": "etcd"}, 'spec.component: Unsupported value: "etcd"'),
        ({"type": "NodeCrash", "nodes": ["a"], "loss": 1}, "spec.loss: Forbidden: does not go with NodeCrash"),
        ({"type": "SlowNetwork", "between": [{}]}, "spec.between[0].nodes: Required value: a side needs nodes or zones"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(api: Api, spec: Object, message: str) -> None:
    answer = api.post(FAULTS, {"metadata": {"name": "f"}, "spec": spec})
    assert answer.status == 422
    assert message in answer.message


def test_a_full_disk_evicts_one_pod_after_the_other_who_writes_most_first(api: Api) -> None:
    here = {p["metadata"]["name"] for p in on(api, "worker-1")}
    begin(api, "DiskFull", nodes=["worker-1"])
    api.advance(11)
    gone = [p for p in on(api, "worker-1") if p["status"].get("reason") == "Evicted"]
    assert len(gone) == 1
    assert gone[0]["status"]["message"].startswith("The node was low on resource: ephemeral-storage. Threshold quantity: ")
    api.advance(60)
    assert {p["metadata"]["name"] for p in on(api, "worker-1") if p["status"].get("reason") == "Evicted"} == here


def test_a_leak_that_heals_at_the_moment_it_grows_is_over(api: Api) -> None:
    begin(api, "MemoryLeak", target={"namespace": "default"}, durationSeconds=3, bytesPerSecond=1)
    api.advance(5)
    assert api.get(f"{FAULTS}/f").json["status"]["phase"] == "Healed"
