"""Defaults: the values upstream fills in when an object is decoded, per kind.

Upstream: pkg/apis/*/v*/defaults.go and the generated zz_generated.defaults.go that call them for nested types. Called by the
registry on its private copy after decoding and after each patch; doing it twice changes nothing.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.defaults import core, groups, pod_spec, workloads
from k8slab.sim.apiserver.resources import Resource

__all__ = ["apply_defaults"]


_DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("", "Endpoints"): core.default_endpoints,
    ("", "LimitRange"): core.default_limit_range,
    ("", "Namespace"): core.default_namespace,
    ("", "Node"): core.default_node,
    ("", "PersistentVolume"): core.default_volume,
    ("", "PersistentVolumeClaim"): core.default_claim,
    ("", "Pod"): pod_spec.default_pod,
    ("", "PodTemplate"): workloads.default_pod_template_object,
    ("", "ReplicationController"): workloads.default_replication_controller,
    ("", "Secret"): core.default_secret,
    ("", "Service"): core.default_service,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): groups.default_webhooks,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): groups.default_webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): groups.default_definition,
    ("apps", "DaemonSet"): workloads.default_daemon_set,
    ("apps", "Deployment"): workloads.default_deployment,
    ("apps", "ReplicaSet"): workloads.default_replica_set,
    ("apps", "StatefulSet"): workloads.default_stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): groups.default_autoscaler,
    ("batch", "CronJob"): workloads.default_cron_job,
    ("batch", "Job"): workloads.default_job,
    ("discovery.k8s.io", "EndpointSlice"): groups.default_endpoint_slice,
    ("networking.k8s.io", "IngressClass"): groups.default_ingress_class,
    ("networking.k8s.io", "NetworkPolicy"): groups.default_network_policy,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): groups.default_role_binding,
    ("rbac.authorization.k8s.io", "RoleBinding"): groups.default_role_binding,
    ("scheduling.k8s.io", "PriorityClass"): groups.default_priority_class,
    ("storage.k8s.io", "StorageClass"): groups.default_storage_class,
}


def apply_defaults(resource: Resource, obj: Object) -> None:
    """Fill in what is not given, in place.

    Parameters
    ----------
    resource
        What the object is: ``group`` and ``kind`` are used.
    obj
        A private copy; a kind without defaults is left as it is.
    """
    default = _DEFAULTS.get((resource.group, resource.kind))
    if default is not None:
        default(obj)
