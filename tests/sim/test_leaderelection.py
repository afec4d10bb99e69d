"""Of several schedulers and controller managers one works; when it goes, another one takes over when its lease has ended."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.shape import nodes_of_kind_config
from tests.sim.conftest import Api

FAULTS, PODS = "/apis/sim.k8slab.dev/v1alpha1/faults", "/api/v1/namespaces/default/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
EVENTS = "/api/v1/namespaces/kube-system/events?fieldSelector=involvedObject.name%3D"
HIGH_AVAILABILITY = Path(__file__).resolve().parents[2] / "clusters" / "high-availability.yaml"


@pytest.fixture
def three(make_api: Callable[..., Api]) -> Api:
    """A cluster with three control plane nodes."""
    return make_api(nodes=nodes_of_kind_config(yaml.safe_load(HIGH_AVAILABILITY.read_text())))


@pytest.fixture
def one(make_api: Callable[..., Api]) -> Api:
    """A cluster with one control plane node."""
    return make_api(workers=2)


def lease(api: Api, name: str = "kube-scheduler") -> Object:
    spec: Object = api.get(f"{LEASES}/{name}").json["spec"]
    return spec


def holder(api: Api, name: str = "kube-scheduler") -> str:
    return str(lease(api, name)["holderIdentity"]).partition("_")[0]


def fault(api: Api, type: str, **spec: object) -> list[str]:
    answer = api.post(FAULTS, {"metadata": {"name": "f"}, "spec": {"type": type, **spec}})
    assert answer.status == 201, answer.message
    affected: list[str] = api.get(f"{FAULTS}/f").json["status"]["affected"]
    return affected


def is_scheduled(api: Api, name: str) -> bool:
    if api.get(f"{PODS}/{name}").status == 404:
        api.post(PODS, {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
    return "nodeName" in api.get(f"{PODS}/{name}").json["spec"]


def leaders(api: Api, name: str = "kube-scheduler") -> list[str]:
    return [e["message"] for e in api.get(EVENTS + name).json["items"] if e["reason"] == "LeaderElection"]


@pytest.mark.parametrize("name", ["kube-scheduler", "kube-controller-manager"])
def test_the_first_instance_holds_the_lease_and_renews_it(one: Api, name: str) -> None:
    first = lease(one, name)
    assert first["holderIdentity"].startswith("control-plane_")
    assert (first["leaseDurationSeconds"], first["leaseTransitions"]) == (15, 0)
    one.advance(60)
    later = lease(one, name)
    assert 50 <= parse_time(later["renewTime"]) - parse_time(first["renewTime"]) <= 60
    assert {k: v for k, v in later.items() if k != "renewTime"} == {k: v for k, v in first.items() if k != "renewTime"}
    assert leaders(one, name) == [f"{first['holderIdentity']} became leader"]


def test_another_instance_takes_over_when_the_lease_has_ended(three: Api) -> None:
    three.advance(5)
    assert holder(three) == "control-plane"
    assert fault(three, "ComponentDown", component="kube-scheduler") == ["kube-scheduler@control-plane"]
    three.advance(10)
    assert holder(three) == "control-plane"
    assert not is_scheduled(three, "waits")
    three.advance(8)
    assert holder(three) == "control-plane-2"
    assert lease(three)["leaseTransitions"] == 1
    assert is_scheduled(three, "waits")


def test_the_one_that_was_down_comes_back_as_a_follower(three: Api) -> None:
    three.advance(5)
    before = lease(three)["holderIdentity"]
    fault(three, "ComponentDown", component="kube-scheduler")
    three.advance(20)
    three.delete(f"{FAULTS}/f")
    three.advance(60)
    assert holder(three) == "control-plane-2"
    fault(three, "ComponentDown", component="kube-scheduler", nodes=["control-plane-2", "control-plane-3"])
    three.advance(20)
    assert holder(three) == "control-plane"
    assert lease(three)["holderIdentity"] != before
    assert is_scheduled(three, "again")


def test_with_all_instances_down_nobody_works(three: Api) -> None:
    fault(three, "ComponentDown", component="kube-scheduler", nodes=["control-plane", "control-plane-2", "control-plane-3"])
    three.advance(60)
    assert not is_scheduled(three, "stuck")


def test_a_crashed_control_plane_node_takes_its_instances_with_it(three: Api) -> None:
    three.advance(5)
    fault(three, "NodeCrash", nodes=["control-plane"])
    three.advance(20)
    assert (holder(three), holder(three, "kube-controller-manager")) == ("control-plane-2", "control-plane-2")
    three.advance(60)
    conditions = three.get("/api/v1/nodes/control-plane").json["status"]["conditions"]
    assert next(c["status"] for c in conditions if c["type"] == "Ready") == "Unknown"  # the new manager has watched it for 50 s
    assert is_scheduled(three, "goes-on")


def test_a_lone_scheduler_that_returns_waits_for_the_lease_of_its_former_self(one: Api) -> None:
    before = lease(one)["holderIdentity"]
    assert fault(one, "ComponentDown", component="kube-scheduler", durationSeconds=5) == ["kube-scheduler"]
    one.advance(19)
    assert not is_scheduled(one, "late")
    one.advance(3)
    assert is_scheduled(one, "late")
    assert lease(one)["holderIdentity"] != before
    assert lease(one)["leaseTransitions"] == 1


def test_a_short_silence_of_the_api_server_changes_no_leader(one: Api) -> None:
    before = lease(one)["holderIdentity"]
    fault(one, "ComponentDown", component="kube-apiserver", durationSeconds=4)
    one.advance(5)
    assert lease(one)["holderIdentity"] == before
    assert is_scheduled(one, "soon")


def test_after_a_long_one_the_lease_has_to_end_first(one: Api) -> None:
    before = lease(one)["holderIdentity"]
    fault(one, "ComponentDown", component="kube-apiserver", durationSeconds=60)
    one.advance(70)
    assert lease(one)["holderIdentity"] == before
    assert not is_scheduled(one, "late")
    one.advance(10)
    assert lease(one)["holderIdentity"] != before
    assert is_scheduled(one, "late")


def test_a_lease_that_somebody_steals_stops_the_leader(one: Api) -> None:
    one.patch(f"{LEASES}/kube-scheduler", {"spec": {"holderIdentity": "thief"}})
    one.advance(6)
    assert not is_scheduled(one, "robbed")
    assert any("stopped leading" in message for message in leaders(one))
    one.advance(20)
    assert is_scheduled(one, "robbed")
    assert holder(one) == "control-plane"


def test_a_lease_that_is_deleted_is_made_anew(one: Api) -> None:
    one.delete(f"{LEASES}/kube-scheduler")
    one.advance(6)
    assert holder(one) == "control-plane"
    assert is_scheduled(one, "fine")


def test_whoever_led_leads_again_when_the_server_starts_anew(make_api: Callable[..., Api], tmp_path: Path) -> None:
    api = make_api(workers=1, database=tmp_path / "db")
    before = lease(api)
    api.close()
    api.cluster.stop()
    again = make_api(workers=1, database=tmp_path / "db")
    assert lease(again)["holderIdentity"] == before["holderIdentity"]
    assert is_scheduled(again, "at-once")
