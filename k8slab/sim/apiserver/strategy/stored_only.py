"""Kinds and fields that are kept and shown but that nothing acts on: whoever writes one is told so.

docs/fidelity.md calls them "stored only". Without these words an object that is accepted would be a silent promise: a policy
that rejects nothing, a webhook that nobody calls. Not upstream's: there each of them has its component.
"""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object

__all__ = ["STORED_ONLY", "claims_stored_only", "container_fields_stored_only", "stored_only"]

_POLICY = "never evaluates it: what it would reject or change is taken as it comes"
_WEBHOOK = "never calls it: what it would reject or change is taken as it comes"
_DEVICES = "has no devices: pods are scheduled as if they had asked for none"
_QUEUES = "has no queues for requests: each is served at once"

#: (group, kind) -> what the embedded cluster does not do with it.
STORED_ONLY = {
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): _POLICY,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): _POLICY,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): _POLICY,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): _POLICY,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
    ("apiregistration.k8s.io", "APIService"): "passes no requests on to its Service",
    ("certificates.k8s.io", "ClusterTrustBundle"): "shows it in no volume",
    ("certificates.k8s.io", "PodCertificateRequest"): "has no signer for it",
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): _QUEUES,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): _QUEUES,
    ("networking.k8s.io", "IPAddress"): "gives Services their addresses without it",
    ("networking.k8s.io", "ServiceCIDR"): "gives Services addresses of its own range only",
    ("node.k8s.io", "RuntimeClass"): "runs all containers alike: only its overhead counts",
    ("resource.k8s.io", "DeviceClass"): _DEVICES,
    ("resource.k8s.io", "DeviceTaintRule"): _DEVICES,
    ("resource.k8s.io", "ResourceClaim"): _DEVICES,
    ("resource.k8s.io", "ResourceClaimTemplate"): _DEVICES,
    ("resource.k8s.io", "ResourceSlice"): _DEVICES,
    ("storage.k8s.io", "CSIStorageCapacity"): "places pods without looking at it",
    ("storage.k8s.io", "VolumeAttributesClass"): "changes no volume by it",
    ("storagemigration.k8s.io", "StorageVersionMigration"): "migrates nothing",
}


def stored_only(group: str, kind: str, obj: Object, old: Object | None) -> list[str]:
    """Return what to say to who writes an object of such a kind: once for each change of what it asks for.

    >>> stored_only("storagemigration.k8s.io", "StorageVersionMigration", {"spec": {}}, None)
    ['the embedded cluster stores this StorageVersionMigration, but migrates nothing']
    """
    lacking = STORED_ONLY.get((group, kind))
    if lacking is None or (old is not None and _asked(obj) == _asked(old)):
        return []
    if kind == "APIService" and not (obj.get("spec") or {}).get("service"):
        return []  # the API server serves this group itself
    return [f"the embedded cluster stores this {kind}, but {lacking}"]


def _asked(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def claims_stored_only(spec: Object, path: str) -> Iterator[str]:
    """Say to who gives a pod devices that it gets none.

    >>> list(claims_stored_only({"resourceClaims": [{"name": "gpu"}]}, "spec"))
    ['spec.resourceClaims: the embedded cluster stores it, but has no devices: pods are scheduled as if they had asked for none']
    """
    if spec.get("resourceClaims"):
        yield f"{path}.resourceClaims: the embedded cluster stores it, but {_DEVICES}"


def container_fields_stored_only(container: Object, path: str) -> Iterator[str]:
    """Say which fields of a container nothing acts on though it would miss them."""
    for i, variable in enumerate(container.get("env") or ()):
        if "fileKeyRef" in (variable.get("valueFrom") or {}):
            yield f"{path}.env[{i}].valueFrom.fileKeyRef: the embedded cluster stores it, but never sets the variable"
    for i, rule in enumerate(container.get("restartPolicyRules") or ()):
        if rule.get("action") == "RestartAllContainers":
            yield f"{path}.restartPolicyRules[{i}].action: the embedded cluster stores it, but restarts this container only"
