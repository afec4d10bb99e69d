"""sim.k8slab.dev: the clock and the scheduling traces as API objects."""

from collections.abc import Callable

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

CLOCK = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster"
TRACES = "/apis/sim.k8slab.dev/v1alpha1/namespaces/default/schedulingtraces"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def pod(name: str = "web", **spec: object) -> Object:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "web", "image": "nginx"}], **spec}}


@pytest.fixture
def nodes(make_api: Callable[..., Api]) -> Api:
    return make_api(workers=1)


def cells(api: Api, path: str) -> list[list[object]]:
    return [row["cells"] for row in api.get(path, accept=TABLE).json["rows"]]


def test_there_is_one_clock(api: Api) -> None:
    assert [c["metadata"]["name"] for c in api.get(CLOCK.rpartition("/")[0]).json["items"]] == ["cluster"]
    assert api.get(CLOCK.replace("cluster", "other")).status == 404


def test_its_table_shows_mode_rate_and_time(api: Api) -> None:
    assert cells(api, CLOCK)[0][:4] == ["cluster", "stepped", 0, "2026-01-01T00:00:00.000000Z"]


def test_its_fields_are_explained(api: Api) -> None:
    document = api.get("/openapi/v3/apis/sim.k8slab.dev/v1alpha1").json
    (clock,) = (s for n, s in document["components"]["schemas"].items() if n.endswith(".Clock"))
    assert "enum" in clock["properties"]["spec"]["properties"]["mode"]
    assert clock["properties"]["spec"]["properties"]["rate"]["description"]


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge-patch+json", {"spec": {"mode": "accelerated", "rate": 10}}),
        (
            "json-patch+json",
            [
                {"op": "replace", "path": "/spec/mode", "value": "accelerated"},
                {"op": "replace", "path": "/spec/rate", "value": 10},
            ],
        ),
    ],
)
def test_a_patch_changes_mode_and_rate(api: Api, kind: str, patch: object) -> None:
    assert api.patch(CLOCK, patch, kind).json["spec"] == {"mode": "accelerated", "rate": 10.0}
    assert (api.cluster.kernel.clock.mode, api.cluster.kernel.clock.rate) == ("accelerated", 10)


def test_who_accelerates_without_a_rate_gets_real_time(api: Api) -> None:
    assert api.patch(CLOCK, {"spec": {"mode": "accelerated"}}).json["status"]["rate"] == 1


def test_a_dry_run_leaves_the_clock_alone(api: Api) -> None:
    assert api.patch(f"{CLOCK}?dryRun=All", {"spec": {"mode": "real"}}).status == 200
    assert api.cluster.kernel.clock.mode == "stepped"


@pytest.mark.parametrize("kind", ["strategic-merge-patch+json", "apply-patch+yaml"])
def test_other_patches_are_refused(api: Api, kind: str) -> None:
    answer = api.patch(f"{CLOCK}?fieldManager=x", {"spec": {"mode": "real"}}, kind)
    assert answer.status == 415
    assert answer.message.endswith("application/json-patch+json, application/merge-patch+json")


def test_a_mode_that_does_not_exist_is_refused(api: Api) -> None:
    answer = api.patch(CLOCK, {"spec": {"mode": "backwards"}})
    assert answer.status == 422
    assert answer.message == (
        'Clock.sim.k8slab.dev "cluster" is invalid: spec.mode: Unsupported value: "backwards": '
        'supported values: "accelerated", "real", "stepped"'
    )


def test_advancing_lets_time_pass_at_once(api: Api) -> None:
    answer = api.post(f"{CLOCK}/advance", {"spec": {"seconds": 90}})
    assert (answer.status, answer.json["status"]["now"]) == (201, "2026-01-01T00:01:30.000000Z")


def test_advancing_to_the_next_event(api: Api) -> None:
    following = api.get(CLOCK).json["status"]["nextEvent"]
    assert api.post(f"{CLOCK}/advance", {"spec": {"untilNextEvent": True}}).json["status"]["now"] == following


def test_time_does_not_go_back(api: Api) -> None:
    assert api.post(f"{CLOCK}/advance", {"spec": {"seconds": -1}}).status == 422


def test_a_method_that_is_not_served_is_refused(api: Api) -> None:
    assert api.delete(CLOCK).status == 405


def test_who_turns_the_clock_is_in_the_audit_log(api: Api) -> None:
    api.patch(CLOCK, {"spec": {"mode": "stepped"}})
    assert any(e["objectRef"].get("resource") == "clocks" and e["verb"] == "patch" for e in api.cluster.audit.events())


def test_a_pod_leaves_a_trace(nodes: Api) -> None:
    nodes.post("/api/v1/namespaces/default/pods", pod())
    assert cells(nodes, TRACES)[0][:3] == ["web", "worker-1", "Scheduled"]
    trace = nodes.get(f"{TRACES}/web").json
    assert {n["name"] for n in trace["status"]["nodes"]} == {"control-plane", "worker-1"}
    assert nodes.get(f"{TRACES}/other").status == 404


def test_traces_are_watched(nodes: Api) -> None:
    version = nodes.get(TRACES).json["metadata"]["resourceVersion"]
    watch = nodes.watch(f"{TRACES}?watch=1&resourceVersion={version}")
    nodes.post("/api/v1/namespaces/default/pods", pod())
    assert watch.told() == [("ADDED", "web")]


def test_a_trace_says_why_a_pod_is_pending(nodes: Api) -> None:
    nodes.post("/api/v1/namespaces/default/pods", pod(nodeSelector={"disk": "ssd"}))
    status = nodes.get(f"{TRACES}/web").json["status"]
    assert status["result"] == "Unschedulable"
    assert status["message"].startswith("0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector")
