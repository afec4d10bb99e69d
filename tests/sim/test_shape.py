"""The shape of a cluster: how many nodes, where, under which names."""

import pytest

from k8slab.errors import K8slabError
from k8slab.sim.shape import default_nodes, nodes_of_kind_config


def test_workers_take_turns_between_two_zones() -> None:
    zones = [n.labels["topology.kubernetes.io/zone"] for n in default_nodes(4)]
    assert zones == ["zone-b", "zone-a", "zone-b", "zone-a", "zone-b"]


def test_a_thousand_nodes_have_addresses_of_their_own() -> None:
    nodes = default_nodes(1000)
    assert len({n.internal_ip for n in nodes}) == len({n.pod_cidr for n in nodes}) == 1001


def test_only_the_control_plane_is_tainted() -> None:
    assert [len(n.taints) for n in default_nodes(2)] == [1, 0, 0]


def test_a_kind_configuration_gives_roles_labels_and_kinds_names() -> None:
    roles = ["control-plane", "worker", "worker", "control-plane"]
    nodes = nodes_of_kind_config({"kind": "Cluster", "nodes": [{"role": role, "labels": {"disk": "ssd"}} for role in roles]})
    assert [n.name for n in nodes] == ["control-plane", "worker-1", "worker-2", "control-plane-2"]
    assert {n.labels["disk"] for n in nodes} == {"ssd"}


def test_alone_the_control_plane_takes_pods() -> None:
    (node,) = nodes_of_kind_config({"kind": "Cluster"})
    assert node.taints == []


@pytest.mark.parametrize("workers", [-1, 1001])
def test_there_are_limits(workers: int) -> None:
    with pytest.raises(K8slabError, match="between 0 and 1000"):
        default_nodes(workers)


def test_what_is_no_kind_configuration_is_said_to_be_none() -> None:
    with pytest.raises(K8slabError, match='kind is "Pod", expected "Cluster"'):
        nodes_of_kind_config({"kind": "Pod"})
    with pytest.raises(K8slabError, match='must be "control-plane" or "worker", not "king"'):
        nodes_of_kind_config({"kind": "Cluster", "nodes": [{"role": "king"}]})
