"""The metrics API in a whole cluster: what it measures, when it can say something, who may ask."""

import pytest

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.sim.addons.metrics.points import Point, Points, usage
from tests.sim.controllers.test_in_a_cluster import Lab

NODES, PODS = "/apis/metrics.k8s.io/v1beta1/nodes", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"


# metrics-server, pkg/storage/pod_test.go and node_test.go: which two points make a rate.
@pytest.mark.parametrize(
    ("scrapes", "pair"),
    [
        pytest.param([(100, 0)], None, id="one point: not available yet"),
        pytest.param([(100, 0), (115, 0)], (100, 115), id="two points"),
        pytest.param([(100, 0), (115, 0), (130, 0)], (115, 130), id="the last two of three"),
        pytest.param([(100, 88)], (88, 100), id="fresh: since its start"),
        pytest.param([(100, 95)], None, id="too fresh: less than 10 s"),
        pytest.param([(100, 95), (115, 95)], (100, 115), id="fresh, then two points"),
        pytest.param([(100, 0), (115, 108)], None, id="restarted: the old counter says nothing"),
        pytest.param([(100, 0), (115, 102)], (102, 115), id="restarted and fresh"),
        pytest.param([(100, 0), None, (130, 0)], None, id="a scrape that failed: from the beginning"),
    ],
)
def test_two_measurements_make_a_rate(scrapes, pair):
    points = Points(fresh=True)
    for scrape in scrapes:
        points.store({"c": Point(*scrape, cpu=1.0, memory=1)} if scrape else {})
    found = points.pair("c")
    assert (found and (found[0].time, found[1].time)) == pair


def test_cpu_is_a_rate_and_memory_the_last_value():
    assert usage((Point(100, 0, 50.0, 1 << 20), Point(115, 0, 51.5, 3 << 20))) == {"cpu": "100m", "memory": "3Mi"}


@pytest.fixture
def api(make_api):
    return make_api(workers=2, seed=7)


@pytest.fixture
def lab(api):
    return Lab(api)


def run(lab, name, command, restart="Always", **resources):
    container = {"name": "c", "image": "polinux/stress", "command": command.split(), "resources": resources}
    meta = {"name": name, "namespace": "default", "labels": {"app": name}}
    lab.admin.create(
        "pods",
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"restartPolicy": restart, "containers": [container]}},
    )


def names(answer):
    return [item["metadata"]["name"] for item in answer.json["items"]]


def test_metrics_come_with_the_second_scrape_of_a_node(api):
    assert names(api.get(NODES)) == []
    api.advance(31)
    assert names(api.get(NODES)) == ["control-plane", "worker-1", "worker-2"]


def test_a_young_pod_has_no_metrics_yet(api, lab):
    run(lab, "burner", "stress --cpu 2")
    lab.after(9)
    answer = api.get(f"{PODS}/burner")
    assert (answer.status, answer.message) == (404, 'podmetrics.metrics.k8s.io "default/burner" not found')
    lab.after(30)
    assert api.get(f"{PODS}/burner").status == 200


def test_a_pod_that_is_not_there_is_not_found(api, lab):
    assert api.get(f"{PODS}/nobody").message == 'pods "nobody" not found'


def test_pods_use_what_their_processes_burn_and_their_node_uses_more(api, lab):
    run(lab, "burner", "stress --cpu 2 --vm 1 --vm-bytes 64M", limits={"cpu": "1500m"})
    lab.after(60)
    metrics = api.get(f"{PODS}/burner").json
    assert metrics["window"] == "15s"
    assert metrics["metadata"]["labels"] == {"app": "burner"}
    (container,) = metrics["containers"]
    assert container["name"] == "c"
    assert milli_value(container["usage"]["cpu"]) == 1500
    assert 64 << 20 <= value(container["usage"]["memory"]) < 70 << 20
    node = lab.admin.get("pods", "burner", "default")["spec"]["nodeName"]
    assert milli_value(api.get(f"{NODES}/{node}").json["usage"]["cpu"]) == 1530


def test_pods_are_selected_by_label(api, lab):
    run(lab, "one", "stress --cpu 1")
    run(lab, "two", "stress --cpu 1")
    lab.after(60)
    assert names(api.get(PODS)) == ["one", "two"]
    assert names(api.get(f"{PODS}?labelSelector=app%3Dtwo")) == ["two"]
    assert names(api.get("/apis/metrics.k8s.io/v1beta1/pods?fieldSelector=metadata.name%3Done")) == ["one"]


def test_an_ended_pod_has_no_metrics(api, lab):
    run(lab, "brief", "stress --cpu 1 --timeout 40", restart="Never")
    lab.after(40)
    assert names(api.get(PODS)) == ["brief"]
    lab.after(60)
    assert names(api.get(PODS)) == []


def test_a_node_whose_kubelet_is_down_has_no_metrics(api, lab):
    lab.after(60)
    lab.cluster.kubelets["worker-1"].stop()
    lab.after(16)
    assert names(api.get(NODES)) == ["control-plane", "worker-2"]


def test_metrics_are_shown_as_a_table(api, lab):
    run(lab, "burner", "stress --cpu 1")
    lab.after(60)
    table = api.get(PODS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").json
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert table["rows"][0]["cells"][:2] == ["burner", "1"]


def test_metrics_are_announced_and_read_only(api):
    (group,) = [g for g in api.get("/apis").json["groups"] if g["name"] == "metrics.k8s.io"]
    assert group["preferredVersion"]["groupVersion"] == "metrics.k8s.io/v1beta1"
    kinds = {(r["name"], r["kind"], tuple(r["verbs"])) for r in api.get("/apis/metrics.k8s.io/v1beta1").json["resources"]}
    assert kinds == {("nodes", "NodeMetrics", ("get", "list")), ("pods", "PodMetrics", ("get", "list"))}
    assert api.delete(f"{NODES}/worker-1").status == 405
    assert api.get("/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io").status == 200


def test_who_may_view_may_read_metrics(api):
    api.advance(5)
    rules = api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view").json["rules"]
    assert any(rule["apiGroups"] == ["metrics.k8s.io"] for rule in rules)
