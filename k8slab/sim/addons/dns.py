"""Cluster DNS as an add-on: the Service kube-system/kube-dns at 10.96.0.10.

Real component: CoreDNS, a Deployment behind that Service. Simplified: no pods stand behind it; `k8slab.sim.network.dns` answers
for as long as the Service exists, and stops answering (queries time out) when somebody deletes it.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client
from k8slab.sim.network.namespace import DNS_SERVICE_IP

__all__ = ["dns_service", "install_dns"]


def dns_service() -> Object:
    """Return the Service, as kubeadm makes it, but without a selector."""
    labels = {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
        "spec": {"clusterIP": DNS_SERVICE_IP, "ports": ports},
    }


def install_dns(client: Client) -> None:
    """Create the Service if it is not there (a second one would already be refused for its address)."""
    if client.informer("services").get("kube-dns", "kube-system") is None:
        client.create("services", dns_service())
