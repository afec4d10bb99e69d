"""The shape of a cluster: which nodes, of what size, in which zones.

The default is one control plane node and three workers over two zones; a kind configuration (``clusters/*.yaml``) gives
any other, so that the same file shapes a kind cluster and an embedded one.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.errors import K8slabError
from k8slab.sim.kubelet import NodeConfig

__all__ = ["default_nodes", "nodes_of_kind_config"]

ZONES = ("zone-a", "zone-b")
_CONTROL_PLANE_TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
_CAPACITY = {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi", "pods": "110", "hugepages-2Mi": "0"}


def default_nodes(workers: int = 3) -> list[NodeConfig]:
    """Return one control plane node and ``workers`` workers, taking turns between two zones.

    >>> [node.name for node in default_nodes(2)]
    ['control-plane', 'worker-1', 'worker-2']
    """
    if not 0 <= workers <= 1000:
        raise K8slabError(f'the number of nodes must be between 0 and 1000, not "{workers}"')
    nodes = [_node(0, "control-plane", "control-plane", {})]
    return nodes + [_node(n, f"worker-{n}", "worker", {}) for n in range(1, workers + 1)]


def nodes_of_kind_config(config: dict[str, Any]) -> list[NodeConfig]:
    """Return the nodes of a kind configuration.

    >>> [n.name for n in nodes_of_kind_config({"kind": "Cluster", "nodes": [{"role": "control-plane"}, {"role": "worker"}]})]
    ['control-plane', 'worker-1']
    """
    if not isinstance(config, dict):
        raise K8slabError("this is not a kind configuration: it is no mapping with kind: Cluster")
    if config.get("kind") != "Cluster":
        raise K8slabError(f'this is not a kind configuration: kind is "{config.get("kind")}", expected "Cluster"')
    nodes: list[NodeConfig] = []
    counts = {"control-plane": 0, "worker": 0}
    for given in config.get("nodes") or [{"role": "control-plane"}]:
        role = given.get("role", "control-plane")
        if role not in counts:
            raise K8slabError(f'a node\'s role must be "control-plane" or "worker", not "{role}"')
        counts[role] += 1
        first = role == "control-plane" and counts[role] == 1
        name = role if first else f"{role}-{counts[role]}"
        nodes.append(_node(len(nodes), name, role, given.get("labels") or {}, _mappings(given)))
    if not counts["worker"]:
        for node in nodes:
            node.taints.clear()
    return nodes


def _mappings(given: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return host port and port of the extraPortMappings of a node; those of other protocols than TCP are left out."""
    found = []
    for entry in given.get("extraPortMappings") or ():
        host_port, port = entry.get("hostPort"), entry.get("containerPort")
        if not all(isinstance(n, int) and 0 < n < 65536 for n in (host_port, port)):
            raise K8slabError(f"extraPortMappings need a hostPort and a containerPort between 1 and 65535, not {entry}")
        if entry.get("protocol", "TCP") == "TCP":
            found.append((host_port, port))
    return tuple(found)


def _node(
    index: int, name: str, role: str, labels: dict[str, str], port_mappings: tuple[tuple[int, int], ...] = ()
) -> NodeConfig:
    taints: list[Object] = [dict(_CONTROL_PLANE_TAINT)] if role == "control-plane" else []
    zone = {"topology.kubernetes.io/region": "region-1", "topology.kubernetes.io/zone": ZONES[(index + 1) % 2]}
    high, low = divmod(index, 256)
    return NodeConfig(
        name=name,
        labels={**zone, **labels},
        taints=taints,
        capacity=dict(_CAPACITY),
        pod_cidr=f"10.{244 + high}.{low}.0/24",
        internal_ip=f"172.18.{high}.{low + 2}" if low < 250 else f"172.19.{high}.{low - 248}",
        roles=(role,) if role == "control-plane" else (),
        port_mappings=port_mappings,
    )
