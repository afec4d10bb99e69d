"""Lists page by page and at a revision; watches from a revision on, with bookmarks, selectors and an end."""

import asyncio
from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

MAPS = "/api/v1/namespaces/chat/configmaps"
ALL_MAPS = "/api/v1/configmaps"


@pytest.fixture
def chat(api: Api) -> Api:
    """An API with the namespace chat, and in it the ConfigMaps a to e beside the CA's."""
    api.post("/api/v1/namespaces", {"metadata": {"name": "chat"}})
    for name in "abcde":
        api.post(MAPS, {"metadata": {"name": name, "labels": {"vowel": str(name in "ae").lower()}}})
    return api


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json["items"]]


def create(api: Api, name: str, **labels: str) -> Object:
    created: Object = api.post(MAPS, {"metadata": {"name": name, "labels": labels}}).json
    return created


def test_a_list_is_in_order_of_the_names_and_at_the_latest_revision(chat: Api) -> None:
    listed = chat.get(MAPS)
    assert names(listed) == ["a", "b", "c", "d", "e", "kube-root-ca.crt"]
    assert listed.json["metadata"] == {"resourceVersion": str(chat.cluster.store.revision)}


def test_selectors_choose(chat: Api) -> None:
    assert names(chat.get(f"{MAPS}?labelSelector=vowel=true")) == ["a", "e"]
    assert names(chat.get(f"{MAPS}?labelSelector=vowel,vowel!=true&fieldSelector=metadata.name!=b")) == ["c", "d"]
    assert names(chat.get(f"{ALL_MAPS}?fieldSelector=metadata.namespace=chat,metadata.name=a")) == ["a"]


def test_a_selector_that_makes_no_sense_is_refused(chat: Api) -> None:
    assert chat.get(f"{MAPS}?labelSelector=a==b==c").status == 400
    answer = chat.get(f"{MAPS}?fieldSelector=data.a=1")
    assert answer.message == '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'


def test_a_list_comes_in_pages_of_one_revision(chat: Api) -> None:
    first = chat.get(f"{MAPS}?limit=2")
    assert (names(first), first.json["metadata"]["remainingItemCount"]) == (["a", "b"], 4)
    create(chat, "bb")
    second = chat.get(f"{MAPS}?limit=2&continue={first.json['metadata']['continue']}")
    assert (names(second), second.json["metadata"]["remainingItemCount"]) == (["c", "d"], 2)
    assert second.json["metadata"]["resourceVersion"] == first.json["metadata"]["resourceVersion"]
    last = chat.get(f"{MAPS}?limit=2&continue={second.json['metadata']['continue']}")
    assert (names(last), "continue" in last.json["metadata"]) == (["e", "kube-root-ca.crt"], False)


def test_with_a_selector_nobody_knows_how_many_remain(chat: Api) -> None:
    meta = chat.get(f"{MAPS}?limit=1&labelSelector=vowel=true").json["metadata"]
    assert "continue" in meta
    assert "remainingItemCount" not in meta


def test_a_token_whose_revision_is_forgotten_comes_back_with_one_for_the_present(chat: Api) -> None:
    token = chat.get(f"{MAPS}?limit=2").json["metadata"]["continue"]
    create(chat, "bb")
    chat.cluster.store.compact(chat.cluster.store.revision)
    expired = chat.get(f"{MAPS}?limit=2&continue={token}")
    assert (expired.status, expired.json["reason"]) == (410, "Expired")
    assert names(chat.get(f"{MAPS}?limit=2&continue={expired.json['metadata']['continue']}")) == ["bb", "c"]


def test_a_token_that_is_none_is_refused(chat: Api) -> None:
    assert chat.get(f"{MAPS}?limit=2&continue=nonsense").status == 400


def test_revision_zero_gives_everything_at_once(chat: Api) -> None:
    assert len(names(chat.get(f"{MAPS}?limit=2&resourceVersion=0"))) == 6


def test_an_exact_revision_gives_the_past(chat: Api) -> None:
    then = chat.get(MAPS).json["metadata"]["resourceVersion"]
    create(chat, "f")
    exact = chat.get(f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert ("f" in names(exact), exact.json["metadata"]["resourceVersion"]) == (False, then)
    assert "f" in names(chat.get(f"{MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan"))


def test_a_forgotten_revision_is_410_and_a_future_one_504(chat: Api) -> None:
    then = chat.get(MAPS).json["metadata"]["resourceVersion"]
    create(chat, "f")
    chat.cluster.store.compact(chat.cluster.store.revision)
    old = chat.get(f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert (old.status, old.message) == (410, "The resourceVersion for the provided list is too old.")
    future = chat.get(f"{MAPS}?resourceVersion=99999999")
    assert (future.status, future.json["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            "resourceVersionMatch=Exact",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersion=1&resourceVersionMatch=Odd",
            'resourceVersionMatch: Unsupported value: "Odd": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        (
            "watch=1&sendInitialEvents=true",
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            "watch=1&resourceVersionMatch=NotOlderThan",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(chat: Api, query: str, problem: str) -> None:
    answer = chat.get(f"{MAPS}?{query}")
    assert (answer.status, answer.message) == (422, f'ListOptions.meta.k8s.io "" is invalid: {problem}')


@pytest.mark.parametrize(
    "query", ["limit=many", "resourceVersion=new", "watch=1&resourceVersion=new", "continue=x&resourceVersion=5"]
)
def test_numbers_are_numbers(chat: Api, query: str) -> None:
    assert chat.get(f"{MAPS}?{query}").status == 400


def test_a_watch_without_revision_begins_with_what_is_there(chat: Api) -> None:
    watch = chat.watch(f"{MAPS}?watch=1&labelSelector=vowel=true")
    assert watch.told() == [("ADDED", "a"), ("ADDED", "e")]


def test_a_watch_from_a_revision_tells_what_came_after_it(chat: Api) -> None:
    then = chat.get(MAPS).json["metadata"]["resourceVersion"]
    create(chat, "f")
    chat.patch(f"{MAPS}/f", {"data": {"x": "1"}})
    watch = chat.watch(f"{MAPS}?watch=1&resourceVersion={then}")
    chat.delete(f"{MAPS}/f")
    assert watch.told() == [("ADDED", "f"), ("MODIFIED", "f"), ("DELETED", "f")]


def test_events_carry_the_revision_of_the_change(chat: Api) -> None:
    watch = chat.watch(f"{MAPS}?watch=1&resourceVersion={chat.cluster.store.revision}")
    made = create(chat, "f")["metadata"]["resourceVersion"]
    chat.delete(f"{MAPS}/f")
    revisions = [int(e["object"]["metadata"]["resourceVersion"]) for e in watch.events()]
    assert revisions == [int(made), int(made) + 1]


def test_who_enters_or_leaves_the_selection_is_added_or_deleted(chat: Api) -> None:
    watch = chat.watch(f"{MAPS}?watch=1&labelSelector=vowel=true&resourceVersion={chat.cluster.store.revision}")
    chat.patch(f"{MAPS}/b", {"metadata": {"labels": {"vowel": "true"}}})
    chat.patch(f"{MAPS}/a", {"metadata": {"labels": {"vowel": "no"}}})
    chat.patch(f"{MAPS}/c", {"data": {"x": "1"}})
    assert watch.told() == [("ADDED", "b"), ("DELETED", "a")]


def test_one_object_can_be_watched_by_name(chat: Api) -> None:
    for path in (f"{MAPS}?watch=1&fieldSelector=metadata.name=a", f"/api/v1/watch{MAPS.removeprefix('/api/v1')}/a"):
        assert chat.watch(path).told() == [("ADDED", "a")]


def test_a_watch_list_ends_its_beginning_with_a_bookmark(chat: Api) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=vowel=true"
    events = chat.watch(f"{MAPS}?{query}").events()
    assert [e["type"] for e in events] == ["ADDED", "ADDED", "BOOKMARK"]
    bookmark = events[-1]["object"]
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert (bookmark["kind"], bookmark["metadata"]["resourceVersion"]) == ("ConfigMap", str(chat.cluster.store.revision))


def test_without_initial_events_a_watch_begins_now(chat: Api) -> None:
    watch = chat.watch(f"{MAPS}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
    create(chat, "f")
    assert watch.told() == [("ADDED", "f")]


def test_bookmarks_have_the_form_of_the_watch(chat: Api) -> None:
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=none"
    for kind in ("Table", "PartialObjectMetadata"):
        (event,) = chat.watch(f"{MAPS}?{query}", accept=f"application/json;as={kind};v=v1;g=meta.k8s.io").events()
        assert (event["type"], event["object"]["kind"]) == ("BOOKMARK", kind)


def test_a_watch_from_a_forgotten_revision_ends_with_an_error_event(chat: Api) -> None:
    then = chat.cluster.store.revision
    create(chat, "f")
    chat.cluster.store.compact(chat.cluster.store.revision)
    watch = chat.watch(f"{MAPS}?watch=1&resourceVersion={then}")
    (event,) = watch.events()
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {then} (")
    assert watch.ended


def test_a_table_watch_names_its_columns_once(chat: Api) -> None:
    watch = chat.watch(f"{MAPS}?watch=1&labelSelector=vowel=true", accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    first, second = watch.events()
    assert [c["name"] for c in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert (second["object"]["columnDefinitions"], second["object"]["rows"][0]["cells"][0]) == (None, "e")


def test_what_comes_while_a_slow_client_takes_a_piece_is_sent_after_it(chat: Api) -> None:
    create(chat, "first")
    pieces: list[bytes] = []
    takes, taken, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def send(message: Object) -> None:
        if message.get("body"):
            pieces.append(message["body"])
            takes.set()
            await taken.wait()

    async def second() -> None:
        while len(pieces) < 2:
            await asyncio.sleep(0)

    receive, _ = chat._ends(None, [], gone)
    watching = chat.loop.create_task(chat._app(chat._scope("GET", f"{MAPS}?watch=1", None, {}), receive, send))
    chat.loop.run_until_complete(takes.wait())
    create(chat, "second")
    taken.set()
    chat.loop.run_until_complete(asyncio.wait_for(second(), 30))  # a bookmark would come after 60 seconds only
    assert b'"second"' in pieces[1]
    gone.set()
    chat.loop.run_until_complete(watching)


def test_watches_of_other_namespaces_hear_nothing(chat: Api) -> None:
    other = chat.watch(f"/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={chat.cluster.store.revision}")
    everywhere = chat.watch(f"{ALL_MAPS}?watch=1&resourceVersion={chat.cluster.store.revision}")
    create(chat, "f")
    assert (other.told(), everywhere.told()) == ([], [("ADDED", "f")])


def test_events_are_seen_in_both_their_groups(chat: Api) -> None:
    event = {
        "metadata": {"name": "e1", "namespace": "chat"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "chat"},
    }
    chat.post("/api/v1/namespaces/chat/events", {**event, "reason": "Pulled", "message": "ok", "type": "Normal"})
    new = chat.get("/apis/events.k8s.io/v1/namespaces/chat/events?fieldSelector=regarding.name=web,reason=Pulled")
    assert [(e["regarding"]["name"], e["note"], e["apiVersion"]) for e in new.json["items"]] == [
        ("web", "ok", "events.k8s.io/v1")
    ]
    watch = chat.watch("/apis/events.k8s.io/v1/namespaces/chat/events?watch=1")
    assert [e["object"]["note"] for e in watch.events()] == ["ok"]
    assert names(chat.get("/api/v1/namespaces/chat/events?fieldSelector=involvedObject.name=other")) == []
