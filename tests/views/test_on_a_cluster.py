"""The views on a running cluster, without a browser: what they say, that they follow it, that their controls do what they say."""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from k8slab import views
from k8slab.client import Cluster, apply, connect, kubectl, wait_for
from k8slab.client.logs import LogFollower
from k8slab.views.live import LiveView
from tests.processes import K8slab, eventually

NUMBERS = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K8slab]:
    """A cluster that nobody else uses: its clock jumps here, and its API server goes down."""
    k8slab = K8slab(tmp_path_factory.mktemp("views") / "state")
    assert k8slab("up", "--no-start-delays").code == 0
    yield k8slab
    k8slab("down")


@pytest.fixture(scope="module")
def shared(server: K8slab) -> Iterator[Cluster]:
    cluster = connect(kubeconfig=server.kubeconfig)
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """The cluster in a namespace of the test's own; views that it made are stopped."""
    shared.namespace = f"views-{next(NUMBERS)}"
    apply(shared, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shared.namespace}})
    wait_for(shared, "serviceaccount/default", "exists")
    yield shared
    shared.history.go(None)
    shared.delete("namespaces", shared.namespace)


@pytest.fixture
def show(cluster: Cluster) -> Iterator:
    made: list[LiveView] = []

    def show(kind: str, *arguments: object, **more: object) -> LiveView:
        made.append(getattr(views, kind)(cluster, *arguments, **more))
        return made[-1]

    yield show
    for view in made:
        view.stop()


def says(view: LiveView, *words: str) -> bool:
    with suppress(AssertionError):
        eventually(lambda: all(word in view.text() for word in words))
    said = view.text()
    missing = [word for word in words if word not in said]
    assert not missing, f"{missing} not in\n{said}"
    return True


def pod(name: str, command: str = "sleep 9999", **labels: str) -> dict:
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", command]}
    meta = {"name": name, "labels": {"app": name, **labels}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}


def deployment(name: str, image: str = "chatter/web:1.0", replicas: int = 2) -> dict:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def service(name: str) -> dict:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def test_the_scheduling_view_shows_who_refused_and_who_won_and_waits_for_a_pod_that_is_not_there(cluster, show) -> None:
    view = show("SchedulingView", "web")
    says(view, 'There is no pod "web"')
    apply(cluster, pod("web"))
    says(view, "is chosen.", "TaintToleration", "★ chosen", f"kubectl describe pod web -n {cluster.namespace}")
    frames = view.current["frames"]
    assert frames[0].startswith("Attempt 1")
    assert frames[-1].endswith("is chosen.")


def test_a_packet_goes_through_until_a_policy_stops_it(cluster, show) -> None:
    apply(cluster, [pod("client"), deployment("web", replicas=1), service("web")])
    for thing in ("pod/client", "deployment/web"):
        wait_for(cluster, thing, "Available" if "/web" in thing else "Ready")
    view = show("PacketPathView", "pod/client", "svc/web:80")
    says(view, "connected", "listens on TCP port 8080")
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}
    apply(cluster, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "closed"}, "spec": spec})
    says(view, "Dropped", f"isolated by {cluster.namespace}/closed", "kubectl describe networkpolicy closed")
    view.act("to", "svc/web:81")
    says(view, "✗")
    view.act("to", "svc/web:http")
    says(view, "has no port that is a number")


def test_the_matrix_follows_policies_and_can_be_asked_for_pods_and_another_port(cluster, show) -> None:
    apply(cluster, [pod("a"), pod("b")])
    wait_for(cluster, "pod/a")
    view = show("MatrixView", cluster.namespace)
    says(view, "2 apps: 2 pairs may talk, 0 may not.")
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "b"}}}], "ports": [{"port": 8080}]}
    spec = {"podSelector": {"matchLabels": {"app": "a"}}, "ingress": [rule]}
    apply(cluster, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec})
    says(view, "1 pair may talk, 1 may not.")
    view.act("port", "8080")
    says(view, "2 pairs may talk, 0 may not.")
    view.act("by", "pod")
    says(view, "2 pods:")


def test_who_becomes_a_subject_may_only_what_its_bindings_give(cluster, show) -> None:
    view = show("AccessView", "sa/default", "list pods")
    says(view, "No: list pods.")
    with pytest.raises(ApiException, match="403"):
        view.become().list("pods")
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}  # fmt: skip
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": ref,
               "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": cluster.namespace}]}  # fmt: skip
    apply(cluster, [role, binding])
    says(view, "Yes: list pods. RoleBinding b gives it Role reader: list pods.")
    assert view.become().list("pods") == []
    view.act("become", None)
    says(view, f"Asked as system:serviceaccount:{cluster.namespace}:default, may it list pods? The cluster says yes")
    view.act("question", "sing pods/log songs")
    says(view, "No: sing pods/log songs.")
    view.act("question", "list unicorns")
    says(view, "unicorns")


def test_impersonation_goes_for_groups_and_for_kubectl_too(cluster) -> None:
    assert cluster.as_("zoe", ["readers", "system:masters"]).list("nodes")
    with pytest.raises(ApiException, match="403"):
        cluster.as_("zoe", ["readers"]).list("nodes")
    assert 'User "zoe" cannot list' in kubectl(cluster.as_("zoe"), "get nodes")


def test_a_rollout_is_followed_from_revision_to_revision_and_can_be_undone(cluster, show) -> None:
    apply(cluster, deployment("web"))
    wait_for(cluster, "deployment/web", "Available")
    view = show("RolloutView", "deployment/web")
    says(view, "Complete: 2 of 2 pods")
    apply(cluster, deployment("web", "chatter/web:1.1"))
    says(view, "2 ReplicaSets", "rev. 2 ready", "Complete: 2 of 2 pods")
    old = view.current["blocks"]["choice"]["items"][1]["value"]
    view.act("undo", old)
    says(view, "3         ", "(current)   chatter/web:1.0")
    view.act("pause", True)
    says(view, "Paused")


def test_only_deployments_roll_out_here(cluster) -> None:
    with pytest.raises(Exception, match=r"is no Deployment.*deployment/web"):
        views.RolloutView(cluster, "statefulset/web")


def test_the_autoscaler_shows_what_it_wants_and_that_there_is_no_load_run(cluster, show) -> None:
    apply(cluster, deployment("web", replicas=1))
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 3, "maxReplicas": 5}
    view = show("AutoscalingView", "hpa/web")
    says(view, "There is no HorizontalPodAutoscaler")
    apply(cluster, {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": spec})
    says(view, "Autoscaling of deployment/web", "cpu", "No load run is recorded here")


def test_nodes_are_filled_with_what_pods_ask_for(cluster, show) -> None:
    view = show("FillingView")
    big = pod("big")
    big["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1500m"}}
    apply(cluster, big)
    says(view, f"{cluster.namespace}/big", "1.5")
    view.act("nodes", "worker-2")
    says(view, "1 node;")


def test_the_past_is_the_same_in_all_views_and_live_returns(cluster, show) -> None:
    timeline, pods, nodes = show("TimelineView"), show("PodsView"), show("PlacementView", cluster.namespace)
    apply(cluster, pod("a"))
    wait_for(cluster, "pod/a")
    cluster.delete("pods", "a", grace_period=0)
    says(timeline, "Pod", "is gone")
    assert eventually(lambda: "None yet." in pods.text())
    running = next(h.number for h in timeline._story() if h.kind == "Pod" and "→ Running" in h.what)
    timeline.act("go", running)
    says(pods, "Running")
    says(nodes, f"{cluster.namespace}/a")
    assert eventually(lambda: "The past" in pods.current["past"])
    apply(cluster, pod("b"))
    wait_for(cluster, "pod/b")
    assert "b   " not in pods.text(), "the past takes no news"
    timeline.act("step", 1)
    assert cluster.history.at is not None
    timeline.act("live", None)
    says(pods, "b   ")
    assert eventually(lambda: pods.current["past"] == "")


def test_the_past_replays_itself_up_to_the_present(cluster, show) -> None:
    timeline = show("TimelineView")
    apply(cluster, pod("a"))
    says(timeline, "→ Running")
    last = timeline._story()[-2].number
    timeline.act("go", last)
    timeline.act("play", None)
    says(timeline, "shown as it was then.")
    assert eventually(lambda: cluster.history.at is None), "it arrives"
    assert eventually(lambda: timeline._player is None)
    journey: list[int | None] = []
    end = cluster.history.subscribe(lambda: journey.append(cluster.history.at))
    timeline.act("play", None)
    assert journey[0] == 0, "from the beginning, if one is in the present"
    end()


def test_a_replay_stands_still_when_it_is_told_to_though_a_step_is_under_way(cluster, show) -> None:
    timeline = show("TimelineView")
    apply(cluster, pod("a"))
    says(timeline, "→ Running")
    go, stepping, go_on, stepped = cluster.history.go, threading.Event(), threading.Event(), threading.Event()

    def go_slowly(number: int | None) -> None:
        if threading.current_thread().name == "k8slab-ticker":
            stepping.set()
            assert go_on.wait(60)
            go(number)
            stepped.set()
        else:
            go(number)

    cluster.history.go = go_slowly
    try:
        timeline.act("play", None)
        assert stepping.wait(60)
        stop = threading.Thread(target=timeline.act, args=("live", None))
        stop.start()
        stop.join(0.3)
    finally:
        go_on.set()
        del cluster.history.go
    stop.join()
    assert stepped.wait(60)
    assert timeline._player is None
    assert cluster.history.at is None, "the present was asked for last"
    timeline.act("play", None)
    timeline.act("play", None)
    assert timeline._player is None
    assert cluster.history.at is not None, "paused where it was"


def test_a_view_that_is_made_while_the_others_are_in_the_past_joins_them(cluster, show) -> None:
    show("TimelineView")
    apply(cluster, pod("a"))
    wait_for(cluster, "pod/a")
    cluster.history.go(0)
    assert eventually(lambda: "/a" not in show("PlacementView", cluster.namespace).text())


def test_a_difference_has_owners_and_earlier_versions_to_compare_with(cluster, show) -> None:
    apply(cluster, deployment("web"), manager="gitops")
    view = show("DiffView", "deployment/web")
    says(view, "replicas: 2", "gitops", "kubectl get deployment web")
    kubectl(cluster, "scale deployment web --replicas=3")
    view.act("against", "first")
    says(view, "−", "+")
    changed = [(row[0]["t"], row[1]["t"].strip(), row[2]["t"]) for row in view.current["blocks"]["lines"]["rows"]]
    assert ("−", "replicas: 2", "gitops") in changed
    assert ("+", "replicas: 3", "kubectl") in changed
    other = show("DiffView", "deployment/web", {**deployment("web"), "spec": {"replicas": 7}})
    says(other, "replicas: 7")


def test_logs_of_a_label_are_followed_and_a_new_pod_joins_in(cluster, show) -> None:
    apply(cluster, pod("one", "while true; do echo tick; sleep 1; done", team="red"))
    wait_for(cluster, "pod/one")
    view = show("LogsView", "team=red")
    says(view, "[one] tick")
    apply(cluster, pod("two", "while true; do echo tock; sleep 1; done", team="red"))
    says(view, "[two] tock", "2 pods")
    view.act("words", "tock")
    assert eventually(lambda: "tick" not in view.text())


def test_a_log_that_the_watch_and_a_control_find_at_once_is_followed_once(cluster, show, monkeypatch) -> None:
    apply(cluster, pod("one", "while true; do echo tick; sleep 1; done"))
    wait_for(cluster, "pod/one")
    begun, both = [], threading.Barrier(2)

    class Follower(LogFollower):
        def __init__(self, *given: Any) -> None:
            begun.append(given[2])
            with suppress(threading.BrokenBarrierError):
                both.wait(0.5)  # the other thread would come by now, were it allowed to
            super().__init__(*given)

    view = show("LogsView", "pod/none")
    monkeypatch.setattr("k8slab.views.logs.LogFollower", Follower)
    view._name = "one"
    threads = [threading.Thread(target=view._follow_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun == ["one"]


def test_notices_are_made_while_no_watch_can_change_them(cluster, show, monkeypatch) -> None:
    view, notices, held = show("MatrixView", cluster.namespace), LiveView.notices, []

    def looked_at(view: LiveView) -> dict:
        held.append(view._model_lock._is_owned())
        return notices(view)

    monkeypatch.setattr(LiveView, "notices", looked_at)
    view.refresh()
    assert held
    assert all(held)


def test_what_a_container_said_before_its_restart_can_be_read(cluster, show) -> None:
    apply(cluster, pod("crash", "echo last words; exit 1"))
    assert eventually(lambda: re.search(r'"restartCount": [1-9]', kubectl(cluster, "get pod crash -o json")))
    view = show("LogsView", "pod/crash", previous=True)
    says(view, "last words", "--previous")


def test_the_clock_stops_steps_jumps_and_runs_again(cluster, show) -> None:
    view = show("ClockView")
    says(view, "runs as on the wall")
    try:
        view.act("stop", None)
        says(view, "stands still")
        before = cluster.clock.now()
        view.act("jump", "60")
        assert cluster.clock.now() == before + 60
        view.act("next", None)
        assert cluster.clock.now() > before + 60
        view.act("jump", "soon")
        says(view, "'soon' is no number of seconds.")
        view.act("rate", 10)
        says(view, "runs 10 times as fast")
    finally:
        view.act("real", None)
    says(view, "runs as on the wall")


def test_a_fault_is_injected_seen_and_healed(cluster, show) -> None:
    view = show("FaultsView")
    says(view, "Nothing is broken on purpose.")
    view.act("type", "RegistryDown")
    view.act("seconds", "600")
    view.act("inject", None)
    try:
        says(view, "1 active.", "registrydown-all-registries-1", "Active")
    finally:
        view.act("heal", "registrydown-all-registries-1")
    says(view, "Nothing is broken on purpose.")


def test_when_the_api_server_is_down_every_watch_notices_and_the_views_say_so(server: K8slab) -> None:
    own = connect(kubeconfig=server.kubeconfig)
    shown = [views.MatrixView(own), views.TimelineView(own), views.FaultsView(own)]
    assert eventually(lambda: all(m.state == "live" for m in own._mirrors.values()))
    away, said = set(), set()  # noted when it is so: a busy machine may be late to look
    for name, mirror in own._mirrors.items():
        mirror.subscribe(lambda changes, name=name: away.update(name for c in changes if c.state == "away"))
    for view in shown:
        view.observe(
            lambda change: "went away" in change["new"].get("set", {}).get("banner", "") and said.add(change["owner"]), "delta"
        )
    spec = {"type": "ComponentDown", "component": "kube-apiserver", "durationSeconds": 8}
    apply(own, {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "Fault", "metadata": {"name": "away"}, "spec": spec})
    assert eventually(lambda: away == own._mirrors.keys()), "a client that is back at once is not let in"
    assert eventually(lambda: said == {*shown})
    assert eventually(lambda: all(view.current["banner"] == "" for view in shown))
    own.delete("faults", "away")
    for view in shown:
        view.stop()
    own.close()


def test_a_view_that_is_stopped_leaves_no_watch_behind(shared, server) -> None:
    own = connect(kubeconfig=server.kubeconfig)
    view = views.MatrixView(own)
    mirror = own.mirror("pods")
    assert mirror._thread is not None
    view.stop()
    assert mirror._thread is None
    own.close()
