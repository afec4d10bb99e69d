"""A rolling update under load loses nothing if readiness and preStop are right, and what it loses otherwise is counted."""

RUNS = "/apis/sim.k8slab.dev/v1alpha1/namespaces/default/loadruns"
SETS = "/apis/apps/v1/namespaces/default/deployments"


def update_under_load(make_api, careful, work=20):
    api = make_api(workers=2, start_delays=True)
    container = {"name": "c", "image": "chatter/web:1.0"}
    if careful:
        container["readinessProbe"] = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    api.post(SETS, {"metadata": {"name": "web"}, "spec": spec})
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 8080}]}}
    api.post("/api/v1/namespaces/default/services", service)
    api.advance(30)
    stages = [{"durationSeconds": 50, "target": 30}]
    url = f"http://web.default.svc.cluster.local:8080/work?ms={work}"
    api.post(RUNS, {"metadata": {"name": "r"}, "spec": {"url": url, "stages": stages}})
    api.advance(5)
    body = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "chatter/web:1.1"}]}}}}
    assert api.patch(f"{SETS}/web", body, "strategic-merge-patch+json").status == 200
    api.advance(70)
    assert api.get(f"{SETS}/web").json["status"]["updatedReplicas"] == 3
    status = api.get(f"{RUNS}/r").json["status"]
    assert status["phase"] == "Complete"
    assert status["requests"] > 1000
    return status


def test_nothing_is_lost_when_readiness_and_pre_stop_are_right(make_api):
    assert update_under_load(make_api, careful=True)["failed"] == 0


def test_losses_are_counted_when_they_are_not(make_api):
    status = update_under_load(make_api, careful=False)
    assert status["outcomes"]["refused"] == status["failed"] > 0
