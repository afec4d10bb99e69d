"""From metrics to replicas; many rows are those of upstream's replica_calculator_test.go and horizontal_test.go."""

import pytest

from k8slab.sim.controllers.hpa_behavior import History, limit, rules, stabilize
from k8slab.sim.controllers.hpa_metrics import (
    Groups,
    MetricsError,
    average_value_replicas,
    group,
    requests_of,
    usages_of,
    utilization_replicas,
)


def pods_with(levels, request=1000):
    usages = {f"p{i}": level for i, level in enumerate(levels)}
    return usages, dict.fromkeys(usages, request)


@pytest.mark.parametrize(
    ("current", "target", "levels", "expected", "utilization"),
    [
        (3, 30, [300, 500, 700], 5, 50),  # scale up
        (5, 50, [100, 300, 500, 250, 250], 3, 28),  # scale down
        (3, 100, [1010, 1030, 1020], 3, 102),  # within tolerance
        (1, 50, [1000], 2, 100),
        (4, 50, [100, 100, 100, 100], 1, 10),
        (4, 50, [0, 0, 0, 0], 0, 0),
    ],
)
def test_replicas_follow_the_utilization(current, target, levels, expected, utilization):
    usages, requests = pods_with(levels)
    assert utilization_replicas(current, target, usages, requests, Groups(set(usages), set(), set())) == (expected, utilization)


def test_pods_that_are_not_ready_dampen_growth():
    usages, requests = pods_with([100, 500, 700])
    groups = Groups({"p1", "p2"}, {"p0"}, set())
    assert utilization_replicas(3, 30, usages, requests, groups)[0] == 4


def test_when_everything_hot_is_warming_up_nothing_happens():
    usages, requests = pods_with([100, 400, 500])
    groups = Groups({"p1"}, {"p0", "p2"}, set())
    assert utilization_replicas(3, 30, usages, requests, groups)[0] == 3


def test_missing_metrics_count_as_idle_when_growing_and_as_busy_when_shrinking():
    usages, requests = pods_with([1000, 1000])
    requests["p2"] = 1000
    assert utilization_replicas(3, 50, usages, requests, Groups(set(usages), set(), {"p2"}))[0] == 4
    usages, requests = pods_with([100, 100, 100])
    requests["p3"] = 1000
    assert utilization_replicas(4, 50, usages, requests, Groups(set(usages), set(), {"p3"}))[0] == 3


def test_an_average_per_pod():
    usages, _ = pods_with([10, 20, 10])
    assert average_value_replicas(3, 5, usages, Groups(set(usages), set(), set())) == (8, 13)


def test_without_any_metrics_there_is_no_answer():
    with pytest.raises(MetricsError, match="did not receive metrics for targeted pods"):
        utilization_replicas(3, 50, {}, {}, Groups(set(), {"p0"}, set()))


def test_without_a_request_there_is_no_percentage():
    pod = {"metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "c"}]}}
    with pytest.raises(MetricsError, match="missing request for cpu in container c of Pod web-1"):
        requests_of([pod], "cpu")


def test_usage_is_summed_over_containers_or_taken_from_one():
    metrics = [
        {"metadata": {"name": "p"}, "containers": [{"name": "a", "usage": {"cpu": "250m"}}, {"name": "b", "usage": {"cpu": "1"}}]}
    ]
    assert usages_of(metrics, "cpu") == {"p": 1250}
    assert usages_of(metrics, "cpu", "a") == {"p": 250}


def test_which_pods_count():
    def pod(name, phase="Running", ready="True", changed="1970-01-01T00:00:10Z", **meta):
        conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": changed}]
        status = {"phase": phase, "startTime": "1970-01-01T00:00:00Z", "conditions": conditions}
        return {"metadata": {"name": name, **meta}, "spec": {}, "status": status}

    found = [
        pod("good"),
        pod("pending", "Pending"),
        pod("failed", "Failed"),
        pod("going", deletionTimestamp="t"),
        pod("silent"),
        pod("never-ready", ready="False"),
    ]
    measured = {name: {"timestamp": "1970-01-01T01:00:00Z", "window": "30s"} for name in ("good", "never-ready")}
    assert group(found, measured, "cpu", now=3600.0) == Groups({"good"}, {"pending", "never-ready"}, {"silent"})
    assert group(found, measured, "memory", now=3600.0).ready == {"good", "never-ready"}


UP, DOWN = rules(None)


@pytest.mark.parametrize(
    ("current", "desired", "past", "expected"),
    [
        (5, 3, [(-200, 7)], 5),  # somebody wanted more within five minutes
        (5, 3, [(-200, 4)], 4),
        (5, 3, [(-400, 7)], 3),  # long ago
        (5, 8, [(-10, 2)], 8),  # growing does not wait
        (5, 5, [], 5),
    ],
)
def test_shrinking_waits_for_five_minutes_of_agreement(current, desired, past, expected):
    assert stabilize(current, desired, past, UP, DOWN, now=0.0) == expected


def test_growing_waits_if_it_is_told_to():
    up, down = rules({"scaleUp": {"stabilizationWindowSeconds": 60}})
    assert stabilize(5, 9, [(-30.0, 6)], up, down, now=0.0) == 6


@pytest.mark.parametrize(
    ("current", "desired", "ups", "expected", "reason"),
    [
        (3, 5, [], 5, "DesiredWithinRange"),
        (3, 20, [], 7, "ScaleUpLimit"),  # four pods are more than 100 %
        (6, 20, [], 10, "TooManyReplicas"),
        (7, 20, [(-5.0, 4)], 7, "ScaleUpLimit"),  # the four of this period are used up
        (7, 20, [(-20.0, 4)], 10, "TooManyReplicas"),
        (5, 1, [], 2, "TooFewReplicas"),
    ],
)
def test_growth_is_limited_by_rate_and_bounds(current, desired, ups, expected, reason):
    found = limit(current, desired, (2, 10), History(ups=list(ups)), UP, DOWN, now=0.0)
    assert (found.replicas, found.reason) == (expected, reason)


def test_policies_of_ones_own():
    slow = [{"type": "Pods", "value": 1, "periodSeconds": 60}, {"type": "Percent", "value": 50, "periodSeconds": 60}]
    for select, expected in (("Max", 5), ("Min", 9), ("Disabled", 10)):
        up, down = rules({"scaleDown": {"policies": slow, "selectPolicy": select}})
        assert limit(10, 1, (1, 20), History(), up, down, now=0.0).replicas == expected
