"""The DaemonSets of every node: kube-proxy, and the agent of the network plugin (kindnet, or flannel for an overlay)."""

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.system.images import component, plugin
from k8slab.sim.network.routes import PodNetwork

__all__ = ["daemon_objects"]

_SYSTEM = "kube-system"
_ANYWHERE = [{"operator": "Exists"}]
_NODE_IP = {"name": "HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}


def daemon_objects(pod_network: PodNetwork, enforces: bool) -> list[tuple[str, Object]]:
    """Return what to create, by resource; a plugin with an overlay that enforces policies is canal (flannel with Calico's)."""
    return [*_proxy(), *_plugin(pod_network, enforces)]


def _proxy() -> list[tuple[str, Object]]:
    config = (
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.244.0.0/14\n"
        'mode: iptables\nmetricsBindAddress: ""\n'
    )
    labels = {"k8s-app": "kube-proxy"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "kubeadm:node-proxier"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"},
        "subjects": [{"kind": "ServiceAccount", "name": "kube-proxy", "namespace": _SYSTEM}],
    }
    container: Object = {
        "name": "kube-proxy",
        "image": component("kube-proxy"),
        "command": [
            "/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf", "--hostname-override=$(NODE_NAME)",
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": "kube-proxy", "mountPath": "/var/lib/kube-proxy"}],
    }  # fmt: skip
    volumes = [{"name": "kube-proxy", "configMap": {"name": "kube-proxy"}}]
    return [
        ("serviceaccounts", _account("kube-proxy")),
        ("clusterrolebindings.rbac.authorization.k8s.io", binding),
        ("configmaps", _config("kube-proxy", labels, {"config.conf": config})),
        ("daemonsets.apps", _daemon_set("kube-proxy", labels, container, volumes, "kube-proxy")),
    ]


def _plugin(kind: PodNetwork, enforces: bool) -> list[tuple[str, Object]]:
    requests = {"cpu": "100m", "memory": "50Mi"}
    if kind == "overlay":
        labels = {"app": "flannel", "tier": "node"}
        backend = '{\n  "Network": "10.244.0.0/14",\n  "Backend": {"Type": "vxlan"}\n}\n'
        container: Object = {
            "name": "kube-flannel",
            "image": plugin(kind, enforces),
            "command": ["/opt/bin/flanneld", "--ip-masq", "--kube-subnet-mgr"],
            "resources": {"requests": requests},
            "volumeMounts": [{"name": "flannel-cfg", "mountPath": "/etc/kube-flannel"}],
        }
        volumes = [{"name": "flannel-cfg", "configMap": {"name": "kube-flannel-cfg"}}]
        return [
            ("serviceaccounts", _account("flannel")),
            ("configmaps", _config("kube-flannel-cfg", labels, {"net-conf.json": backend})),
            ("daemonsets.apps", _daemon_set("canal" if enforces else "kube-flannel-ds", labels, container, volumes, "flannel")),
        ]
    labels = {"app": "kindnet", "k8s-app": "kindnet", "tier": "node"}
    container = {
        "name": "kindnet-cni",
        "image": plugin(kind, enforces),
        "env": [_NODE_IP, {"name": "POD_SUBNET", "value": "10.244.0.0/14"}],
        "resources": {"requests": requests, "limits": requests},
        "securityContext": {"capabilities": {"add": ["NET_RAW", "NET_ADMIN"]}, "privileged": False},
    }
    return [
        ("serviceaccounts", _account("kindnet")),
        ("daemonsets.apps", _daemon_set("kindnet", labels, container, [], "kindnet")),
    ]


def _account(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": _SYSTEM}}


def _config(name: str, labels: dict[str, str], data: dict[str, str]) -> Object:
    meta = {"name": name, "namespace": _SYSTEM, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _daemon_set(name: str, labels: dict[str, str], container: Object, volumes: list[Object], account: str) -> Object:
    spec = {
        "serviceAccountName": account,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": _ANYWHERE,
        "containers": [container],
        "volumes": volumes,
    }
    meta = {"name": name, "namespace": _SYSTEM, "labels": labels}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": meta,
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
