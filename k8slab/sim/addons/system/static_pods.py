"""The control plane's static pods, as kubeadm writes their manifests to /etc/kubernetes/manifests.

Left out: probes (they speak HTTPS, which simulated servers do not) and most flags.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.system.images import ETCD, component

__all__ = ["control_plane_pods"]

_PKI = "/etc/kubernetes/pki"


def control_plane_pods(ip: str) -> list[Object]:
    """Return the manifests of a control plane node with an address."""
    return [
        _pod("etcd", ETCD, _etcd(ip), {"cpu": "100m", "memory": "100Mi"}, {"etcd-data": "/var/lib/etcd"}),
        _pod(
            "kube-apiserver", component("kube-apiserver"), _apiserver(ip), {"cpu": "250m"}, {"k8s-certs": _PKI},
            [{"containerPort": 6443, "hostPort": 6443, "name": "probe-port", "protocol": "TCP"}],
        ),
        _pod(
            "kube-controller-manager", component("kube-controller-manager"), _controllers(), {"cpu": "200m"},
            {"k8s-certs": _PKI},
        ),
        _pod("kube-scheduler", component("kube-scheduler"), _scheduler(), {"cpu": "100m"}, {}),
    ]  # fmt: skip


def _etcd(ip: str) -> list[str]:
    return [
        "etcd", f"--advertise-client-urls=https://{ip}:2379", "--data-dir=/var/lib/etcd",
        f"--listen-client-urls=https://127.0.0.1:2379,https://{ip}:2379", "--snapshot-count=10000",
    ]  # fmt: skip


def _apiserver(ip: str) -> list[str]:
    return [
        "kube-apiserver", f"--advertise-address={ip}", "--authorization-mode=Node,RBAC", f"--client-ca-file={_PKI}/ca.crt",
        "--enable-admission-plugins=NodeRestriction", "--etcd-servers=https://127.0.0.1:2379", "--secure-port=6443",
        "--service-cluster-ip-range=10.96.0.0/12", f"--tls-cert-file={_PKI}/apiserver.crt",
    ]  # fmt: skip


def _controllers() -> list[str]:
    return [
        "kube-controller-manager", "--allocate-node-cidrs=true", "--cluster-cidr=10.244.0.0/14",
        "--controllers=*,bootstrapsigner,tokencleaner", "--leader-elect=true", "--use-service-account-credentials=true",
    ]  # fmt: skip


def _scheduler() -> list[str]:
    return ["kube-scheduler", "--bind-address=127.0.0.1", "--leader-elect=true"]


def _pod(
    name: str, image: str, command: list[str], requests: dict[str, str], volumes: dict[str, str],
    ports: list[Object] | None = None,
) -> Object:  # fmt: skip
    container: Object = {"name": name, "image": image, "command": command, "resources": {"requests": requests}}
    container["volumeMounts"] = [{"name": v, "mountPath": path} for v, path in volumes.items()]
    container |= {"ports": ports} if ports else {}
    spec: Object = {
        "containers": [container],
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": v, "hostPath": {"path": p, "type": "DirectoryOrCreate"}} for v, p in volumes.items()],
    }
    meta = {"name": name, "namespace": "kube-system", "labels": {"component": name, "tier": "control-plane"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
