from k8slab.topology.changes import differences_of, happenings, words_of


def pod(phase: str = "Pending", node: str = "", **meta: str) -> dict:
    return {"kind": "Pod", "metadata": {"name": "a", "namespace": "chat", **meta}, "spec": {"nodeName": node},
            "status": {"phase": phase}}  # fmt: skip


def test_heartbeats_and_bookkeeping_are_no_change() -> None:
    old = {
        "kind": "Node",
        "metadata": {"resourceVersion": "1"},
        "status": {"conditions": [{"type": "Ready", "lastHeartbeatTime": "1"}]},
    }
    new = {
        "kind": "Node",
        "metadata": {"resourceVersion": "2"},
        "status": {"conditions": [{"type": "Ready", "lastHeartbeatTime": "2"}]},
    }
    assert list(differences_of(old, new)) == []
    assert words_of("MODIFIED", old, new) == ("", "")


def test_items_of_lists_are_compared_by_name_not_by_place() -> None:
    old = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    new = {"containers": [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}]}
    assert list(differences_of(old, new)) == ["containers[b].image: 1 → 2"]


def test_of_a_pod_its_status_is_told_and_where_it_goes() -> None:
    assert words_of("MODIFIED", pod(), pod("Running")) == ("Pending → Running", "ok")
    assert words_of("MODIFIED", pod(), pod(node="n1")) == ("goes to n1", "info")
    assert words_of("DELETED", pod(), pod()) == ("is gone", "no")


def test_events_are_told_in_the_lane_of_what_they_are_about() -> None:
    about = {"kind": "Pod", "namespace": "chat", "name": "a"}
    event = {"kind": "Event", "metadata": {"name": "a.1", "namespace": "chat"}, "involvedObject": about, "type": "Warning",
             "reason": "Failed", "message": "no"}  # fmt: skip
    (found,) = happenings([(1, "t", "ADDED", event)], {})
    assert (found.subject, found.what, found.tone) == ("Pod chat/a", "Failed: no", "warn")
    assert happenings([(1, "t", "DELETED", event)], {}) == [], "an event that is forgotten is no news"


def test_each_change_is_told_against_the_one_before_and_once_only() -> None:
    known: dict = {}
    changes = [
        (1, "t", "ADDED", pod()),
        (2, "t", "MODIFIED", pod("Running")),
        (3, "t", "MODIFIED", pod("Running", resourceVersion="9")),
    ]
    story = happenings(changes, {}, known)
    assert [h.what for h in story] == ["appears: Pending", "Pending → Running"]
    assert happenings(changes[1:], {}, known) == story[1:], "what was worked out stays, though the version before is gone"
