"""Small valid objects for tests of validation and strategies, to be changed by a path."""

from typing import Any

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.defaults import apply_defaults
from k8slab.sim.apiserver.strategy import prepare_create, prepare_update
from k8slab.sim.apiserver.validation import validate_create, validate_update
from tests.sim.apiserver.recorded import kind_of

__all__ = ["changed", "container", "created", "on_create", "on_update", "sample"]

_TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
_JOB_TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]}}
_SELECTOR = {"matchLabels": {"app": "web"}}
_SPECS: dict[tuple[str, str], Object] = {
    ("v1", "Pod"): {"containers": [{"name": "c", "image": "nginx:1"}]},
    ("v1", "Service"): {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    ("v1", "Node"): {},
    ("v1", "Namespace"): {},
    ("v1", "PersistentVolumeClaim"): {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    ("v1", "PersistentVolume"): {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/data"},
    },
    ("v1", "ReplicationController"): {"template": _TEMPLATE},
    ("v1", "ResourceQuota"): {"hard": {"pods": "3"}},
    ("v1", "LimitRange"): {"limits": [{"type": "Container", "max": {"cpu": "1"}}]},
    ("apps/v1", "Deployment"): {"selector": _SELECTOR, "template": _TEMPLATE},
    ("apps/v1", "ReplicaSet"): {"selector": _SELECTOR, "template": _TEMPLATE},
    ("apps/v1", "DaemonSet"): {"selector": _SELECTOR, "template": _TEMPLATE},
    ("apps/v1", "StatefulSet"): {"serviceName": "web", "selector": _SELECTOR, "template": _TEMPLATE},
    ("batch/v1", "Job"): {"template": _JOB_TEMPLATE},
    ("batch/v1", "CronJob"): {"schedule": "@daily", "jobTemplate": {"spec": {"template": _JOB_TEMPLATE}}},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    },
    ("networking.k8s.io/v1", "NetworkPolicy"): {"podSelector": {}},
    ("networking.k8s.io/v1", "Ingress"): {
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
    },
    ("policy/v1", "PodDisruptionBudget"): {"minAvailable": 1, "selector": _SELECTOR},
    ("coordination.k8s.io/v1", "Lease"): {"leaseDurationSeconds": 15},
}  # fmt: skip
_REST: dict[tuple[str, str], Object] = {
    ("v1", "ConfigMap"): {"data": {"k": "v"}},
    ("v1", "Secret"): {"data": {"k": "dg=="}},
    ("v1", "ServiceAccount"): {},
    ("storage.k8s.io/v1", "StorageClass"): {"provisioner": "example.com/disk"},
    ("scheduling.k8s.io/v1", "PriorityClass"): {"value": 1000},
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): {
        "roleRef": {"kind": "Role", "name": "reader"}, "subjects": [{"kind": "User", "name": "ada"}],
    },
    ("discovery.k8s.io/v1", "EndpointSlice"): {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.0.5"]}], "ports": []},
}  # fmt: skip


def sample(api_version: str, kind: str, **values: Any) -> Object:
    """Return a valid object; `values` are set by path, dots written as two underscores."""
    obj: Object = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
    key = (api_version, kind)
    obj |= deep_copy({"spec": _SPECS[key]}) if key in _SPECS else deep_copy(_REST[key])
    if kind_of(obj).namespaced:
        obj["metadata"]["namespace"] = "default"
    return changed(obj, **values)


def changed(obj: Object, **values: Any) -> Object:
    """Return a copy with values set by path (``spec__replicas=2``); None removes."""
    result: Object = deep_copy(obj)
    for path, value in values.items():
        at = result
        *parents, last = path.split("__")
        for name in parents:
            at = at.setdefault(name, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return result


def container(**fields: Any) -> list[Object]:
    """Return the containers of a pod with one, with these fields."""
    return [{"name": "c", "image": "nginx:1", **fields}]


def created(obj: Object) -> Object:
    """Return the object as the server stores it."""
    result: Object = deep_copy(obj)
    result["metadata"]["uid"] = "u-1"
    resource = kind_of(result)
    apply_defaults(resource, result)
    prepare_create(resource, result)
    result["metadata"] |= {"resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return result


def on_create(obj: Object) -> list[str]:
    """Return the errors of creating the object."""
    return [str(error) for error in validate_create(kind_of(obj), created(obj))]


def on_update(old: Object, new: Object, subresource: str = "") -> list[str]:
    """Return the errors, each once, of replacing a stored object."""
    result: Object = deep_copy(new)
    resource = kind_of(result)
    apply_defaults(resource, result)
    prepare_update(resource, result, old, subresource)
    return list(dict.fromkeys(str(error) for error in validate_update(resource, result, old, subresource)))
