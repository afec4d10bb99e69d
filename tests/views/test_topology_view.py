"""The topology view on a real API server: one watch per kind for all views, another topology in place, details, the end."""

import re
import threading
import time
from collections.abc import Iterator

import pytest

from k8slab.client import Cluster, apply, connect, kubectl, wait_for
from k8slab.errors import K8slabError
from k8slab.topology import TOPOLOGIES
from k8slab.views import TopologyView
from k8slab.views.scene import Scene
from tests.processes import K8slab, eventually


@pytest.fixture
def cluster(server: K8slab, namespace: str) -> Iterator[Cluster]:
    cluster = connect(kubeconfig=server.kubeconfig)
    cluster.namespace = namespace
    apply(cluster, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter22"}})
    source = {"secretRef": {"name": "s"}}
    spec = {"containers": [{"name": "c", "image": "nginx:1.27", "envFrom": [source]}]}
    apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": spec})
    yield cluster
    cluster.close()


def listeners(cluster: Cluster) -> dict[str, int]:
    return {mirror.resource.plural: mirror.listeners for mirror in cluster._mirrors.values() if mirror.listeners}


def test_every_topology_can_follow_another_in_place_and_all_views_share_one_watch_per_kind(cluster, namespace) -> None:
    view, other = TopologyView(cluster, "placement", namespace), TopologyView(cluster, "traffic", namespace)
    assert listeners(cluster)["pods"] == 2
    for name, topology in TOPOLOGIES.items():
        view.act("topology", name)
        assert view.current["title"] == topology.title
        assert view.current["controls"]["problem"] == ""
    view.act("topology", "zones")
    assert listeners(cluster)["pods"] == 2
    other.close()
    assert listeners(cluster) == {"nodes": 1, "pods": 1}
    view.close()
    assert listeners(cluster) == {}, "the watches end with the last view"


def test_it_follows_the_cluster_until_it_is_stopped(cluster, namespace) -> None:
    view = TopologyView(cluster, "configuration", namespace)
    assert view.current["links"][f"Pod/{namespace}/web>Secret/{namespace}/s"]["label"] == "reads"
    cluster.delete("pods", "web", grace_period=0)
    assert eventually(lambda: "Pod" not in view.current["alt"])
    view.stop()
    apply(cluster, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}})
    time.sleep(0.3)
    assert f"ConfigMap/{namespace}/late" not in view.current["items"]


def test_details_have_everything_but_the_values_of_a_secret(cluster, namespace) -> None:
    view = TopologyView(cluster, "configuration", namespace)
    details = view.details(f"Secret/{namespace}/s")
    assert "password: <12 characters, hidden here>" in details["yaml"]
    assert ["← reads", f"Pod/{namespace}/web", "spec.containers[0].envFrom[0].secretRef.name"] in details["relations"]
    assert ["Everything about it", f"kubectl describe secret/s -n {namespace}"] in details["commands"]
    view.close()


def test_a_wrong_wish_is_answered_in_words(cluster, namespace) -> None:
    view = TopologyView(cluster, "traffic", namespace)
    view.act("filter", "app=web,")
    assert "is no label selector" in view.current["controls"]["problem"]
    view.act("filter", "app=web")
    assert view.current["controls"]["problem"] == ""
    assert view.current["command"].endswith("-l app=web")
    view.close()
    with pytest.raises(K8slabError, match=r"There is no topology 'trafic'\. There are: placement, ownership"):
        TopologyView(cluster, "trafic")


def test_a_picture_made_before_a_wish_is_never_shown_after_its_answer(cluster, namespace, monkeypatch) -> None:
    view = TopologyView(cluster, "traffic", namespace)
    view._pulse.stop()
    made, go_on, show = threading.Event(), threading.Event(), view.show
    earlier = threading.Thread(target=view.refresh)

    def show_late(scene: Scene) -> None:
        if threading.current_thread() is earlier:
            made.set()
            assert go_on.wait(60)
        show(scene)

    monkeypatch.setattr(view, "show", show_late)
    earlier.start()
    assert made.wait(60)
    wish = threading.Thread(target=view.act, args=("filter", "app=web"))
    wish.start()
    wish.join(0.3)
    go_on.set()
    earlier.join()
    wish.join()
    assert view.current["controls"]["text"] == "app=web"
    view.close()


def test_its_words_wait_for_a_change_that_is_just_being_made(cluster, namespace) -> None:
    view = TopologyView(cluster, "traffic", namespace)
    for words in (view.text, view.twin_html):
        reader = threading.Thread(target=words)
        with view._model_lock:
            reader.start()
            reader.join(0.2)
            assert reader.is_alive()
        reader.join()
    view.close()


def test_a_question_is_answered_with_what_it_needs_though_the_view_does_not_watch_it(cluster, namespace) -> None:
    view = TopologyView(cluster, "placement", namespace)
    view.act("ask", ["blast", f"Secret/{namespace}/s"])
    assert view.current["focus"]["lines"][0] == f"1 pod depends on Secret/{namespace}/s."
    assert view.current["focus"]["items"][f"Pod/{namespace}/web"] == "lost"
    source = {"secretRef": {"name": "s"}}
    spec = {"containers": [{"name": "c", "image": "nginx:1.27", "envFrom": [source]}]}
    apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}, "spec": spec})
    assert eventually(lambda: view.current["focus"]["lines"][0] == f"2 pods depend on Secret/{namespace}/s."), "it follows"
    assert view.current["focus"]["items"][f"Pod/{namespace}/late"] == "lost"
    view.act("ask", ["", ""])
    assert view.current["focus"] is None
    view.close()


def test_what_is_shown_can_be_kept_as_a_file(cluster, namespace, tmp_path) -> None:
    view = TopologyView(cluster, "configuration", namespace)
    for suffix in ("html", "svg", "graphml", "dot", "json"):
        assert f"Secret/{namespace}/s" in view.save(tmp_path / f"graph.{suffix}").read_text() or suffix == "svg"
    assert "http" not in re.findall(r"(?:src|href)=\"(.{4})", (tmp_path / "graph.html").read_text()), "it opens offline"
    with pytest.raises(K8slabError, match=r"'graph\.png' cannot be written: its name must end in one of \.html"):
        view.save(tmp_path / "graph.png")
    view.close()


def test_who_may_talk_to_whom_is_asked_of_the_chosen_pods_only(cluster, namespace) -> None:
    view = TopologyView(cluster, "reachability", namespace)
    apply(
        cluster,
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"containers": [{"name": "c", "image": "x"}]}},
    )
    assert eventually(lambda: f"Pod/{namespace}/b>Pod/{namespace}/web" in view.current["links"])
    assert {key.split("/")[1] for key in view.graph} == {namespace}
    view.act("namespace", "kube-system")
    assert not any(key.split("/")[1] == namespace for key in view.graph)
    view.close()


def test_the_first_picture_shows_the_connections_that_were_seen(cluster, namespace) -> None:
    container = {"name": "c", "image": "busybox:1.37", "command": ["sleep", "3600"]}
    apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"containers": [container]}})
    for name in ("web", "b"):
        wait_for(cluster, f"pod/{name}")
    address = cluster.get("pods", "web")["status"]["podIP"]
    assert "Welcome to nginx!" in kubectl(cluster, f"exec b -- wget -qO- http://{address}")
    eventually(lambda: any(flow["spec"]["source"]["name"] == "b" for flow in cluster.list("flows.sim.k8slab.dev")))
    view = TopologyView(cluster, "reachability", namespace)
    view._pulse.stop()
    links = view.current["links"]
    assert links[f"Pod/{namespace}/b>Pod/{namespace}/web"]["tone"] == "seen"
    assert links[f"Pod/{namespace}/web>Pod/{namespace}/b"]["tone"] == "quiet"
    view.close()
