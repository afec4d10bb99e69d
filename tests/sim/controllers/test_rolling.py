"""The arithmetic of a rolling update; the tables are upstream's.

Sources: kubernetes pkg/controller/deployment/rolling_test.go (reconcileNewReplicaSet, reconcileOldReplicaSets,
cleanupUnhealthyReplicas), sync_test.go (TestScale) and util/deployment_util_test.go (ResolveFenceposts, NewRSNewReplicas).
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.controllers.deployment import rolling


def deployment(replicas, surge=0, unavailable=0, strategy="RollingUpdate"):
    rolling_update = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"spec": {"replicas": replicas, "strategy": {"type": strategy, "rollingUpdate": rolling_update}}, "metadata": {}}


def replica_set(name, replicas, ready=None, desired=None, maximum=None):
    notes = {k: str(v) for k, v in ((rolling.DESIRED, desired), (rolling.MAXIMUM, maximum)) if v is not None}
    meta = {"name": name, "uid": name, "creationTimestamp": name, "annotations": notes}
    available = replicas if ready is None else ready
    return {"metadata": meta, "spec": {"replicas": replicas}, "status": {"availableReplicas": available}}


def sizes(plan):
    return {scale.replica_set["metadata"]["name"]: scale.replicas for scale in plan}


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [
        ("0%", "0%", 0, (0, 1)),
        ("39%", "39%", 10, (4, 3)),
        ("25%", "25%", 3, (1, 0)),
        ("25%", "25%", 1, (1, 0)),
        (0, "1%", 10, (0, 1)),
        ("100%", 0, 3, (3, 0)),
        (5, 7, 2, (5, 7)),
    ],
)
def test_surge_is_rounded_up_and_unavailable_down_and_both_zero_still_move(surge, unavailable, replicas, expected):
    assert rolling.bounds(surge, unavailable, replicas) == expected


def test_no_more_can_be_unavailable_than_there_are_replicas():
    assert rolling.max_unavailable(deployment(2, 5, 7)) == 2


def test_recreate_has_no_bounds():
    assert (rolling.max_surge(deployment(3, 2, 2, "Recreate")), rolling.max_unavailable(deployment(3, 2, 2, "Recreate"))) == (
        0,
        0,
    )


@pytest.mark.parametrize(
    ("replicas", "surge", "old", "new", "expected"),
    [
        (10, 0, 10, 0, None),
        (10, 2, 10, 0, 2),
        (10, 2, 5, 0, 7),
        (10, 2, 10, 2, None),
        (10, 2, 2, 11, 10),
        (10, 0, 0, 10, None),
    ],
)
def test_the_new_set_grows_into_the_surge(replicas, surge, old, new, expected):
    newest, oldest = replica_set("new", new), replica_set("old", old)
    change = rolling.plan_new(deployment(replicas, surge), [oldest, newest], newest)
    assert (change.replicas if change else None) == expected


@pytest.mark.parametrize(
    ("replicas", "unavailable", "old", "new", "ready_old", "ready_new", "expected"),
    [
        (10, 0, 10, 0, 10, 0, 9),
        (10, 2, 10, 0, 10, 0, 8),
        (10, 2, 10, 0, 8, 0, 8),  # unhealthy old pods go first
        (10, 2, 10, 0, 9, 0, 8),  # one unhealthy, one healthy
        (10, 2, 8, 2, 8, 0, None),  # unavailable new pods do not cost further old ones
        (10, 2, 0, 10, 0, 10, None),
        (10, 2, 5, 7, 5, 7, 1),
        (3, 0, 3, 1, 3, 0, None),  # the surge pod is not ready yet
        (3, 0, 3, 1, 3, 1, 2),
    ],
)
def test_old_sets_shrink_as_far_as_availability_allows(replicas, unavailable, old, new, ready_old, ready_new, expected):
    newest, oldest = replica_set("new", new, ready_new), replica_set("old", old, ready_old)
    surge = 1 if replicas == 3 else 0
    plan = rolling.plan_old(deployment(replicas, surge, unavailable), [oldest, newest], newest, [oldest])
    assert sizes(plan) == ({} if expected is None else {"old": expected})


def test_the_oldest_set_shrinks_first():
    old = [replica_set("1", 3), replica_set("2", 3)]
    new = replica_set("3", 4)
    plan = rolling.plan_old(deployment(8, 2, 0), [*old, new], new, old)
    assert sizes(plan) == {"1": 1}


@pytest.mark.parametrize(
    ("before", "after", "new", "old", "expected_new", "expected_old"),
    [
        (10, 12, 10, [], 12, []),
        (10, 5, 10, [], 5, []),
        (5, 10, 2, [3], 4, [6]),
        (5, 3, 2, [3], 1, [2]),
        (9, 4, 8, [1], 4, [0]),
        (7, 10, 2, [3, 2], 3, [4, 3]),
        (13, 8, 2, [8, 3], 1, [5, 2]),
        (3, 4, 1, [1, 1], 2, [1, 1]),  # the leftover goes to the largest, of equals to the newest
        (20, 29, 2, [10, 8], 2, [15, 12]),
        (10, 0, 3, [3, 4], 0, [0, 0]),
        (0, 6, 0, [], 6, []),
    ],
)
def test_scaling_during_a_rollout_is_proportional(before, after, new, old, expected_new, expected_old):
    sets = [replica_set(f"foo-v{i}", size, desired=before, maximum=before) for i, size in zip((2, 1), old, strict=False)]
    newest = replica_set("foo-v3", new, desired=before, maximum=before)
    plan = rolling.plan_scale(deployment(after), newest, sets)
    result = {"foo-v3": new, **dict(zip(("foo-v2", "foo-v1"), old, strict=False)), **sizes(plan)}
    assert (result.pop("foo-v3"), list(result.values())) == (expected_new, expected_old)


def test_with_a_surge_the_whole_may_be_larger():
    sets = [replica_set("foo-v2", 9, desired=20, maximum=20), replica_set("foo-v1", 7, desired=20, maximum=20)]
    newest = replica_set("foo-v3", 4, desired=20, maximum=20)
    plan = rolling.plan_scale(deployment(30, surge=3), newest, sets)
    assert sum(sizes(plan).values()) == 33


def test_a_finished_new_set_leaves_nothing_to_the_old_ones():
    newest = replica_set("new", 5, 5, desired=5, maximum=6)
    assert sizes(rolling.plan_scale(deployment(5), newest, [replica_set("old", 2)])) == {"old": 0}


def test_a_changed_number_of_replicas_is_seen_by_the_annotation():
    assert rolling.needs_scaling(deployment(5), [replica_set("a", 3, desired=3)])
    assert not rolling.needs_scaling(deployment(3), [replica_set("a", 1, desired=3)])
    assert not rolling.needs_scaling(deployment(5), [replica_set("a", 0, desired=3)])


percent_or_number = st.one_of(st.integers(0, 10), st.integers(0, 100).map(lambda n: f"{n}%"))


@settings(deadline=None)
@given(st.integers(1, 30), percent_or_number, percent_or_number, st.data())
def test_whatever_gets_ready_when_the_bounds_hold_and_the_rollout_ends(replicas, surge, unavailable, data):
    wanted = deployment(replicas, surge, unavailable)
    most, least = replicas + rolling.max_surge(wanted), replicas - rolling.max_unavailable(wanted)
    sizes_now, ready = {"old": replicas, "new": 0}, {"old": replicas, "new": 0}
    for turn in range(400):
        old, new = (replica_set(name, sizes_now[name], ready[name]) for name in ("old", "new"))
        change = rolling.plan_new(wanted, [old, new], new)
        plan = [change] if change else rolling.plan_old(wanted, [old, new], new, [old])
        for scale in plan:
            name = scale.replica_set["metadata"]["name"]
            sizes_now[name] = scale.replicas
            ready[name] = min(ready[name], scale.replicas)
        assert sum(sizes_now.values()) <= most
        assert sum(ready.values()) >= least
        missing = sizes_now["new"] - ready["new"]
        if missing:
            ready["new"] += data.draw(st.integers(0, missing)) if turn < 20 else missing
        elif not plan:
            break
    assert sizes_now == {"old": 0, "new": replicas}
