"""Nodes that fall silent, and what becomes of their pods."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.node_lifecycle import NodeLifecycleController
from k8slab.sim.controllers.nodes import with_schedule_taints, zone_state
from k8slab.sim.controllers.pod_gc import PodGarbageCollector
from k8slab.sim.controllers.taint_eviction import TaintEvictionController
from tests.sim.controllers.world import World, conditions

FOREVER = [{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}]
FIVE_MINUTES = [
    {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
]


class Nodes(World):
    """Nodes whose kubelets renew their leases, except the silent ones."""

    def __init__(self):
        super().__init__(NodeLifecycleController, TaintEvictionController, PodGarbageCollector)
        self.silent = set()

    def join(self, *names, zone="a", ready="True"):
        for name in names:
            labels = {"topology.kubernetes.io/zone": zone}
            status = {"conditions": [{"type": "Ready", "status": ready, "lastHeartbeatTime": rfc3339(self.kernel.now())}]}
            self.client.create("nodes", {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": status})
            lease = {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": {}}
            self.client.create("leases.coordination.k8s.io", lease)
        self.beat()

    def beat(self):
        for lease in self.client.list("leases.coordination.k8s.io"):
            if lease["metadata"]["name"] not in self.silent:
                self.client.update("leases.coordination.k8s.io", {**lease, "spec": {"renewTime": rfc3339(self.kernel.now())}})

    def live(self, seconds):
        for _ in range(int(seconds) // 5):
            self.beat()
            self.settled(seconds=5)

    def pod_on(self, node, name, tolerations=()):
        self.create("pods", name, {"nodeName": node, "tolerations": list(tolerations), "containers": [{"name": "c"}]})
        self.report(name, "Running", ready=True)
        self.settled()

    def taints(self, node):
        return {
            (t["key"].removeprefix("node.kubernetes.io/"), t["effect"]) for t in self.get("nodes", node)["spec"].get("taints", ())
        }

    def going(self, name):
        pod = self.get("pods", name)
        return pod is None or "deletionTimestamp" in pod["metadata"]


@pytest.fixture
def nodes():
    world = Nodes()
    world.join("a1", "a2", "a3")
    return world


def test_a_node_that_renews_its_lease_stays_as_it_is(nodes):
    before = nodes.get("nodes", "a1")
    nodes.live(600)
    assert nodes.get("nodes", "a1") == before


def test_a_silent_node_is_unknown_after_the_grace_period_and_tainted(nodes):
    nodes.silent = {"a1"}
    nodes.live(45)
    assert conditions(nodes.get("nodes", "a1"))["Ready"][0] == "True"
    nodes.live(15)
    silent = nodes.get("nodes", "a1")
    assert conditions(silent)["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert conditions(silent)["MemoryPressure"] == ("Unknown", "NodeStatusNeverUpdated")
    assert nodes.taints("a1") == {("unreachable", "NoSchedule"), ("unreachable", "NoExecute")}
    assert ("Normal", "NodeNotReady", "Node a1 status is now: NodeNotReady") in nodes.client.events("a1")


def test_its_pods_are_not_ready_at_once_but_leave_after_five_minutes(nodes):
    nodes.pod_on("a1", "web", FIVE_MINUTES)
    nodes.silent = {"a1"}
    nodes.live(60)
    assert conditions(nodes.get("pods", "web"))["Ready"][0] == "False"
    assert ("Warning", "NodeNotReady", "Node is not ready") in nodes.client.events("web")
    assert not nodes.going("web")
    nodes.live(285)
    assert not nodes.going("web")
    nodes.live(15)
    assert nodes.going("web")
    assert ("Normal", "TaintManagerEviction", "Marking for deletion Pod chat/web") in nodes.client.events("web")
    assert conditions(nodes.get("pods", "web"))["DisruptionTarget"] == ("True", "DeletionByTaintManager")


def test_a_pod_that_tolerates_for_good_stays_and_one_that_tolerates_nothing_goes_at_once(nodes):
    nodes.pod_on("a1", "agent", FOREVER)
    nodes.pod_on("a1", "frail")
    nodes.silent = {"a1"}
    nodes.live(60)
    assert (nodes.going("agent"), nodes.going("frail")) == (False, True)


MAINTENANCE = {"key": "maintenance", "value": "soon", "effect": "NoExecute"}
PATIENT = [{"key": "maintenance", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}]


def test_the_time_of_a_toleration_begins_when_kubectl_taints_the_node_not_when_the_pod_was_made(nodes):
    nodes.pod_on("a1", "web", PATIENT)
    nodes.live(300)
    nodes.client.patch("nodes", "a1", None, {"spec": {"taints": [MAINTENANCE]}})
    nodes.live(25)
    assert not nodes.going("web")
    nodes.live(10)
    assert nodes.going("web")


def test_a_taint_that_goes_and_comes_back_begins_anew(nodes):
    nodes.pod_on("a1", "web", PATIENT)
    for taints in ([MAINTENANCE], [], [MAINTENANCE]):
        nodes.client.patch("nodes", "a1", None, {"spec": {"taints": taints}})
        nodes.live(20)
    assert not nodes.going("web")
    nodes.live(15)
    assert nodes.going("web")


def test_a_node_that_comes_back_in_time_keeps_its_pods(nodes):
    nodes.pod_on("a1", "web", FIVE_MINUTES)
    nodes.silent = {"a1"}
    nodes.live(120)
    nodes.silent = set()
    node = nodes.get("nodes", "a1")
    ready = [{**c, "status": "True", "reason": "KubeletReady"} for c in node["status"]["conditions"] if c["type"] == "Ready"]
    nodes.client.update("nodes", {**node, "status": {"conditions": ready}}, "status")
    nodes.live(400)
    assert nodes.taints("a1") == set()
    assert not nodes.going("web")


def test_a_kubelet_that_reports_not_ready_gets_the_not_ready_taints(nodes):
    node = nodes.get("nodes", "a2")
    nodes.client.update("nodes", {**node, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}, "status")
    nodes.live(10)
    assert nodes.taints("a2") == {("not-ready", "NoSchedule"), ("not-ready", "NoExecute")}


def test_nodes_of_one_zone_are_emptied_one_after_the_other(nodes):
    nodes.join("b1", zone="b")
    nodes.silent = {"a1", "a2"}
    nodes.live(55)
    emptied = [n for n in ("a1", "a2") if ("unreachable", "NoExecute") in nodes.taints(n)]
    assert len(emptied) == 1
    nodes.live(10)
    assert all(("unreachable", "NoExecute") in nodes.taints(n) for n in ("a1", "a2"))


def test_when_every_node_is_silent_nobody_is_evicted(nodes):
    nodes.pod_on("a1", "web", FIVE_MINUTES)
    nodes.silent = {"a1", "a2", "a3"}
    nodes.live(600)
    assert nodes.taints("a1") == {("unreachable", "NoSchedule")}
    assert not nodes.going("web")


@pytest.mark.parametrize(
    ("ready", "not_ready", "state"),
    [(3, 0, "Normal"), (1, 2, "Normal"), (2, 3, "PartialDisruption"), (0, 1, "FullDisruption"), (4, 3, "Normal")],
)
def test_zone_states(ready, not_ready, state):
    assert zone_state(ready, not_ready) == state


@pytest.mark.parametrize(
    ("spec", "states", "expected"),
    [
        ({"unschedulable": True}, {"Ready": "True"}, {"unschedulable"}),
        ({}, {"Ready": "True", "MemoryPressure": "True"}, {"memory-pressure"}),
        ({}, {"Ready": "True", "DiskPressure": "True", "PIDPressure": "True"}, {"disk-pressure", "pid-pressure"}),
        ({}, {"Ready": "True", "NetworkUnavailable": "True"}, {"network-unavailable"}),
        ({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}, {"Ready": "True"}, set()),
        ({"taints": [{"key": "gpu", "effect": "NoSchedule"}]}, {"Ready": "True"}, {"gpu"}),
    ],
)
def test_conditions_become_taints_that_keep_new_pods_away(spec, states, expected):
    node = {
        "metadata": {"name": "n"},
        "spec": spec,
        "status": {"conditions": [{"type": k, "status": v} for k, v in states.items()]},
    }
    assert {t["key"].removeprefix("node.kubernetes.io/") for t in with_schedule_taints(node, 0)} == expected


def test_pods_of_a_deleted_node_are_collected_after_a_quarantine(nodes):
    nodes.pod_on("a3", "web")
    nodes.client.delete("nodes", "a3")
    nodes.live(35)
    assert nodes.get("pods", "web") is not None
    nodes.live(10)
    assert nodes.get("pods", "web") is None


def test_a_pod_stuck_on_a_node_out_of_service_is_removed(nodes):
    nodes.pod_on("a1", "web", FIVE_MINUTES)
    nodes.silent = {"a1"}
    nodes.live(60)
    nodes.delete("pods", "web")
    nodes.client.patch(
        "nodes", "a1", "", {"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]}}
    )
    nodes.live(5)
    assert nodes.get("pods", "web") is None


def test_a_terminating_pod_without_a_node_is_removed(nodes):
    meta = {"name": "stuck", "namespace": "chat", "deletionTimestamp": rfc3339(0)}
    nodes.client.add({"kind": "Pod", "metadata": meta, "spec": {}, "status": {"phase": "Pending"}})
    nodes.live(20)
    assert nodes.get("pods", "stuck") is None
