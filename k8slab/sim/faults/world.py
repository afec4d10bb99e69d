"""What faults act on: nodes, network, components, registries; each can be hit by several faults at once.

A target is broken for as long as one fault holds it. Simpler than life: a kubelet that is cut off from the API server does not
hear of changes to its pods, but reads ConfigMaps and Secrets as they are now; a full disk is a condition and a taint, nothing is
evicted for it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Informer
from k8slab.sim.kubelet import Kubelet
from k8slab.sim.network import Link, Network
from k8slab.sim.network.links import ZONE
from k8slab.sim.runtime import Runtime

__all__ = ["World"]


@dataclass
class World:
    """The parts of a cluster that can break.

    Parameters
    ----------
    kubelets, network, runtime
        Those of the cluster.
    nodes, pods
        Informers.
    control_plane
        Names of the nodes on which the API server runs.
    components
        By name: what stops a component (True), and what starts it again (False); "kube-scheduler@control-plane" for one of
        several instances.
    leaders
        Of components with several instances: on which node the one runs that leads.
    """

    kubelets: Mapping[str, Kubelet]
    network: Network
    runtime: Runtime
    nodes: Informer
    pods: Informer
    control_plane: tuple[str, ...]
    components: dict[str, Callable[[bool], object]]
    leaders: dict[str, Callable[[], str]] = field(default_factory=dict)
    _holders: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def hold(self, holder: str, what: str, target: str) -> None:
        """Let a fault hold a target; the first one breaks it."""
        holders = self._holders.setdefault((what, target), set())
        holders.add(holder)
        if len(holders) == 1:
            self._change(what, target, True)

    def release(self, holder: str) -> None:
        """Let go of everything that a fault held; what nobody holds any more is whole again."""
        self.network.links.forget(holder)
        for (what, target), holders in list(self._holders.items()):
            if holder in holders:
                holders.discard(holder)
                if not holders:
                    del self._holders[what, target]
                    self._change(what, target, False)

    def _change(self, what: str, target: str, broken: bool) -> None:
        if what == "component":
            self.components[target](broken)
        elif what == "registry":
            (self.runtime.unreachable.add if broken else self.runtime.unreachable.discard)(target)
        elif what == "disk":
            self.kubelets[target].report_disk(broken)
        else:
            self._set_node(target, what, broken)

    def _set_node(self, node: str, what: str, broken: bool) -> None:
        """Bring a kubelet to where it should be, whatever else holds its node."""
        kubelet = self.kubelets[node]
        if what == "crash":
            self.network.set_reachable(node, not broken)
            if broken:
                kubelet.crash()
            self._control_plane_crash(node, broken)
        kubelet.connect(("cut", node) not in self._holders)
        if ("crash", node) in self._holders or ("kubelet", node) in self._holders:
            kubelet.stop()
        else:
            kubelet.start()

    def _control_plane_crash(self, node: str, broken: bool) -> None:
        """End the instances of components on a node; a lone control plane node keeps them, as it keeps the API server."""
        if node not in self.control_plane or len(self.control_plane) < 2:
            return
        if not broken:
            self.release(f"crash/{node}")
            return
        for name in self.leaders:
            self.hold(f"crash/{node}", "component", f"{name}@{node}")

    def instances(self, component: str, nodes: Iterable[str]) -> list[str]:
        """Return which instances of a component a fault hits: those on the nodes, or the one that leads."""
        if component not in self.leaders:
            return [component]
        return [f"{component}@{node}" for node in nodes or (self.leaders[component](),) if node in self.control_plane]

    def chosen(self, side: Object) -> list[str]:
        """Return the known nodes of a side: by name, or by zone."""
        names, zones = side.get("nodes") or (), side.get("zones") or ()
        found = []
        for name, kubelet in self.kubelets.items():
            labels = ((self.nodes.get(name) or {}).get("metadata") or {}).get("labels") or kubelet.node.labels
            if name in names or labels.get(ZONE) in zones:
                found.append(name)
        return found

    def link(self, holder: str, sides: list[Object], link: Link) -> tuple[list[str], list[str]]:
        """Put a link between two sides, or one side and the rest; return the nodes of both."""
        one = self.chosen(sides[0])
        other = self.chosen(sides[1]) if len(sides) > 1 else [n for n in self.kubelets if n not in one]
        self.network.links.put(holder, one, other, link)
        return one, other

    def cut_off(self, one: Iterable[str], other: Iterable[str]) -> list[str]:
        """Return the nodes that cannot reach any API server when two sides are apart."""
        first, second, servers = set(one), set(other), set(self.control_plane)
        away = (first - servers if servers <= second else set()) | (second - servers if servers <= first else set())
        return sorted(away)
