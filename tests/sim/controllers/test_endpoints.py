"""Which pods a Service leads to: Endpoints and EndpointSlices."""

import pytest

from k8slab.sim.controllers.endpoints import EndpointsController, truncated
from k8slab.sim.controllers.endpointslice import EndpointSliceController
from k8slab.sim.controllers.endpointslice_mirroring import EndpointSliceMirroringController
from k8slab.sim.controllers.endpointslice_plan import MAXIMUM, plan
from tests.sim.controllers.world import World, template

SLICES = "endpointslices.discovery.k8s.io"


@pytest.fixture
def world():
    return World(EndpointsController, EndpointSliceController)


def service(world, name="web", ports=({"port": 80, "targetPort": 8080},), **spec):
    world.create("services", name, {"selector": {"app": "web"}, "ports": list(ports), "clusterIP": "10.0.0.1", **spec})


def pod(world, name, ready=True, node="worker-1", **spec):
    world.create("pods", name, {**template()["spec"], "nodeName": node, **spec}, metadata={"labels": {"app": "web"}})
    world.report(name, "Running", ready, ip=f"10.1.0.{name.rpartition('-')[2]}")
    world.settled()


def addresses(world, ready=True):
    found = [e for s in world.all(SLICES) for e in s["endpoints"] if e["conditions"]["ready"] == ready]
    return sorted(e["addresses"][0] for e in found)


def test_ready_and_unready_pods(world):
    service(world)
    pod(world, "web-1")
    pod(world, "web-2", ready=False)
    subset = world.get("endpoints", "web")["subsets"][0]
    assert [a["ip"] for a in subset["addresses"]] == ["10.1.0.1"]
    assert [a["ip"] for a in subset["notReadyAddresses"]] == ["10.1.0.2"]
    assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert (addresses(world), addresses(world, ready=False)) == (["10.1.0.1"], ["10.1.0.2"])


def test_a_slice_says_whose_it_is(world):
    world.client.create("nodes", {"metadata": {"name": "worker-1", "labels": {"topology.kubernetes.io/zone": "a"}}})
    service(world)
    pod(world, "web-1")
    found = world.all(SLICES)[0]
    assert found["metadata"]["name"].startswith("web-")
    assert found["metadata"]["labels"] == {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert (found["addressType"], found["ports"]) == ("IPv4", [{"name": "", "port": 8080, "protocol": "TCP"}])
    endpoint = found["endpoints"][0]
    assert (endpoint["nodeName"], endpoint["zone"], endpoint["targetRef"]["name"]) == ("worker-1", "a", "web-1")


def test_a_terminating_pod_may_still_serve_but_is_not_ready(world):
    service(world)
    pod(world, "web-1")
    world.delete("pods", "web-1")
    endpoint = world.all(SLICES)[0]["endpoints"][0]
    assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}
    assert "subsets" not in world.get("endpoints", "web")
    world.stop_pods()
    assert world.all(SLICES)[0]["endpoints"] == []


def test_publishing_addresses_that_are_not_ready(world):
    service(world, publishNotReadyAddresses=True)
    pod(world, "web-1", ready=False)
    assert addresses(world) == ["10.1.0.1"]
    assert [a["ip"] for a in world.get("endpoints", "web")["subsets"][0]["addresses"]] == ["10.1.0.1"]


def test_a_headless_service_is_labelled_and_knows_hostnames(world):
    service(world, clusterIP="None")
    pod(world, "web-1", hostname="web-1", subdomain="web")
    found = world.all(SLICES)[0]
    assert found["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert found["endpoints"][0]["hostname"] == "web-1"


def test_a_service_without_pods_has_one_empty_slice(world):
    service(world)
    assert [(s["endpoints"], s["ports"]) for s in world.all(SLICES)] == [([], [])]
    first = world.names(SLICES)
    pod(world, "web-1")
    assert world.names(SLICES) == first
    assert addresses(world) == ["10.1.0.1"]


def test_a_port_by_name_is_looked_up_in_each_pod(world):
    service(world, ports=[{"name": "http", "port": 80, "targetPort": "http"}])
    for name, number in (("web-1", 8080), ("web-2", 9090)):
        pod(world, name, containers=[{"name": "c", "ports": [{"name": "http", "containerPort": number}]}])
    assert sorted(s["ports"][0]["port"] for s in world.all(SLICES)) == [8080, 9090]
    assert [s["ports"][0]["port"] for s in world.get("endpoints", "web")["subsets"]] == [8080, 9090]


def test_a_pod_that_changes_its_labels_leaves(world):
    service(world)
    pod(world, "web-1")
    world.client.patch("pods", "web-1", "chat", {"metadata": {"labels": {"app": "debug"}}})
    world.settled()
    assert addresses(world) == []


def test_ended_pods_and_external_names_have_no_endpoints(world):
    service(world)
    pod(world, "web-1")
    world.report("web-1", "Succeeded")
    world.settled()
    assert addresses(world) == []
    service(world, "ext", type="ExternalName")
    assert world.names("endpoints") == ["web"]


def test_endpoints_go_with_their_service(world):
    service(world)
    world.delete("services", "web")
    assert world.names("endpoints") == []


def test_a_slice_that_somebody_empties_is_restored(world):
    service(world)
    pod(world, "web-1")
    world.client.patch(SLICES, world.names(SLICES)[0], "chat", {"endpoints": []})
    world.settled()
    assert addresses(world) == ["10.1.0.1"]


def test_traffic_distribution_becomes_hints(world):
    world.client.create("nodes", {"metadata": {"name": "worker-1", "labels": {"topology.kubernetes.io/zone": "a"}}})
    service(world, trafficDistribution="PreferSameZone")
    pod(world, "web-1")
    assert world.all(SLICES)[0]["endpoints"][0]["hints"] == {"forZones": [{"name": "a"}]}


PORTS = (("", 80, "TCP", ""),)


def endpoint(number):
    return {"addresses": [f"10.1.0.{number}"], "conditions": {"ready": True}, "targetRef": {"uid": str(number)}}


def existing(name, numbers):
    ports = [{"name": "", "port": 80, "protocol": "TCP"}]
    return {"metadata": {"name": name}, "ports": ports, "endpoints": [endpoint(n) for n in numbers]}


def wanted(numbers):
    return {PORTS: {str(n): endpoint(n) for n in numbers}}


def shape(changes):
    return [(c.slice["metadata"]["name"] if c.slice else "new", len(c.endpoints or [])) for c in changes]


def test_many_endpoints_are_split():
    assert shape(plan(wanted(range(250)), [])) == [("new", MAXIMUM), ("new", MAXIMUM), ("new", 50)]


def test_nothing_to_do():
    assert plan(wanted(range(5)), [existing("a", range(5))]) == []


def test_a_new_endpoint_fills_the_fullest_slice_that_has_room():
    slices = [existing("a", range(20)), existing("b", range(20, 60))]
    assert shape(plan(wanted(range(61)), slices)) == [("b", 41)]


def test_a_slice_that_must_be_written_takes_the_new_ones_too():
    slices = [existing("a", range(20)), existing("b", range(20, 60))]
    assert shape(plan(wanted(range(1, 61)), slices)) == [("a", 20)]


def test_slices_that_become_empty_go_but_for_the_last():
    slices = [existing("a", range(20)), existing("b", range(20, 60))]
    assert shape(plan(wanted(range(20)), slices)) == [("b", 0)]
    assert [(c.slice["metadata"]["name"], c.endpoints) for c in plan({}, slices)] == [("a", []), ("b", None)]


def test_an_endpoints_object_holds_a_thousand_addresses_ready_ones_first():
    subset = {
        "addresses": [{"ip": str(i)} for i in range(900)],
        "notReadyAddresses": [{"ip": str(i)} for i in range(300)],
        "ports": [],
    }
    kept, over = truncated([subset])
    assert (len(kept[0]["addresses"]), len(kept[0]["notReadyAddresses"]), over) == (900, 100, True)


def test_hand_written_endpoints_are_mirrored():
    world = World(EndpointSliceMirroringController)
    world.create("services", "db", {"ports": [{"port": 5432}]})
    subset = {"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 5432, "protocol": "TCP"}]}
    world.create("endpoints", "db", subsets=[subset])
    assert addresses(world) == ["192.0.2.7"]
    world.client.patch("endpoints", "db", "chat", {"subsets": [{**subset, "addresses": [{"ip": "192.0.2.8"}]}]})
    world.settled()
    assert (len(world.names(SLICES)), addresses(world)) == (1, ["192.0.2.8"])
    world.delete("endpoints", "db")
    assert world.names(SLICES) == []
