"""Rollouts, autoscaling and filling as numbers."""

import pytest

from k8slab.topology.filling import filling, usage
from k8slab.topology.rollouts import bounds, generations, over_time, state_of
from k8slab.topology.scaling import load_points, metrics_of, replicas_over_time, scaling_state

DEPLOYMENT = {
    "metadata": {"name": "web", "uid": "d", "generation": 2},
    "spec": {"replicas": 3},
    "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 2, "availableReplicas": 3},
}


def replica_set(name: str, revision: int, wanted: int, ready: int, owner: str = "d") -> dict:
    meta = {"name": name, "uid": name, "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": owner, "controller": True, "kind": "Deployment", "name": "web"}]}  # fmt: skip
    status = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready}
    template = {"spec": {"containers": [{"image": f"web:{revision}"}]}}
    return {"kind": "ReplicaSet", "metadata": meta, "spec": {"replicas": wanted, "template": template}, "status": status}


SETS = [replica_set("old", 1, 2, 2), replica_set("new", 2, 2, 1), replica_set("alien", 9, 1, 1, owner="else")]


def test_the_newest_revision_is_current_and_foreign_sets_are_left_out() -> None:
    assert [(g.name, g.current, g.images) for g in generations(DEPLOYMENT, SETS)] == [
        ("new", True, "web:2"),
        ("old", False, "web:1"),
    ]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({}, (3, 4)),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, (2, 3)),
        ({"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": "50%"}}, (2, 5)),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, (2, 3)),
        ({"type": "Recreate"}, (0, 3)),
    ],
)
def test_surge_is_rounded_up_and_unavailability_down_and_one_of_them_is_never_zero(strategy: dict, expected: tuple) -> None:
    assert bounds({"spec": {"replicas": 3, "strategy": strategy}}) == expected


def test_how_a_rollout_stands_is_one_sentence() -> None:
    found = generations(DEPLOYMENT, SETS)
    assert state_of(DEPLOYMENT, found) == ("Under way: 1 of 3 new pods are available, 2 old ones are left.", "info")
    nearly = generations(DEPLOYMENT, [replica_set("new", 2, 2, 2), replica_set("old", 1, 1, 1)])
    assert state_of(DEPLOYMENT, nearly)[0] == "Under way: 2 of 3 new pods are available, 1 old one is left."
    done = {**DEPLOYMENT, "status": {**DEPLOYMENT["status"], "replicas": 3, "updatedReplicas": 3}}
    assert state_of(done, generations(done, [replica_set("new", 2, 3, 3)]))[1] == "ok"
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    stuck = {**DEPLOYMENT, "status": {**DEPLOYMENT["status"], "conditions": [late]}}
    assert state_of(stuck, found) == ("Stuck: timed out", "no")
    unseen = {**done, "metadata": {**done["metadata"], "generation": 3}}
    assert state_of(unseen, [])[1] == "info", "what the controller has not seen yet is not complete"


def test_a_set_that_was_deleted_has_no_pods_from_then_on() -> None:
    versions = [(1.0, "ADDED", SETS[0]), (4.0, "DELETED", SETS[0])]
    assert over_time("old", versions, "replicas") == ((1.0, 2), (4.0, 0))


def hpa(current: int | None, desired: int, **status: object) -> dict:
    target = {"type": "Utilization", "averageUtilization": 50}
    measured = (
        [] if current is None else [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": current}}}]
    )
    spec = {"minReplicas": 1, "maxReplicas": 4, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}
    return {"metadata": {"name": "web"}, "spec": spec,
            "status": {"currentReplicas": 2, "desiredReplicas": desired, "currentMetrics": measured, **status}}  # fmt: skip


def test_a_metric_has_its_target_and_what_was_measured_or_nothing_yet() -> None:
    assert [(m.name, m.target, m.current) for m in metrics_of(hpa(80, 4))] == [("cpu", 50.0, 80.0)]
    assert metrics_of(hpa(None, 2))[0].current is None


def test_replicas_are_points_where_they_changed() -> None:
    versions = [(1.0, "ADDED", hpa(10, 1)), (2.0, "MODIFIED", hpa(20, 1)), (3.0, "MODIFIED", hpa(90, 4))]
    assert replicas_over_time(versions, "desiredReplicas") == ((1.0, 1.0), (3.0, 4.0))


def test_an_autoscaler_that_cannot_measure_says_why() -> None:
    lost = {"type": "ScalingActive", "status": "False", "message": "no metrics known"}
    assert scaling_state(hpa(None, 2, conditions=[lost])) == ("It does not scale: no metrics known", "no")
    able = {"type": "ScalingActive", "status": "True"}
    assert scaling_state(hpa(80, 4, conditions=[able])) == ("2 replicas, 4 wanted (between 1 and 4).", "info")


def test_the_series_of_a_load_run_become_points_and_gaps_stay_gaps() -> None:
    series = [{"time": "2026-01-01T00:00:05Z", "latencySeconds": {"p99": 0.2}}, {"time": "2026-01-01T00:00:10Z"}]
    points = load_points({"status": {"series": series}}, "latencySeconds", "p99", factor=1000)
    assert [y for _, y in points] == [200.0]


def test_nodes_are_filled_by_requests_and_use_is_beside_them() -> None:
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}}
    containers = [{"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}}]
    pod = {"metadata": {"name": "p", "namespace": "x"}, "spec": {"nodeName": "n", "containers": containers}}
    done = {**pod, "metadata": {"name": "done"}, "status": {"phase": "Succeeded"}}
    use = usage([{"metadata": {"name": "p", "namespace": "x"}, "containers": [{"usage": {"cpu": "100m"}}]}])
    (found,) = filling([node], [pod, done], "cpu", usage([{"metadata": {"name": "n"}, "usage": {"cpu": "1"}}]), use)
    assert (found.capacity, found.requested, found.use) == (2.0, 0.5, 1.0)
    assert [(p.key, p.limit, p.use) for p in found.pods] == [("x/p", 1.0, 0.1)]
