"""Pods near pods, and far from pods."""

import pytest

from k8slab.sim.scheduler import Configuration, simulate
from tests.sim.scheduler.builders import on, pod, reasons, scores, zones

ZONE = "topology.kubernetes.io/zone"
NO_AFFINITY = "node(s) didn't match pod affinity rules"
ANTI = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"


def term(app, key=ZONE, **more):
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}


def required(kind, *terms):
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def preferred(kind, weight, *terms):
    wrapped = [{"weight": weight, "podAffinityTerm": t} for t in terms]
    return {"affinity": {kind: {"preferredDuringSchedulingIgnoredDuringExecution": wrapped}}}


NODES = zones(a1="a", a2="a", b1="b")
CACHE = {"app": "cache"}


def test_a_pod_goes_to_the_zone_of_its_friend():
    trace = simulate(pod("p", **required("podAffinity", term("cache"))), NODES, [on("a1", "c", labels=CACHE)])
    assert reasons(trace) == {"b1": NO_AFFINITY}


def test_without_a_friend_it_goes_nowhere():
    trace = simulate(pod("p", **required("podAffinity", term("cache"))), NODES)
    assert set(reasons(trace)) == {"a1", "a2", "b1"}


def test_the_first_of_a_group_may_start_because_it_is_its_own_friend():
    first = pod("p", labels=CACHE, **required("podAffinity", term("cache")))
    assert simulate(first, NODES)["status"]["result"] == "Scheduled"


def test_anti_affinity_keeps_away_from_the_zone():
    trace = simulate(pod("p", **required("podAntiAffinity", term("cache"))), NODES, [on("a1", "c", labels=CACHE)])
    assert reasons(trace) == {"a1": ANTI, "a2": ANTI}


def test_pods_that_are_there_may_object():
    loner = on("a1", "loner", **required("podAntiAffinity", term("cache")))
    trace = simulate(pod("p", labels=CACHE), NODES, [loner])
    assert reasons(trace) == {"a1": EXISTING, "a2": EXISTING}


def test_affinity_speaks_of_the_own_namespace_unless_it_names_others():
    friend = pod("c", namespace="data", labels=CACHE, nodeName="a1")
    namespaces = [{"metadata": {"name": n, "labels": {"team": n}}} for n in ("chat", "data")]

    def result(**more):
        incoming = pod("p", **required("podAffinity", term("cache", **more)))
        return simulate(incoming, NODES, [friend], {"namespaces": namespaces})["status"]["result"]

    assert result() == "Unschedulable"
    assert result(namespaces=["data"]) == "Scheduled"
    assert result(namespaceSelector={"matchLabels": {"team": "data"}}) == "Scheduled"
    assert result(namespaceSelector={"matchLabels": {"team": "chat"}}) == "Unschedulable"
    assert result(namespaceSelector={}) == "Scheduled"


def test_mismatch_label_keys_mean_pods_of_other_tenants():
    exclusive = required("podAntiAffinity", term("db", mismatchLabelKeys=["tenant"]))
    own = on("a1", "own", labels={"app": "db", "tenant": "x"})
    foreign = on("b1", "foreign", labels={"app": "db", "tenant": "y"})
    trace = simulate(pod("p", labels={"app": "db", "tenant": "x"}, **exclusive), NODES, [own, foreign])
    assert reasons(trace) == {"b1": ANTI}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("podAffinity", {"a1": 100, "a2": 100, "b1": 0}), ("podAntiAffinity", {"a1": 0, "a2": 0, "b1": 100})],
)
def test_preferences_score(kind, expected):
    trace = simulate(pod("p", **preferred(kind, 10, term("cache"))), NODES, [on("a1", "c", labels=CACHE)])
    assert scores(trace, "InterPodAffinity") == expected


def test_the_preferences_of_the_pods_that_are_there_count_too():
    fan = on("a1", "fan", **preferred("podAffinity", 7, term("cache")))
    foe = on("b1", "foe", **preferred("podAntiAffinity", 3, term("cache")))
    trace = simulate(pod("p", labels=CACHE), NODES, [fan, foe])
    assert scores(trace, "InterPodAffinity", "raw") == {"a1": 7, "a2": 7, "b1": -3}


def test_required_affinity_of_the_pods_that_are_there_counts_with_its_own_weight():
    fan = on("a1", "fan", labels=CACHE, **required("podAffinity", term("cache")))
    trace = simulate(pod("p", labels=CACHE), NODES, [fan])
    assert scores(trace, "InterPodAffinity", "raw") == {"a1": 1, "a2": 1, "b1": 0}
    configuration = Configuration(hard_pod_affinity_weight=0)
    assert scores(simulate(pod("p", labels=CACHE), NODES, [fan], configuration=configuration), "InterPodAffinity") == {}
