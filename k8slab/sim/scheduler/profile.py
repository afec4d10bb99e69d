"""Which plugins run, in which order and with which weights.

Upstream: pkg/scheduler/apis/config/v1/default_plugins.go and pkg/scheduler/framework/runtime. Simplified: one profile;
no DynamicResources, NodeDeclaredFeatures and GangScheduling plugins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.interface import (
    Code,
    CycleState,
    FilterPlugin,
    Handle,
    Plugin,
    PreBindPlugin,
    PreEnqueuePlugin,
    PreFilterExtensions,
    PreFilterPlugin,
    PreScorePlugin,
    ReservePlugin,
    ScorePlugin,
    Status,
)
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.plugins.image_locality import ImageLocality
from k8slab.sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from k8slab.sim.scheduler.plugins.name_ import NodeName
from k8slab.sim.scheduler.plugins.node_affinity import NodeAffinity
from k8slab.sim.scheduler.plugins.node_ports import NodePorts
from k8slab.sim.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from k8slab.sim.scheduler.plugins.node_resources_fit import NodeResourcesFit, ScoringStrategy
from k8slab.sim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from k8slab.sim.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from k8slab.sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from k8slab.sim.scheduler.plugins.scheduling_gates import SchedulingGates
from k8slab.sim.scheduler.plugins.taint_toleration import TaintToleration
from k8slab.sim.scheduler.plugins.volume_binding import VolumeBinding
from k8slab.sim.scheduler.plugins.volume_restrictions import VolumeRestrictions
from k8slab.sim.scheduler.plugins.volume_zone import VolumeZone
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["DEFAULT_WEIGHTS", "Configuration", "Profile"]

#: Weights of the scoring plugins in Kubernetes 1.37.
DEFAULT_WEIGHTS: Mapping[str, int] = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}


@dataclass(frozen=True)
class Configuration:
    """What KubeSchedulerConfiguration says, as far as it is supported.

    Parameters
    ----------
    percentage_of_nodes_to_score
        Stop looking for nodes when this share (in percent) is found feasible; 0 adapts to the size of the cluster.
    scoring_strategy
        Of NodeResourcesFit.
    hard_pod_affinity_weight
        Of InterPodAffinity.
    weights
        Of the scoring plugins.
    reuse_results
        Whether per-node results are kept for the next pod with the same signature, see `batch`.
    """

    percentage_of_nodes_to_score: int = 0
    scoring_strategy: ScoringStrategy = field(default_factory=ScoringStrategy)
    hard_pod_affinity_weight: int = 1
    weights: Mapping[str, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    reuse_results: bool = True


class Profile:
    """The plugins, sorted into extension points."""

    def __init__(self, handle: Handle, configuration: Configuration | None = None) -> None:
        self.configuration = configuration = configuration or Configuration()
        self.handle = handle
        self.plugins: list[Plugin] = [
            SchedulingGates(handle),
            NodeUnschedulable(handle),
            NodeName(handle),
            TaintToleration(handle),
            NodeAffinity(handle),
            NodePorts(handle),
            NodeResourcesFit(handle, configuration.scoring_strategy),
            VolumeRestrictions(handle),
            NodeVolumeLimits(handle),
            VolumeBinding(handle),
            VolumeZone(handle),
            PodTopologySpread(handle),
            InterPodAffinity(handle, configuration.hard_pod_affinity_weight),
            NodeResourcesBalancedAllocation(handle),
            ImageLocality(handle),
        ]
        self.pre_enqueue = [p for p in self.plugins if isinstance(p, PreEnqueuePlugin)]
        self.pre_filter = [p for p in self.plugins if isinstance(p, PreFilterPlugin)]
        self.extensions = [p for p in self.plugins if isinstance(p, PreFilterExtensions)]
        self.filter = [p for p in self.plugins if isinstance(p, FilterPlugin)]
        self.pre_score = [p for p in self.plugins if isinstance(p, PreScorePlugin)]
        self.score = [(p, configuration.weights[p.name]) for p in self.plugins if isinstance(p, ScorePlugin)]
        self.reserve = [p for p in self.plugins if isinstance(p, ReservePlugin)]
        self.pre_bind = [p for p in self.plugins if isinstance(p, PreBindPlugin)]
        self.by_name = {p.name: p for p in self.plugins}

    def run_pre_enqueue(self, pod: Object) -> Status | None:
        """Return the first refusal to let a pod into the queue."""
        return next((status for p in self.pre_enqueue if (status := p.pre_enqueue(pod)) is not None), None)

    def run_pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[set[str] | None, list[str], Status | None]:
        """Return the nodes that are left (None: all), the plugins that said so, and the first refusal."""
        left: set[str] | None = None
        named_by: list[str] = []
        for plugin in self.pre_filter:
            nodes, status = plugin.pre_filter(state, pod)
            if status is not None:
                if status.code is Code.SKIP:
                    state.skip_filter.add(plugin.name)
                    continue
                status.plugin = plugin.name
                return None, named_by, status
            if nodes is not None:
                named_by.append(plugin.name)
                left = nodes if left is None else left & nodes
        return left, named_by, None

    def run_filters(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        """Return the first refusal of a node."""
        for plugin in self.filter:
            if plugin.name not in state.skip_filter:
                status = plugin.filter(state, pod, node)
                if status is not None:
                    status.plugin = plugin.name
                    return status
        return None

    def add_pod(self, state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo) -> None:
        """What if this pod were on the node, too? The node is a clone."""
        node.add_pod(added)
        for plugin in self.extensions:
            if plugin.name not in state.skip_filter:
                plugin.add_pod(state, pod, added, node)

    def remove_pod(self, state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo) -> None:
        """What if this pod were not on the node? The node is a clone."""
        node.remove_pod(removed)
        for plugin in self.extensions:
            if plugin.name not in state.skip_filter:
                plugin.remove_pod(state, pod, removed, node)
