"""Names of kinds: ``ReplicaSet`` of ``apps/v1`` ↔ ``replicasets.apps`` ↔ ``replicaset/web``, and what kubectl calls them."""

from k8slab.apimachinery.types import Object, name_of

__all__ = ["NAMESPACED", "SHORT", "Kind", "kind_named", "label_of", "resource_of"]

Kind = tuple[str, str]  #: (resource with its group, singular)

_CORE = """Pod Service Node Namespace Event Endpoints ConfigMap Secret ServiceAccount PersistentVolume PersistentVolumeClaim
ResourceQuota LimitRange ReplicationController"""
_GROUPS = {
    "apps": "Deployment ReplicaSet StatefulSet DaemonSet ControllerRevision",
    "batch": "Job CronJob",
    "autoscaling": "HorizontalPodAutoscaler",
    "policy": "PodDisruptionBudget",
    "networking.k8s.io": "NetworkPolicy Ingress IngressClass",
    "discovery.k8s.io": "EndpointSlice",
    "rbac.authorization.k8s.io": "Role ClusterRole RoleBinding ClusterRoleBinding",
    "storage.k8s.io": "StorageClass VolumeAttachment CSINode CSIDriver",
    "scheduling.k8s.io": "PriorityClass",
    "certificates.k8s.io": "CertificateSigningRequest",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "admissionregistration.k8s.io": "ValidatingWebhookConfiguration MutatingWebhookConfiguration",
    "metrics.k8s.io": "PodMetrics NodeMetrics",
    "coordination.k8s.io": "Lease",
}
_ODD = {"Endpoints": "endpoints", "PodMetrics": "pods", "NodeMetrics": "nodes"}
_CLUSTER = {
    "nodes", "namespaces", "persistentvolumes", "clusterroles.rbac.authorization.k8s.io", "ingressclasses.networking.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io",
    "csinodes.storage.k8s.io", "csidrivers.storage.k8s.io", "priorityclasses.scheduling.k8s.io", "nodes.metrics.k8s.io",
    "certificatesigningrequests.certificates.k8s.io", "customresourcedefinitions.apiextensions.k8s.io",
    "apiservices.apiregistration.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
}  # fmt: skip

#: What kubectl lets one type instead.
SHORT = {
    "po": "pods", "svc": "services", "no": "nodes", "ns": "namespaces", "ev": "events", "ep": "endpoints", "cm": "configmaps",
    "sa": "serviceaccounts", "pv": "persistentvolumes", "pvc": "persistentvolumeclaims", "quota": "resourcequotas",
    "limits": "limitranges", "rc": "replicationcontrollers", "deploy": "deployments.apps", "rs": "replicasets.apps",
    "sts": "statefulsets.apps", "ds": "daemonsets.apps", "cj": "cronjobs.batch", "hpa": "horizontalpodautoscalers.autoscaling",
    "pdb": "poddisruptionbudgets.policy", "netpol": "networkpolicies.networking.k8s.io", "ing": "ingresses.networking.k8s.io",
    "sc": "storageclasses.storage.k8s.io", "csr": "certificatesigningrequests.certificates.k8s.io",
    "crd": "customresourcedefinitions.apiextensions.k8s.io", "pc": "priorityclasses.scheduling.k8s.io",
}  # fmt: skip


def _plural(singular: str) -> str:
    if singular.endswith(("s", "ss")):
        return singular + "es"
    return singular[:-1] + "ies" if singular.endswith("y") else singular + "s"


def _table() -> dict[tuple[str, str], Kind]:
    table = {}
    for group, names in [("", _CORE), *_GROUPS.items()]:
        for kind in names.split():
            plural = _ODD.get(kind) or _plural(kind.lower())
            table[(group, kind)] = (f"{plural}.{group}" if group else plural, kind.lower())
    return table


_KINDS = _table()
_BY_NAME = {
    name: known
    for known in _KINDS.values()
    if not known[0].endswith("metrics.k8s.io")
    for name in (known[0], known[0].partition(".")[0], known[1])
}

#: Whether objects of a known resource are in namespaces.
NAMESPACED = {resource: resource not in _CLUSTER for resource, _ in _KINDS.values()}


def resource_of(api_version: str, kind: str) -> str:
    """Return the resource of a manifest's apiVersion and kind; an unknown kind gets the usual plural.

    >>> resource_of("apps/v1", "ReplicaSet"), resource_of("example.com/v1", "ChatRoom")
    ('replicasets.apps', 'chatrooms.example.com')
    """
    group = api_version.rpartition("/")[0]
    known = _KINDS.get((group, kind))
    plural = _plural(kind.lower())
    return known[0] if known else f"{plural}.{group}" if group else plural


def kind_named(name: str) -> Kind | None:
    """Return the built-in kind of a name that kubectl would understand.

    >>> kind_named("deploy"), kind_named("Pods")
    (('deployments.apps', 'deployment'), ('pods', 'pod'))
    """
    wanted = name.lower()
    return _BY_NAME.get(SHORT.get(wanted, wanted))


def label_of(obj: Object) -> str:
    """Return an object as kubectl names it.

    >>> label_of({"kind": "Deployment", "metadata": {"name": "web"}})
    'deployment/web'
    """
    return f"{obj['kind'].lower()}/{name_of(obj)}"
