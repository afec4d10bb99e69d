"""A Deployment moves from one ReplicaSet to the next."""

import pytest

from k8slab.sim.apiserver.errors import already_exists, forbidden
from k8slab.sim.controllers.deployment import DeploymentController
from k8slab.sim.controllers.replicaset import ReplicaSetController
from tests.sim.controllers.world import World, conditions, template, workload

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"
REVISION = "deployment.kubernetes.io/revision"


@pytest.fixture
def world():
    return World(DeploymentController, ReplicaSetController)


def web(world, replicas=3, **spec):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    defaults = {"strategy": rolling, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    return world.create(DEPLOYMENTS, "web", workload(replicas, **{**defaults, **spec}))


def sizes(world):
    return {s["spec"]["template"]["spec"]["containers"][0]["image"]: s["spec"]["replicas"] for s in world.all(SETS)}


def revisions(world):
    sets = world.all(SETS)
    return {s["spec"]["template"]["spec"]["containers"][0]["image"]: s["metadata"]["annotations"][REVISION] for s in sets}


def roll(world, steps=20):
    for _ in range(steps):
        world.run_pods()
        world.stop_pods()


def test_its_replica_set_carries_the_hash_in_name_labels_and_selector(world):
    web(world)
    replica_set = world.all(SETS)[0]
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert replica_set["spec"]["template"]["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
    assert replica_set["metadata"]["annotations"] == {
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }
    owner = replica_set["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("Deployment", "web", True, True)


def test_an_event_tells_of_the_first_replica_set(world):
    web(world)
    name = world.names(SETS)[0]
    assert world.client.events("web") == [("Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to 3")]


def test_its_conditions_go_from_created_to_available(world):
    web(world)
    pending = world.get(DEPLOYMENTS, "web")
    assert conditions(pending) == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "ReplicaSetUpdated"),
    }
    world.run_pods()
    running = world.get(DEPLOYMENTS, "web")
    assert conditions(running) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert running["metadata"]["annotations"] == {REVISION: "1"}
    assert {k: v for k, v in running["status"].items() if k != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }


def test_an_update_surges_by_one_and_waits_for_it(world):
    web(world)
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.26"))
    assert sizes(world) == {"nginx:1.25": 3, "nginx:1.26": 1}
    world.settled(seconds=60)
    assert sizes(world) == {"nginx:1.25": 3, "nginx:1.26": 1}
    world.run_pods()
    assert sizes(world) == {"nginx:1.25": 2, "nginx:1.26": 2}
    roll(world)
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 3}
    assert revisions(world) == {"nginx:1.25": "1", "nginx:1.26": "2"}


def test_during_an_update_never_fewer_than_wanted_are_ready_and_never_more_than_the_surge_exist(world):
    web(world, 10)
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.26"))
    for _ in range(30):
        pods = [p for p in world.all("pods") if "deletionTimestamp" not in p["metadata"]]
        ready = [p for p in pods if p["status"].get("conditions") and p["status"]["phase"] == "Running"]
        assert len(ready) >= 10
        assert len(pods) <= 11
        world.run_pods()
        world.stop_pods()
    assert sizes(world)["nginx:1.26"] == 10


def test_going_back_to_an_old_template_reuses_its_replica_set_with_a_new_revision(world):
    web(world)
    roll(world)
    first = world.names(SETS)
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.26"))
    roll(world)
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.25"))
    roll(world)
    assert sizes(world) == {"nginx:1.25": 3, "nginx:1.26": 0}
    assert revisions(world) == {"nginx:1.25": "3", "nginx:1.26": "2"}
    old = world.get(SETS, first[0])
    assert old["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert world.get(DEPLOYMENTS, "web")["metadata"]["annotations"][REVISION] == "3"


def test_replica_sets_beyond_the_history_limit_are_forgotten(world):
    web(world, revisionHistoryLimit=2)
    for version in range(5):
        world.change(DEPLOYMENTS, "web", template=template(f"nginx:{version}"))
        roll(world, 6)
    assert sizes(world) == {"nginx:2": 0, "nginx:3": 0, "nginx:4": 3}


def test_recreate_stops_every_old_pod_before_it_starts_a_new_one(world):
    web(world, strategy={"type": "Recreate"})
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.26"))
    assert sizes(world) == {"nginx:1.25": 0}
    world.stop_pods()
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 3}


def test_a_paused_deployment_scales_but_does_not_roll(world):
    web(world)
    world.run_pods()
    world.change(DEPLOYMENTS, "web", paused=True, template=template("nginx:1.26"))
    assert sizes(world) == {"nginx:1.25": 3}
    assert conditions(world.get(DEPLOYMENTS, "web"))["Progressing"] == ("Unknown", "DeploymentPaused")
    world.change(DEPLOYMENTS, "web", replicas=5)
    assert sizes(world) == {"nginx:1.25": 5}
    world.change(DEPLOYMENTS, "web", paused=False)
    roll(world)
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 5}


def test_scaling_in_the_middle_of_an_update_is_proportional(world):
    web(world, 10, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}})
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:bad"))
    assert sizes(world) == {"nginx:1.25": 8, "nginx:bad": 5}
    world.change(DEPLOYMENTS, "web", replicas=15)
    assert sizes(world) == {"nginx:1.25": 11, "nginx:bad": 7}


def test_without_progress_for_too_long_the_deadline_is_exceeded(world):
    web(world, progressDeadlineSeconds=60)
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:bad"))
    world.settled(seconds=55)
    assert conditions(world.get(DEPLOYMENTS, "web"))["Progressing"] == ("True", "ReplicaSetUpdated")
    stuck = world.settled(DEPLOYMENTS, "web", seconds=10) or world.get(DEPLOYMENTS, "web")
    assert conditions(world.get(DEPLOYMENTS, "web"))["Progressing"] == ("False", "ProgressDeadlineExceeded")
    message = next(c for c in stuck["status"]["conditions"] if c["type"] == "Progressing")["message"]
    assert message.startswith('ReplicaSet "web-')
    assert message.endswith("has timed out progressing.")
    world.run_pods()
    roll(world)
    assert conditions(world.get(DEPLOYMENTS, "web"))["Progressing"] == ("True", "NewReplicaSetAvailable")


def test_a_new_template_cleans_up_pods_that_never_became_ready(world):
    web(world, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}})
    world.run_pods()
    world.change(DEPLOYMENTS, "web", template=template("nginx:bad"))
    world.change(DEPLOYMENTS, "web", template=template("nginx:1.27"))
    assert sizes(world)["nginx:bad"] == 0
    assert sizes(world)["nginx:1.25"] == 2


def test_a_taken_name_raises_the_collision_count(world):
    world.client.fail_next("create", SETS, already_exists("apps", "replicasets", "web-x"))
    web(world)
    world.settled(seconds=1)
    assert world.get(DEPLOYMENTS, "web")["status"]["collisionCount"] == 1
    assert len(world.names(SETS)) == 1


def test_a_refused_replica_set_is_explained(world):
    world.client.fail_next("create", SETS, forbidden("apps", "replicasets", "web-x", "exceeded quota"))
    web(world)
    events = world.client.events("web")
    assert events[0][:2] == ("Warning", "ReplicaSetCreateError")
    assert events[0][2].startswith('Failed to create new replica set "web-')


def test_pods_that_cannot_be_created_show_in_the_deployment(world):
    world.client.fail_next("create", "pods", forbidden("", "pods", "", "exceeded quota: q"))
    web(world)
    failure = conditions(world.get(DEPLOYMENTS, "web"))["ReplicaFailure"]
    assert failure == ("True", "FailedCreate")
    world.settled(seconds=1)
    assert "ReplicaFailure" not in conditions(world.get(DEPLOYMENTS, "web"))
    assert len(world.names("pods")) == 3


def test_a_replica_set_without_owner_is_adopted(world):
    labels = {"app": "web", "pod-template-hash": "abc"}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template("nginx:1.25", **labels)}
    world.create(SETS, "web-abc", spec, metadata={"labels": labels})
    web(world)
    assert world.names(SETS) == ["web-abc"]
    assert world.get(SETS, "web-abc")["metadata"]["ownerReferences"][0]["name"] == "web"


def test_annotations_reach_the_replica_set_but_for_the_internal_ones(world):
    world.create(
        DEPLOYMENTS,
        "web",
        workload(1, progressDeadlineSeconds=600),
        metadata={
            "annotations": {"kubernetes.io/change-cause": "first", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
        },
    )
    notes = world.all(SETS)[0]["metadata"]["annotations"]
    assert notes["kubernetes.io/change-cause"] == "first"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in notes


def test_min_ready_seconds_delay_availability(world):
    web(world, minReadySeconds=30)
    world.run_pods()
    assert world.get(DEPLOYMENTS, "web")["status"].get("availableReplicas", 0) == 0
    world.settled(seconds=31)
    assert world.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 3


def test_nothing_is_written_when_nothing_changes(world):
    web(world)
    roll(world, 3)
    before = len(world.client.actions)
    world.settled(seconds=3600)
    assert len(world.client.actions) == before
