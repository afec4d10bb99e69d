"""The Node and Lease objects a kubelet writes (upstream: pkg/kubelet/kubelet_node_status.go and nodestatus/setters.go)."""

from collections.abc import Iterable

from k8slab.apimachinery.timestamps import rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.kubelet.config import NodeConfig
from k8slab.sim.runtime.images import Image

__all__ = ["LEASE_NAMESPACE", "extended_resources", "initial_lease", "initial_node", "node_images", "node_status"]

LEASE_NAMESPACE = "kube-node-lease"
_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_LOW_ON_MEMORY = ("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
_DISK_FULL = ("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")


def initial_node(config: NodeConfig, now: float) -> Object:
    """Return the Node as it is registered."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": config.name,
        "kubernetes.io/os": "linux",
        **{f"node-role.kubernetes.io/{role}": "" for role in config.roles},
        **config.labels,
    }
    spec: Object = {"podCIDR": config.pod_cidr, "podCIDRs": [config.pod_cidr]}
    if config.taints:
        spec["taints"] = list(config.taints)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": config.name, "labels": labels},
        "spec": spec,
        "status": node_status(config, [], {}, now),
    }


def node_status(
    config: NodeConfig, images: Iterable[Image], old: Object, now: float, memory_pressure: bool = False, disk_full: bool = False
) -> Object:
    """Return ``status``; transition times of unchanged conditions stay."""
    bad = {c[0]: c for c, there in ((_LOW_ON_MEMORY, memory_pressure), (_DISK_FULL, disk_full)) if there}
    ours = [bad.get(condition[0], condition) for condition in _HEALTHY]
    known = {c["type"]: c for c in old.get("conditions") or ()}
    resources = config.resources()
    return {
        "addresses": [{"type": "InternalIP", "address": config.internal_ip}, {"type": "Hostname", "address": config.name}],
        "allocatable": {**resources, **extended_resources(old)},
        "capacity": resources,
        "conditions": [
            *(c for c in known.values() if c["type"] not in {name for name, *_ in _HEALTHY}),
            *(_condition(*condition, known.get(condition[0]), now) for condition in ours),
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "images": node_images(images),
        "nodeInfo": _node_info(config),
    }


def extended_resources(status: Object) -> dict[str, str]:
    """Return what somebody else has advertised in the capacity of a node, all of which can be allocated.

    >>> extended_resources({"capacity": {"cpu": "4", "example.com/dongle": "4"}})
    {'example.com/dongle': '4'}
    """
    return {name: amount for name, amount in (status.get("capacity") or {}).items() if "/" in name}


def _condition(type: str, status: str, reason: str, message: str, known: Object | None, now: float) -> Object:
    since = known["lastTransitionTime"] if known is not None and known["status"] == status else rfc3339(now)
    times = {"lastHeartbeatTime": rfc3339(now), "lastTransitionTime": since}
    return {"type": type, "status": status, **times, "reason": reason, "message": message}


def node_images(images: Iterable[Image]) -> list[Object]:
    """Return ``status.images``: the 50 largest."""
    largest = sorted(images, key=lambda i: (-i.size, i.name))[:50]
    return [{"names": [i.image_id, i.name], "sizeBytes": i.size} for i in largest]


def _node_info(config: NodeConfig) -> Object:
    stable_id = f"{abs(sum(ord(c) * 31**i for i, c in enumerate(config.name))) % 16**32:032x}"
    return {
        "architecture": "amd64",
        "bootID": stable_id,
        "containerRuntimeVersion": "containerd://2.2.0",
        "kernelVersion": "6.12.0-k8slab",
        "kubeProxyVersion": "",
        "kubeletVersion": GIT_VERSION,
        "machineID": stable_id,
        "operatingSystem": "linux",
        "osImage": "k8slab simulated node",
        "systemUUID": stable_id,
    }


def initial_lease(config: NodeConfig, node_uid: str, now: float) -> Object:
    """Return the node's Lease, owned by the Node."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": config.name, "uid": node_uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": config.name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {"holderIdentity": config.name, "leaseDurationSeconds": 40, "renewTime": rfc3339_micro(now)},
    }
