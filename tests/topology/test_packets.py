import pytest

from k8slab.errors import K8slabError
from k8slab.topology.packets import declared_path, destination_of, path_of_trace


def pod(name: str, app: str, ip: str = "10.0.0.1", port: int = 0) -> dict:
    container = {"name": "c", "ports": [{"containerPort": port}]} if port else {"name": "c"}
    meta = {"name": name, "namespace": "chat", "labels": {"app": app}}
    return {"kind": "Pod", "metadata": meta, "spec": {"containers": [container], "nodeName": "n1"}, "status": {"podIP": ip}}


def service(**spec: object) -> dict:
    known = {"clusterIP": "10.96.0.5", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"kind": "Service", "metadata": {"name": "web", "namespace": "chat"}, "spec": known}


def endpoints(*names: str, ready: bool = True) -> dict:
    found = [
        {"addresses": [f"10.0.0.{i}"], "targetRef": {"kind": "Pod", "name": n}, "conditions": {"ready": ready}}
        for i, n in enumerate(names, 2)
    ]
    meta = {"name": "web-x", "namespace": "chat", "labels": {"kubernetes.io/service-name": "web"}}
    return {"kind": "EndpointSlice", "metadata": meta, "endpoints": found, "ports": [{"port": 8080}]}


def policy(allowed: str) -> dict:
    spec = {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": allowed}}}]}],
    }
    return {"kind": "NetworkPolicy", "metadata": {"name": "only", "namespace": "chat"}, "spec": spec}


CLIENT, WEB = pod("client", "client"), pod("web-1", "web", "10.0.0.2", 8080)


def go(to: str = "svc/web:80", **objects: list[dict]):
    known = {"Pod": [CLIENT, WEB], "Service": [service()], "EndpointSlice": [endpoints("web-1")], **objects}
    return declared_path(CLIENT, destination_of(to, "chat"), known)


def test_a_declared_way_goes_over_name_service_policies_and_target() -> None:
    found = go()
    assert found.reached
    assert [s.layer for s in found.steps] == ["dns", "service", "policy", "policy", "target"]
    assert (found.target, found.node) == ("chat/web-1", "n1")


@pytest.mark.parametrize(
    ("objects", "layer", "words"),
    [
        ({"Service": []}, "dns", 'there is no Service "web"'),
        ({"Service": [service(ports=[{"port": 8000}])]}, "service", "has no port 80; it has 8000"),
        ({"EndpointSlice": [endpoints("web-1", ready=False)]}, "service", "no ready endpoint: 1 not ready"),
        ({"EndpointSlice": [], "Pod": [CLIENT]}, "service", "no pod has the labels app=web"),
        ({"EndpointSlice": []}, "service", "none of them has an address that is ready"),
        ({"NetworkPolicy": [policy("other")]}, "policy", "isolated by chat/only"),
    ],
)
def test_a_way_that_ends_says_at_which_layer_and_why(objects: dict, layer: str, words: str) -> None:
    found = go(**objects)
    assert not found.reached
    assert found.steps[-1].layer == layer
    assert words in found.steps[-1].text


def test_the_deciding_policy_is_named_also_when_it_allows() -> None:
    found = go(NetworkPolicy=[policy("client")])
    assert found.reached
    assert found.policy == "chat/only"


def test_an_endpoint_that_policies_treat_otherwise_is_told() -> None:
    odd = pod("web-2", "web", "10.0.0.3", 8080)
    odd["metadata"]["labels"]["tier"] = "inner"
    closed = {"kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "chat"},
              "spec": {"podSelector": {"matchLabels": {"tier": "inner"}}, "policyTypes": ["Ingress"]}}  # fmt: skip
    found = go(Pod=[CLIENT, WEB, odd], EndpointSlice=[endpoints("web-1", "web-2")], NetworkPolicy=[closed])
    assert found.reached
    assert "web-2" in found.notes[0]


def test_a_pod_as_destination_needs_no_service() -> None:
    assert [s.layer for s in go("pod/web-1:8080").steps] == ["dns", "policy", "policy", "target"]


def test_a_port_that_nobody_declares_is_no_verdict() -> None:
    assert go("pod/web-1:9999").steps[-1].ok is None


def test_a_trace_that_was_dropped_has_its_reason_at_the_end_and_a_missed_name_before_is_none() -> None:
    steps = [{"layer": "dns", "text": "web -> NXDOMAIN", "answers": []}, {"layer": "dns", "text": "web -> A", "answers": ["A"]},
             {"layer": "policy", "text": "ingress: no", "allowed": False}]  # fmt: skip
    found = path_of_trace({"status": {"verdict": "dropped", "steps": steps}}, "chat/a", "svc/web:80")
    assert not found.reached
    assert [s.ok for s in found.steps] == [False, True, False]


@pytest.mark.parametrize("text", ["svc/web:http", "job/x:80", "svc/:80", "svc/web:99999"])
def test_a_destination_that_makes_no_sense_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(K8slabError, match="svc/web:80"):
        destination_of(text, "chat")
