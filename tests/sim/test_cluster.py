"""A whole cluster in one process: the same twice, durable before it answers, alive again after a restart."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.etcd import Log
from k8slab.sim.etcd.log import Row
from tests.processes import eventually
from tests.sim.conftest import Api

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
Make = Callable[..., Api]


def deployment(image: str = "nginx") -> Object:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return {"metadata": {"name": "web"}, "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}}


def a_day_at_school(api: Api) -> dict[str, bytes]:
    """Work on a cluster for a while; return everything that it then holds."""
    api.post(DEPLOYMENTS, deployment())
    api.advance(60)
    api.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}})
    api.advance(90)
    api.post("/api/v1/namespaces", {"metadata": {"generateName": "lab-"}})
    api.delete("/api/v1/namespaces/default/pods?labelSelector=app=web")
    api.advance(120)
    resources = [r for r in api.cluster.scheme if r.stored and r.group != "sim.k8slab.dev"]
    roots = {r.full_name: f"/apis/{r.api_version}" if r.group else "/api/v1" for r in resources}
    return {r.full_name: api.get(f"{roots[r.full_name]}/{r.plural}").body for r in resources}


def test_one_seed_and_the_same_requests_give_the_same_cluster_to_the_byte(make_api: Make) -> None:
    first, second = (a_day_at_school(make_api(workers=2, seed=7)) for _ in range(2))
    assert first == second
    assert first["pods"].count(b'"phase":"Running"') >= 3


def test_another_seed_gives_other_names(make_api: Make) -> None:
    one, other = (a_day_at_school(make_api(workers=1, seed=seed)) for seed in (1, 2))
    assert one["pods"] != other["pods"]


def test_a_cluster_begins_with_what_every_cluster_has(api: Api) -> None:
    def names(path: str) -> set[str]:
        return {i["metadata"]["name"] for i in api.get(path).json["items"]}

    assert names("/api/v1/namespaces") == {"default", "kube-node-lease", "kube-public", "kube-system"}
    assert names("/apis/scheduling.k8s.io/v1/priorityclasses") == {"system-cluster-critical", "system-node-critical"}
    assert {"cluster-admin", "admin", "edit", "view"} < names("/apis/rbac.authorization.k8s.io/v1/clusterroles")
    assert api.get("/api/v1/namespaces/default/services/kubernetes").json["spec"]["clusterIP"] == "10.96.0.1"
    assert api.get("/api/v1/namespaces/default/endpoints/kubernetes").json["subsets"][0]["addresses"] == [{"ip": "127.0.0.1"}]


def test_every_namespace_gets_its_service_account_and_ca(api: Api) -> None:
    api.post("/api/v1/namespaces", {"metadata": {"name": "chat"}})
    assert api.get("/api/v1/namespaces/chat/serviceaccounts/default").status == 200
    assert "BEGIN CERTIFICATE" in api.get("/api/v1/namespaces/chat/configmaps/kube-root-ca.crt").json["data"]["ca.crt"]


def test_nodes_have_the_version_of_the_server(make_api: Make) -> None:
    api = make_api(workers=1)
    nodes = api.get("/api/v1/nodes").json["items"]
    assert {n["status"]["nodeInfo"]["kubeletVersion"] for n in nodes} == {api.get("/version").json["gitVersion"]}


def test_a_write_is_on_the_disk_before_it_is_answered(make_api: Make, tmp_path: Path) -> None:
    path = tmp_path / "cluster.db"
    api = make_api(database=path)
    version = int(api.post(MAPS, {"metadata": {"name": "a"}}).json["metadata"]["resourceVersion"])
    assert api.cluster.store.durable >= version
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM log WHERE revision = ?", (version,)).fetchone() == ("default/a",)


def test_writes_that_come_together_are_written_together(make_api: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = make_api(database=tmp_path / "cluster.db")
    commits: list[int] = []
    insert, last = Log._insert, api.cluster.store.revision + 40

    def counting(log: Log, rows: list[Row]) -> None:
        eventually(lambda: api.cluster.store.revision >= last)  # a slow disk: all have come when the first is written
        commits.append(len(rows))
        insert(log, rows)

    monkeypatch.setattr(Log, "_insert", counting)

    async def together() -> list[int]:
        answers = [api.request("POST", MAPS, {"metadata": {"name": f"m{n}"}}) for n in range(40)]
        return [answer.status for answer in await asyncio.gather(*answers)]

    assert api.loop.run_until_complete(together()) == [201] * 40
    assert sum(commits) >= 40
    assert len(commits) < 5


def test_a_full_disk_refuses_writes_and_keeps_what_there_is(
    make_api: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = make_api(database=tmp_path / "cluster.db")
    api.post(MAPS, {"metadata": {"name": "kept"}})
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        patch.setattr(Log, "_insert", full)
        answer = api.post(MAPS, {"metadata": {"name": "lost"}})
        assert (answer.status, "disk is full" in answer.message) == (500, True)
    assert api.get(f"{MAPS}/lost").status == 404
    assert api.get(f"{MAPS}/kept").status == 200
    assert api.post(MAPS, {"metadata": {"name": "later"}}).status == 201


def test_a_restarted_cluster_goes_on_where_it_was(make_api: Make, tmp_path: Path) -> None:
    first = make_api(workers=1, database=tmp_path / "cluster.db")
    first.post(DEPLOYMENTS, deployment())
    first.advance(30)
    before = first.get(f"{DEPLOYMENTS}/web").json
    first.cluster.stop()
    second = make_api(workers=1, database=tmp_path / "cluster.db")
    after = second.get(f"{DEPLOYMENTS}/web").json
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
    second.advance(60)
    assert second.get(f"{DEPLOYMENTS}/web").json["status"]["readyReplicas"] == 3
    second.post(MAPS, {"metadata": {"name": "more"}})
    assert second.cluster.store.revision > int(before["metadata"]["resourceVersion"])


def test_events_go_after_an_hour(make_api: Make) -> None:
    api = make_api(workers=1)
    api.post(DEPLOYMENTS, deployment())
    path = "/api/v1/namespaces/default/events"
    assert api.get(path).json["items"]
    api.advance(3600 + 600)
    started = [e for e in api.get(path).json["items"] if e["reason"] == "Started"]
    assert started == []


def test_old_revisions_are_forgotten_after_five_to_ten_minutes(api: Api) -> None:
    old = api.post(MAPS, {"metadata": {"name": "a"}}).json["metadata"]["resourceVersion"]
    api.patch(f"{MAPS}/a", {"data": {"x": "1"}})
    api.advance(601)
    api.post(MAPS, {"metadata": {"name": "b"}})
    (event,) = api.watch(f"{MAPS}?watch=1&resourceVersion={old}").events()
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_time_does_not_go_back_when_a_cluster_that_ran_ahead_starts_again(make_api: Callable[..., Api], tmp_path: Path) -> None:
    first = make_api(workers=1, database=tmp_path / "db")
    first.advance(100_000)
    before = first.cluster.kernel.now()
    first.settle()
    first.cluster.stop()
    again = make_api(workers=1, database=tmp_path / "db")
    assert before - 10 <= again.cluster.kernel.now() <= before + 10
