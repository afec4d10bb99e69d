"""The pods that a cluster made by kubeadm or kind runs for itself, in kube-system.

- the control plane as static pods of its nodes (`static_pods`): etcd, kube-apiserver, kube-controller-manager, kube-scheduler;
- on every node the DaemonSets kube-proxy and the network plugin's (kindnet, or flannel for an overlay) (`daemons`);
- cluster DNS as the Deployment coredns behind the Service kube-dns (`coredns`).

CoreDNS is what it seems: names resolve while one of its pods is ready and policies let the question through. The others are
shown, with the CPU and memory that they take, but the components themselves run in the server's process: whoever deletes
kube-proxy's pods does not stop its rules. The fault ComponentDown (`sim.k8slab.dev`) stops the real thing, and its pod shows it.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.system.coredns import coredns_objects
from k8slab.sim.addons.system.daemons import daemon_objects
from k8slab.sim.addons.system.images import SYSTEM_IMAGES, VERSION, plugin
from k8slab.sim.addons.system.static_pods import control_plane_pods
from k8slab.sim.client import Client
from k8slab.sim.network.routes import PodNetwork

__all__ = ["SYSTEM_IMAGES", "control_plane_pods", "install_system_pods", "plugin"]

_MARK = "kubeadm-config"


def install_system_pods(client: Client, pod_network: PodNetwork, enforces: bool) -> None:
    """Create what kubeadm does, once: what a learner deletes later stays deleted, also when the server starts again."""
    if client.informer("configmaps").get(_MARK, "kube-system") is not None:
        return
    for resource, obj in [*coredns_objects(), *daemon_objects(pod_network, enforces), ("configmaps", _kubeadm_config())]:
        meta = obj["metadata"]
        if client.informer(resource).get(meta["name"], meta.get("namespace", "")) is None:  # a cluster that was without
            client.create(resource, obj)


def _kubeadm_config() -> Object:
    text = (
        "apiVersion: kubeadm.k8s.io/v1beta4\nclusterName: k8slab\ncontrolPlaneEndpoint: control-plane:6443\n"
        f"kind: ClusterConfiguration\nkubernetesVersion: {VERSION}\nnetworking:\n  dnsDomain: cluster.local\n"
        "  podSubnet: 10.244.0.0/14\n  serviceSubnet: 10.96.0.0/12\n"
    )
    meta = {"name": _MARK, "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"ClusterConfiguration": text}}
