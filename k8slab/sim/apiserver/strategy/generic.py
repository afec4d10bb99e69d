"""What most kinds do: status is not for users, spec is not for the status subresource, a changed spec is a new generation.

Upstream: pkg/registry/*/*/strategy.go (PrepareForCreate, PrepareForUpdate) and k8s.io/apiserver/pkg/registry/rest
(BeforeUpdate). The tables say per kind what differs.
"""

from k8slab.apimachinery.types import Object, deep_copy
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.resources import Resource

__all__ = ["has_generation", "has_status", "keep_except_status", "keep_metadata", "keep_system_metadata", "new_status",
           "spec_changed"]  # fmt: skip


_LB: Object = {"loadBalancer": {}}
# What the status of a new object is: the zero value as Go prints it. A kind that is missing has no status subresource.
_STATUS: dict[tuple[str, str], Object] = {
    ("", "Namespace"): {"phase": "Active"},
    ("", "PersistentVolume"): {"phase": "Pending"},
    ("", "PersistentVolumeClaim"): {"phase": "Pending"},
    ("", "Pod"): {"phase": "Pending"},
    ("", "ReplicationController"): {"replicas": 0},
    ("", "ResourceQuota"): {},
    ("", "Service"): _LB,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {},
    ("apiregistration.k8s.io", "APIService"): {},
    ("apps", "DaemonSet"): {
        "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
    },
    ("apps", "Deployment"): {},
    ("apps", "ReplicaSet"): {"replicas": 0},
    ("apps", "StatefulSet"): {"replicas": 0, "availableReplicas": 0},
    ("autoscaling", "HorizontalPodAutoscaler"): {"desiredReplicas": 0},
    ("batch", "CronJob"): {},
    ("batch", "Job"): {},
    ("certificates.k8s.io", "CertificateSigningRequest"): {},
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {},
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): {},
    ("networking.k8s.io", "Ingress"): _LB,
    ("networking.k8s.io", "ServiceCIDR"): {},
    ("policy", "PodDisruptionBudget"): {
        "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0,
    },
    ("resource.k8s.io", "ResourceClaim"): {},
    ("storage.k8s.io", "VolumeAttachment"): {"attached": False},
}  # fmt: skip
_KEEPS_STATUS_ON_CREATE = {("", "Node")}
_WITH_GENERATION = {
    ("", "Pod"), ("", "PodTemplate"), ("", "ReplicationController"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"),
    ("batch", "CronJob"), ("batch", "Job"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"), ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "Ingress"), ("networking.k8s.io", "IngressClass"), ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("resource.k8s.io", "DeviceClass"), ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
}  # fmt: skip
_ENVELOPE = ("apiVersion", "kind", "metadata", "status")


def new_status(resource: Resource) -> Object | None:
    """Return the status a new object starts with; None where the status given by the user is kept or there is none."""
    key = (resource.group, resource.kind)
    initial = _STATUS.get(key)
    if initial is not None:
        return {**deep_copy(initial), "currentReplicas": 0} if _is_first_autoscaler(resource) else deep_copy(initial)
    return None


def _is_first_autoscaler(resource: Resource) -> bool:
    return resource.kind == "HorizontalPodAutoscaler" and resource.version == "v1"


def has_status(resource: Resource) -> bool:
    """Whether ``status`` is changed through a subresource only."""
    key = (resource.group, resource.kind)
    if key in _STATUS or key in _KEEPS_STATUS_ON_CREATE:
        return True
    return not is_built_in(resource.group) and any(sub.name == "status" for sub in resource.subresources)


def has_generation(resource: Resource) -> bool:
    """Whether ``metadata.generation`` is kept: for some built-in kinds and every custom resource."""
    return not is_built_in(resource.group) or (resource.group, resource.kind) in _WITH_GENERATION


def spec_changed(new: Object, old: Object) -> bool:
    """Whether anything but the envelope and the status differs."""
    if new.get("spec") != old.get("spec"):
        return True
    names = [name for name in {*new, *old} if name not in _ENVELOPE and name != "spec"]
    return any(new.get(name) != old.get(name) for name in names)


def keep_system_metadata(new: Object, old: Object) -> None:
    """Users cannot change what the server keeps in metadata; what they leave out is filled in."""
    meta, before = new["metadata"], old["metadata"]
    if "generation" in before:
        meta["generation"] = before["generation"]
    else:
        meta.pop("generation", None)
    if not meta.get("uid"):
        meta["uid"] = before.get("uid", "")
    if before.get("creationTimestamp"):
        meta["creationTimestamp"] = before["creationTimestamp"]
    if before.get("deletionTimestamp"):
        meta["deletionTimestamp"] = before["deletionTimestamp"]
    if before.get("deletionGracePeriodSeconds") is not None and meta.get("deletionGracePeriodSeconds") is None:
        meta["deletionGracePeriodSeconds"] = before["deletionGracePeriodSeconds"]


def keep_except_status(new: Object, old: Object) -> None:
    """Through the status subresource only status and metadata change; the rest is shared with the old object."""
    for name in [name for name in new if name not in _ENVELOPE and name not in old]:
        del new[name]
    for name in old:
        if name not in _ENVELOPE:
            new[name] = old[name]


def keep_metadata(new: Object, old: Object) -> None:
    """Of custom resources the status subresource leaves all metadata alone, but who manages what."""
    managed = new["metadata"].get("managedFields")
    new["metadata"] = {**old["metadata"], "resourceVersion": new["metadata"].get("resourceVersion", "")}
    if managed is not None:
        new["metadata"]["managedFields"] = managed
