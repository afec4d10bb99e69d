"""The scheduler as a component: what it does to pods in the API."""

import pytest

from k8slab.apimachinery.types import deep_copy
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler import Scheduler, TraceLog
from tests.sim.fakes import FakeClient
from tests.sim.scheduler.builders import CONTROL_PLANE, node, pod


class Cluster:
    """A scheduler on a fake API with a stepped clock."""

    def __init__(self, *nodes):
        self.kernel = Kernel(Clock("stepped"), seed=1)
        self.client = FakeClient(self.kernel, "system:kube-scheduler")
        self.traces = TraceLog()
        self.client.add(*nodes)
        self.scheduler = Scheduler(self.client, self.kernel, self.traces)
        self.scheduler.start()
        self.kernel.run_ready()

    def create(self, *pods):
        for one in pods:
            self.client.create("pods", one)
        self.kernel.run_ready()

    def node_of(self, name):
        return self.client.get("pods", name, "chat")["spec"].get("nodeName")

    def condition(self, name):
        conditions = self.client.get("pods", name, "chat")["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == "PodScheduled"), None)

    def change_node(self, name, **spec):
        new = deep_copy(self.client.get("nodes", name))
        new["spec"].update(spec)
        self.client.update("nodes", new)
        self.kernel.run_ready()


def test_a_pod_gets_a_node_an_event_and_a_trace():
    cluster = Cluster(node("worker-1"))
    cluster.create(pod("web"))
    assert cluster.node_of("web") == "worker-1"
    assert cluster.client.events("web") == [("Normal", "Scheduled", "Successfully assigned chat/web to worker-1")]
    trace = cluster.traces.get("chat", "web")
    assert (trace["kind"], trace["status"]["result"], trace["status"]["node"]) == ("SchedulingTrace", "Scheduled", "worker-1")


def test_pods_of_another_scheduler_are_left_alone():
    cluster = Cluster(node("worker-1"))
    cluster.create(pod("web", schedulerName="mine"))
    assert cluster.node_of("web") is None
    assert cluster.client.events("web") == []


def test_a_pod_that_fits_nowhere_learns_why():
    cluster = Cluster(node("cp", taints=[CONTROL_PLANE]), node("worker-1", cpu="1"), node("worker-2", cpu="1"))
    cluster.create(pod("big", cpu="3"))
    message = (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    assert cluster.client.events("big") == [("Warning", "FailedScheduling", message)]
    condition = cluster.condition("big")
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Unschedulable", message)


def test_a_cluster_without_nodes_says_so_and_the_first_node_helps():
    cluster = Cluster()
    cluster.create(pod("web"))
    assert cluster.client.events("web") == [("Warning", "FailedScheduling", "no nodes available to schedule pods")]
    cluster.client.add(node("worker-1"))
    cluster.kernel.run_ready()
    assert cluster.node_of("web") == "worker-1"


def test_uncordoning_brings_a_waiting_pod_back():
    cluster = Cluster(node("worker-1", unschedulable=True))
    cluster.create(pod("web"))
    assert cluster.node_of("web") is None
    cluster.kernel.advance(2)
    cluster.change_node("worker-1", unschedulable=False)
    assert cluster.node_of("web") == "worker-1"


def test_an_event_that_cannot_help_does_not_cause_another_attempt():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("big", cpu="2"))
    cluster.kernel.advance(20)
    cluster.change_node("worker-1", taints=[{"key": "x", "effect": "PreferNoSchedule"}])
    assert cluster.traces.get("chat", "big")["status"]["attempt"] == 1


def test_a_waiting_pod_is_tried_again_after_five_minutes():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("big", cpu="2"))
    cluster.kernel.advance(295)
    assert cluster.traces.get("chat", "big")["status"]["attempt"] == 1
    cluster.kernel.advance(40)
    assert cluster.traces.get("chat", "big")["status"]["attempt"] == 2


def test_gates_keep_a_pod_out_until_they_are_gone():
    cluster = Cluster(node("worker-1"))
    cluster.create(pod("web", schedulingGates=[{"name": "quota"}]))
    assert cluster.node_of("web") is None
    assert cluster.client.events("web") == []
    gated = deep_copy(cluster.client.get("pods", "web", "chat"))
    del gated["spec"]["schedulingGates"]
    cluster.client.update("pods", gated)
    cluster.kernel.run_ready()
    assert cluster.node_of("web") == "worker-1"


def test_deleting_a_pod_frees_its_place():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("first", cpu="800m"))
    cluster.create(pod("second", cpu="800m"))
    assert cluster.node_of("second") is None
    cluster.kernel.advance(2)
    cluster.client.delete("pods", "first", "chat", grace_period=0)
    cluster.kernel.run_ready()
    assert cluster.node_of("second") == "worker-1"


def test_a_finished_pod_frees_its_place():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("job", cpu="800m"))
    cluster.create(pod("second", cpu="800m"))
    cluster.kernel.advance(2)
    cluster.client.patch("pods", "job", "chat", {"status": {"phase": "Succeeded"}}, subresource="status")
    cluster.kernel.run_ready()
    assert cluster.node_of("second") == "worker-1"


def test_higher_priority_goes_first():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("low", cpu="800m", priority=0), pod("high", cpu="800m", priority=10))
    assert cluster.node_of("high") == "worker-1"
    assert cluster.node_of("low") is None


def test_a_more_important_pod_preempts_and_then_takes_the_place():
    cluster = Cluster(node("worker-1", cpu="1"), node("cp", taints=[CONTROL_PLANE]))
    cluster.create(pod("low", cpu="800m"))
    cluster.create(pod("high", cpu="800m", priority=1000))
    victim = cluster.client.get("pods", "low", "chat")
    assert "deletionTimestamp" in victim["metadata"]
    reasons = {c["type"]: (c["reason"], c["message"]) for c in victim["status"]["conditions"] if "reason" in c}
    expected = ("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod")
    assert reasons["DisruptionTarget"] == expected
    high = cluster.client.get("pods", "high", "chat")
    assert high["status"]["nominatedNodeName"] == "worker-1"
    assert ("Normal", "Preempted", f"Preempted by pod {high['metadata']['uid']} on node worker-1") in cluster.client.events("low")
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
    assert cluster.client.events("high")[0] == ("Warning", "FailedScheduling", message)
    assert cluster.traces.get("chat", "high")["status"]["preemption"]["nominatedNode"] == "worker-1"

    cluster.client.delete("pods", "low", "chat", grace_period=0)
    cluster.kernel.run_ready()
    assert cluster.node_of("high") == "worker-1"
    [earlier] = cluster.traces.get("chat", "high")["status"]["earlier"]
    assert (earlier["attempt"], earlier["preemption"]["candidates"][0]["victims"][0]["name"]) == (1, "low")


def test_a_nominated_place_is_not_given_to_a_less_important_pod():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("low", cpu="800m"))
    cluster.create(pod("high", cpu="800m", priority=1000))
    cluster.create(pod("sneaky", cpu="200m", priority=1))
    assert cluster.node_of("sneaky") is None  # would fit today, but not beside the nominated pod
    cluster.client.delete("pods", "low", "chat", grace_period=0)
    cluster.kernel.run_ready()
    assert cluster.node_of("high") == "worker-1"
    cluster.kernel.advance(2)
    assert cluster.node_of("sneaky") == "worker-1"


def test_a_refused_binding_is_tried_again_after_the_back_off():
    from k8slab.sim.apiserver.errors import internal_error

    cluster = Cluster(node("worker-1"))
    cluster.client.fail_next("create", "pods", internal_error("no quorum"))
    cluster.scheduler.stop()
    cluster.client.add(pod("web"))
    cluster.scheduler.start()
    cluster.kernel.run_ready()
    assert cluster.node_of("web") is None
    assert cluster.condition("web")["reason"] == "SchedulerError"
    cluster.kernel.advance(0.9)
    assert cluster.node_of("web") is None
    cluster.kernel.advance(0.2)
    assert cluster.node_of("web") == "worker-1"


def test_news_of_a_pod_from_before_its_binding_does_not_schedule_it_again():
    cluster = Cluster(node("worker-1", unschedulable=True))
    cluster.create(pod("web"))
    free = deep_copy(cluster.client.get("nodes", "worker-1"))
    del free["spec"]["unschedulable"]
    changed = deep_copy(cluster.client.get("pods", "web", "chat"))
    changed["metadata"]["labels"] = {"app": "web"}
    cluster.client.update("nodes", free)
    cluster.kernel.call_soon(cluster.client.update, "pods", changed)  # told after the pod has been bound
    cluster.kernel.run_ready()
    reasons = [reason for _, reason, _ in cluster.client.events("web")]
    assert reasons == ["FailedScheduling", "Scheduled"]


def test_after_stop_nothing_is_scheduled_and_start_takes_it_up_again():
    cluster = Cluster(node("worker-1"))
    cluster.scheduler.stop()
    cluster.create(pod("web"))
    assert cluster.node_of("web") is None
    cluster.scheduler.start()
    cluster.kernel.run_ready()
    assert cluster.node_of("web") == "worker-1"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_nodes(seed):
    def run():
        kernel = Kernel(Clock("stepped"), seed=seed)
        client = FakeClient(kernel)
        client.add(*(node(f"worker-{i}") for i in range(8)))
        Scheduler(client, kernel, TraceLog()).start()
        for i in range(20):
            client.create("pods", pod(f"p{i}"))
        kernel.run_ready()
        return [p["spec"]["nodeName"] for p in client.list("pods")]

    assert run() == run()


def test_a_claim_waits_for_its_consumer_and_the_consumer_for_the_volume():
    cluster = Cluster(node("worker-1"))
    storage_class = {
        "kind": "StorageClass",
        "metadata": {"name": "standard"},
        "provisioner": "k8slab.dev/host-path",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "chat"},
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    cluster.client.add(storage_class, claim)
    cluster.create(pod("db", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]))
    assert cluster.node_of("db") is None
    waiting = cluster.client.get("persistentvolumeclaims", "data", "chat")
    assert waiting["metadata"]["annotations"] == {"volume.kubernetes.io/selected-node": "worker-1"}
    bound = deep_copy(waiting)
    bound["spec"]["volumeName"] = "pv-1"
    bound["status"] = {"phase": "Bound"}
    cluster.client.add({"kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": {"capacity": {"storage": "1Gi"}}})
    cluster.client.update("persistentvolumeclaims", bound)
    cluster.client.update("persistentvolumeclaims", bound | {"metadata": {"name": "data", "namespace": "chat"}}, "status")
    cluster.kernel.run_ready()
    assert cluster.node_of("db") == "worker-1"


def test_a_nominated_pod_that_goes_away_lets_others_in():
    cluster = Cluster(node("worker-1", cpu="1"))
    cluster.create(pod("low", cpu="500m"))
    cluster.create(pod("high", cpu="800m", priority=1000))
    cluster.create(pod("small", cpu="400m"))
    assert cluster.node_of("small") is None
    cluster.kernel.advance(5)
    cluster.client.delete("pods", "high", "chat")
    cluster.kernel.run_ready()
    assert cluster.node_of("small") == "worker-1"


def test_volumes_promised_to_a_pod_that_goes_away_are_free_again():
    cluster = Cluster(node("worker-1"))
    manual = {
        "kind": "StorageClass",
        "metadata": {"name": "manual"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    common = {"storageClassName": "manual", "accessModes": ["ReadWriteOnce"]}
    volume = {"kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": {**common, "capacity": {"storage": "1Gi"}}}

    def claim(name):
        spec = {**common, "resources": {"requests": {"storage": "1Gi"}}}
        return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "chat"}, "spec": spec}

    def user(name, claimed):
        return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claimed}}])

    cluster.client.add(manual, volume, claim("one"), claim("two"))
    cluster.create(user("first", "one"))
    assert cluster.client.get("persistentvolumes", "pv")["spec"]["claimRef"]["name"] == "one"
    cluster.client.delete("pods", "first", "chat")
    unclaimed = deep_copy(cluster.client.get("persistentvolumes", "pv"))
    del unclaimed["spec"]["claimRef"]
    cluster.client.update("persistentvolumes", unclaimed)
    cluster.create(user("second", "two"))
    assert cluster.client.get("persistentvolumes", "pv")["spec"]["claimRef"]["name"] == "two"
