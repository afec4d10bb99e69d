"""The images of the system's pods; they are on every node's disk from the start, as on kind's."""

from k8slab.sim.network.routes import PodNetwork

__all__ = ["COREDNS", "ETCD", "PAUSE", "SYSTEM_IMAGES", "VERSION", "component", "plugin"]

VERSION = "v1.37.1"
COREDNS = "registry.k8s.io/coredns/coredns:v1.13.1"
ETCD = "registry.k8s.io/etcd:3.6.6-0"
PAUSE = "registry.k8s.io/pause:3.10.1"
_FLANNEL = "ghcr.io/flannel-io/flannel:v0.27.4"
_KINDNET = {True: "docker.io/kindest/kindnetd:v20251212", False: "docker.io/kindest/kindnetd:v20240202-8f1494ea"}


def plugin(pod_network: PodNetwork, enforces: bool) -> str:
    """Return the image of the network plugin's agent; kindnetd enforces NetworkPolicies since August 2024 (kind 0.24).

    >>> plugin("routed", False)
    'docker.io/kindest/kindnetd:v20240202-8f1494ea'
    """
    return _FLANNEL if pod_network == "overlay" else _KINDNET[enforces]


def component(name: str) -> str:
    """Return the image of a component.

    >>> component("kube-proxy")
    'registry.k8s.io/kube-proxy:v1.37.1'
    """
    return f"registry.k8s.io/{name}:{VERSION}"


#: By the kind of node that has them.
SYSTEM_IMAGES = {
    "control-plane": (
        ETCD, component("kube-apiserver"), component("kube-controller-manager"), component("kube-scheduler"),
    ),
    "": (COREDNS, PAUSE, component("kube-proxy")),
}  # fmt: skip
