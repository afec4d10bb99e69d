"""The API as the components inside use it: the same rules, and informers that are always current."""

from collections.abc import Callable
from typing import Any

import pytest

from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import StatusError
from tests.sim.conftest import Api

MAPS = "configmaps"


def config_map(name: str = "a", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}, "data": {"k": "1"}}


def test_it_reads_and_writes(master: Any) -> None:
    made = master.create(MAPS, config_map())
    assert master.get(MAPS, "a", "default") == made
    assert master.update(MAPS, {**made, "data": {"k": "2"}})["data"] == {"k": "2"}
    assert master.patch(MAPS, "a", "default", {"data": {"l": "3"}})["data"] == {"k": "2", "l": "3"}
    master.delete(MAPS, "a", "default")
    with pytest.raises(StatusError, match='configmaps "a" not found'):
        master.get(MAPS, "a", "default")


def test_what_it_is_given_stays_the_callers(master: Any) -> None:
    obj = config_map()
    master.create(MAPS, obj)
    assert obj == config_map()


def test_its_manager_owns_what_it_writes(master: Any) -> None:
    (entry,) = master.create(MAPS, config_map())["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("tester", "Update")


def test_nobody_may_do_more_than_their_roles_allow(api: Api) -> None:
    client = api.cluster.loopback.client(UserInfo("zoe", groups=("system:authenticated",)), "zoe")
    with pytest.raises(StatusError, match='configmaps is forbidden: User "zoe" cannot list resource "configmaps"'):
        client.list(MAPS, "default")


def test_writes_are_audited_under_the_components_name(api: Api, master: Any) -> None:
    master.create(MAPS, config_map())
    users = {e["user"]["username"] for e in api.cluster.audit.events() if e["objectRef"].get("name") == "a"}
    assert users == {"system:apiserver"}


def test_an_informer_is_current_at_once_and_tells_in_the_next_turn(api: Api, master: Any) -> None:
    informer = master.informer(MAPS)
    told: list[tuple[str, str]] = []
    master.create(MAPS, config_map("before"))
    informer.subscribe(lambda type_, obj, old: told.append((type_, obj["metadata"]["name"])))
    master.create(MAPS, config_map())
    assert informer.get("a", "default") is not None
    assert told == []
    api.settle()
    assert told[-1] == ("ADDED", "a")
    assert ("ADDED", "before") in told
    assert ("ADDED", "a") not in told[:-1]


def test_who_has_unsubscribed_hears_nothing_more(api: Api, master: Any) -> None:
    told: list[str] = []
    stop: Callable[[], None] = master.informer(MAPS).subscribe(lambda type_, obj, old: told.append(type_))
    stop()
    master.create(MAPS, config_map())
    api.settle()
    assert told == []


def test_an_index_follows_every_change(master: Any) -> None:
    informer = master.informer(MAPS)
    informer.add_index("team", lambda obj: [obj["metadata"].get("labels", {}).get("team", "")])
    master.create(MAPS, config_map(team="red"))
    master.patch(MAPS, "a", "default", {"metadata": {"labels": {"team": "blue"}}})
    names = {team: [o["metadata"]["name"] for o in informer.by_index("team", team)] for team in ("red", "blue")}
    assert names == {"red": [], "blue": ["a"]}


def test_the_same_event_again_raises_its_count(api: Api, master: Any) -> None:
    about = master.create(MAPS, config_map())
    for _ in range(3):
        master.event(about, "Normal", "Seen", "it is there")
    (event,) = (e for e in master.list("events", "default") if e["reason"] == "Seen")
    assert (event["count"], event["source"], event["involvedObject"]["name"]) == (3, {"component": "tester"}, "a")
