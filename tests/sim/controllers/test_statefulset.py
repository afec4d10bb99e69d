"""A StatefulSet: names, order, volumes, updates from the last to the first."""

import pytest

from k8slab.sim.controllers.statefulset import StatefulSetController
from k8slab.sim.controllers.statefulset_plan import claim_owners
from tests.sim.controllers.world import World, template

SETS = "statefulsets.apps"


@pytest.fixture
def world():
    return World(StatefulSetController)


def db(world, replicas=3, **spec):
    selector = {"matchLabels": {"app": "web"}}
    return world.create(
        SETS, "db", {"replicas": replicas, "serviceName": "db", "selector": selector, "template": template(), **spec}
    )


def alive(world):
    return [p["metadata"]["name"] for p in world.all("pods") if "deletionTimestamp" not in p["metadata"]]


def images(world):
    return {
        p["metadata"]["name"]: p["spec"]["containers"][0]["image"]
        for p in world.all("pods")
        if "deletionTimestamp" not in p["metadata"]
    }


def roll(world, steps=8):
    for _ in range(steps):
        world.stop_pods()
        world.run_pods()


def test_pods_come_one_after_the_other_each_waiting_for_the_one_before(world):
    db(world)
    assert alive(world) == ["db-0"]
    world.run_pods(ready=False)
    assert alive(world) == ["db-0"]
    world.run_pods()
    assert alive(world) == ["db-0", "db-1"]
    world.run_pods()
    assert alive(world) == ["db-0", "db-1", "db-2"]
    assert ("Normal", "SuccessfulCreate", "create Pod db-0 in StatefulSet db successful") in world.client.events("db")


def test_in_parallel_they_come_at_once(world):
    db(world, podManagementPolicy="Parallel")
    assert alive(world) == ["db-0", "db-1", "db-2"]


def test_each_pod_has_an_identity(world):
    db(world, 1, ordinals={"start": 5})
    pod = world.all("pods")[0]
    revision = world.names("controllerrevisions.apps")[0]
    assert pod["metadata"]["name"] == "db-5"
    assert pod["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "db-5",
        "apps.kubernetes.io/pod-index": "5",
        "controller-revision-hash": revision,
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-5", "db")


def test_each_pod_has_its_own_claim_which_outlives_it(world):
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    db(world, 2, volumeClaimTemplates=[claim])
    roll(world, 2)
    assert world.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
    assert world.get("pods", "db-1")["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}]
    world.change(SETS, "db", replicas=1)
    world.stop_pods()
    assert alive(world) == ["db-0"]
    assert world.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]


def test_claims_go_when_the_retention_policy_says_so(world):
    claim = {"metadata": {"name": "data"}, "spec": {}}
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    db(world, 2, volumeClaimTemplates=[claim], persistentVolumeClaimRetentionPolicy=policy)
    roll(world, 2)
    owners = [r["kind"] for r in world.get("persistentvolumeclaims", "data-db-1")["metadata"]["ownerReferences"]]
    assert owners == ["StatefulSet"]
    world.change(SETS, "db", replicas=1)
    owners = [r["kind"] for r in world.get("persistentvolumeclaims", "data-db-1")["metadata"]["ownerReferences"]]
    assert owners == ["Pod"]


def test_scaling_down_takes_the_last_first_and_one_at_a_time(world):
    db(world)
    roll(world, 3)
    world.change(SETS, "db", replicas=1)
    assert alive(world) == ["db-0", "db-1"]
    world.stop_pods()
    assert alive(world) == ["db-0"]


def test_a_lost_pod_comes_back_under_its_name(world):
    db(world)
    roll(world, 3)
    world.delete("pods", "db-1")
    assert alive(world) == ["db-0", "db-2"]
    world.stop_pods()
    assert alive(world) == ["db-0", "db-1", "db-2"]


def test_a_failed_pod_is_recreated(world):
    db(world, 1)
    world.report("db-0", "Failed")
    world.settled()
    assert world.get("pods", "db-0")["status"]["phase"] == "Pending"
    assert any(reason == "RecreatingFailedPod" for _, reason, _ in world.client.events("db"))


def test_an_update_goes_from_the_last_to_the_first(world):
    db(world)
    roll(world, 3)
    world.change(SETS, "db", template=template("nginx:2"))
    assert alive(world) == ["db-0", "db-1"]
    world.stop_pods()
    assert images(world) == {"db-0": "nginx:1.25", "db-1": "nginx:1.25", "db-2": "nginx:2"}
    world.settled(seconds=60)
    assert images(world)["db-1"] == "nginx:1.25"
    roll(world)
    assert set(images(world).values()) == {"nginx:2"}
    status = world.get(SETS, "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (3, 3)


def test_with_a_partition_only_the_pods_behind_it_are_updated(world):
    db(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    roll(world, 3)
    world.change(SETS, "db", template=template("nginx:2"))
    roll(world)
    assert images(world) == {"db-0": "nginx:1.25", "db-1": "nginx:1.25", "db-2": "nginx:2"}
    world.delete("pods", "db-0")
    roll(world)
    assert images(world)["db-0"] == "nginx:1.25"
    status = world.get(SETS, "db")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
    assert status["currentRevision"] != status["updateRevision"]


def test_on_delete_waits_for_somebody_to_delete_a_pod(world):
    db(world, updateStrategy={"type": "OnDelete"})
    roll(world, 3)
    world.change(SETS, "db", template=template("nginx:2"))
    roll(world)
    assert set(images(world).values()) == {"nginx:1.25"}
    world.delete("pods", "db-1")
    roll(world)
    assert images(world) == {"db-0": "nginx:1.25", "db-1": "nginx:2", "db-2": "nginx:1.25"}


def test_the_status_counts(world):
    db(world, 2)
    roll(world, 2)
    status = world.get(SETS, "db")["status"]
    revision = world.names("controllerrevisions.apps")[0]
    assert status == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "currentReplicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }


#: upstream: TestStatefulSetControl (UpdatePodClaimForRetentionPolicy, TestUpdateClaimOwnerRefForSetAndPod)
@pytest.mark.parametrize(
    ("deleted", "scaled", "kept", "condemned"),
    [
        ("Retain", "Retain", [], []),
        ("Retain", "Delete", [], ["Pod"]),
        ("Delete", "Retain", ["StatefulSet"], ["StatefulSet"]),
        ("Delete", "Delete", ["StatefulSet"], ["Pod"]),
    ],
)
def test_who_owns_a_claim(deleted, scaled, kept, condemned):
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    meta = {"name": "db", "uid": "1"}
    sts = {"metadata": meta, "spec": {"replicas": 1, "persistentVolumeClaimRetentionPolicy": policy}}
    for number, expected in ((0, kept), (1, condemned)):
        owners = claim_owners(sts, {"metadata": {"name": f"db-{number}", "uid": "2"}})
        assert [o["kind"] for o in owners] == expected


def test_a_retention_policy_may_change_later(world):
    def owners():
        return [r["kind"] for r in world.get("persistentvolumeclaims", "data-db-0")["metadata"].get("ownerReferences", ())]

    db(world, 1, volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {}}])
    roll(world, 1)
    assert owners() == []
    world.change(SETS, "db", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete", "whenScaled": "Retain"})
    assert owners() == ["StatefulSet"]
    world.change(SETS, "db", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    assert owners() == []


@pytest.mark.parametrize(  # upstream: TestStatefulSetControlRollingUpdateWithMaxUnavailable
    ("limit", "partition", "left"),
    [
        (1, 0, ["db-0", "db-1", "db-2", "db-3"]),
        (2, 0, ["db-0", "db-1", "db-2"]),
        ("50%", 0, ["db-0", "db-1", "db-2"]),
        ("10%", 0, ["db-0", "db-1", "db-2", "db-3"]),
        (4, 3, ["db-0", "db-1", "db-2"]),
    ],
)
def test_an_update_takes_as_many_pods_as_may_be_unavailable(world, limit, partition, left):
    rolling = {"maxUnavailable": limit, "partition": partition}
    db(world, 5, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    roll(world, 5)
    world.change(SETS, "db", template=template("nginx:2"))
    assert alive(world) == left


def test_an_update_with_max_unavailable_gets_to_the_end(world):
    db(world, 5, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}})
    roll(world, 5)
    world.change(SETS, "db", template=template("nginx:2"))
    roll(world, 10)
    assert set(images(world).values()) == {"nginx:2"}
