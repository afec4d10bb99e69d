"""A budget is never broken by evictions, however many come at once and whatever becomes of the pods in between."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slab.apimachinery.intstr import scaled_value

NS = "/api/v1/namespaces/default"
BUDGET = st.one_of(
    st.tuples(st.just("minAvailable"), st.one_of(st.integers(0, 4), st.sampled_from(["30%", "50%", "100%"]))),
    st.tuples(st.just("maxUnavailable"), st.one_of(st.integers(0, 4), st.sampled_from(["0%", "30%", "50%"]))),
)


def deployment(replicas):
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 5}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def healthy(api):
    pods = api.get(f"{NS}/pods?labelSelector=app%3Dweb").json["items"]
    ready = [p for p in pods if any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", ()))]
    return [p["metadata"]["name"] for p in ready if "deletionTimestamp" not in p["metadata"]]


def must_stay(kind, amount, replicas):
    if kind == "minAvailable":
        return scaled_value(amount, replicas, round_up=True)
    return replicas - min(replicas, scaled_value(amount, replicas, round_up=True))


async def evict_all(api, names):
    body = {"apiVersion": "policy/v1", "kind": "Eviction"}
    requests = [api.request("POST", f"{NS}/pods/{n}/eviction", {**body, "metadata": {"name": n}}) for n in names]
    return [answer.status for answer in await asyncio.gather(*requests)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 5), BUDGET, st.data())
def test_evictions_never_take_more_than_the_budget_allows(make_api, replicas, budget, data):
    api = make_api(workers=2)
    kind, amount = budget
    api.post("/apis/apps/v1/namespaces/default/deployments", deployment(replicas))
    selector = {"matchLabels": {"app": "web"}}
    spec = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b"},
        "spec": {"selector": selector, kind: amount},
    }
    assert api.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", spec).status == 201
    api.advance(30)
    least = min(must_stay(kind, amount, replicas), len(healthy(api)))
    assert len(healthy(api)) == replicas
    for _ in range(data.draw(st.integers(1, 4))):
        before = healthy(api)
        wanted = data.draw(st.lists(st.sampled_from(before), min_size=1, unique=True)) if before else []
        codes = api.loop.run_until_complete(evict_all(api, wanted))
        assert set(codes) <= {201, 429}
        api.settle()
        assert len(healthy(api)) >= least
        assert codes.count(201) <= max(0, len(before) - least)
        api.advance(data.draw(st.sampled_from([0.5, 3, 20])))
        assert len(healthy(api)) >= least
