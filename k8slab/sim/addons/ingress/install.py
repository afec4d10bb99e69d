"""The objects of ingress-nginx (upstream: deploy/static/provider/kind/deploy.yaml, without the admission webhook)."""

from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client
from k8slab.sim.network.ingress import CONTROLLER

__all__ = ["ACCOUNT", "IMAGE", "NAMESPACE", "READY_LABEL", "SERVICE", "install_ingress"]

NAMESPACE = ACCOUNT = "ingress-nginx"
SERVICE = "ingress-nginx-controller"
IMAGE = "registry.k8s.io/ingress-nginx/controller:v1.14.1"
#: The label of the node that the host's ports lead to.
READY_LABEL = "ingress-ready"
_SELECTOR = {"app.kubernetes.io/component": "controller", "app.kubernetes.io/name": "ingress-nginx"}
_LABELS = {**_SELECTOR, "app.kubernetes.io/part-of": "ingress-nginx"}
_RULES = (
    ("", "configmaps endpoints nodes pods secrets namespaces services", "get list watch"),
    ("", "events", "create patch"),
    ("networking.k8s.io", "ingresses ingressclasses", "get list watch"),
    ("networking.k8s.io", "ingresses/status", "update patch"),
    ("coordination.k8s.io", "leases", "get list watch create update"),
    ("discovery.k8s.io", "endpointslices", "get list watch"),
)


def install_ingress(client: Client) -> None:
    """Create everything, once: a cluster that has the namespace is left as the learner has made it."""
    if client.informer("namespaces").get(NAMESPACE) is not None:
        return
    for resource, obj in _objects():
        client.create(resource, obj)


def _meta(name: str, **more: object) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": _LABELS, **more}


def _objects() -> list[tuple[str, Object]]:
    rbac: Object = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": ACCOUNT, "labels": _LABELS}}
    rules = [{"apiGroups": [g], "resources": r.split(), "verbs": v.split()} for g, r, v in _RULES]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    return [
        ("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": _LABELS}}),
        ("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(ACCOUNT)}),
        ("clusterroles.rbac.authorization.k8s.io", {**rbac, "kind": "ClusterRole", "rules": rules}),
        (
            "clusterrolebindings.rbac.authorization.k8s.io",
            {**rbac, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]},
        ),
        ("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(SERVICE), "data": {}}),
        ("services", _service()),
        ("deployments.apps", _deployment()),
        (
            "ingressclasses.networking.k8s.io",
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "IngressClass",
                "metadata": {"name": "nginx", "labels": _LABELS},
                "spec": {"controller": CONTROLLER},
            },
        ),
    ]


def _service() -> Object:
    ports = [
        {"name": name, "appProtocol": name, "port": port, "protocol": "TCP", "targetPort": name}
        for name, port in (("http", 80), ("https", 443))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(SERVICE),
        "spec": {"type": "NodePort", "selector": _SELECTOR, "ports": ports},
    }


def _deployment() -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    template = {"metadata": {"labels": _LABELS}, "spec": _pod_spec()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(SERVICE),
        "spec": {"replicas": 1, "selector": {"matchLabels": _SELECTOR}, "strategy": strategy, "template": template},
    }


def _pod_spec() -> Object:
    ports = [
        {"containerPort": port, "hostPort": port, "name": name, "protocol": "TCP"}
        for name, port in (("http", 80), ("https", 443))
    ]
    probe = {"httpGet": {"path": "/healthz", "port": 10254, "scheme": "HTTP"}, "periodSeconds": 10}
    container = {
        "name": "controller",
        "image": IMAGE,
        "args": [
            "/nginx-ingress-controller", f"--controller-class={CONTROLLER}", "--ingress-class=nginx",
            "--watch-ingress-without-class=true", "--publish-status-address=localhost",
        ],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        ],
        "ports": ports,
        "readinessProbe": probe,
        "livenessProbe": {**probe, "failureThreshold": 5, "initialDelaySeconds": 10},
        "resources": {"requests": {"cpu": "100m", "memory": "90Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 101,
        },
    }  # fmt: skip
    return {
        "serviceAccountName": ACCOUNT,
        "nodeSelector": {READY_LABEL: "true", "kubernetes.io/os": "linux"},
        "tolerations": [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane", "operator": "Equal"}],
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
    }
