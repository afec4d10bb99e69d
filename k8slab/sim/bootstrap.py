"""What a cluster holds before anybody has asked for anything.

Upstream: the post-start hooks of kube-apiserver (system namespaces, RBAC and priority class bootstrap, the ``kubernetes``
Service with its endpoints) and kubeadm (cluster-info, kubeadm-config).
"""

from collections.abc import Iterator, Sequence

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiservices import register
from k8slab.sim.apiserver.authorization.bootstrap import bootstrap_objects
from k8slab.sim.apiserver.defaults import apply_defaults
from k8slab.sim.apiserver.hooks import KUBERNETES_IP
from k8slab.sim.apiserver.registry import Registry
from k8slab.sim.apiserver.strategy import prepare_create

__all__ = ["bootstrap"]

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_PRIORITIES = {
    "system-node-critical": (2000001000, "Used for system critical pods that must not be moved from their current node."),
    "system-cluster-critical": (
        2000000000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
}


def bootstrap(registry: Registry, addresses: Sequence[str], port: int, ca_pem: str) -> None:
    """Store the objects that are missing; what is there, perhaps changed by the learner, stays.

    Parameters
    ----------
    registry
        The API's registry.
    addresses, port
        Where the pods find the API server: the endpoints of the ``kubernetes`` Service.
    ca_pem
        The cluster's CA certificate.
    """
    for obj in _objects(addresses, port, ca_pem):
        _ensure(registry, obj)
    register(registry)


def _objects(addresses: Sequence[str], port: int, ca_pem: str) -> Iterator[Object]:
    for name in _NAMESPACES:
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        }
    yield from bootstrap_objects()
    for name, (value, description) in _PRIORITIES.items():
        meta = {"name": name}
        yield {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": meta,
            "value": value,
            "description": description,
        }
    yield from _kubernetes_service(addresses, port)
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {"client-ca-file": ca_pem},
    }


def _kubernetes_service(addresses: Sequence[str], port: int) -> Iterator[Object]:
    labels = {"component": "apiserver", "provider": "kubernetes"}
    meta = {"name": "kubernetes", "namespace": "default"}
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}]
    spec = {"type": "ClusterIP", "clusterIP": KUBERNETES_IP, "clusterIPs": [KUBERNETES_IP], "ports": ports}
    spec |= {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None"}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": {**meta, "labels": labels}, "spec": spec}
    listening = [{"name": "https", "port": port, "protocol": "TCP"}]
    mirror = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    yield {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {**meta, "labels": mirror},
        "subsets": [{"addresses": [{"ip": address} for address in addresses], "ports": listening}],
    }
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**meta, "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": listening,
    }


def _ensure(registry: Registry, obj: Object) -> None:
    resource = registry.scheme.by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None, obj
    meta = obj["metadata"]
    name = f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else meta["name"]
    if registry.store.get(resource.storage_prefix, name) is not None:
        return
    meta["uid"], meta["creationTimestamp"] = registry.kernel.uuid(), rfc3339(registry.kernel.now())
    apply_defaults(resource, obj)
    prepare_create(resource, obj)
    registry.store.create(resource.storage_prefix, name, obj)
    registry.hooks.stored(resource, obj, None)
