"""The network's kinds of the glass box, through the API."""

import pytest

API = "/apis/sim.k8slab.dev/v1alpha1"
PODS = "/api/v1/namespaces/default/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def api(make_api):
    api = make_api(workers=2)
    meta = {"name": "web", "labels": {"app": "web"}}
    api.post(PODS, {"metadata": meta, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}})
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    api.post("/api/v1/namespaces/default/services", service)
    command = ["sh", "-c", "sleep 1; wget -T 2 -qO- http://web; sleep 100000"]
    box = {"containers": [{"name": "c", "image": "busybox:1.37", "command": command}]}
    api.post(PODS, {"metadata": {"name": "box"}, "spec": box})
    api.advance(2)
    return api


def trace(api, **spec):
    return api.post(f"{API}/namespaces/default/packettraces", {"spec": {"source": {"pod": "box"}, "host": "web", **spec}})


def deny(api):
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    assert api.post(path, {"metadata": {"name": "deny"}, "spec": spec}).status == 201


def test_a_connection_leaves_its_path(api):
    (path,) = api.get(f"{API}/namespaces/default/packetpaths").json["items"]
    assert path["spec"]["source"] == {"kind": "Pod", "namespace": "default", "name": "box"}
    assert (path["status"]["verdict"], path["status"]["target"]) == ("answered 200", "default/web")
    assert [s["layer"] for s in path["status"]["steps"]] == ["dns", "service", "route", "target", "http"]
    name = path["metadata"]["name"]
    assert api.get(f"{API}/namespaces/default/packetpaths/{name}").json == path


def test_and_a_flow_with_its_bytes(api):
    (flow,) = api.get(f"{API}/flows").json["items"]
    assert flow["spec"] == {
        "source": {"kind": "Pod", "namespace": "default", "name": "box"},
        "destination": "web:80",
        "service": "default/web",
        "target": "default/web",
    }
    assert (flow["status"]["connections"], flow["status"]["bytesReceived"] > 100) == (1, True)


def test_both_as_tables(api):
    table = api.get(f"{API}/flows", accept=TABLE).json
    assert [c["name"] for c in table["columnDefinitions"]][:5] == ["Name", "Source", "Destination", "Target", "Verdict"]
    table = api.get(f"{API}/packetpaths", accept=TABLE).json
    assert table["rows"][0]["cells"][1:5] == ["box", "web:80", "default/web", "answered 200"]


def test_a_trace_says_what_would_happen_and_sends_nothing(api):
    answer = trace(api)
    assert answer.status == 201
    assert (answer.json["status"]["verdict"], answer.json["status"]["target"]) == ("connected", "default/web")
    assert len(api.get(f"{API}/packetpaths").json["items"]) == 1


def test_it_says_so_when_names_cannot_even_be_asked_for(api):
    spec = {"podSelector": {}, "policyTypes": ["Egress"]}
    path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    api.post(path, {"metadata": {"name": "closed"}, "spec": spec})
    status = trace(api).json["status"]
    assert ([s["layer"] for s in status["steps"]], status["policy"]) == (["dns", "policy"], "default/closed")


def test_with_the_policy_that_would_drop_it_and_the_time_until_the_sender_knows(api):
    deny(api)
    status = trace(api).json["status"]
    assert (status["verdict"], status["policy"], status["seconds"]) == ("dropped", "default/deny", 127)


@pytest.mark.parametrize(
    ("spec", "verdict"),
    [({"host": "nope"}, "unknown-host"), ({"port": 81}, "refused"), ({"host": "192.0.2.1"}, "timeout")],
)
def test_and_other_ends(api, spec, verdict):
    assert trace(api, **spec).json["status"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"source": {"pod": "nope"}}, "must be a running pod of this namespace, or a node"),
        ({"host": ""}, "spec.host: Required value"),
        ({"port": 0}, "must be between 1 and 65535"),
    ],
)
def test_a_trace_that_makes_no_sense_is_invalid(api, spec, text):
    answer = trace(api, **spec)
    assert (answer.status, text in answer.message) == (422, True)


def test_it_is_an_api_like_any_other(api):
    plurals = {r["name"]: r["verbs"] for r in api.get(API).json["resources"]}
    assert plurals["packettraces"] == ["create"]
    assert api.get(f"{API}/namespaces/default/packetpaths/nope").status == 404
    assert api.delete(f"{API}/namespaces/default/packetpaths/path-000001").status == 405
    stranger = {"Impersonate-User": "eve"}
    assert api("GET", f"{API}/namespaces/default/flows", headers=stranger).status == 403


LINKS = f"{API}/networklinks"


def link(name="slow", **spec):
    return {"metadata": {"name": name}, "spec": {"zones": ["zone-a", "zone-b"], "latencySeconds": 0.05, **spec}}


def test_a_link_between_zones_is_created_and_deleted(api):
    assert api.post(LINKS, link()).status == 201
    table = api.get(LINKS, accept=TABLE).json
    assert table["rows"][0]["cells"][0] == "slow"
    assert api.get(f"{LINKS}/slow").json["spec"] == {"zones": ["zone-a", "zone-b"], "latencySeconds": 0.05, "loss": 0}
    assert api.post(LINKS, link("again", zones=["zone-b", "zone-a"])).status == 409
    assert api.delete(f"{LINKS}/slow").json["status"] == "Success"
    assert api.get(f"{LINKS}/slow").status == 404


@pytest.mark.parametrize("spec", [{"zones": []}, {"zones": "a"}, {"loss": 2}, {"latencySeconds": -1}, {"loss": "much"}])
def test_a_link_that_makes_no_sense_is_invalid(api, spec):
    assert api.post(LINKS, link(**spec)).status == 422


def test_a_trace_shows_every_step_with_its_details(api):
    api.post(LINKS, link("far", loss=0.1))
    api.post(LINKS, link("near", zones=["zone-a", "zone-a"], latencySeconds=0.01))
    api.post(LINKS, link("here", zones=["zone-b", "zone-b"], latencySeconds=0.01))
    status = trace(api).json["status"]
    steps = {s["layer"]: s for s in status["steps"]}
    suffixes = ("default.svc.cluster.local", "svc.cluster.local", "cluster.local")
    assert (steps["dns"]["ndots"], steps["dns"]["candidates"]) == (5, [*(f"web.{s}" for s in suffixes), "web"])
    (rule,) = steps["service"]["rules"]
    assert (rule["target"], rule["probability"], rule["share"]) == ("default/web", 1, 1)
    assert steps["service"]["rewritten"]["destination"].endswith(f"-> {rule['endpoint']}")
    assert (steps["target"]["container"], steps["target"]["port"]) == ("c", 80)
    if "from" in steps["route"]:  # on another node
        assert steps["link"]["latency"] > 0
        assert status["seconds"] == 2 * steps["link"]["latency"]


def test_a_name_with_few_dots_is_tried_along_the_search_path_first(api):
    status = trace(api, host="kubernetes.default").json["status"]
    questions = [s["question"] for s in status["steps"] if s["layer"] == "dns"]
    assert questions == ["kubernetes.default.default.svc.cluster.local", "kubernetes.default.svc.cluster.local"]
    outside = [s["question"] for s in trace(api, host="example.com").json["status"]["steps"] if s["layer"] == "dns"]
    assert (len(outside), outside[-1]) == (4, "example.com")
