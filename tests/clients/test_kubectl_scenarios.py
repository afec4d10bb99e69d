"""What a course shows with kubectl alone, on a clock that stands still until the test lets time pass."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8slab.apimachinery.timestamps import parse_time
from tests.processes import K8slab, Kubectl

CLOCK = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K8slab]:
    """A cluster of its own with a stepped clock, which starts at 2026-01-01T00:00:00Z."""
    k8slab = K8slab(tmp_path_factory.mktemp("lab") / "state")
    assert k8slab("up", "--clock", "stepped", "--no-start-delays", "--seed", "1").code == 0
    yield k8slab
    k8slab("down")


@pytest.fixture
def kubectl(lab: K8slab, home: Path, request: pytest.FixtureRequest) -> Kubectl:
    """Kubectl in a namespace named after the test."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].rstrip("-")
    Kubectl(lab.kubeconfig, home, "default")("create", "namespace", name)
    return Kubectl(lab.kubeconfig, home, name)


@pytest.fixture
def wait(kubectl: Kubectl) -> Any:
    """Let simulated seconds pass."""

    def advance(seconds: float) -> None:
        body = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "ClockAdvance", "spec": {"seconds": seconds}}
        kubectl("create", "--raw", f"{CLOCK}/advance", "-f", "-", stdin=json.dumps(body))

    return advance


def get(kubectl: Kubectl, *arguments: str) -> Any:
    return json.loads(kubectl("get", *arguments, "-o", "json").out)


def apply(kubectl: Kubectl, *objects: dict[str, Any]) -> None:
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"name": "c", "image": "busybox:1.37", "command": ["sh", "-c", script], **more}


def pod(name: str, container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def template(app: str, container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}
    return {"metadata": {"labels": {"app": app}}, "spec": spec}


def claim(name: str, storage_class: str, mode: str = "ReadWriteOnce", size: str = "1Gi") -> dict[str, Any]:
    spec = {"storageClassName": storage_class, "accessModes": [mode], "resources": {"requests": {"storage": size}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def using(name: str, claim: str, script: str = "sleep 100000", **spec: Any) -> dict[str, Any]:
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": claim}}]
    return pod(name, shell(script, volumeMounts=[{"name": "d", "mountPath": "/d"}]), volumes=volumes, **spec)


def test_drain_waits_for_a_budget_and_goes_on(kubectl: Kubectl, wait: Any) -> None:
    node = "worker-3"
    there = {"kubernetes.io/hostname": node}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "held"}}}
    spec["template"] = template("held", {"name": "c", "image": "nginx:1.29"}, nodeSelector=there)
    apply(kubectl, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "held"}, "spec": spec})
    kubectl("create", "pdb", "held", "--selector=app=held", "--min-available=2")
    wait(5)
    draining = kubectl.start("drain", node, "--ignore-daemonsets", "--pod-selector=app=held", "--timeout=60s")
    assert draining.stderr is not None
    next(line for line in draining.stderr if "Cannot evict pod as it would violate the pod's disruption budget." in line)
    assert get(kubectl, "node", node)["spec"].get("unschedulable")
    assert draining.poll() is None
    kubectl("patch", "pdb", "held", "--patch", '{"spec": {"minAvailable": 0}}')
    out, _ = draining.communicate(timeout=90)
    kubectl("uncordon", node)
    assert out.splitlines()[-1] == f"node/{node} drained"


def test_preemption_gives_victims_their_grace(kubectl: Kubectl, wait: Any) -> None:
    node = {"kubernetes.io/hostname": "worker-1"}
    stubborn = shell("trap 'sleep 20; exit 0' TERM; while true; do sleep 1; done", resources={"requests": {"cpu": "3"}})
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "urgent"}, "value": 1000}
    apply(kubectl, priority, pod("low", stubborn, nodeSelector=node, terminationGracePeriodSeconds=60))
    wait(5)
    wants = {"name": "c", "image": "nginx:1.29", "resources": {"requests": {"cpu": "3"}}}
    apply(kubectl, pod("high", wants, nodeSelector=node, priorityClassName="urgent"))
    wait(2)
    high, low = get(kubectl, "pod", "high"), get(kubectl, "pod", "low")
    assert (high["status"]["phase"], high["status"]["nominatedNodeName"]) == ("Pending", "worker-1")
    assert low["metadata"]["deletionTimestamp"]
    target = next(c for c in low["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    wait(30)
    assert get(kubectl, "pod", "high")["status"]["phase"] == "Running"
    kubectl.fails("get", "pod", "low")


def test_a_cron_job_follows_its_time_zone(kubectl: Kubectl, wait: Any) -> None:
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [shell("date")]}}}}
    spec = {"schedule": "30 19 * * *", "timeZone": "America/New_York", "jobTemplate": job}
    apply(kubectl, {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "evening"}, "spec": spec})
    now = parse_time(json.loads(kubectl("get", "--raw", CLOCK).out)["status"]["now"])
    due = parse_time("2026-01-01T00:30:00Z")
    wait(due - now - 1)
    assert kubectl("get", "jobs").out == ""
    wait(30)
    assert get(kubectl, "cronjob", "evening")["status"]["lastScheduleTime"] == "2026-01-01T00:30:00Z"
    assert get(kubectl, "jobs")["items"][0]["status"]["succeeded"] == 1


def test_a_stateful_set_with_partition_and_retention(kubectl: Kubectl, wait: Any) -> None:
    storage = [{"metadata": {"name": "d"}, "spec": claim("d", "standard")["spec"]}]
    spec = {
        "serviceName": "db", "replicas": 3, "selector": {"matchLabels": {"app": "db"}}, "volumeClaimTemplates": storage,
        "template": template("db", {"name": "c", "image": "nginx:1.28", "volumeMounts": [{"name": "d", "mountPath": "/d"}]}),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
        "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Retain"},
    }  # fmt: skip
    apply(kubectl, {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec})
    wait(20)
    kubectl("set", "image", "statefulset/db", "c=nginx:1.29")
    wait(20)
    images = {p["metadata"]["name"]: p["spec"]["containers"][0]["image"] for p in get(kubectl, "pods")["items"]}
    assert images == {"db-0": "nginx:1.28", "db-1": "nginx:1.28", "db-2": "nginx:1.29"}
    said = kubectl("rollout", "status", "statefulset/db", "--timeout=5s").out
    assert said == "partitioned roll out complete: 1 new pods have been updated...\n"
    kubectl("scale", "statefulset", "db", "--replicas=1")
    wait(20)
    assert kubectl("get", "pvc", "-o", "name").lines == ["persistentvolumeclaim/d-db-0"]
    kubectl("delete", "statefulset", "db")
    wait(20)
    assert kubectl("get", "pvc", "-o", "name").lines == ["persistentvolumeclaim/d-db-0"]


def test_a_zonal_volume_waits_for_its_consumer_grows_and_moves(kubectl: Kubectl, wait: Any) -> None:
    apply(kubectl, claim("disk", "zonal"))
    wait(2)
    assert get(kubectl, "pvc", "disk")["status"]["phase"] == "Pending"
    apply(kubectl, using("one", "disk", "echo from one >> /d/log; sleep 100000"))
    wait(5)
    node = get(kubectl, "pod", "one")["spec"]["nodeName"]
    zone = get(kubectl, "node", node)["metadata"]["labels"]["topology.kubernetes.io/zone"]
    volume = get(kubectl, "pv", get(kubectl, "pvc", "disk")["spec"]["volumeName"])
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms == [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}]}]
    kubectl("patch", "pvc", "disk", "--patch", '{"spec": {"resources": {"requests": {"storage": "2Gi"}}}}')
    wait(5)
    assert get(kubectl, "pvc", "disk")["status"]["capacity"] == {"storage": "2Gi"}
    shrunk = kubectl.fails("patch", "pvc", "disk", "--patch", '{"spec": {"resources": {"requests": {"storage": "1Gi"}}}}')
    assert "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity" in shrunk
    kubectl("delete", "pod", "one", "--wait=false")
    wait(5)
    apply(kubectl, using("two", "disk"))
    wait(10)
    assert kubectl("exec", "two", "--", "cat", "/d/log").out == "from one\n"


def test_one_pod_only_and_files_for_many(kubectl: Kubectl, wait: Any) -> None:
    apply(kubectl, claim("alone", "zonal", "ReadWriteOncePod"), claim("shared", "shared", "ReadWriteMany"))
    apply(kubectl, using("first", "alone"))
    wait(5)
    apply(kubectl, using("second", "alone"))
    writers = ((f"w{i}", {"kubernetes.io/hostname": f"worker-{i}"}) for i in (1, 2))
    apply(kubectl, *(using(name, "shared", f"echo {name} > /d/{name}; sleep 100000", nodeSelector=at) for name, at in writers))
    wait(5)
    condition = get(kubectl, "pod", "second")["status"]["conditions"][0]
    assert "unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use" in condition["message"]
    assert kubectl("exec", "w1", "--", "ls", "/d").out == "w1\nw2\n"


def test_memory_past_the_limit(kubectl: Kubectl, wait: Any) -> None:
    mount = {"volumeMounts": [{"name": "m", "mountPath": "/m"}], "resources": {"limits": {"memory": "64Mi"}}}
    apply(kubectl, pod("greedy", shell("sleep 100000", **mount), volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}]))
    wait(2)
    assert kubectl.try_("exec", "greedy", "--", "dd", "if=/dev/zero", "of=/m/f", "bs=1M", "count=100").code == 137
    wait(2)
    status = get(kubectl, "pod", "greedy")["status"]["containerStatuses"][0]
    last = status["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"], status["restartCount"]) == ("OOMKilled", 137, 1)


def test_mounted_configuration_is_turned_at_once(kubectl: Kubectl, wait: Any) -> None:
    kubectl("create", "configmap", "settings", "--from-literal=a=1")
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/fixed", "subPath": "a"}]
    apply(
        kubectl,
        pod("reader", shell("sleep 100000", volumeMounts=mounts), volumes=[{"name": "v", "configMap": {"name": "settings"}}]),
    )
    wait(2)
    before = kubectl("exec", "reader", "--", "readlink", "/v/..data").out
    kubectl("patch", "configmap", "settings", "--patch", '{"data": {"a": "2"}}')
    wait(90)
    assert kubectl("exec", "reader", "--", "cat", "/v/a", "/fixed").out == "21"
    assert kubectl("exec", "reader", "--", "readlink", "/v/..data").out != before


def test_a_running_pod_is_resized(kubectl: Kubectl, wait: Any) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}
    apply(kubectl, pod("web", {"name": "c", "image": "nginx:1.29", "resources": resources}))
    wait(2)
    more = '{"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "400m"}}}]}}'
    kubectl("patch", "pod", "web", "--subresource", "resize", "--patch", more)
    wait(2)
    status = get(kubectl, "pod", "web")["status"]["containerStatuses"][0]
    assert (status["resources"]["limits"]["cpu"], status["restartCount"]) == ("400m", 0)
    assert kubectl("exec", "web", "--", "cat", "/sys/fs/cgroup/cpu.max").out == "40000 100000\n"


def test_a_debug_container_joins_the_pod(kubectl: Kubectl, wait: Any) -> None:
    apply(kubectl, pod("web", {"name": "c", "image": "nginx:1.29"}))
    wait(2)
    kubectl("debug", "web", "--image=busybox:1.37", "--container=dbg", "--", "wget", "-qO-", "localhost")
    wait(5)
    assert "Welcome to nginx!" in kubectl("logs", "web", "--container", "dbg").out
    ended = get(kubectl, "pod", "web")["status"]["ephemeralContainerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 0


def test_a_quota_with_scopes(kubectl: Kubectl) -> None:
    kubectl("create", "quota", "few", "--hard=pods=1", "--scopes=BestEffort")
    kubectl("run", "free", "--image=nginx:1.29")
    refused = kubectl.fails("run", "another", "--image=nginx:1.29")
    assert "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1" in refused
    apply(kubectl, pod("counted", {"name": "c", "image": "nginx:1.29", "resources": {"requests": {"cpu": "10m"}}}))
