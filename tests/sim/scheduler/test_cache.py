"""The picture of the cluster stays right whatever comes and goes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.apimachinery.labels import selector_of
from k8slab.sim.scheduler.cache import TERM_KINDS, Cache
from k8slab.sim.scheduler.counters import PodQuery
from k8slab.sim.scheduler.pod_info import PodInfo
from tests.sim.scheduler.builders import node, on, pod

ZONE = "topology.kubernetes.io/zone"
WEB = PodQuery(frozenset(("chat",)), (selector_of({"matchLabels": {"app": "web"}}),), True)
TERM = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": ZONE}
LONER = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}}


def numbered_node(number, zone):
    return node(f"n{number}", labels={ZONE: zone} if zone else None)


def numbered_pod(number, place, web, loner, leaving):
    one = on(f"n{place}", f"p{number}", cpu="100m", labels={"app": "web"} if web else {"app": "db"}, **(LONER if loner else {}))
    one["metadata"]["uid"] = f"uid-{number}"
    if leaving:
        one["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return one


NODE = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set_node"), NODE, st.sampled_from(["a", "b", None])),
        st.tuples(st.just("remove_node"), NODE),
        st.tuples(st.just("put_pod"), st.integers(0, 5), NODE, st.booleans(), st.booleans(), st.booleans()),
        st.tuples(st.just("remove_pod"), st.integers(0, 5)),
    ),
    max_size=25,
)


def picture(cache):
    """Everything that scheduling reads."""
    domains = cache.label_values(ZONE)
    totals = {domain: count for domain, count in cache.totals(WEB, domains).items() if count}
    terms = [
        (kind, [(term.topology_key, {v: c for v, c in found.items() if c}) for term, found in cache.terms(kind)])
        for kind in TERM_KINDS
    ]
    return (
        {n.name: (n.requested["cpu"], n.non_zero_memory, sorted(n.pods)) for n in cache.nodes},
        dict(zip((n.name for n in cache.nodes), cache.counts(WEB), strict=True)),
        totals,
        terms,
    )


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_corrected_numbers_are_the_same_as_counted_anew(steps):
    cache, known_nodes, known_pods = Cache(), {}, {}
    for action, number, *rest in steps:
        if action == "set_node":
            known_nodes[number] = numbered_node(number, *rest)
            cache.set_node(known_nodes[number])
        elif action == "remove_node":
            known_nodes.pop(number, None)
            cache.remove_node(f"n{number}")
        elif action == "put_pod":
            known_pods[number] = numbered_pod(number, *rest)
            cache.update_pod(known_pods[number])
        else:
            known_pods.pop(number, None)
            cache.remove_pod(f"uid-{number}")
        fresh = Cache()
        for one in known_nodes.values():
            fresh.set_node(one)
        for one in known_pods.values():
            fresh.add_pod(PodInfo(one))
        assert picture(cache) == picture(fresh)


def test_an_assumed_pod_counts_until_it_is_forgotten():
    cache = Cache()
    cache.set_node(node("n"))
    assumed = PodInfo(pod("p", cpu="1"))
    cache.assume(assumed, "n")
    assert cache.node("n").requested["cpu"] == 1000
    cache.forget(assumed)
    assert cache.node("n").requested["cpu"] == 0


def test_the_confirmation_of_an_assumed_pod_does_not_count_it_twice():
    cache = Cache()
    cache.set_node(node("n"))
    created = pod("p", cpu="1")
    created["metadata"]["uid"] = "1"
    cache.assume(PodInfo(created), "n")
    before = len(cache.journal)
    cache.update_pod({**created, "spec": {**created["spec"], "nodeName": "n"}})
    assert cache.node("n").requested["cpu"] == 1000
    assert len(cache.journal) == before


def test_a_heartbeat_changes_nothing_that_matters():
    cache = Cache()
    cache.set_node(node("n"))
    epoch = cache.node_epoch
    beat = node("n")
    beat["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    cache.set_node(beat)
    assert cache.node_epoch == epoch


def test_pods_are_remembered_while_their_node_is_away():
    cache = Cache()
    cache.set_node(node("n"))
    cache.add_pod(PodInfo(on("n", "p", cpu="1")))
    cache.remove_node("n")
    cache.set_node(node("n"))
    assert cache.node("n").requested["cpu"] == 1000
