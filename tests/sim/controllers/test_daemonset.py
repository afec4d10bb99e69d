"""A DaemonSet keeps one pod on every node that fits."""

import pytest

from k8slab.sim.controllers.daemonset import DaemonSetController
from k8slab.sim.controllers.daemonset_plan import node_of, should_run
from tests.sim.controllers.world import NAMESPACE, World, template

SETS, REVISIONS = "daemonsets.apps", "controllerrevisions.apps"


class Nodes(World):
    def __init__(self, *names):
        super().__init__(DaemonSetController)
        for name in names:
            self.node(name)

    def node(self, name, taints=(), **labels):
        self.client.create("nodes", {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}})
        self.settled()

    def schedule(self, ready=True):
        """Daemon pods reach the node they are meant for, and run."""
        for pod in self.all("pods"):
            if not pod["spec"].get("nodeName"):
                self.client.create("pods", {"metadata": pod["metadata"], "target": {"name": node_of(pod)}}, "binding")
                self.report(pod["metadata"]["name"], "Running", ready)
        self.settled()

    def where(self):
        return sorted(node_of(p) for p in self.all("pods") if "deletionTimestamp" not in p["metadata"])

    def images(self):
        alive = [p for p in self.all("pods") if "deletionTimestamp" not in p["metadata"]]
        return sorted(p["spec"]["containers"][0]["image"] for p in alive)


def agent(world, spec=None, **more):
    pod = template("agent:1")
    pod["spec"] |= spec or {}
    return world.create(SETS, "agent", {"selector": {"matchLabels": {"app": "web"}}, "template": pod, **more})


@pytest.fixture
def world():
    return Nodes("n1", "n2", "n3")


def test_each_node_gets_one_pod_also_those_that_come_later(world):
    agent(world)
    assert world.where() == ["n1", "n2", "n3"]
    world.node("n4")
    assert world.where() == ["n1", "n2", "n3", "n4"]
    name = world.names("pods")[0]
    assert ("Normal", "SuccessfulCreate", f"Created pod: {name}") in world.client.events("agent")


def test_pods_carry_the_revision_and_tolerate_sick_nodes(world):
    agent(world)
    pod, revision = world.all("pods")[0], world.all(REVISIONS)[0]
    assert revision["metadata"]["name"] == f"agent-{pod['metadata']['labels']['controller-revision-hash']}"
    assert revision["data"]["spec"]["template"]["$patch"] == "replace"
    keys = {t["key"].removeprefix("node.kubernetes.io/") for t in pod["spec"]["tolerations"]}
    assert keys == {"not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"}


def test_the_status_counts_nodes(world):
    agent(world)
    world.schedule()
    world.node("n4")
    assert world.get(SETS, "agent")["status"] == {
        "desiredNumberScheduled": 4,
        "currentNumberScheduled": 4,
        "updatedNumberScheduled": 4,
        "numberReady": 3,
        "numberAvailable": 3,
        "numberUnavailable": 1,
        "numberMisscheduled": 0,
        "observedGeneration": 1,
    }


def test_only_nodes_with_the_label(world):
    world.node("gpu-1", kind="gpu")
    agent(world, {"nodeSelector": {"kind": "gpu"}})
    assert world.where() == ["gpu-1"]
    world.client.patch("nodes", "n1", "", {"metadata": {"labels": {"kind": "gpu"}}})
    world.settled()
    assert world.where() == ["gpu-1", "n1"]
    world.client.patch("nodes", "gpu-1", "", {"metadata": {"labels": {"kind": None}}})
    world.settled()
    assert world.where() == ["n1"]


def test_a_taint_keeps_new_pods_away_and_no_execute_drives_old_ones_off(world):
    agent(world)
    world.schedule()
    for effect, left in (("NoSchedule", ["n1", "n2", "n3"]), ("NoExecute", ["n2", "n3"])):
        world.client.patch("nodes", "n1", "", {"spec": {"taints": [{"key": "special", "effect": effect}]}})
        world.settled()
        assert world.where() == left


def test_a_taint_that_is_tolerated_is_no_reason_to_look_at_every_node_again(world):
    agent(world, {"tolerations": [{"operator": "Exists"}]})
    world.schedule()
    [controller] = world.controllers
    before = controller.queue.adds
    for effect in ("NoSchedule", "NoExecute"):
        taint = {"key": "node.kubernetes.io/unreachable", "effect": effect}
        world.client.patch("nodes", "n1", "", {"spec": {"taints": [taint]}})
        world.settled(seconds=1.0)
    assert world.where() == ["n1", "n2", "n3"]
    assert controller.queue.adds == before


def test_a_lost_or_failed_pod_is_replaced(world):
    agent(world)
    world.schedule()
    first, second, _ = world.names("pods")
    world.delete("pods", first)
    world.stop_pods()
    assert world.where() == ["n1", "n2", "n3"]
    world.report(second, "Failed")
    world.settled(seconds=2)
    world.stop_pods()
    world.settled(seconds=2)
    assert world.where() == ["n1", "n2", "n3"]
    assert any(reason == "FailedDaemonPod" for _, reason, _ in world.client.events("agent"))


def test_a_new_template_replaces_one_pod_after_the_other(world):
    agent(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}})
    world.schedule()
    world.change(SETS, "agent", template=template("agent:2"))
    assert world.images() == ["agent:1", "agent:1"]
    for expected in (["agent:1", "agent:2"], ["agent:2", "agent:2"], ["agent:2"] * 3):
        world.stop_pods()
        world.schedule()
        assert world.images() == expected
    assert [r["revision"] for r in sorted(world.all(REVISIONS), key=lambda r: r["revision"])] == [1, 2]


def test_a_broken_update_stops_after_max_unavailable(world):
    agent(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}})
    world.schedule()
    world.change(SETS, "agent", template=template("agent:bad"))
    for _ in range(5):
        world.stop_pods()
        world.schedule(ready=False)
    assert world.images() == ["agent:1", "agent:1", "agent:bad"]


def test_on_delete_waits_for_somebody_to_delete_the_pods(world):
    agent(world, updateStrategy={"type": "OnDelete"})
    world.schedule()
    world.change(SETS, "agent", template=template("agent:2"))
    assert world.images() == ["agent:1"] * 3
    world.delete("pods", world.names("pods")[0])
    world.stop_pods()
    assert world.images() == ["agent:1", "agent:1", "agent:2"]


def test_going_back_makes_the_old_revision_the_newest(world):
    agent(world)
    for image in ("agent:2", "agent:1"):
        world.change(SETS, "agent", template=template(image))
    revisions = {r["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: r["revision"] for r in world.all(REVISIONS)}
    assert revisions == {"agent:1": 3, "agent:2": 2}


def test_a_revision_has_the_annotations_of_its_set_and_so_its_change_cause(world):
    agent(world)
    for image in ("agent:2", "agent:3"):
        cause = {"kubernetes.io/change-cause": f"image {image}"}
        world.client.patch(SETS, "agent", NAMESPACE, {"metadata": {"annotations": cause}, "spec": {"template": template(image)}})
        world.settled()
    causes = {r["revision"]: r["metadata"].get("annotations") for r in world.all(REVISIONS)}
    assert causes == {n: (n > 1 and {"kubernetes.io/change-cause": f"image agent:{n}"}) or None for n in (1, 2, 3)}


def test_old_revisions_are_forgotten_beyond_the_limit(world):
    agent(world, revisionHistoryLimit=1)
    for number in range(2, 6):
        world.change(SETS, "agent", template=template(f"agent:{number}"))
        for _ in range(4):
            world.stop_pods()
            world.schedule()
    assert len(world.names(REVISIONS)) == 2


def test_a_pod_for_another_node_by_name_does_not_run_here():
    node = {"metadata": {"name": "n1"}, "spec": {}}
    assert should_run({"nodeName": "n2"}, node) == (False, False)
    assert should_run({"nodeName": "n1"}, node) == (True, True)


def surge(world, amount):
    """An update with maxSurge has begun: new pods exist, and have not been scheduled yet."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": amount, "maxUnavailable": 0}}
    agent(world, updateStrategy=strategy)
    world.schedule()
    world.change(SETS, "agent", template=template("agent:2"))


@pytest.mark.parametrize(
    ("amount", "beside"), [(1, 1), (2, 2), ("50%", 2), ("100%", 3)]
)  # upstream: TestDaemonSetUpdatesPodsWithMaxSurge
def test_a_surge_starts_new_pods_beside_the_old_ones(world, amount, beside):
    surge(world, amount)
    assert world.images() == ["agent:1"] * 3 + ["agent:2"] * beside


def test_in_a_surge_an_old_pod_goes_when_the_new_one_is_available(world):
    surge(world, 1)
    world.schedule(ready=False)
    assert world.images() == ["agent:1"] * 3 + ["agent:2"]
    world.run_pods()
    world.stop_pods()
    assert world.images() == ["agent:1"] * 2 + ["agent:2"] * 2
    for _ in range(4):
        world.schedule()
        world.stop_pods()
    assert world.images() == ["agent:2"] * 3
    assert world.where() == ["n1", "n2", "n3"]
