"""A LoadRun sends requests through the data plane and tells what became of them."""

import pytest

API = "/apis/sim.k8slab.dev/v1alpha1/namespaces/default/loadruns"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def api(make_api):
    api = make_api(workers=1)
    spec = {"containers": [{"name": "c", "image": "chatter/web:1.0"}]}
    api.post(PODS, {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec})
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 8080}]}}
    api.post("/api/v1/namespaces/default/services", service)
    api.advance(5)
    return api


def run(api, seconds=30, **spec):
    spec = {"url": "http://web:8080/work?ms=100", "source": {"pod": "web"}, "arrivals": "constant", **spec}
    made = api.post(API, {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "LoadRun", "metadata": {"name": "r"}, "spec": spec})
    assert made.status == 201, made.json
    api.advance(seconds)
    return api.get(f"{API}/r").json["status"]


def test_an_open_run_sends_at_its_rate(api):
    status = run(api, stages=[{"durationSeconds": 20, "target": 5}])
    assert (status["phase"], status["requests"], status["failed"]) == ("Complete", 99, 0)
    assert status["latencySeconds"]["p50"] == pytest.approx(0.102, rel=0.02)


def test_users_of_a_closed_run_obey_the_interactive_law(api):
    status = run(api, 110, mode="closed", thinkTimeSeconds=2, intervalSeconds=100, stages=[{"durationSeconds": 100, "target": 8}])
    throughput = status["requests"] / 100
    assert throughput * (status["latencySeconds"]["mean"] + 2) == pytest.approx(8, rel=0.06)  # N = X (R + Z)


def test_beyond_saturation_requests_time_out(api):
    status = run(api, 60, timeoutSeconds=2, stages=[{"durationSeconds": 20, "target": 20}])
    assert status["outcomes"]["timeout-response"] > 100


def test_a_server_with_several_workers_uses_several_cores(api):
    spec = {"containers": [{"name": "c", "image": "registry.k8s.io/hpa-example"}]}  # 60 ms of CPU for each request
    api.post(PODS, {"metadata": {"name": "php", "labels": {"app": "php"}}, "spec": spec})
    api.post(
        "/api/v1/namespaces/default/services",
        {"metadata": {"name": "php"}, "spec": {"selector": {"app": "php"}, "ports": [{"port": 80}]}},
    )
    api.advance(10)
    status = run(api, 60, url="http://php/", stages=[{"durationSeconds": 30, "target": 30}])
    assert status["outcomes"] == {"200": status["requests"]}


def test_requests_to_nobody_are_refused(api):
    status = run(api, url="http://web:8081/", stages=[{"durationSeconds": 10, "target": 1}])
    assert status["failed"] == status["requests"] > 5


def test_a_server_that_dies_loses_what_it_worked_on(api):
    spec = {"url": "http://web:8080/work?ms=9000", "source": {"pod": "web"}, "timeoutSeconds": 20, "arrivals": "constant"}
    api.post(API, {"metadata": {"name": "r"}, "spec": {**spec, "stages": [{"durationSeconds": 2, "target": 5}]}})
    api.advance(1)
    api.delete(f"{PODS}/web")
    api.advance(60)
    assert api.get(f"{API}/r").json["status"]["outcomes"].get("reset", 0) >= 1


def test_a_run_is_validated(api):
    answer = api.post(API, {"metadata": {"name": "r"}, "spec": {"url": "web"}})
    assert answer.status == 422
    assert "spec.stages: Required value" in answer.json["message"]
