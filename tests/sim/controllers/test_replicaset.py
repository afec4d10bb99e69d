"""A ReplicaSet keeps as many active pods as it is told to."""

import pytest

from k8slab.sim.apiserver.errors import StatusError, forbidden
from k8slab.sim.controllers.pods import by_deletion_preference
from k8slab.sim.controllers.replicaset import BURST, ReplicaSetController, slow_start
from k8slab.sim.controllers.replication_controller import ReplicationControllerController
from tests.sim.controllers.world import NAMESPACE, World, conditions, template, workload

SETS = "replicasets.apps"


@pytest.fixture
def world():
    return World(ReplicaSetController)


def test_it_creates_pods_from_its_template(world):
    world.create(SETS, "web", workload(2))
    pod = world.all("pods")[0]
    assert pod["metadata"]["generateName"] == "web-"
    assert pod["metadata"]["labels"] == {"app": "web"}
    assert pod["spec"] == template()["spec"]
    owner = pod["metadata"]["ownerReferences"][0]
    assert (owner["apiVersion"], owner["kind"], owner["name"]) == ("apps/v1", "ReplicaSet", "web")
    assert sorted(world.client.events("web")) == sorted(
        ("Normal", "SuccessfulCreate", f"Created pod: {name}") for name in world.names("pods")
    )


def test_a_deleted_pod_is_replaced_at_once(world):
    world.create(SETS, "web", workload(2))
    world.run_pods()
    gone = world.names("pods")[0]
    world.delete("pods", gone)
    active = [p["metadata"]["name"] for p in world.all("pods") if "deletionTimestamp" not in p["metadata"]]
    assert len(active) == 2
    assert gone not in active
    assert world.get(SETS, "web")["status"]["terminatingReplicas"] == 1


def test_a_failed_pod_is_replaced(world):
    world.create(SETS, "web", workload(1))
    world.report(world.names("pods")[0], "Failed")
    world.settled()
    assert len(world.names("pods")) == 2


def test_a_pod_whose_labels_are_taken_away_is_released_and_replaced(world):
    world.create(SETS, "web", workload(1))
    name = world.names("pods")[0]
    world.client.patch("pods", name, "chat", {"metadata": {"labels": {"app": "debug"}}})
    world.settled()
    assert "ownerReferences" not in world.get("pods", name)["metadata"]
    assert len(world.names("pods")) == 2


def test_a_matching_orphan_is_adopted_instead_of_a_new_pod(world):
    world.create("pods", "lonely", template()["spec"], metadata={"labels": {"app": "web"}})
    world.create(SETS, "web", workload(1))
    assert world.names("pods") == ["lonely"]
    assert world.get("pods", "lonely")["metadata"]["ownerReferences"][0]["name"] == "web"


def test_a_pod_of_another_controller_is_left_alone(world):
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u", "controller": True}
    world.create("pods", "busy", template()["spec"], metadata={"labels": {"app": "web"}, "ownerReferences": [owner]})
    world.create(SETS, "web", workload(1))
    assert len(world.names("pods")) == 2


def test_the_status_counts(world):
    world.create(SETS, "web", workload(3))
    first, second, _ = world.names("pods")
    world.run_pods(first)
    world.run_pods(second, ready=False)
    assert world.get(SETS, "web")["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


def test_scaling_down_deletes_the_pods_that_are_missed_least(world):
    world.create(SETS, "web", workload(4))
    ready, unready, *_ = world.names("pods")
    world.run_pods(ready)
    world.run_pods(unready, ready=False)
    world.change(SETS, "web", replicas=1)
    left = [p["metadata"]["name"] for p in world.all("pods") if "deletionTimestamp" not in p["metadata"]]
    assert left == [ready]


def test_a_refusal_is_shown_and_retried(world):
    world.client.fail_next("create", "pods", forbidden("", "pods", "", "exceeded quota: q"))
    failed = world.create(SETS, "web", workload(3))
    assert conditions(failed) == {"ReplicaFailure": ("True", "FailedCreate")}
    assert ("Warning", "FailedCreate", "Error creating: pods is forbidden: exceeded quota: q") in world.client.events("web")
    world.settled(seconds=1)
    assert len(world.names("pods")) == 3
    assert conditions(world.get(SETS, "web")) == {}


def test_a_large_set_is_created_in_bursts(world):
    world.create(SETS, "web", workload(2 * BURST + 5))
    assert len(world.names("pods")) == 2 * BURST + 5


def test_a_set_that_is_going_away_creates_nothing(world):
    world.client.add({"kind": "ReplicaSet", "metadata": _going(), "spec": workload(3)})
    world.settled()
    assert world.names("pods") == []


def _going():
    return {"name": "web", "namespace": "chat", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["foregroundDeletion"]}


def test_after_a_restart_it_goes_on_where_it_was(world):
    world.create(SETS, "web", workload(3))
    controller = world.controllers[0]
    controller.stop()
    world.delete("pods", world.names("pods")[0])
    assert len(world.names("pods")) == 2
    controller.start()
    world.settled()
    assert len(world.names("pods")) == 3


def test_a_replication_controller_selects_by_a_plain_map():
    world = World(ReplicationControllerController)
    world.create("replicationcontrollers", "web", {"replicas": 2, "selector": {"app": "web"}, "template": template()})
    assert len(world.names("pods")) == 2
    assert world.all("pods")[0]["metadata"]["ownerReferences"][0]["apiVersion"] == "v1"
    assert world.get("replicationcontrollers", "web")["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "observedGeneration": 1,
    }


def test_slow_start_asks_once_when_everything_is_refused():
    calls = []

    def refuse():
        calls.append(1)
        raise StatusError(403, "Forbidden", "no")

    assert slow_start(100, refuse)[0] == 0
    assert len(calls) == 1


def test_slow_start_doubles_its_batches():
    calls = []

    def work():
        calls.append(1)
        if len(calls) == 5:
            raise StatusError(403, "Forbidden", "no")

    done, error = slow_start(100, work)
    assert (done, len(calls), error.code) == (6, 7, 403)  # 1 + 2 + 4, one of the last four failed


def pod(name, node="n1", phase="Running", ready_at=10.0, cost=None, restarts=0, created=0.0):
    stamp = "1970-01-01T00:{:02.0f}:{:02.0f}Z"
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": stamp.format(ready_at // 60, ready_at % 60)}]
    notes = {"controller.kubernetes.io/pod-deletion-cost": str(cost)} if cost is not None else {}
    meta = {"name": name, "uid": name, "creationTimestamp": stamp.format(created // 60, created % 60), "annotations": notes}
    status = {
        "phase": phase,
        "conditions": conditions if ready_at >= 0 else [],
        "containerStatuses": [{"restartCount": restarts}],
    }
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}, "status": status}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("unassigned", node="", phase="Pending", ready_at=-1), pod("assigned", phase="Pending", ready_at=-1)),
        (pod("pending", phase="Pending", ready_at=-1), pod("running", ready_at=-1)),
        (pod("unready", ready_at=-1), pod("ready")),
        (pod("cheap", cost=-5), pod("dear")),
        (pod("crowded", node="crowded"), pod("alone", node="quiet")),
        (pod("ready-lately", ready_at=1990), pod("ready-long")),
        (pod("restarted", restarts=3), pod("steady")),
        (pod("young", created=1999), pod("old")),
    ],
    ids=lambda p: p["metadata"]["name"],
)
def test_deletion_prefers(first, second):
    ranks = {"crowded": 3, "quiet": 1}
    for pods in ([first, second], [second, first]):
        assert by_deletion_preference(pods, ranks, now=2000.0) == [first, second]


def test_a_lost_pod_is_replaced_at_once_also_while_others_wait_for_min_ready_seconds(world):
    world.create("replicasets.apps", "web", workload(3, minReadySeconds=3600))
    world.run_pods()
    world.settled(seconds=1)
    world.client.delete("pods", world.names("pods")[0], NAMESPACE, grace_period=0)
    world.settled(seconds=2)
    assert len(world.names("pods")) == 3
