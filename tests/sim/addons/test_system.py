"""The system's pods: what kubeadm and kind show in kube-system, and cluster DNS that is only as good as its pods."""

import pytest

SYSTEM = "/api/v1/namespaces/kube-system"
PODS = "/api/v1/namespaces/default/pods"
BOX = "/apis/sim.k8slab.dev/v1alpha1/namespaces/default"


@pytest.fixture
def api(make_api):
    api = make_api(workers=2, system_pods=True)
    api.advance(5)
    return api


def pods(api):
    return {p["metadata"]["name"]: p for p in api.get(f"{SYSTEM}/pods").json["items"]}


def box(api):
    api.post(PODS, {"metadata": {"name": "box"}, "spec": {"containers": [{"name": "c", "image": "busybox:1.37",
                                                                           "command": ["sleep", "100000"]}]}})  # fmt: skip
    api.advance(1)


def trace(api, host="kubernetes"):
    body = {"spec": {"source": {"pod": "box"}, "host": host, "port": 443}}
    return api.post(f"{BOX}/packettraces", body).json["status"]


def scale_dns(api, replicas):
    path = "/apis/apps/v1/namespaces/kube-system/deployments/coredns/scale"
    assert api.patch(path, {"spec": {"replicas": replicas}}).status == 200
    api.advance(40)


def test_a_cluster_shows_the_pods_that_kind_shows(api):
    found = sorted(name.rpartition("-")[0] if name[-5:-4] != "-" or "plane" in name else name[:-6] for name in pods(api))
    assert [n for n in found if not n.startswith("coredns")] == [
        "etcd-control", "kindnet", "kindnet", "kindnet", "kube-apiserver-control", "kube-controller-manager-control",
        "kube-proxy", "kube-proxy", "kube-proxy", "kube-scheduler-control",
    ]  # fmt: skip
    assert len(found) == 12
    assert {p["status"]["phase"] for p in pods(api).values()} == {"Running"}


def test_the_control_plane_is_static_pods_with_mirrors(api):
    etcd = pods(api)["etcd-control-plane"]
    assert etcd["metadata"]["ownerReferences"][0]["kind"] == "Node"
    assert etcd["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"
    assert (etcd["spec"]["priority"], etcd["status"]["podIP"]) == (2000001000, "172.18.0.2")


def test_a_mirror_that_is_deleted_comes_back(api):
    before = pods(api)["etcd-control-plane"]
    for query in ("", "?gracePeriodSeconds=0"):
        assert api.delete(f"{SYSTEM}/pods/etcd-control-plane{query}").status == 200
        api.advance(2)
        after = pods(api)["etcd-control-plane"]
        assert (after["metadata"]["uid"] != before["metadata"]["uid"], after["status"]["phase"]) == (True, "Running")
        assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]  # the same container, not restarted


def test_names_are_answered_by_a_coredns_pod_behind_the_service(api):
    box(api)
    step = trace(api)["steps"][0]
    assert step["layer"] == "dns"
    assert step["server"] == "10.96.0.10"
    assert step["answeredBy"].startswith("kube-system/coredns-")


def test_without_coredns_pods_names_fail_and_the_trace_says_why(api):
    box(api)
    scale_dns(api, 0)
    status = trace(api)
    assert (status["verdict"], [s["layer"] for s in status["steps"]]) == ("dns-timeout", ["dns", "service"])
    assert "kube-system/kube-dns:dns has no endpoints" in status["steps"][1]["text"]
    assert trace(api, "10.96.0.1")["verdict"] == "connected"
    scale_dns(api, 1)
    assert trace(api)["verdict"] == "connected"


def test_a_policy_that_closes_the_pods_of_dns_takes_the_names(api):
    box(api)
    spec = {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}, "policyTypes": ["Ingress"]}
    path = "/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies"
    assert api.post(path, {"metadata": {"name": "closed"}, "spec": spec}).status == 201
    status = trace(api)
    assert (status["verdict"], status["policy"], status["seconds"]) == ("dropped", "kube-system/closed", 5)


@pytest.mark.parametrize(("enforces", "name"), [(True, "canal-"), (False, "kube-flannel-ds-")])
def test_the_plugin_of_an_overlay_is_flannel_or_with_policies_canal(make_api, enforces, name):
    api = make_api(workers=1, system_pods=True, pod_network="overlay", network_policy=enforces)
    api.advance(5)
    assert len([n for n in pods(api) if n.startswith(name)]) == 2


def test_what_a_learner_deletes_stays_deleted_when_the_server_starts_again(make_api, tmp_path):
    api = make_api(workers=1, system_pods=True, database=tmp_path / "cluster.db")
    api.delete("/apis/apps/v1/namespaces/kube-system/daemonsets/kindnet")
    api.cluster.stop()
    again = make_api(workers=1, system_pods=True, database=tmp_path / "cluster.db")
    names = [d["metadata"]["name"] for d in again.get("/apis/apps/v1/namespaces/kube-system/daemonsets").json["items"]]
    assert names == ["kube-proxy"]


def test_coredns_logs_questions_once_its_corefile_says_so(api):
    box(api)
    source = api.cluster.network.namespace_of_pod("default", "box")

    def logs():
        for _ in range(8):
            api.cluster.kernel.spawn(api.cluster.network.resolve(source, "kubernetes"))
            api.settle()
        names = [n for n in pods(api) if n.startswith("coredns")]
        return "".join(api.get(f"{SYSTEM}/pods/{name}/log").body.decode() for name in names)

    assert "A IN kubernetes" not in logs()
    config = api.get(f"{SYSTEM}/configmaps/coredns").json["data"]["Corefile"]
    api.patch(f"{SYSTEM}/configmaps/coredns", {"data": {"Corefile": config.replace("errors", "errors\n    log")}})
    api.advance(100)
    assert '"A IN kubernetes.default.svc.cluster.local. udp' in logs()


def test_a_new_address_is_found_by_the_readers_of_slices(api):
    """The endpoints of a slice are read once, and again when it has changed."""
    box(api)
    before = trace(api)["steps"][0]["answeredBy"]
    api.delete(f"{SYSTEM}/pods/{before.partition('/')[2]}?gracePeriodSeconds=0")
    api.advance(5)
    assert trace(api)["steps"][0]["answeredBy"] != before


def test_a_component_that_is_down_shows_in_its_static_pod_until_it_is_up_again(api):
    body = {"metadata": {"name": "f"}, "spec": {"type": "ComponentDown", "component": "kube-scheduler"}}
    faults = "/apis/sim.k8slab.dev/v1alpha1/faults"
    assert api.post(faults, body).status == 201
    api.advance(5)

    def state():
        status = pods(api)["kube-scheduler-control-plane"]["status"]["containerStatuses"][0]
        return next(iter(status["state"].values())).get("reason", "Running"), status["restartCount"] > 0

    assert state() == ("CrashLoopBackOff", True)
    assert "stopped by a fault" in api.get(f"{SYSTEM}/pods/kube-scheduler-control-plane/log?previous=true").body.decode()
    api.advance(60)
    assert state() == ("CrashLoopBackOff", True)
    assert api.delete(f"{faults}/f").status == 200
    api.advance(5)
    assert state() == ("Running", False)


def test_a_cluster_that_was_without_gets_them_when_it_starts_with_them(make_api, tmp_path):
    api = make_api(workers=1, database=tmp_path / "cluster.db")
    api.cluster.stop()
    again = make_api(workers=1, system_pods=True, database=tmp_path / "cluster.db")
    again.advance(5)
    assert len(pods(again)) == 10
    box(again)
    assert trace(again)["verdict"] == "connected"
