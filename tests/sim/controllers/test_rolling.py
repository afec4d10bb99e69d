"""The arithmetic of a rolling update, beside upstream's tables in golden/rolling_update.yaml."""

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


def test_no_more_can_be_unavailable_than_there_are_replicas():
    assert rolling.max_unavailable(deployment(2, 5, 7)) == 2


def test_recreate_has_no_bounds():
    assert (rolling.max_surge(deployment(3, 2, 2, "Recreate")), rolling.max_unavailable(deployment(3, 2, 2, "Recreate"))) == (
        0,
        0,
    )


def test_the_oldest_set_shrinks_first():
    old = [replica_set("1", 3), replica_set("2", 3)]
    new = replica_set("3", 4)
    plan = rolling.plan_old(deployment(8, 2, 0), [*old, new], new, old)
    assert sizes(plan) == {"1": 1}


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
