from typing import Any

import pytest

from k8slab.topology import (
    change_placement,
    control_plane,
    node_order,
    owners_tree,
    ownership,
    placement,
    placement_rows,
    placement_summary,
    placement_tree,
    pod_class,
    pod_status,
    pods_of,
)

Object = dict[str, Any]


def node(name: str, role: str = "", ready: str = "True") -> Object:
    labels = {f"node-role.kubernetes.io/{role}": ""} if role else {}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def pod(name: str, on: str = "", phase: str = "Pending", **meta: Any) -> Object:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "chat", **meta},
        "spec": {"nodeName": on, "containers": [{"name": "c"}]},
        "status": {"phase": phase},
    }


def test_control_plane_stands_first_and_worker_2_before_worker_10() -> None:
    graph = placement([node("worker-10"), node("worker-2"), node("cp", "control-plane")], [])
    assert [graph.nodes[n]["name"] for n in node_order(graph)] == ["cp", "worker-2", "worker-10"]


def test_a_pod_without_a_node_waits_and_moves_when_it_is_bound() -> None:
    graph = placement([node("n1")], [pod("web")])
    assert pods_of(graph, None) == ["Pod/chat/web"]
    change_placement(graph, "MODIFIED", pod("web", "n1"))
    assert pods_of(graph, None) == []
    assert pods_of(graph, "Node/n1") == ["Pod/chat/web"]


def test_a_pod_may_be_known_before_its_node() -> None:
    graph = placement([], [pod("web", "n1")])
    change_placement(graph, "ADDED", node("n1"))
    assert pods_of(graph, "Node/n1") == ["Pod/chat/web"]


def test_changes_in_place_give_the_same_graph_as_a_new_one() -> None:
    nodes, pods = [node("n1"), node("n2")], [pod("a", "n1", "Running"), pod("b", "n2")]
    graph = placement([node("n2")], [pod("a"), pod("gone", "n2"), pod("b", "n1")])
    for obj in (*nodes, *pods):
        change_placement(graph, "MODIFIED", obj)
    change_placement(graph, "DELETED", pod("gone"))
    fresh = placement(nodes, pods)
    assert dict(graph.nodes(data=True)) == dict(fresh.nodes(data=True))
    assert set(graph.edges) == set(fresh.edges)


def test_the_text_forms_name_every_node_and_pod() -> None:
    graph = placement([node("n1"), node("n2", ready="False")], [pod("a", "n1"), pod("b")])
    assert placement_tree(graph).splitlines() == [
        "n1  Ready", "└── chat/a  0/1  Pending", "n2  NotReady", "waiting for a node", "└── chat/b  0/1  Pending",
    ]  # fmt: skip
    assert [row[:3] for row in placement_rows(graph)] == [("n1", "chat", "a"), ("n2", "", "<no pods>"), ("<none>", "chat", "b")]
    assert placement_summary(graph) == "2 nodes, 2 pods: 2 Pending."


def test_owners_lead_to_what_they_own() -> None:
    reference = [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    assert owners_tree(ownership([pod("web-1-a", ownerReferences=reference)])).splitlines() == [
        "ReplicaSet/web-1  not fetched", "└── Pod/web-1-a  Pending",
    ]  # fmt: skip


def test_every_arrow_of_the_control_plane_ends_at_the_api_server_but_its_own() -> None:
    graph = control_plane([node("n1"), node("n2")])
    assert {to for _, to in graph.edges} == {"kube-apiserver", "etcd"}
    assert list(graph.predecessors("etcd")) == ["kube-apiserver"]


WAITING = {"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("status", "meta", "word", "kind"),
    [
        ({"phase": "Pending"}, {}, "Pending", "starting"),
        ({"phase": "Running", **READY}, {}, "Running", "running"),
        ({"phase": "Running"}, {}, "Running", "unready"),
        ({"phase": "Running", **WAITING}, {}, "CrashLoopBackOff", "backoff"),
        ({"phase": "Running"}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "Terminating", "terminating"),
        ({"phase": "Failed", "reason": "Evicted"}, {}, "Evicted", "failed"),
        ({"phase": "Succeeded"}, {}, "Succeeded", "succeeded"),
    ],
)
def test_a_pod_is_classed_by_what_kubectl_calls_it(status: Object, meta: Object, word: str, kind: str) -> None:
    obj = {**pod("web", "n1", **meta), "status": status}
    assert (pod_status(obj), pod_class(obj)) == (word, kind)
