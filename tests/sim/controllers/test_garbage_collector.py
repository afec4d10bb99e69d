"""Objects go with their owners, or stay, as the deletion asked for."""

import pytest

from k8slab.sim.controllers.garbage_collector import Dependent, GarbageCollector, OwnerGraph, classify
from tests.sim.controllers.world import World, resources


@pytest.fixture
def world():
    return World(GarbageCollector, resources=resources)


def reference(owner, block=False, api_version=None):
    meta = owner["metadata"]
    version = api_version or owner["apiVersion"]
    return {"apiVersion": version, "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"], "blockOwnerDeletion": block}


def config_map(world, name, *owners, block=False, **meta):
    references = [reference(o, block) for o in owners]
    return world.create("configmaps", name, metadata={**({"ownerReferences": references} if owners else {}), **meta})


def test_a_dependent_goes_after_its_owner(world):
    parent = config_map(world, "parent")
    child = config_map(world, "child", parent)
    config_map(world, "grandchild", child)
    world.delete("configmaps", "parent")
    assert world.names("configmaps") == []


def test_it_stays_while_one_owner_lives_and_forgets_the_other(world):
    a, b = config_map(world, "a"), config_map(world, "b")
    config_map(world, "child", a, b)
    world.delete("configmaps", "a")
    assert [r["name"] for r in world.get("configmaps", "child")["metadata"]["ownerReferences"]] == ["b"]
    world.delete("configmaps", "b")
    assert world.names("configmaps") == []


def test_an_owner_that_never_was_does_not_keep_an_object(world):
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "none"}}
    assert config_map(world, "child", ghost) is None


def test_an_owner_of_the_same_name_but_another_uid_is_not_the_owner(world):
    real = config_map(world, "parent")
    other = {**real, "metadata": {**real["metadata"], "uid": "other"}}
    assert config_map(world, "child", other) is None


def test_the_version_in_an_owner_reference_does_not_matter(world):
    scaler = world.create(
        "horizontalpodautoscalers.autoscaling", "h", {}, apiVersion="autoscaling/v2", kind="HorizontalPodAutoscaler"
    )
    references = [reference(scaler, api_version="autoscaling/v1")]
    assert world.create("configmaps", "child", metadata={"ownerReferences": references}) is not None


def test_an_owner_in_the_cluster_may_own_what_is_in_a_namespace(world):
    node = world.client.create("nodes", {"metadata": {"name": "n"}})
    config_map(world, "child", node)
    assert world.names("configmaps") == ["child"]
    world.client.delete("nodes", "n")
    world.settled()
    assert world.names("configmaps") == []


def test_orphans_lose_the_reference_and_stay(world):
    parent = config_map(world, "parent")
    config_map(world, "child", parent)
    world.delete("configmaps", "parent", propagation="Orphan")
    assert world.names("configmaps") == ["child"]
    assert "ownerReferences" not in world.get("configmaps", "child")["metadata"]


def test_in_the_foreground_the_owner_waits_for_blocking_dependents(world):
    parent = config_map(world, "parent")
    config_map(world, "child", parent, block=True, finalizers=["example.com/hold"])
    world.delete("configmaps", "parent", propagation="Foreground")
    assert world.names("configmaps") == ["child", "parent"]
    assert world.get("configmaps", "parent")["metadata"]["finalizers"] == ["foregroundDeletion"]
    world.client.patch("configmaps", "child", "chat", {"metadata": {"finalizers": None}})
    world.settled()
    assert world.names("configmaps") == []


def test_in_the_foreground_it_does_not_wait_for_others(world):
    parent = config_map(world, "parent")
    config_map(world, "child", parent, finalizers=["example.com/hold"])
    world.delete("configmaps", "parent", propagation="Foreground")
    assert world.names("configmaps") == ["child"]
    assert "deletionTimestamp" in world.get("configmaps", "child")["metadata"]


def test_the_foreground_reaches_grandchildren(world):
    parent = config_map(world, "parent")
    child = config_map(world, "child", parent, block=True)
    config_map(world, "grandchild", child, block=True)
    world.delete("configmaps", "parent", propagation="Foreground")
    assert world.names("configmaps") == []


def test_owners_in_a_circle_go_together_in_the_foreground(world):
    a = config_map(world, "a")
    b = config_map(world, "b", a, block=True)
    world.client.patch("configmaps", "a", "chat", {"metadata": {"ownerReferences": [reference(b, block=True)]}})
    world.delete("configmaps", "a", propagation="Foreground")
    assert world.names("configmaps") == []


def test_after_a_restart_it_finds_what_lost_its_owner_meanwhile(world):
    parent = config_map(world, "parent")
    config_map(world, "child", parent)
    world.controllers[0].stop()
    world.delete("configmaps", "parent")
    assert world.names("configmaps") == ["child"]
    world.controllers[0].start()
    world.settled()
    assert world.names("configmaps") == []


def test_events_are_left_alone(world):
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "none"}
    assert world.create("events", "e", metadata={"ownerReferences": [ghost]}) is not None


def test_the_graph_forgets_replaced_owners():
    graph, child = OwnerGraph(), Dependent("pods", "chat", "web-1")
    graph.put(child, ["a", "b"])
    graph.put(child, ["b"])
    assert (graph.dependents("a"), graph.dependents("b")) == ([], [child])
    graph.put(child, [])
    assert graph.dependents("b") == []


def test_owners_are_solid_dangling_or_waiting():
    going = {"uid": "w", "deletionTimestamp": "t", "finalizers": ["foregroundDeletion"]}
    owners = {"s": {"metadata": {"uid": "s"}}, "w": {"metadata": going}}
    found = classify([{"uid": u} for u in ("s", "d", "w")], lambda r: owners.get(r["uid"]))
    assert [[r["uid"] for r in group] for group in found] == [["s"], ["d"], ["w"]]
