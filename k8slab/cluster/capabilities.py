"""What a cluster can and cannot do, found out by asking it, so that labs adapt with one clear line.

`look` reads a few lists, `judge` decides from them and is pure. A capability is there, missing, or unknown when the
cluster does not let us see what it takes to know.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster
from k8slab.errors import K8slabError

__all__ = ["NAMES", "Capabilities", "Capability", "Sights", "capabilities", "judge", "look"]

GLASS_BOX = "sim.k8slab.dev"

#: Every capability, with what the lab says where it is missing.
NAMES = {
    "containers": "containers are simulated here: images come from a catalogue, no program of an image really runs",
    "images": "the images chatter/… are in no registry: bring them onto the nodes (kind: k8slab addon chatter)",
    "clock": "this cluster's clock cannot be moved; waiting takes as long as it takes",
    "faults": "this cluster has no fault injection; the lab breaks only what kubectl can break",
    "traces": "this cluster does not tell its scheduler's and network's thoughts; k8slab works them out from the objects",
    "load": "this cluster has no load generator (LoadRun); the bot, k6 or hey can stand in for it, without the figures",
    "policy": "no network plugin here is known to enforce NetworkPolicies; they are stored and change nothing",
    "metrics": "there is no metrics API for kubectl top and the autoscaler (kind: k8slab addon metrics-server)",
    "load-balancer": "nothing here gives LoadBalancer Services an address; use the node port, or kubectl port-forward",
    "ingress": "there is no ingress controller (kind: k8slab addon ingress)",
    "storage": "there is no default StorageClass; a claim needs a volume made by hand",
    "several-nodes": "there is one node only; what spreads over nodes cannot be seen",
    "zones": "the nodes are in one zone; what spreads over zones cannot be seen",
    "admin": "you are not an administrator here; steps on nodes and other cluster-wide objects will be refused",
}

#: What one must be allowed to do with the glass box, for each capability that comes from it.
_BOX = {
    "clock": ("patch", "clocks"),
    "faults": ("create", "faults"),
    "traces": ("get", "schedulingtraces"),
    "load": ("create", "loadruns"),
}

_ENFORCING = ("calico-node", "cilium", "antrea-agent", "kube-router", "weave-net", "ovnkube-node", "canal", "aws-node")
_BALANCERS = ("metallb", "cloud-provider-kind", "kube-vip", "cilium", "svclb")
_ZONE = "topology.kubernetes.io/zone"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Capability:
    """One capability: True (there), False (missing) or None (unknown), and how that was found out."""

    name: str
    there: bool | None
    how: str

    @property
    def line(self) -> str:
        """What a lab prints instead of failing."""
        if self.there is None:
            return f"It cannot be told whether this works here ({self.how}). Otherwise: {NAMES[self.name]}."
        return f"{NAMES[self.name][0].upper()}{NAMES[self.name][1:]}."


@dataclass(frozen=True)
class Sights:
    """What was seen of a cluster; None for a list that may not be read."""

    groups: frozenset[str]
    nodes: list[Object] | None = None
    daemon_sets: list[Object] | None = None
    deployments: list[Object] | None = None
    ingress_classes: list[Object] | None = None
    storage_classes: list[Object] | None = None
    admin: bool | None = None
    refused: frozenset[str] = frozenset()  # what the glass box has, and this user may not use


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a cluster, by name: ``capabilities["clock"].there``."""

    found: dict[str, Capability] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Capability:
        """Return one capability."""
        if name not in self.found:
            raise K8slabError(f'there is no capability "{name}"; there are {", ".join(self.found)}')
        return self.found[name]

    def __iter__(self) -> Iterator[Capability]:
        """Go through all of them."""
        return iter(self.found.values())

    def __contains__(self, name: str) -> bool:
        """Whether the capability is there for certain."""
        return bool(self[name].there)


def capabilities(cluster: Cluster) -> Capabilities:
    """Return what a cluster can do."""
    return judge(look(cluster))


def look(cluster: Cluster) -> Sights:
    """Read what it takes to judge; what may not be read stays None."""
    groups = {g["name"] for g in cluster.request("GET", "/apis")["groups"]}
    admin = _may(cluster, "*", "*", "*")
    box = _BOX if GLASS_BOX in groups and not admin else {}
    return Sights(
        groups=frozenset(groups),
        nodes=_list(cluster, "nodes"),
        daemon_sets=_list(cluster, "daemonsets.apps"),
        deployments=_list(cluster, "deployments.apps"),
        ingress_classes=_list(cluster, "ingressclasses.networking.k8s.io"),
        storage_classes=_list(cluster, "storageclasses.storage.k8s.io"),
        admin=admin,
        refused=frozenset(name for name, (verb, resource) in box.items() if not _may(cluster, verb, GLASS_BOX, resource)),
    )


def _list(cluster: Cluster, resource: str) -> list[Object] | None:
    try:
        return cluster.list(resource, "")
    except ApiException as error:
        if error.status in (401, 403, 404):
            return None
        raise


def _may(cluster: Cluster, verb: str, group: str, resource: str) -> bool | None:
    attributes = {"verb": verb, "group": group, "resource": resource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = cluster.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
    except ApiException:
        return None
    return bool(answer["status"]["allowed"])


def judge(seen: Sights) -> Capabilities:
    """Return the capabilities of a cluster of which so much was seen."""
    embedded = GLASS_BOX in seen.groups
    box = f"the API group {GLASS_BOX} is {'' if embedded else 'not '}served"
    found = [
        Capability("containers", not embedded and not _hollow(seen), box if embedded else _kubelets(seen)),
        _images(seen, embedded),
        *(_glass(name, embedded, box, seen) for name in _BOX),
        _policy(seen),
        _served("metrics", "metrics.k8s.io", seen),
        _load_balancer(seen, embedded),
        _any("ingress", seen.ingress_classes, "IngressClasses"),
        _default_class(seen.storage_classes),
        *_spread(seen.nodes),
        Capability("admin", seen.admin, "a SelfSubjectAccessReview for every verb on everything"),
    ]
    return Capabilities({capability.name: capability for capability in found})


def _glass(name: str, embedded: bool, box: str, seen: Sights) -> Capability:
    """Return whether something of the glass box can be used."""
    if name in seen.refused:
        return Capability(name, False, f"{box}, but you may not {' '.join(_BOX[name])}")
    return Capability(name, embedded, box)


def _kubelets(seen: Sights) -> str:
    versions = sorted({n["status"]["nodeInfo"]["kubeletVersion"] for n in seen.nodes or () if "nodeInfo" in n["status"]})
    return f"kubelets of version {', '.join(versions) or 'unknown'}"


def _hollow(seen: Sights) -> bool:
    """Nodes of kwok are objects without a kubelet."""
    return any("kwok.x-k8s.io/node" in n["metadata"].get("annotations", {}) for n in seen.nodes or ())


def _images(seen: Sights, embedded: bool) -> Capability:
    """Nodes tell which images they have, but not which they could pull."""
    if embedded:
        return Capability("images", True, "they are in the embedded cluster's catalogue")
    names = [name for n in seen.nodes or () for image in n["status"].get("images") or () for name in image.get("names") or ()]
    if any("chatter/" in name for name in names):
        return Capability("images", True, "a node has some of them")
    return Capability("images", None, "nodes may not be read" if seen.nodes is None else "no node has one yet")


def _policy(seen: Sights) -> Capability:
    if seen.daemon_sets is None:
        return Capability("policy", None, "DaemonSets may not be read")
    names = sorted(d["metadata"]["name"] for d in seen.daemon_sets)
    plugin = next((n for n in names if n in _ENFORCING), None)
    if plugin:
        return Capability("policy", True, f"the network plugin {plugin}")
    kindnet = next((d for d in seen.daemon_sets if d["metadata"]["name"] == "kindnet"), None)
    if kindnet is not None:
        image = kindnet["spec"]["template"]["spec"]["containers"][0]["image"]
        tag = image.rpartition(":")[2]
        # kindnetd enforces policies since kind 0.24, whose first image is of August 2024.
        return Capability("policy", tag >= "v20240813" and tag[1:2].isdigit(), f"the network plugin kindnet, {tag}")
    return Capability("policy", False if names else None, f"DaemonSets: {', '.join(names) or 'none'}")


def _served(name: str, group: str, seen: Sights) -> Capability:
    there = group in seen.groups
    return Capability(name, there, f"the API group {group} is {'' if there else 'not '}served")


def _load_balancer(seen: Sights, embedded: bool) -> Capability:
    if embedded:
        return Capability("load-balancer", True, "the embedded cluster has a pool of addresses")
    workloads = [*(seen.deployments or ()), *(seen.daemon_sets or ())]
    known = next((w["metadata"]["name"] for w in workloads if w["metadata"]["name"].startswith(_BALANCERS)), None)
    if known:
        return Capability("load-balancer", True, f"the workload {known}")
    providers = {(n["spec"].get("providerID") or "").partition(":")[0] for n in seen.nodes or ()} - {"", "kind", "k3s"}
    if providers:
        return Capability("load-balancer", True, f"nodes of the provider {', '.join(sorted(providers))}")
    return Capability("load-balancer", None if seen.nodes is None else False, "no known load balancer, no cloud provider")


def _any(name: str, objects: list[Object] | None, what: str) -> Capability:
    if objects is None:
        return Capability(name, None, f"{what} may not be read")
    names = ", ".join(o["metadata"]["name"] for o in objects)
    return Capability(name, bool(objects), f"{what}: {names or 'none'}")


def _default_class(classes: list[Object] | None) -> Capability:
    defaults = [c for c in classes or () if c["metadata"].get("annotations", {}).get(_DEFAULT_CLASS) == "true"]
    return _any("storage", None if classes is None else defaults, "default StorageClasses")


def _spread(nodes: list[Object] | None) -> list[Capability]:
    if nodes is None:
        return [Capability(name, None, "nodes may not be read") for name in ("several-nodes", "zones")]
    workers = [n for n in nodes if not any(t["effect"] == "NoSchedule" for t in n["spec"].get("taints") or ())]
    zones = {n["metadata"].get("labels", {}).get(_ZONE) for n in workers} - {None}
    return [
        Capability("several-nodes", len(workers) > 1, f"{len(workers)} nodes take ordinary pods"),
        Capability("zones", len(zones) > 1, f"{len(zones)} zones"),
    ]
