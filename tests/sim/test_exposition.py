"""``/metrics``: real counters of the API server, the scheduler and the controllers."""

import re

import pytest

from tests.sim.controllers.test_in_a_cluster import Lab

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}


@pytest.fixture
def api(make_api):
    return make_api(workers=2, seed=7)


def values(api):
    """Return every sample of ``/metrics`` by its name with labels."""
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+', line) for line in lines)
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def requests(api, verb, resource, code):
    labels = f'code="{code}",component="apiserver",group="",resource="{resource}"'
    found = {n: v for n, v in values(api).items() if n.startswith(f"apiserver_request_total{{{labels}") and f'verb="{verb}"' in n}
    return sum(found.values())


def test_requests_are_counted_by_verb_resource_and_code(api):
    api.get("/api/v1/namespaces/default/pods")
    api.get("/api/v1/namespaces/default/pods")
    api.get("/api/v1/namespaces/default/pods/nobody")
    api.post("/api/v1/namespaces/default/pods", POD)
    assert requests(api, "LIST", "pods", 200) == 2
    assert requests(api, "GET", "pods", 404) == 1
    assert requests(api, "POST", "pods", 201) == 1


def test_stored_objects_are_counted_by_kind(api):
    before = values(api)['apiserver_resource_objects{group="",resource="pods"}']
    api.post("/api/v1/namespaces/default/pods", POD)
    assert values(api)['apiserver_resource_objects{group="",resource="pods"}'] == before + 1


def test_the_scheduler_counts_attempts_and_pending_pods(api):
    lab = Lab(api)
    api.post("/api/v1/namespaces/default/pods", POD)
    unschedulable = {**POD, "metadata": {"name": "lost"}, "spec": {**POD["spec"], "nodeSelector": {"disk": "none"}}}
    api.post("/api/v1/namespaces/default/pods", unschedulable)
    lab.after(1)
    found = values(api)
    assert found['scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"}'] >= 1
    assert found['scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"}'] == 1
    assert found['scheduler_pending_pods{queue="unschedulable"}'] == 1
    assert found['scheduler_pending_pods{queue="active"}'] == 0


def test_work_queues_count_what_goes_through_them(api):
    lab = Lab(api)
    before = values(api)['workqueue_adds_total{name="deployment-controller"}']
    lab.deploy()
    found = values(api)
    assert found['workqueue_adds_total{name="deployment-controller"}'] > before
    assert found['workqueue_depth{name="deployment-controller"}'] == 0


def test_requests_have_a_duration_on_the_clusters_clock(api):
    api.get("/api/v1/namespaces/default/pods")
    labels = 'component="apiserver",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="LIST",version="v1"'
    found = values(api)
    assert found[f"apiserver_request_duration_seconds_count{{{labels}}}"] == 1
    assert found[f'apiserver_request_duration_seconds_bucket{{{labels},le="+Inf"}}'] == 1


def test_authentication_and_authorization_are_counted(api):
    before = values(api)
    api("GET", "/api/v1/pods", headers={"authorization": "Bearer x"})
    api("GET", "/api/v1/pods", headers={"impersonate-user": "joe"})
    found = values(api)
    denied = 'apiserver_authorization_decisions_total{decision="denied",name="rbac",type="RBAC"}'
    assert found[denied] == before.get(denied, 0) + 1
    assert (
        found['authenticated_user_requests{username="kubernetes-admin"}']
        > before['authenticated_user_requests{username="kubernetes-admin"}']
    )


def test_scheduling_has_a_duration_by_attempts(api):
    lab = Lab(api)
    api.post("/api/v1/namespaces/default/pods", POD)
    lab.after(1)
    assert values(api)['scheduler_pod_scheduling_sli_duration_seconds_count{attempts="1"}'] >= 1


def test_it_is_seen_who_leads(api):
    found = {n: v for n, v in values(api).items() if n.startswith("leader_election_master_status")}
    assert found == {
        'leader_election_master_status{host="control-plane",name="kube-controller-manager"}': 1,
        'leader_election_master_status{host="control-plane",name="kube-scheduler"}': 1,
    }
