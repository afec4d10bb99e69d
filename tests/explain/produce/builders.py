"""Small objects for situations, in the words of kubectl."""

from typing import Any

from k8slab.apimachinery.types import Object

__all__ = [
    "binding",
    "claim",
    "config_map",
    "container",
    "cron_job",
    "daemon_set",
    "deployment",
    "hpa",
    "job",
    "pod",
    "policy",
    "role",
    "secret",
    "service",
    "stateful_set",
    "thing",
    "volume",
]


def thing(api_version: str, kind: str, name: str, spec: Object | None = None, **more: Any) -> Object:
    """Return any object."""
    namespace = more.pop("namespace", None)
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **({} if spec is None else {"spec": spec}), **more}


def container(image: str = "nginx", name: str = "c", **more: Any) -> Object:
    """Return a container; ``requests``, ``limits`` and ``sh`` (a script) are short forms."""
    spec: Object = {"name": name, "image": image}
    for side in ("requests", "limits"):
        if side in more:
            spec.setdefault("resources", {})[side] = more.pop(side)
    if "sh" in more:
        spec["command"] = ["sh", "-c", more.pop("sh")]
        spec["image"] = "busybox" if image == "nginx" else image
    if "port" in more:
        spec["ports"] = [{"containerPort": more.pop("port")}]
    return {**spec, **more}


_POD = (
    "nodeSelector",
    "affinity",
    "tolerations",
    "volumes",
    "restartPolicy",
    "schedulerName",
    "schedulingGates",
    "nodeName",
    "serviceAccountName",
    "priorityClassName",
    "initContainers",
    "topologySpreadConstraints",
    "imagePullSecrets",
    "securityContext",
    "terminationGracePeriodSeconds",
    "activeDeadlineSeconds",
    "readinessGates",
    "dnsPolicy",
    "hostNetwork",
    "hostPID",
    "containers",
)


def _pod_spec(more: dict[str, Any]) -> Object:
    spec = {key: more.pop(key) for key in _POD if key in more}
    if "containers" not in spec:
        spec["containers"] = [container(more.pop("image", "nginx"), **more)]
    return spec


def pod(name: str = "web", labels: Object | None = None, **more: Any) -> Object:
    """Return a pod; what is not of the pod's spec is of its one container."""
    meta: Object = {"labels": labels or {"app": name}} | ({"finalizers": more.pop("finalizers")} if "finalizers" in more else {})
    namespace = more.pop("namespace", None)
    return thing("v1", "Pod", name, _pod_spec(more), metadata=meta, namespace=namespace)


def _workload(api_version: str, kind: str, name: str, labels: Object | None, spec: Object, more: dict[str, Any]) -> Object:
    labels = labels or {"app": name}
    template = {"metadata": {"labels": labels}, "spec": _pod_spec(more)}
    return thing(api_version, kind, name, {"selector": {"matchLabels": labels}, "template": template, **spec})


def deployment(
    name: str = "web", replicas: int = 1, labels: Object | None = None, spec: Object | None = None, **more: Any
) -> Object:
    """Return a Deployment."""
    return _workload("apps/v1", "Deployment", name, labels, {"replicas": replicas, **(spec or {})}, more)


def stateful_set(name: str = "db", replicas: int = 2, spec: Object | None = None, **more: Any) -> Object:
    """Return a StatefulSet."""
    return _workload("apps/v1", "StatefulSet", name, None, {"replicas": replicas, "serviceName": name, **(spec or {})}, more)


def daemon_set(name: str = "agent", spec: Object | None = None, **more: Any) -> Object:
    """Return a DaemonSet."""
    return _workload("apps/v1", "DaemonSet", name, None, spec or {}, more)


def job(name: str = "work", spec: Object | None = None, **more: Any) -> Object:
    """Return a Job."""
    more.setdefault("restartPolicy", "Never")
    return thing("batch/v1", "Job", name, {**(spec or {}), "template": {"spec": _pod_spec(more)}})


def cron_job(name: str = "nightly", schedule: str = "* * * * *", spec: Object | None = None, **more: Any) -> Object:
    """Return a CronJob."""
    return thing(
        "batch/v1", "CronJob", name, {"schedule": schedule, "jobTemplate": {"spec": job(**more)["spec"]}, **(spec or {})}
    )


def service(name: str = "web", port: int | list[Object] = 80, selector: Object | None = None, **spec: Any) -> Object:
    """Return a Service."""
    namespace = spec.pop("namespace", None)
    ports = (
        port if isinstance(port, list) else [{"port": port, **({"targetPort": spec.pop("target")} if "target" in spec else {})}]
    )
    chosen = {"app": name} if selector is None else selector
    return thing("v1", "Service", name, {"ports": ports, **({"selector": chosen} if chosen else {}), **spec}, namespace=namespace)


def policy(name: str, selector: Object | None = None, namespace: str | None = None, **spec: Any) -> Object:
    """Return a NetworkPolicy."""
    chosen = {"matchLabels": selector} if selector else {}
    return thing("networking.k8s.io/v1", "NetworkPolicy", name, {"podSelector": chosen, **spec}, namespace=namespace)


def claim(name: str = "data", size: str = "1Gi", modes: tuple[str, ...] = ("ReadWriteOnce",), **spec: Any) -> Object:
    """Return a PersistentVolumeClaim."""
    return thing(
        "v1", "PersistentVolumeClaim", name, {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, **spec}
    )


def volume(name: str = "disk", size: str = "1Gi", modes: tuple[str, ...] = ("ReadWriteOnce",), **spec: Any) -> Object:
    """Return a PersistentVolume on a node's directory."""
    return thing("v1", "PersistentVolume", name, {"capacity": {"storage": size}, "accessModes": list(modes),
                                                  "hostPath": {"path": f"/data/{name}"}, **spec})  # fmt: skip


def config_map(name: str = "settings", **data: str) -> Object:
    """Return a ConfigMap."""
    return thing("v1", "ConfigMap", name, data=data)


def secret(name: str = "password", **data: str) -> Object:
    """Return a Secret."""
    return thing("v1", "Secret", name, stringData=data)


def role(name: str, verbs: str, resources: str, groups: str = "", kind: str = "Role", **rule: Any) -> Object:
    """Return a Role (or ClusterRole) of one rule."""
    one = {"verbs": verbs.split(","), "resources": resources.split(","), "apiGroups": groups.split(","), **rule}
    return thing("rbac.authorization.k8s.io/v1", kind, name, rules=[one])


def binding(name: str, of: str, to: str, kind: str = "RoleBinding", namespace: str | None = None) -> Object:
    """Return a binding of ``Role/name`` to ``User/jane`` or ``ServiceAccount/web``."""
    role_kind, _, role_name = of.partition("/")
    who, _, whom = to.partition("/")
    subject = {
        "kind": who,
        "name": whom,
        **({"namespace": "chat"} if who == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"}),
    }
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role_name}
    return thing("rbac.authorization.k8s.io/v1", kind, name, subjects=[subject], roleRef=reference, namespace=namespace)


def hpa(name: str = "web", target: str = "Deployment/web", low: int = 1, high: int = 5, percent: int = 50, **spec: Any) -> Object:
    """Return a HorizontalPodAutoscaler on CPU."""
    kind, _, whom = target.partition("/")
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}}
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": whom}
    return thing("autoscaling/v2", "HorizontalPodAutoscaler", name,
                 {"scaleTargetRef": reference, "minReplicas": low, "maxReplicas": high, "metrics": [metric], **spec})  # fmt: skip
