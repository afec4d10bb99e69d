"""The constraints that PodTopologySpread works with: the pod's own, or the system's defaults.

Upstream: pkg/scheduler/framework/plugins/podtopologyspread/common.go and plugins/helper/spread.go (DefaultSelector).
"""

from typing import Any, NamedTuple

from k8slab.apimachinery.compact import compact_json
from k8slab.apimachinery.labels import Selector, matches, selector_of
from k8slab.apimachinery.types import Object, controller_of
from k8slab.sim.scheduler.interface import Handle
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.helpers import (
    find_untolerated_taint,
    matches_required_node_affinity,
    node_affinity_signature,
)
from k8slab.sim.scheduler.pod_info import PodInfo, with_label_keys

__all__ = ["HOSTNAME", "Constraint", "Domains", "default_selector", "own_constraints", "selector_changed", "system_defaults"]

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"

_OWNERS = {
    "ReplicationController": "replicationcontrollers",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
}


class Constraint(NamedTuple):
    """One topology spread constraint, ready for use."""

    max_skew: int
    topology_key: str
    selector: Selector | None
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


def own_constraints(pod: PodInfo, when_unsatisfiable: str) -> list[Constraint]:
    """Return the pod's constraints of one kind (``DoNotSchedule`` or ``ScheduleAnyway``)."""
    return [
        Constraint(
            raw["maxSkew"],
            raw["topologyKey"],
            with_label_keys(selector_of(raw.get("labelSelector")), raw.get("matchLabelKeys") or (), pod.labels),
            raw.get("minDomains") or 1,
            (raw.get("nodeAffinityPolicy") or "Honor") == "Honor",
            (raw.get("nodeTaintsPolicy") or "Ignore") == "Honor",
        )
        for raw in pod.spec.get("topologySpreadConstraints") or ()
        if raw["whenUnsatisfiable"] == when_unsatisfiable
    ]


def system_defaults(selector: Selector) -> list[Constraint]:
    """Return what holds for pods of a Service or workload that say nothing themselves."""
    return [Constraint(3, HOSTNAME, selector), Constraint(5, ZONE, selector)] if selector else []


def default_selector(handle: Handle, pod: PodInfo) -> Selector:
    """Return what the pod's Services and its controller select by; empty if there are none."""
    pairs: dict[str, str] = {}
    for service in handle.list("services", pod.namespace):
        wanted = service["spec"].get("selector")
        if wanted and all(pod.labels.get(key) == value for key, value in wanted.items()):
            pairs |= wanted
    selector: Selector = tuple((key, "In", (value,)) for key, value in sorted(pairs.items()))
    return selector + _owner_selector(handle, pod)


def _owner_selector(handle: Handle, pod: PodInfo) -> Selector:
    reference = controller_of(pod.obj)
    resource = _OWNERS.get(reference["kind"]) if reference else None
    owner = handle.get(resource, reference["name"], pod.namespace) if resource and reference else None
    if owner is None:
        return ()
    selector = owner["spec"].get("selector") or {}
    if resource == "replicationcontrollers":
        selector = {"matchLabels": selector}
    return selector_of(selector) or ()


class Domains:
    """For each constraint and node: the node's domain, None if the node does not take part.

    Remembered until a node changes, because the pods of a workload all ask the same.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._known: dict[tuple[Any, bool, bytes], list[list[str | None]]] = {}
        self._epoch = -1

    def of(self, pod: PodInfo, constraints: list[Constraint], require_all: bool) -> list[list[str | None]]:
        """Return one list per constraint, in the order of the snapshot's nodes."""
        cache = self._handle.cache
        if cache.node_epoch != self._epoch or len(self._known) > 256:
            self._known.clear()
            self._epoch = cache.node_epoch
        policies = tuple((c.topology_key, c.honor_affinity, c.honor_taints) for c in constraints)
        key = (policies, require_all, pod.signature or _signature(pod))
        if key not in self._known:
            self._known[key] = [[_domain(c, constraints, require_all, pod, node) for node in cache.nodes] for c in constraints]
        return self._known[key]


def _signature(pod: PodInfo) -> bytes:
    """What the inclusion policies look at; a pod that was signed for `batch` has it in its signature already."""
    return compact_json([node_affinity_signature(pod.spec), pod.spec.get("tolerations")])


def _domain(constraint: Constraint, all_: list[Constraint], require_all: bool, pod: PodInfo, node: NodeInfo) -> str | None:
    if require_all and not has_all_keys(node, all_):
        return None
    if constraint.honor_affinity and not matches_required_node_affinity(pod.spec, node):
        return None
    if constraint.honor_taints and find_untolerated_taint(node.taints, pod.spec.get("tolerations") or ()):
        return None
    return node.labels.get(constraint.topology_key)


def has_all_keys(node: NodeInfo, constraints: list[Constraint]) -> bool:
    """Whether a node has the topology labels of all constraints."""
    return all(c.topology_key in node.labels for c in constraints)


def selects(constraint: Constraint, labels: dict[str, str]) -> bool:
    """Whether the constraint counts pods with these labels."""
    return constraint.selector is not None and matches(constraint.selector, labels)


def selector_changed(old: Object | None, new: Object | None) -> bool:
    """Whether a Service or workload changed in a way that alters `default_selector`."""

    def of(obj: Object | None) -> Any:
        return (obj.get("spec") or {}).get("selector") if obj else None

    return bool(of(old) != of(new))
