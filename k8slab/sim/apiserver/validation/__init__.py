"""Validation: what upstream's registry strategies refuse, per kind, with upstream's messages in upstream's order.

Upstream: pkg/apis/*/validation, pkg/registry/*/strategy.go (Validate, ValidateUpdate) and the generic checks of
k8s.io/apiserver/pkg/registry/rest (BeforeCreate, BeforeUpdate). Called by the registry on objects whose schema has been
checked already and whose defaults are set; nothing here changes an object.

A kind without an entry in the tables (a custom resource, a kind that is only stored) has its metadata checked.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.validation import (
    apps,
    batch,
    config,
    endpoints,
    extensions,
    networking,
    nodes,
    pods,
    policies,
    quotas,
    rbac,
    services,
    storage,
)
from k8slab.sim.apiserver.validation.objectmeta import meta_errors, meta_update_errors, name_rule
from k8slab.sim.apiserver.validation.pod_spec import pod_template_errors

__all__ = ["validate_create", "validate_update"]

_Errors = list[FieldError]
_Create = Callable[[Object], _Errors]
_Update = Callable[[Object, Object], _Errors]


def _pod_template(template: Object) -> _Errors:
    return pod_template_errors(template.get("template") or {}, "template")


_APPS, _BATCH, _NET, _RBAC = "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"
_HOOKS, _AUTHZ = "admissionregistration.k8s.io", "authorization.k8s.io"
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")

_CREATE: dict[tuple[str, str], _Create] = {
    ("", "Binding"): pods.binding_errors,
    ("", "ConfigMap"): config.config_map_errors,
    ("", "Endpoints"): endpoints.endpoints_errors,
    ("", "LimitRange"): quotas.limit_range_errors,
    ("", "Namespace"): nodes.namespace_errors,
    ("", "Node"): nodes.node_errors,
    ("", "PersistentVolume"): storage.volume_errors,
    ("", "PersistentVolumeClaim"): storage.claim_errors,
    ("", "Pod"): pods.pod_errors,
    ("", "PodTemplate"): _pod_template,
    ("", "ReplicationController"): apps.replication_controller_errors,
    ("", "ResourceQuota"): quotas.quota_errors,
    ("", "Secret"): config.secret_errors,
    ("", "Service"): services.service_errors,
    (_APPS, "ControllerRevision"): apps.controller_revision_errors,
    (_APPS, "DaemonSet"): apps.daemon_set_errors,
    (_APPS, "Deployment"): apps.deployment_errors,
    (_APPS, "ReplicaSet"): apps.replica_set_errors,
    (_APPS, "StatefulSet"): apps.stateful_set_errors,
    (_BATCH, "CronJob"): batch.cron_job_errors,
    (_BATCH, "Job"): batch.job_errors,
    (_NET, "Ingress"): networking.ingress_errors,
    (_NET, "IngressClass"): networking.ingress_class_errors,
    (_NET, "NetworkPolicy"): networking.network_policy_errors,
    (_RBAC, "ClusterRole"): rbac.cluster_role_errors,
    (_RBAC, "ClusterRoleBinding"): rbac.binding_errors,
    (_RBAC, "Role"): rbac.role_errors,
    (_RBAC, "RoleBinding"): rbac.binding_errors,
    ("autoscaling", "HorizontalPodAutoscaler"): policies.autoscaler_errors,
    ("certificates.k8s.io", "CertificateSigningRequest"): extensions.csr_errors,
    ("coordination.k8s.io", "Lease"): policies.lease_errors,
    ("discovery.k8s.io", "EndpointSlice"): endpoints.endpoint_slice_errors,
    ("policy", "PodDisruptionBudget"): policies.disruption_budget_errors,
    ("scheduling.k8s.io", "PriorityClass"): policies.priority_class_errors,
    ("storage.k8s.io", "StorageClass"): storage.storage_class_errors,
    (_HOOKS, "MutatingWebhookConfiguration"): extensions.webhooks_errors,
    (_HOOKS, "ValidatingWebhookConfiguration"): extensions.webhooks_errors,
    _CRD: extensions.definition_errors,
}

# Reviews have no metadata to speak of: they are answered, not stored.
_REVIEWS: dict[tuple[str, str], _Create] = {
    (_AUTHZ, "LocalSubjectAccessReview"): extensions.access_review_errors,
    (_AUTHZ, "SelfSubjectAccessReview"): extensions.access_review_errors,
    (_AUTHZ, "SubjectAccessReview"): extensions.access_review_errors,
}

# A kind that is missing here is checked as on create.
_UPDATE: dict[tuple[str, str], _Update] = {
    ("", "ConfigMap"): config.config_map_update_errors,
    ("", "Namespace"): lambda new, old: [],
    ("", "Node"): nodes.node_update_errors,
    ("", "PersistentVolume"): storage.volume_update_errors,
    ("", "PersistentVolumeClaim"): storage.claim_update_errors,
    ("", "Pod"): pods.pod_update_errors,
    ("", "ResourceQuota"): quotas.quota_update_errors,
    ("", "Secret"): config.secret_update_errors,
    ("", "Service"): services.service_update_errors,
    (_APPS, "ControllerRevision"): apps.controller_revision_update_errors,
    (_APPS, "DaemonSet"): apps.daemon_set_update_errors,
    (_APPS, "Deployment"): apps.deployment_update_errors,
    (_APPS, "ReplicaSet"): apps.replica_set_update_errors,
    (_APPS, "StatefulSet"): apps.stateful_set_update_errors,
    (_BATCH, "Job"): batch.job_update_errors,
    (_NET, "IngressClass"): networking.ingress_class_update_errors,
    (_RBAC, "ClusterRoleBinding"): rbac.binding_update_errors,
    (_RBAC, "RoleBinding"): rbac.binding_update_errors,
    ("discovery.k8s.io", "EndpointSlice"): endpoints.endpoint_slice_update_errors,
    ("scheduling.k8s.io", "PriorityClass"): policies.priority_class_update_errors,
    ("storage.k8s.io", "StorageClass"): storage.storage_class_update_errors,
    _CRD: extensions.definition_update_errors,
}

# Subresources; those of a kind that are missing here have only their metadata checked.
_SUBRESOURCE: dict[tuple[str, str, str], _Update] = {
    ("", "Namespace", "finalize"): nodes.namespace_finalize_errors,
    ("", "Namespace", "status"): nodes.namespace_status_errors,
    ("", "Node", "status"): nodes.node_update_errors,
    ("", "PersistentVolumeClaim", "status"): storage.claim_status_errors,
    ("", "Pod", "ephemeralcontainers"): pods.ephemeral_containers_update_errors,
    ("", "Pod", "resize"): pods.pod_resize_errors,
    ("", "Pod", "status"): pods.pod_status_errors,
    ("", "ReplicationController", "status"): apps.replicas_status_errors,
    ("", "ResourceQuota", "status"): quotas.quota_status_errors,
    (_APPS, "Deployment", "status"): apps.replicas_status_errors,
    (_APPS, "ReplicaSet", "status"): apps.replicas_status_errors,
    (_APPS, "StatefulSet", "status"): apps.replicas_status_errors,
    (_BATCH, "Job", "status"): batch.job_status_errors,
    ("autoscaling", "HorizontalPodAutoscaler", "status"): policies.autoscaler_status_errors,
}

# Upstream checks some things more than once, and the list of causes shows it. Three tables say where.
# Strategies that check an updated object as a new one first, and then the update.
_CREATE_FIRST = {
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "ReplicationController"),
    (_APPS, "DaemonSet"),
    (_APPS, "ReplicaSet"),
    (_BATCH, "Job"),
    (_NET, "NetworkPolicy"),
    (_RBAC, "ClusterRole"),
    (_RBAC, "ClusterRoleBinding"),
    (_RBAC, "Role"),
    (_RBAC, "RoleBinding"),
    ("storage.k8s.io", "StorageClass"),
}
# Update checks that leave the change of metadata to the generic check.
_NO_META_CHANGE = {
    ("", "LimitRange"),
    ("", "PersistentVolume"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("policy", "PodDisruptionBudget"),
}
# Update checks that check metadata as that of a new object, too.
_META_AS_NEW = {
    ("", "ConfigMap"),
    ("", "Endpoints"),
    ("", "LimitRange"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    (_NET, "Ingress"),
    (_RBAC, "ClusterRole"),
    (_RBAC, "ClusterRoleBinding"),
    (_RBAC, "Role"),
    (_RBAC, "RoleBinding"),
    ("discovery.k8s.io", "EndpointSlice"),
}


def validate_create(resource: Resource, obj: Object) -> list[FieldError]:
    """Return what is wrong with a new object, in upstream's order; empty if nothing is.

    Parameters
    ----------
    resource
        What the object is: ``group``, ``kind`` and ``namespaced`` are used.
    obj
        The object, with defaults, a name and a namespace.
    """
    key = (resource.group, resource.kind)
    review = _REVIEWS.get(key)
    if review is not None:
        return review(obj)
    check = _CREATE.get(key)
    return _as_new(resource, obj) if check is None else _as_new(resource, obj) + check(obj)


def _as_new(resource: Resource, obj: Object) -> list[FieldError]:
    group = resource.group
    return meta_errors(obj["metadata"], resource.namespaced, name_rule(group, resource.kind), is_built_in(group))


def validate_update(resource: Resource, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
    """Return what is wrong with an update, in upstream's order; empty if nothing is.

    An error may appear more than once, as it does upstream, where the generic update, the kind's strategy and the kind's
    validation each check some of the same.
    """
    group, kind = key = (resource.group, resource.kind)
    generic = meta_update_errors(new["metadata"], old["metadata"], is_built_in(group))
    if subresource:
        check = _SUBRESOURCE.get((group, kind, subresource))
        return generic + generic + check(new, old) if check is not None else generic + generic
    errors = list(generic)
    if key in _CREATE_FIRST:
        errors += validate_create(resource, new)
    if key not in _NO_META_CHANGE:
        errors += generic
    if key in _META_AS_NEW:
        errors += _as_new(resource, new)
    update = _UPDATE.get(key)
    if update is not None:
        return errors + update(new, old)
    create = _CREATE.get(key)
    return errors if create is None else errors + create(new)
