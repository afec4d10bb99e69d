import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from k8slab.client import Change, Cluster
from k8slab.client.mirror import Mirror
from tests.processes import eventually

from .fake_api import FakeApi


def pod(name: str, phase: str = "Running") -> dict:
    return {"metadata": {"name": name, "namespace": "chat"}, "spec": {}, "status": {"phase": phase}}


def names(cluster: Cluster) -> list[str]:
    return [o["metadata"]["name"] for o in cluster.mirror("pods").objects()]


def test_it_holds_what_was_there_and_hears_of_what_comes(api: FakeApi, cluster: Cluster) -> None:
    api.put("pods", pod("a"))
    heard: list[Change] = []
    cluster.mirror("pods").subscribe(heard.extend)
    assert eventually(lambda: names(cluster) == ["a"])
    api.put("pods", pod("b"))
    assert eventually(lambda: names(cluster) == ["a", "b"])
    api.remove("pods", "a", "chat")
    assert eventually(lambda: names(cluster) == ["b"])
    assert [c.type for c in heard if c.type != "STATE"] == ["ADDED", "ADDED", "DELETED"]


def test_objects_know_their_kind_though_lists_do_not_say_it(api: FakeApi, cluster: Cluster) -> None:
    api.put("pods", pod("a"))
    cluster.mirror("pods").subscribe(lambda changes: None)
    assert eventually(lambda: bool(names(cluster)))
    assert cluster.mirror("pods").objects()[0]["kind"] == "Pod"


def test_all_views_share_one_watch_per_resource(api: FakeApi, cluster: Cluster) -> None:
    assert cluster.mirror("pods") is cluster.mirror("po")


def test_a_watch_that_ends_is_resumed_where_it_was(api: FakeApi, cluster: Cluster) -> None:
    heard: list[Change] = []
    cluster.mirror("pods").subscribe(heard.extend)
    assert eventually(lambda: cluster.mirror("pods").state == "live")
    api.end_watches()
    api.put("pods", pod("a"))
    assert eventually(lambda: names(cluster) == ["a"])
    assert [c.type for c in heard if c.type != "STATE"] == ["ADDED"]


def test_too_old_a_version_lists_again_and_reports_only_the_difference(api: FakeApi, cluster: Cluster) -> None:
    api.put("pods", pod("a"))
    api.put("pods", pod("b"))
    heard: list[Change] = []
    cluster.mirror("pods").subscribe(heard.extend)
    assert eventually(lambda: names(cluster) == ["a", "b"])
    with api.changed:
        api.remove("pods", "a", "chat")
        api.put("pods", pod("c"))
        api.forget_history()
        api.end_watches()
    assert eventually(lambda: names(cluster) == ["b", "c"])
    assert sorted(c.type for c in heard if c.type != "STATE") == ["ADDED", "ADDED", "ADDED", "DELETED"]


def test_it_says_when_the_cluster_goes_away_and_when_it_is_back(api: FakeApi, cluster: Cluster) -> None:
    states: list[str] = []
    cluster.mirror("pods").subscribe(lambda changes: states.extend(c.state for c in changes if c.type == "STATE"))
    assert eventually(lambda: states == ["live"])
    api.stop()
    assert eventually(lambda: states == ["live", "away"])
    again = FakeApi(port=api.port)
    again.put("pods", pod("z"))
    assert eventually(lambda: states == ["live", "away", "live"])
    assert eventually(lambda: names(cluster) == ["z"])
    cluster.close()
    again.stop()


def test_the_watch_ends_with_its_last_listener(api: FakeApi, cluster: Cluster) -> None:
    mirror = cluster.mirror("pods")
    end = mirror.subscribe(lambda changes: None)
    assert eventually(lambda: mirror.state == "live")
    thread = mirror._thread
    assert thread is not None
    end()
    assert eventually(lambda: not thread.is_alive())


def test_an_answer_to_a_watch_that_has_ended_meanwhile_changes_nothing(api: FakeApi, cluster: Cluster) -> None:
    api.put("pods", pod("old"))
    mirror, asked, go_on = cluster.mirror("pods"), threading.Event(), threading.Event()
    ask = mirror._open

    def ask_slowly(*request: object, **more: object) -> object:
        answer = ask(*request, **more)
        if threading.current_thread() is earlier:
            asked.set()
            assert go_on.wait(60)
        return answer

    mirror._open = ask_slowly
    end = mirror.subscribe(lambda changes: None)
    earlier = mirror._thread
    assert earlier is not None
    assert asked.wait(60)
    end()
    api.remove("pods", "old", "chat")
    api.put("pods", pod("new"))
    heard: list[Change] = []
    mirror.subscribe(heard.extend)
    eventually(lambda: names(cluster) == ["new"])
    go_on.set()
    earlier.join()
    assert names(cluster) == ["new"]
    assert [c.object["metadata"]["name"] for c in heard if c.type != "STATE"] == ["new"]


def test_a_watch_that_begins_only_when_nobody_listens_any_more_is_hung_up(api: FakeApi, cluster: Cluster) -> None:
    mirror, asked, go_on = cluster.mirror("pods"), threading.Event(), threading.Event()
    ask, answers = mirror._open, []

    def ask_slowly(method: str, path: str, query: dict | None = None, **more: object) -> object:
        answers.append(ask(method, path, query, **more))
        if query:
            asked.set()
            assert go_on.wait(60)
        return answers[-1]

    mirror._open = ask_slowly
    end = mirror.subscribe(lambda changes: None)
    thread = mirror._thread
    assert thread is not None
    assert asked.wait(60)
    end()
    go_on.set()
    thread.join(60)
    assert not thread.is_alive()
    assert answers[-1].closed


def test_of_two_threads_that_ask_at_once_both_get_the_same_watch(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)

    def made(*given: object) -> Mirror:
        both.wait(60)
        return Mirror(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("k8slab.client.cluster.Mirror", made)
    cluster.resource("pods")
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(cluster.mirror, ["pods", "pods"])
    assert one is other is cluster.mirror("pods")


def test_a_list_waits_for_a_watch_that_is_late(api: FakeApi, cluster: Cluster) -> None:
    mirror, go_on, take = cluster.mirror("pods"), threading.Event(), Mirror._take
    mirror.subscribe(lambda changes: None)
    eventually(lambda: mirror.state == "live")
    mirror._take = lambda *given: go_on.wait(60) and take(mirror, *given)
    api.put("pods", pod("a"))
    objects, version = cluster.snapshot("pods", "")
    waiting = threading.Thread(target=mirror.catch_up, args=(objects, version))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    go_on.set()
    waiting.join()
    assert [change.object["metadata"]["name"] for change in cluster.history.entries()] == ["a"]


def test_a_list_does_not_wait_for_a_watch_of_which_nothing_is_to_come(api: FakeApi, cluster: Cluster) -> None:
    mirror = cluster.mirror("pods")
    mirror.catch_up([pod("a")], 99)
    mirror.subscribe(lambda changes: None)
    eventually(lambda: mirror.state == "live")
    api.put("events", {"metadata": {"name": "e", "namespace": "chat"}})  # the revision goes up, and no pod changes
    mirror.catch_up(*cluster.snapshot("pods", ""))
    assert mirror.objects() == []
