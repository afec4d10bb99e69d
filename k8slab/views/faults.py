"""The fault injector: what can break, what is broken now, and the buttons for both.

A fault is an object of the embedded cluster (``faults.sim.k8slab.dev``); on any other cluster the view is one line that says so.
"""

import json
from collections.abc import Sequence

from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.client.cluster import Cluster
from k8slab.views.panel import Cell, button, cell, commands, controls, field, grid, note, panel, select
from k8slab.views.panels import LivePanel, served
from k8slab.views.scene import Scene

__all__ = ["FaultsView", "fault_of", "faults_scene"]

FAULTS = "faults.sim.k8slab.dev"
_API = "sim.k8slab.dev/v1alpha1"
_ZONE = "topology.kubernetes.io/zone"
_NO_FAULTS = "This cluster's faults are its own: nothing here can inject any. Only the embedded cluster's parts break on request."
_COMPONENTS = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "metrics-server", "dns")

#: Type -> (in words, what it is done to).
TYPES = {
    "NodeCrash": ("A node's machine is off", "node"),
    "KubeletStopped": ("A node's kubelet does not run", "node"),
    "DiskFull": ("A node's disk is full", "node"),
    "NetworkPartition": ("A node is cut off from all others", "node"),
    "SlowNetwork": ("The network to a node is slow (0.2 s a packet)", "node"),
    "ComponentDown": ("A component does not run", "component"),
    "RegistryDown": ("Images cannot be pulled", "registry"),
    "MemoryLeak": ("Containers use more and more memory", "app"),
}


def fault_of(type_: str, target: str, seconds: float = 0, namespace: str = "", number: int = 1) -> Object:
    """Return the Fault that does this to that.

    >>> fault_of("NodeCrash", "worker-1", 60)["spec"]
    {'type': 'NodeCrash', 'nodes': ['worker-1'], 'durationSeconds': 60}
    """
    kind = TYPES[type_][1]
    zone, _, zone_name = target.partition("zone ")
    side: Object = {"zones": [zone_name]} if zone_name and not zone else {"nodes": [target]}
    spec: Object = {"type": type_}
    if type_ in ("NetworkPartition", "SlowNetwork"):
        spec["between"] = [side]
        spec |= {"latencySeconds": 0.2} if type_ == "SlowNetwork" else {}
    elif kind == "node":
        spec |= side
    elif kind == "component":
        spec["component"] = target
    elif kind == "registry":
        spec |= {} if target == "all registries" else {"registry": target}
    else:
        spec["target"] = {"namespace": namespace, "matchLabels": {"app": target}}
    if seconds > 0:
        spec["durationSeconds"] = int(seconds) if seconds == int(seconds) else seconds
    safe = "".join(c if c.isalnum() else "-" for c in target.lower()).strip("-")
    name = f"{type_.lower()}-{safe}-{number}"
    return {"apiVersion": _API, "kind": "Fault", "metadata": {"name": name}, "spec": spec}


def faults_scene(
    faults: Sequence[Object] | None, targets: Sequence[str] = (), chosen: Object | None = None, *, type_: str = "NodeCrash",
    target: str = "", seconds: str = "", said: str = "",
) -> Scene:  # fmt: skip
    """Return the scene of the faults there are; None: this cluster has none to inject."""
    if faults is None:
        return panel("Faults", _NO_FAULTS, {})
    active = [f for f in faults if (f.get("status") or {}).get("phase") != "Healed"]
    alt = f"{len(active)} active." if active else "Nothing is broken on purpose."
    shell = [("Inject the chosen one", f"echo '{json.dumps(chosen)}' | kubectl apply -f -")] if chosen else []
    shell += [
        ("What is broken", "kubectl get faults"),
        ("Heal", f"kubectl delete fault {name_of(faults[0]) if faults else 'NAME'}"),
    ]
    blocks = {
        "choice": controls(
            select("type", "Break", [(t, f"{t}: {words}") for t, (words, _) in TYPES.items()], type_),
            select("target", "of", [(t, t) for t in targets], target),
            field("seconds", "for seconds", seconds, "until healed"),
            button("inject", "Inject", off=not targets),
        ),
        "said": note(said, "no") if said else None,
        "faults": grid(("FAULT", "TYPE", "HITS", "STATE", "UNTIL", ""), [_row(f) for f in faults], "Faults") if faults else None,
        "hint": note(_HINT, "warn") if chosen and chosen["spec"].get("component") == "kube-apiserver" else None,
        "commands": commands(*shell),
    }
    return panel("Faults", alt, blocks)


_HINT = "Without the API server no button works here: give it a duration, or run `k8slab heal` in a terminal."


def _row(fault: Object) -> list[Cell]:
    status, spec = fault.get("status") or {}, fault["spec"]
    name, phase = name_of(fault), status.get("phase", "not looked at yet")
    heal = cell("Heal", "info", act=["heal", name], label=f"Heal {name}")
    until = (status.get("until") or "")[11:19] or ("until healed" if phase == "Active" else "")
    return [
        name,
        spec.get("type", ""),
        ", ".join(status.get("affected") or ()),
        cell(phase, "no" if phase == "Active" else "ok"),
        until,
        heal,
    ]


class FaultsView(LivePanel):
    """What is broken on purpose, live, with the buttons to break and to heal."""

    timeless = True

    def __init__(self, cluster: Cluster) -> None:
        self._type, self._target, self._seconds = "NodeCrash", "", "60"
        self._there = bool(served(cluster, [FAULTS]))
        super().__init__(cluster, [FAULTS, "nodes", "pods"] if self._there else [])

    def make_scene(self) -> Scene:
        """Return the faults as a scene."""
        if not self._there:
            return faults_scene(None)
        targets = self._targets()
        self._settle(targets)
        chosen = self._fault() if self._target else None
        return faults_scene(
            self.of("Fault"), targets, chosen, type_=self._type, target=self._target, seconds=self._seconds, said=self._said
        )

    def act(self, name: str, value: object) -> None:
        """Choose, inject, heal."""
        resource = self.cluster.resource(FAULTS)
        if name == "type":
            self._type = str(value)
            self._settle(self._targets())
        elif name == "target":
            self._target = str(value)
        elif name == "seconds":
            self._seconds = str(value).strip()
            self._said = "" if self._wanted() is not None else f"{value!r} is no number of seconds."
        elif name == "inject":
            self.try_("Inject", "POST", resource.path(), self._fault())
        elif name == "heal":
            self.try_("Heal", "DELETE", resource.path(name=str(value)))
        self.again()

    def _settle(self, targets: list[str]) -> None:
        """Choose a target that the type can hit, unless one is chosen; the control plane only if there is nothing else."""
        if self._target not in targets:
            self._target = next((t for t in targets if not t.startswith("control-plane")), targets[0] if targets else "")

    def _wanted(self) -> float | None:
        try:
            return float(self._seconds or 0)
        except ValueError:
            return None

    def _fault(self) -> Object:
        taken = {name_of(f) for f in self.of("Fault")}
        number = 1
        while True:
            fault = fault_of(self._type, self._target, self._wanted() or 0, self.cluster.namespace, number)
            if name_of(fault) not in taken:
                return fault
            number += 1

    def _targets(self) -> list[str]:
        kind = TYPES[self._type][1]
        if kind == "node":
            nodes = self.of("Node")
            zones = sorted({labels(n)[_ZONE] for n in nodes if _ZONE in labels(n)})
            return [*(name_of(n) for n in nodes), *(f"zone {z}" for z in zones)]
        if kind == "component":
            return list(_COMPONENTS)
        if kind == "registry":
            return ["all registries", "docker.io", "registry.k8s.io"]
        return sorted({labels(p)["app"] for p in self.of("Pod", self.cluster.namespace) if "app" in labels(p)})
