"""Who is next, who waits, and for what."""

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler.events import ClusterEvent, node_changes, pod_changes
from k8slab.sim.scheduler.interface import Plugin
from k8slab.sim.scheduler.queue import SchedulingQueue
from tests.sim.scheduler.builders import node, pod


class Fussy(Plugin):
    """Refuses pods until a node is added that the pod's name is in."""

    name = "Fussy"

    def events(self):
        return (("Node", "Add"),)

    def hint(self, pod, event):
        return pod.name in event.new["metadata"]["name"]


class Fixture:
    def __init__(self):
        self.kernel = Kernel(Clock("stepped"), seed=1)
        plugins = {"Fussy": Fussy(None)}
        self.queue = SchedulingQueue(self.kernel, lambda obj: None, plugins, lambda: None)

    def add(self, name, **spec):
        self.queue.update({**pod(name, **spec), "metadata": {"name": name, "namespace": "chat", "uid": name}})

    def names(self):
        found = []
        while (queued := self.queue.pop()) is not None:
            found.append(queued.info.name)
        return found

    def added(self, name):
        self.queue.happened(ClusterEvent("Node", frozenset(("Add",)), None, node(name)))


def test_priority_first_then_patience():
    f = Fixture()
    f.add("first")
    f.kernel.advance(1)
    f.add("second")
    f.add("vip", priority=5)
    assert f.names() == ["vip", "first", "second"]


def test_a_refused_pod_waits_for_an_event_that_its_refuser_hints_at():
    f = Fixture()
    f.add("web")
    f.queue.refused(f.queue.pop(), {"Fussy"})
    f.queue.happened(ClusterEvent("AssignedPod", frozenset(("Delete",)), pod("x")))
    f.added("other")
    assert f.queue.pods() == {"chat/web": "unschedulable"}
    f.kernel.advance(5)
    f.added("for-web")
    assert f.names() == ["web"]


def test_the_back_off_doubles_from_one_to_ten_seconds():
    f = Fixture()
    f.add("web")
    waits = []
    for _ in range(6):
        queued = f.queue.pop()
        f.queue.refused(queued, {"Fussy"})
        waits.append(queued.backoff_until() - f.kernel.now())
        f.kernel.advance(20)
        f.added("for-web")
    assert waits == [1, 2, 4, 8, 10, 10]


def test_when_nobody_else_waits_the_back_off_is_cut_short():
    f = Fixture()
    f.add("web")
    f.queue.refused(f.queue.pop(), {"Fussy"})
    f.added("for-web")
    assert f.queue.pods() == {"chat/web": "backoff"}
    f.add("fresh")
    assert f.names() == ["fresh", "web"]


def test_after_an_error_the_back_off_is_kept():
    f = Fixture()
    f.add("web")
    f.queue.failed(f.queue.pop())
    assert f.names() == []
    f.kernel.advance(1.1)
    assert f.names() == ["web"]


def test_a_pod_that_nobody_in_particular_refused_tries_after_any_event():
    f = Fixture()
    f.add("web")
    f.queue.refused(f.queue.pop(), set())
    f.kernel.advance(2)
    f.queue.happened(ClusterEvent("AssignedPod", frozenset(("Delete",)), pod("x")))
    assert f.names() == ["web"]


def test_a_deleted_pod_is_not_handed_out():
    f = Fixture()
    f.add("web")
    f.queue.delete("web")
    assert f.names() == []


def test_what_changed_in_a_node():
    old = node("n", labels={"a": "1"})
    assert node_changes(old, node("n", labels={"a": "2"})) == {"UpdateNodeLabel"}
    assert node_changes(old, node("n", labels={"a": "1"}, unschedulable=True)) == {"UpdateNodeTaint"}
    assert node_changes(old, node("n", labels={"a": "1"}, cpu="8")) == {"UpdateNodeAllocatable"}
    heartbeat = {**old, "status": {**old["status"], "conditions": [{"type": "Ready"}]}}
    assert node_changes(old, heartbeat) == set()


def test_what_changed_in_a_pod():
    old = pod("p", cpu="2")
    assert pod_changes(old, pod("p", cpu="1")) == {"UpdatePodScaleDown"}
    assert pod_changes(old, pod("p", cpu="3")) == set()
    assert pod_changes(old, pod("p", cpu="2", labels={"a": "b"})) == {"UpdatePodLabel"}
    assert pod_changes(old, pod("p", cpu="2", tolerations=[{"operator": "Exists"}])) == {"UpdatePodToleration"}
