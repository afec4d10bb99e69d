"""What the scheduler would say about a pod: its own plugins, run on what was fetched.

`k8slab.sim.scheduler.simulate` is the function that the embedded cluster's tests run; here it judges any cluster's objects.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from k8slab.apimachinery.podresources import Amounts, pod_amounts
from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object, key_of, name_of
from k8slab.explain.world import World
from k8slab.sim.scheduler.simulate import simulate

__all__ = ["Inputs", "Refusal", "free_on", "inputs", "refusals"]

_STORAGE = ("persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io", "csinodes.storage.k8s.io")


class Refusal(NamedTuple):
    """Why one plugin refuses one node."""

    node: str
    plugin: str
    reasons: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class Inputs:
    """All that a cycle depends on."""

    pod: Object
    nodes: tuple[Object, ...]
    pods: tuple[Object, ...]
    others: dict[str, list[Object]]

    def run(self) -> Object:
        """Return the status of the cycle's trace."""
        status: Object = simulate(self.pod, self.nodes, self.pods, self.others)["status"]
        return status

    def with_pod(self, pod: Object) -> "Inputs":
        """Return the same cluster with another pod to place."""
        return replace(self, pod=pod)

    def with_nodes(self, change: Callable[[Object], Object]) -> "Inputs":
        """Return the same pod in a cluster with changed nodes."""
        return replace(self, nodes=tuple(change(node) for node in self.nodes))


def inputs(world: World, pod: Object) -> Inputs:
    """Gather what a cycle for this pod depends on, and no more."""
    others: dict[str, list[Object]] = {}
    if any("persistentVolumeClaim" in v or "ephemeral" in v for v in pod["spec"].get("volumes") or ()):
        others |= {resource: world.list(resource) for resource in _STORAGE}
    pods = [p for p in world.list("pods") if not p["metadata"].get("deletionTimestamp") or p["spec"].get("nodeName")]
    if any((p["spec"].get("affinity") or {}).keys() & {"podAffinity", "podAntiAffinity"} for p in (pod, *pods)):
        others["namespaces"] = world.list("namespaces")
    return Inputs(pod, tuple(world.list("nodes")), tuple(pods), others)


def refusals(status: Object) -> list[Refusal]:
    """Return one refusal for each node that a cycle refused."""
    found = []
    for node in status["nodes"]:
        rows = [r for r in node.get("filters") or () if r["verdict"] not in ("Success", "Skip", "NotReached")]
        for row in rows[:1]:
            found.append(Refusal(node["name"], row["plugin"], tuple(row["reasons"]), row.get("detail", "")))
        if not rows and not node.get("feasible"):
            before = status.get("preFilter") or {}
            reasons = tuple(node.get("reasons") or before.get("reasons") or ())
            found.append(Refusal(node["name"], before.get("plugin", ""), reasons, before.get("detail", "")))
    return found


def free_on(given: Inputs, node: Object) -> Amounts:
    """Return what is left of a node's allocatable resources, by request."""
    left = {name: parse_quantity(text) for name, text in ((node.get("status") or {}).get("allocatable") or {}).items()}
    for pod in given.pods:
        over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if pod["spec"].get("nodeName") == name_of(node) and not over and key_of(pod) != key_of(given.pod):
            for name, amount in {**pod_amounts(pod["spec"], "requests"), "pods": parse_quantity(1)}.items():
                if name in left:
                    left[name] -= amount
    return left
