"""The views on a cluster that has no glass box: what they work out themselves, and what they say they cannot do."""

import pytest

from k8slab import views
from k8slab.client import Cluster
from tests.client.conftest import api, cluster  # noqa: F401
from tests.client.fake_api import FakeApi


def node(name: str, cpu: str) -> dict:
    return {"metadata": {"name": name}, "spec": {}, "status": {"allocatable": {"cpu": cpu, "memory": "4Gi", "pods": "110"}}}


def pod(name: str, cpu: str = "1", ip: str = "10.0.0.1", on: str = "") -> dict:
    containers = [{"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}]
    meta = {"name": name, "namespace": "chat", "uid": name, "labels": {"app": name}}
    return {"metadata": meta, "spec": {"containers": containers, "nodeName": on}, "status": {"phase": "Running", "podIP": ip}}


@pytest.fixture
def elsewhere(api: FakeApi, cluster: Cluster) -> Cluster:  # noqa: F811
    for n in (node("big", "4"), node("small", "1")):
        api.put("nodes", n)
    for p in (pod("a", "2"), pod("b", ip="10.0.0.2", on="small")):
        api.put("pods", p)
    return cluster


def test_the_scheduler_s_decision_is_worked_out_and_said_to_be(elsewhere: Cluster) -> None:
    view = views.SchedulingView(elsewhere, "a")
    said = view.text()
    view.stop()
    assert "This cluster keeps no record of its scheduler." in said
    assert "1 of 2 nodes pass the filters; big is chosen." in said
    assert "NodeResourcesFit: Insufficient cpu" in said
    assert "schedulingtrace" not in said, "a command that would not work here"


def test_a_way_is_what_objects_declare_and_said_to_be(elsewhere: Cluster) -> None:
    view = views.PacketPathView(elsewhere, "pod/a", "pod/b:8080")
    said = view.text()
    view.stop()
    assert "Worked out from declared objects" in said
    assert "egress: no policy selects chat/a for egress" in said


def test_without_measurements_nodes_are_filled_by_requests_and_it_is_said(elsewhere: Cluster) -> None:
    view = views.FillingView(elsewhere)
    said = view.text()
    view.stop()
    assert "Nothing tells the use here" in said
    assert "small" in said


def test_clock_and_faults_are_one_line_each(elsewhere: Cluster) -> None:
    for kind, words in ((views.ClockView, "Only the embedded cluster has one."), (views.FaultsView, "break on request.")):
        view = kind(elsewhere)
        view.stop()
        assert words in view.text()
        assert view.current["blocks"] == {}
