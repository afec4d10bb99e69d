"""extraPortMappings of a kind configuration: which ports of the host lead where."""

import pytest

from k8slab.errors import K8slabError
from k8slab.sim.portmappings import entrance
from k8slab.sim.shape import nodes_of_kind_config


def config(*mappings, role="control-plane"):
    return {"kind": "Cluster", "nodes": [{"role": "control-plane"}, {"role": role, "extraPortMappings": list(mappings)}]}


def test_a_mapping_belongs_to_its_node():
    nodes = nodes_of_kind_config(config({"containerPort": 30080, "hostPort": 9000}, role="worker"))
    assert [n.port_mappings for n in nodes] == [(), ((9000, 30080),)]


def test_other_protocols_are_left_out():
    mapping = {"containerPort": 53, "hostPort": 9053, "protocol": "UDP"}
    assert nodes_of_kind_config(config(mapping, role="worker"))[1].port_mappings == ()


def test_visitors_of_the_ingress_come_to_the_node_whose_port_80_is_mapped():
    assert entrance(nodes_of_kind_config(config({"containerPort": 80, "hostPort": 9001}, role="worker"))).name == "worker-1"
    assert entrance(nodes_of_kind_config(config({"containerPort": 81, "hostPort": 9001}, role="worker"))).name == "control-plane"


@pytest.mark.parametrize("mapping", [{"containerPort": 80}, {"hostPort": "x", "containerPort": 80}, {"hostPort": 0}])
def test_a_mapping_without_ports_is_refused(mapping):
    with pytest.raises(K8slabError, match="extraPortMappings need a hostPort and a containerPort"):
        nodes_of_kind_config(config(mapping))
