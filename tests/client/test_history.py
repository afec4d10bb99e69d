from k8slab.client.history import History, moment_of

PODS = ("pods", "")


def pod(name: str, time: str = "", **status: str) -> dict:
    entries = [{"manager": "kubelet", "time": time}] if time else []
    return {"metadata": {"name": name, "namespace": "chat", "managedFields": entries}, "status": status}


def names(history: History, at: int | None = None) -> list[str]:
    return sorted(history.objects(PODS, at))


def test_each_change_leads_to_a_state_that_can_be_looked_at_again() -> None:
    history = History()
    history.begin(PODS, [pod("a")])
    history.record(PODS, [("ADDED", pod("b")), ("DELETED", pod("a"))])
    assert names(history, 0) == ["chat/a"]
    assert names(history, 1) == ["chat/a", "chat/b"]
    assert names(history, 2) == names(history) == ["chat/b"]


def test_what_is_too_old_is_forgotten_and_what_it_led_to_stays() -> None:
    history = History(limit=2)
    history.begin(PODS, [])
    history.record(PODS, [("ADDED", pod(n)) for n in "abcd"])
    assert [e.number for e in history.entries()] == [3, 4]
    assert names(history, 0) == ["chat/a", "chat/b"]


def test_time_never_goes_back_though_objects_of_different_age_change() -> None:
    history = History()
    history.record(PODS, [("MODIFIED", pod("a", "2026-01-01T00:00:09Z")), ("DELETED", pod("b", "2026-01-01T00:00:02Z"))])
    assert [e.moment for e in history.entries()] == ["2026-01-01T00:00:09Z"] * 2


def at(version: int, name: str) -> dict:
    made = pod(name)
    return {**made, "metadata": {**made["metadata"], "resourceVersion": str(version)}}


def test_kinds_whose_watches_are_slower_are_sorted_in_by_revision() -> None:
    history = History()
    history.record(("events", ""), [("ADDED", at(1003, "scheduled"))])
    history.record(PODS, [("ADDED", at(1001, "a"))])
    assert [e.object["metadata"]["name"] for e in history.entries()] == ["a", "scheduled"]


def test_a_resource_that_counts_by_itself_is_kept_in_the_order_of_arrival() -> None:
    history = History()
    history.record(PODS, [("ADDED", at(5000, "a"))])
    history.record(("schedulingtraces.sim.k8slab.dev", ""), [("ADDED", at(7, "trace"))])
    history.record(PODS, [("ADDED", at(5001, "b"))])
    assert [e.object["metadata"]["name"] for e in history.entries()] == ["a", "trace", "b"]


def test_a_deletion_counts_from_when_it_was_asked_for() -> None:
    meta = {"deletionTimestamp": "2026-01-01T00:01:00Z", "deletionGracePeriodSeconds": 30}
    assert moment_of({"metadata": meta}) == "2026-01-01T00:00:30Z"


def test_whoever_listens_hears_of_every_journey_and_can_stop_listening() -> None:
    history, heard = History(), []
    history.record(PODS, [("ADDED", pod("a"))] * 3)
    end = history.subscribe(lambda: heard.append(history.at))
    for wanted in (2, 0, None):
        history.go(wanted)
    end()
    history.go(1)
    assert heard == [2, 0, None]
    assert "after change 1 of 3" in history.words()
    assert len(history.entries(all_=False)) == 1
