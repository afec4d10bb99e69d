"""Cluster DNS as kubeadm installs it: the Deployment coredns, its Corefile, account and rights, and the Service kube-dns."""

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.dns import dns_service
from k8slab.sim.addons.system.images import COREDNS

__all__ = ["coredns_objects"]

_LABELS = {"k8s-app": "kube-dns"}
_COREFILE = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""


def coredns_objects() -> list[tuple[str, Object]]:
    """Return what to create, by resource."""
    role = {"name": "system:coredns"}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": role}
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    subject = {"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", **role}
    meta = {"name": "coredns", "namespace": "kube-system"}
    service = dns_service()
    service["spec"]["selector"] = _LABELS
    return [
        ("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}),
        ("clusterroles.rbac.authorization.k8s.io", {**rbac, "kind": "ClusterRole", "rules": rules}),
        (
            "clusterrolebindings.rbac.authorization.k8s.io",
            {**rbac, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference},
        ),
        ("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"Corefile": _COREFILE}}),
        ("deployments.apps", _deployment()),
        ("services", service),
    ]


def _deployment() -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    template = {"metadata": {"labels": _LABELS}, "spec": _pod_spec()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": _LABELS},
        "spec": {"replicas": 2, "selector": {"matchLabels": _LABELS}, "strategy": strategy, "template": template},
    }


def _pod_spec() -> Object:
    apart = {
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": {"matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]},
            "topologyKey": "kubernetes.io/hostname",
        },
    }
    return {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [apart]}},
        "containers": [_container()],
        "volumes": [
            {"name": "config-volume", "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}}
        ],
    }


def _container() -> Object:
    ports = [
        {"containerPort": 53, "name": "dns", "protocol": "UDP"},
        {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
        {"containerPort": 9153, "name": "metrics", "protocol": "TCP"},
        {"containerPort": 8080, "name": "liveness-probe", "protocol": "TCP"},
        {"containerPort": 8181, "name": "readiness-probe", "protocol": "TCP"},
    ]
    return {
        "name": "coredns",
        "image": COREDNS,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": ports,
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": "liveness-probe"}, "initialDelaySeconds": 60, "timeoutSeconds": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }  # fmt: skip
