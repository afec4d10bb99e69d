"""ingress-nginx as an add-on: its objects, the status of Ingresses, and requests through the data plane."""

import pytest

from k8slab.sim.network import NetNamespace
from k8slab.sim.network.tls import Trust
from tests.sim.addons.certificates import certificate_of, secret

INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
SERVICES, PODS = "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/pods"
CONTROLLER = "/api/v1/namespaces/ingress-nginx"


@pytest.fixture
def api(make_api):
    api = make_api(workers=2, system_pods=True, ingress=True)
    for name in ("one", "two"):
        spec = {"containers": [{"name": "c", "image": "hashicorp/http-echo:1.0", "args": [f"-text={name}"]}]}
        api.post(PODS, {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec})
    api.post(
        SERVICES, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 5678}]}}
    )
    spec = {"containers": [{"name": "c", "image": "busybox:1.37", "command": ["sleep", "100000"]}]}
    api.post(PODS, {"metadata": {"name": "box"}, "spec": spec})
    api.advance(12)
    return api


def publish(api, host="web.test", service="web", **spec):
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}]
    body = {"metadata": {"name": "web"}, "spec": {"rules": [{"host": host, "http": {"paths": paths}}], **spec}}
    assert api.post(INGRESSES, body).status == 201
    api.settle()


def ask(api, url="http://ingress-nginx-controller.ingress-nginx/", host="web.test", trust=None, timeout=10):
    network = api.cluster.network
    source = network.namespace_of_pod("default", "box")
    task = api.cluster.kernel.spawn(network.http(source, "GET", url, {"Host": host}, b"", timeout, trust or Trust(False)))
    while not task.done:
        api.advance(1)
    return task.result()


def test_an_ingress_gets_an_address_and_an_event(api):
    publish(api)
    status = api.get(f"{INGRESSES}/web").json["status"]
    assert status["loadBalancer"]["ingress"] == [{"hostname": "localhost"}]
    events = api.get("/api/v1/namespaces/default/events").json["items"]
    assert [e["message"] for e in events if e["reason"] == "Sync"] == ["Scheduled for sync"]


def test_one_of_another_class_is_left_alone(api):
    publish(api, ingressClassName="traefik")
    assert (
        "loadBalancer" not in (api.get(f"{INGRESSES}/web").json.get("status") or {})
        or not api.get(f"{INGRESSES}/web").json["status"]["loadBalancer"]
    )
    assert ask(api).status == 404


def test_requests_go_to_the_pods_in_turn(api):
    publish(api, ingressClassName="nginx")
    assert {ask(api).body.strip() for _ in range(2)} == {b"one", b"two"}
    assert ask(api, host="other.test").status == 404


def test_a_pod_that_is_not_ready_gets_none_and_without_ready_pods_it_is_503(api):
    publish(api)
    api.delete(f"{PODS}/one?gracePeriodSeconds=0")
    api.settle()
    assert {ask(api).body.strip() for _ in range(4)} == {b"two"}
    api.delete(f"{PODS}/two?gracePeriodSeconds=0")
    api.settle()
    assert (ask(api).status, b"503 Service Temporarily Unavailable" in ask(api).body) == (503, True)


def test_a_policy_that_keeps_the_controller_out_makes_it_504(api):
    publish(api)
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}
    policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    api.post(policies, {"metadata": {"name": "closed"}, "spec": spec})
    assert ask(api, timeout=60).status == 504
    flows = api.get("/apis/sim.k8slab.dev/v1alpha1/flows").json["items"]
    dropped = [f for f in flows if f["status"]["verdict"] == "dropped"]
    assert {f["spec"]["source"]["namespace"] for f in dropped} == {"ingress-nginx"}
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    open_ = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [peer]}]}
    api.post(policies, {"metadata": {"name": "open"}, "spec": open_})
    assert ask(api).status == 200


def test_tls_shows_the_secrets_certificate_by_name_and_the_fake_one_to_all_others(api):
    made = certificate_of("web.test")
    api.post("/api/v1/namespaces/default/secrets", secret("web-tls", made))
    publish(api, tls=[{"hosts": ["web.test"], "secretName": "web-tls"}])
    table = api.cluster.ingress_table
    assert table.certificate("web.test").identity.names == ("web.test",)
    assert table.certificate("other.test").identity.names == ("ingress.local",)
    assert ask(api).status == 308
    source: NetNamespace = api.cluster.network.namespace_of_pod("default", "box")
    source.hosts = {"web.test": api.get(f"{CONTROLLER}/services/ingress-nginx-controller").json["spec"]["clusterIP"]}
    found = ask(api, "https://web.test/", trust=Trust(True, made.chain))
    assert (found.status, "Strict-Transport-Security" in found.headers) == (200, True)


def test_a_secret_that_holds_no_certificate_is_not_used(api):
    body = {"metadata": {"name": "web-tls"}, "data": {"tls.crt": "eA==", "tls.key": "eA=="}, "type": "Opaque"}
    api.post("/api/v1/namespaces/default/secrets", body)
    publish(api, tls=[{"hosts": ["web.test"], "secretName": "web-tls"}])
    assert api.cluster.ingress_table.certificate("web.test").identity.names == ("ingress.local",)


def test_a_learner_who_deletes_the_namespace_gets_no_second_controller(make_api, tmp_path):
    api = make_api(workers=1, ingress=True, database=tmp_path / "cluster.db")
    api.delete("/apis/apps/v1/namespaces/ingress-nginx/deployments/ingress-nginx-controller")
    api.cluster.stop()
    again = make_api(workers=1, ingress=True, database=tmp_path / "cluster.db")
    assert again.get("/apis/apps/v1/namespaces/ingress-nginx/deployments").json["items"] == []
