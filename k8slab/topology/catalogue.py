"""The topologies by name: what to fetch for each, how its graph begins and takes events, and in which columns it is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object
from k8slab.topology.kinds import SCHEMAS
from k8slab.topology.placement import Graph, change_placement, placement
from k8slab.topology.reach import change_reachability, reachability
from k8slab.topology.relations import build, change_graph

__all__ = ["TOPOLOGIES", "Topology"]

_WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "CronJob", "Job")


@dataclass(frozen=True)
class Topology:
    """One way to look at a cluster.

    ``kinds`` are fetched (what a cluster does not have is left out); ``columns`` say which kinds stand beside each other;
    of ``linked`` kinds only what is connected to something is shown; ``ask`` is what ``kubectl get`` shows the same with.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    ask: str
    columns: Sequence[Sequence[str]] = ()
    linked: frozenset[str] = field(default=frozenset())
    change: Callable[[Graph, str, Object], str] = change_graph

    def start(self) -> Graph:
        """Return the empty graph."""
        if self.change is change_placement:
            return placement((), ())
        return reachability((), ()) if self.change is change_reachability else build(SCHEMAS[self.name], ())


TOPOLOGIES = {
    t.name: t
    for t in (
        Topology("placement", "Nodes and their pods", ("Node", "Pod"), "pods -o wide", change=change_placement),
        Topology(
            "ownership", "Who owns whom", (*_WORKLOADS, "Pod"), "deployments,replicasets,statefulsets,daemonsets,jobs,pods",
            (("Deployment", "CronJob"), ("ReplicaSet", "Job", "StatefulSet", "DaemonSet", "Node"), ("Pod",)),
        ),
        Topology(
            "traffic", "The way of a request", ("Ingress", "Gateway", "HTTPRoute", "Service", "EndpointSlice", "Pod", "Node"),
            "ingresses,services,endpointslices,pods -o wide",
            (("Client",), ("Ingress", "Gateway"), ("HTTPRoute",), ("Service",), ("EndpointSlice",), ("Pod",), ("Node",)),
            linked=frozenset({"Node"}),
        ),
        Topology(
            "access", "Who may do what", ("ServiceAccount", "RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole"),
            "rolebindings,clusterrolebindings,roles,clusterroles -o wide",
            (("User", "Group", "ServiceAccount"), ("RoleBinding", "ClusterRoleBinding"), ("Role", "ClusterRole"),
             ("Permission",)),
        ),
        Topology(
            "storage", "Claims and their volumes",
            ("PersistentVolumeClaim", "PersistentVolume", "StorageClass", "VolumeAttachment", "Pod", "Node"),
            "pvc,pv,storageclasses,volumeattachments",
            (("Pod",), ("PersistentVolumeClaim",), ("PersistentVolume",), ("StorageClass", "VolumeAttachment"), ("Node",)),
            linked=frozenset({"Pod", "Node"}),
        ),
        Topology(
            "configuration", "Who reads which configuration", ("Pod", "ConfigMap", "Secret", "ServiceAccount"),
            "configmaps,secrets,serviceaccounts,pods", (("Pod",), ("ConfigMap", "Secret", "ServiceAccount")),
            linked=frozenset({"Pod", "ServiceAccount"}),
        ),
        Topology("zones", "Zones, nodes and their pods", ("Node", "Pod"), "nodes -L topology.kubernetes.io/zone",
                 change=change_placement),
        Topology(
            "reachability", "Who may talk to whom", ("Pod", "NetworkPolicy", "Namespace", "Flow"),
            "networkpolicies,pods -o wide",
            change=change_reachability,
        ),
    )
}  # fmt: skip
