"""Services of type LoadBalancer get an address from a pool, which leads to their pods."""

import pytest

from k8slab.sim.addons.load_balancer import POOL

SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture
def api(make_api):
    return make_api(workers=1)


def create(api, name, **spec):
    body = {
        "metadata": {"name": name},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": name}, **spec},
    }
    assert api.post(SERVICES, body).status == 201


def address(api, name):
    ingress = api.get(f"{SERVICES}/{name}").json["status"]["loadBalancer"].get("ingress")
    return ingress[0]["ip"] if ingress else None


def reasons(api, name):
    events = api.get("/api/v1/namespaces/default/events").json["items"]
    return [e["reason"] for e in events if e["involvedObject"]["name"] == name]


def test_each_gets_one_of_its_own(api):
    create(api, "a")
    create(api, "b")
    assert [address(api, n) for n in "ab"] == list(POOL[:2])
    assert reasons(api, "a") == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]


def test_a_free_one_can_be_asked_for(api):
    create(api, "a", loadBalancerIP=POOL[7])
    create(api, "b", loadBalancerIP=POOL[7])
    assert (address(api, "a"), address(api, "b")) == (POOL[7], None)
    assert reasons(api, "b")[-1] == "SyncLoadBalancerFailed"
    api.delete(f"{SERVICES}/a")
    assert address(api, "b") == POOL[7]


def test_another_class_is_somebody_elses(api):
    create(api, "a", loadBalancerClass="example.com/other")
    assert address(api, "a") is None


def test_it_is_gone_when_the_type_changes(api):
    create(api, "a")
    api.patch(f"{SERVICES}/a", {"spec": {"type": "ClusterIP"}})
    assert address(api, "a") is None


def test_the_address_leads_to_the_pods(api):
    create(api, "web")
    pod = {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    api.post("/api/v1/namespaces/default/pods", pod)
    api.advance(2)
    trace = {"spec": {"source": {"node": "worker-1"}, "host": POOL[0]}}
    answer = api.post("/apis/sim.k8slab.dev/v1alpha1/namespaces/default/packettraces", trace)
    assert (answer.json["status"]["verdict"], answer.json["status"]["target"]) == ("connected", "default/web")
