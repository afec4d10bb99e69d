"""Metrics of the applications themselves: scraped from pods that say so, served to autoscalers."""

import pytest

from k8slab.apimachinery.quantity import milli_value
from k8slab.sim.addons.metrics.series import Sample, Series, parse_exposition
from tests.sim.controllers.test_in_a_cluster import Lab

CUSTOM, EXTERNAL = "/apis/custom.metrics.k8s.io/v1beta2", "/apis/external.metrics.k8s.io/v1beta1"
RATE = "http_requests_per_second"
SCRAPE = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}


@pytest.fixture
def api(make_api):
    return make_api(workers=2, seed=7)


@pytest.fixture
def lab(api):
    lab = Lab(api)
    for name, annotations in (("a", SCRAPE), ("b", SCRAPE), ("silent", {})):
        meta = {"name": name, "namespace": "default", "labels": {"app": "web"}, "annotations": annotations}
        spec = {"containers": [{"name": "c", "image": "chatter/web:1.0"}]}
        lab.admin.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    service = {"selector": {"app": "web"}, "ports": [{"port": 8080}]}
    meta = {"name": "web", "namespace": "default"}
    lab.admin.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service})
    lab.after(10)
    return lab


def load(lab, rate, seconds=120):
    spec = {"url": "http://web.default.svc.cluster.local:8080/version", "arrivals": "constant"}
    spec["stages"] = [{"durationSeconds": seconds, "target": rate}]
    meta = {"name": "r", "namespace": "default"}
    lab.admin.create(
        "loadruns.sim.k8slab.dev",
        {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "LoadRun", "metadata": meta, "spec": spec},
    )
    lab.after(seconds - 10)


def values(answer):
    return {i["describedObject"]["name"]: milli_value(i["value"]) for i in answer.json["items"]}


def test_only_pods_that_ask_for_it_are_scraped(api, lab):
    load(lab, 30)
    found = values(api.get(f"{CUSTOM}/namespaces/default/pods/*/{RATE}"))
    assert set(found) == {"a", "b"}
    assert all(9_000 < value < 12_000 for value in found.values())


def test_a_service_has_the_sum_of_its_pods(api, lab):
    load(lab, 30)
    found = values(api.get(f"{CUSTOM}/namespaces/default/services/web/{RATE}"))
    assert found["web"] == pytest.approx(20_000, rel=0.2)
    assert values(api.get(f"{CUSTOM}/namespaces/default/metrics/{RATE}")) == {"default": found["web"]}


def test_series_are_chosen_by_their_labels(api, lab):
    load(lab, 30)
    assert values(api.get(f"{CUSTOM}/namespaces/default/pods/a/{RATE}?metricLabelSelector=code%3D200"))["a"] > 0
    refused = api.get(f"{CUSTOM}/namespaces/default/pods/a/{RATE}?metricLabelSelector=code%3D500")
    assert (refused.status, refused.message) == (404, f"the server could not find the metric {RATE} for pods a")


def test_external_metrics_are_the_series_themselves_and_those_of_load_runs(api, lab):
    load(lab, 30)
    items = api.get(f"{EXTERNAL}/namespaces/default/{RATE}?labelSelector=pod%3Da").json["items"]
    assert [i["metricLabels"] for i in items] == [{"code": "200", "namespace": "default", "pod": "a"}]
    offered = api.get(f"{EXTERNAL}/namespaces/default/k8slab_load_requests_per_second").json["items"]
    assert [i["metricLabels"] for i in offered] == [{"namespace": "default", "outcome": "200", "run": "r"}]
    assert milli_value(offered[0]["value"]) == pytest.approx(30_000, rel=0.1)


def test_discovery_names_the_metrics_that_there_are(api, lab):
    lab.after(30)
    listed = {r["name"]: r["kind"] for r in api.get(CUSTOM).json["resources"]}
    assert listed[f"pods/{RATE}"] == "MetricValueList"
    assert "pods" not in listed
    assert {r["name"] for r in api.get(EXTERNAL).json["resources"]} == {RATE, "chatter_connections"}


def test_an_unknown_metric_is_not_found(api, lab):
    refused = api.get(f"{CUSTOM}/namespaces/default/pods/*/nothing")
    assert (refused.status, refused.message) == (404, "the server could not find the metric nothing for pods")


def test_both_versions_say_the_same(api, lab):
    lab.after(60)
    old = api.get(f"/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/a/{RATE}").json["items"][0]
    new = api.get(f"{CUSTOM}/namespaces/default/pods/a/{RATE}").json["items"][0]
    assert (old["metricName"], new["metric"]["name"], old["value"]) == (RATE, RATE, new["value"])


def test_a_pod_that_is_gone_has_no_metrics(api, lab):
    lab.after(60)
    lab.admin.delete("pods", "a", "default", grace_period=0)
    lab.after(20)
    assert set(values(api.get(f"{CUSTOM}/namespaces/default/pods/*/{RATE}"))) == {"b"}


def test_a_counter_that_starts_anew_has_not_gone_down():
    series = Series()
    for moment, value in ((0.0, 100.0), (15.0, 130.0), (30.0, 15.0)):
        series.store([Sample("hits_total", "counter", (), value)], moment)
    assert series.values("hits_per_second") == {(): (30.0, 1.5)}


def test_only_the_last_minute_counts():
    series = Series()
    for moment, value in ((0.0, 0.0), (60.0, 60.0), (120.0, 180.0)):
        series.store([Sample("hits_total", "counter", (), value)], moment)
    assert series.values("hits_per_second") == {(): (120.0, 2.0)}


def test_the_text_form_is_read_with_its_escapes():
    text = '# HELP x y\n# TYPE x_total counter\nx_total{path="/a\\"b\\\\",code="200"} 1.5e3 1700000000\nnonsense here too\n'
    (sample,) = parse_exposition(text)
    assert sample == Sample("x_total", "counter", (("path", '/a"b\\'), ("code", "200")), 1500.0)
