"""The table of all kinds that the API serves, with the names, verbs and subresources that discovery announces.

Real component: kube-apiserver's storage providers (each group's ``rest`` package says what is served, each kind's
``storage`` package gives short names, categories and subresources) and the storage factory (where etcd keeps a kind).
Served is what kube-apiserver 1.37 serves without flags: every generally available version; beta and alpha versions are
off by default there, so they are absent here too. Read by `scheme`, and through it by everything in this package.

Upstream: pkg/registry/*/rest/storage_*.go, pkg/registry/*/*/storage/storage.go,
pkg/kubeapiserver/default_storage_factory_builder.go.
"""

from dataclasses import dataclass, field
from functools import partial

from k8slab.apimachinery.types import Object

__all__ = ["ALL_VERBS", "RESOURCES", "Resource", "Subresource"]

#: What a stored kind allows, in the order in which discovery lists it.
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_GET_CHANGE = ("get", "patch", "update")
_CREATE = ("create",)
_STREAM = ("create", "get")
_PROXY = ("create", "delete", "get", "patch", "update")

#: etcd's layout keeps a few historical names; every other built-in kind is kept under its plural, without its group.
_STORAGE_NAMES = {
    "replicationcontrollers": "controllers",
    "endpoints": "services/endpoints",
    "services": "services/specs",
    "nodes": "minions",
    "ingresses": "ingress",
}
#: These two come from servers that kube-apiserver embeds; they keep their group in the key, as custom resources do.
_KEYED_WITH_GROUP = ("apiextensions.k8s.io", "apiregistration.k8s.io")


@dataclass(frozen=True, slots=True)
class Subresource:
    """One subresource: ``deployments/scale`` has the name "scale" and the kind Scale of autoscaling/v1.

    ``group`` and ``version`` are those of the kind that is sent and received, always set.
    """

    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...]

    @property
    def api_version(self) -> str:
        """The apiVersion of the kind that is sent and received."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one version, under the name that paths use.

    Two resources of the same ``storage_prefix`` are two views of the same stored objects (``events``,
    ``horizontalpodautoscalers``); ``stored_as`` is the apiVersion in which the store keeps them.

    Attributes
    ----------
    printer_columns
        Of a kind that is not built in: its table's columns, as ``additionalPrinterColumns`` has them; empty for the Age only.
    schema
        Of a kind that is not built in: its ``openAPIV3Schema``, for OpenAPI; None allows any field.
    scale
        Of a custom resource with a scale subresource: where replicas and selector are (``specReplicasPath`` ...).
    selectable
        Fields of a custom resource that lists and watches can select by, beside name and namespace.
    api_version
        "v1", "apps/v1".
    full_name
        As kubectl writes it: "pods", "deployments.apps".
    list_kind
        "PodList".
    storage_prefix
        Where etcd keeps the objects: "/registry/pods/", "/registry/services/specs/".
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    stored_as: str = ""
    storage_prefix: str = ""
    printer_columns: tuple[Object, ...] | None = field(default=None, compare=False)
    schema: Object | None = field(default=None, compare=False)
    scale: Object | None = field(default=None, compare=False)
    selectable: tuple[str, ...] = ()
    api_version: str = field(init=False)
    full_name: str = field(init=False)
    list_kind: str = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)
        put(self, "full_name", f"{self.plural}.{self.group}" if self.group else self.plural)
        put(self, "list_kind", f"{self.kind}List")
        put(self, "stored_as", self.stored_as or self.api_version)
        put(self, "storage_prefix", self.storage_prefix or f"/registry/{self.group}/{self.plural}/")

    @property
    def stored(self) -> bool:
        """Whether objects of this kind are kept; a review is answered and forgotten."""
        return "update" in self.verbs

    def subresource(self, name: str) -> Subresource | None:
        """Return a subresource by its name ("status", "scale", "log"), None if there is no such."""
        return next((sub for sub in self.subresources if sub.name == name), None)


def _kind(
    api_version: str,
    kind: str,
    plural: str,
    short: str = "",
    *,
    namespaced: bool = True,
    categories: str = "",
    verbs: tuple[str, ...] = ALL_VERBS,
    status: bool = False,
    subresources: tuple[Subresource, ...] = (),
    stored_as: str = "",
) -> Resource:
    group, _, version = api_version.rpartition("/")
    if status:
        subresources = (*subresources, Subresource("status", kind, group, version, _GET_CHANGE))
    name = f"{group}/{plural}" if group in _KEYED_WITH_GROUP else _STORAGE_NAMES.get(plural, plural)
    return Resource(
        group,
        version,
        kind,
        plural,
        singular=kind.lower(),
        namespaced=namespaced,
        short_names=tuple(short.split()),
        categories=tuple(categories.split()),
        verbs=verbs,
        subresources=tuple(sorted(subresources, key=lambda sub: sub.name)),
        stored_as=stored_as,
        storage_prefix=f"/registry/{name}/",
    )


_cluster_kind = partial(_kind, namespaced=False)


def _sub(name: str, kind: str, verbs: tuple[str, ...], api_version: str = "v1") -> Subresource:
    group, _, version = api_version.rpartition("/")
    return Subresource(name, kind, group, version, verbs)


_SCALE = _sub("scale", "Scale", _GET_CHANGE, "autoscaling/v1")
_POD = (
    _sub("attach", "PodAttachOptions", _STREAM),
    _sub("binding", "Binding", _CREATE),
    _sub("ephemeralcontainers", "Pod", _GET_CHANGE),
    _sub("eviction", "Eviction", _CREATE, "policy/v1"),
    _sub("exec", "PodExecOptions", _STREAM),
    _sub("log", "Pod", ("get",)),
    _sub("portforward", "PodPortForwardOptions", _STREAM),
    _sub("proxy", "PodProxyOptions", _PROXY),
    _sub("resize", "Pod", _GET_CHANGE),
)
_NODE_PROXY = _sub("proxy", "NodeProxyOptions", _PROXY)
_SERVICE_PROXY = _sub("proxy", "ServiceProxyOptions", _PROXY)
_TOKEN = _sub("token", "TokenRequest", _CREATE, "authentication.k8s.io/v1")
_FINALIZE = _sub("finalize", "Namespace", ("update",))
_APPROVAL = _sub("approval", "CertificateSigningRequest", _GET_CHANGE, "certificates.k8s.io/v1")
_NOT_AS_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")

_CORE = (
    _kind("v1", "Binding", "bindings", verbs=_CREATE),
    _cluster_kind("v1", "ComponentStatus", "componentstatuses", "cs", verbs=("get", "list")),
    _kind("v1", "ConfigMap", "configmaps", "cm"),
    _kind("v1", "Endpoints", "endpoints", "ep"),
    _kind("v1", "Event", "events", "ev"),
    _kind("v1", "LimitRange", "limitranges", "limits"),
    _cluster_kind("v1", "Namespace", "namespaces", "ns", verbs=_NOT_AS_COLLECTION, status=True, subresources=(_FINALIZE,)),
    _cluster_kind("v1", "Node", "nodes", "no", status=True, subresources=(_NODE_PROXY,)),
    _kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", status=True),
    _cluster_kind("v1", "PersistentVolume", "persistentvolumes", "pv", status=True),
    _kind("v1", "Pod", "pods", "po", categories="all", status=True, subresources=_POD),
    _kind("v1", "PodTemplate", "podtemplates"),
    _kind("v1", "ReplicationController", "replicationcontrollers", "rc", categories="all", status=True, subresources=(_SCALE,)),
    _kind("v1", "ResourceQuota", "resourcequotas", "quota", status=True),
    _kind("v1", "Secret", "secrets"),
    _kind("v1", "ServiceAccount", "serviceaccounts", "sa", subresources=(_TOKEN,)),
    _kind("v1", "Service", "services", "svc", categories="all", status=True, subresources=(_SERVICE_PROXY,)),
)

_WORKLOADS = (
    _kind("apps/v1", "ControllerRevision", "controllerrevisions"),
    _kind("apps/v1", "DaemonSet", "daemonsets", "ds", categories="all", status=True),
    _kind("apps/v1", "Deployment", "deployments", "deploy", categories="all", status=True, subresources=(_SCALE,)),
    _kind("apps/v1", "ReplicaSet", "replicasets", "rs", categories="all", status=True, subresources=(_SCALE,)),
    _kind("apps/v1", "StatefulSet", "statefulsets", "sts", categories="all", status=True, subresources=(_SCALE,)),
    _kind(
        "autoscaling/v1",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "hpa",
        categories="all",
        status=True,
        stored_as="autoscaling/v2",
    ),
    _kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", categories="all", status=True),
    _kind("batch/v1", "CronJob", "cronjobs", "cj", categories="all", status=True),
    _kind("batch/v1", "Job", "jobs", categories="all", status=True),
    _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", status=True),
    _cluster_kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc"),
)

_ADMISSION, _EXT = "admissionregistration.k8s.io/v1", "api-extensions"
_EXTENSIONS = (
    _cluster_kind(_ADMISSION, "MutatingAdmissionPolicy", "mutatingadmissionpolicies", categories=_EXT),
    _cluster_kind(_ADMISSION, "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", categories=_EXT),
    _cluster_kind(_ADMISSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", categories=_EXT),
    _cluster_kind(_ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", categories=_EXT, status=True),
    _cluster_kind(_ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", categories=_EXT),
    _cluster_kind(_ADMISSION, "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", categories=_EXT),
    _cluster_kind(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "crd crds",
        categories=_EXT,
        status=True,
    ),
    _cluster_kind("apiregistration.k8s.io/v1", "APIService", "apiservices", categories=_EXT, status=True),
    _cluster_kind("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", status=True),
    _cluster_kind("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", status=True),
    _cluster_kind("storagemigration.k8s.io/v1", "StorageVersionMigration", "storageversionmigrations", status=True),
)

_RBAC, _CERTIFICATES = "rbac.authorization.k8s.io/v1", "certificates.k8s.io/v1"
_ACCESS = (
    _cluster_kind("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", verbs=_CREATE),
    _cluster_kind("authentication.k8s.io/v1", "TokenReview", "tokenreviews", verbs=_CREATE),
    _kind("authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=_CREATE),
    _cluster_kind("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", verbs=_CREATE),
    _cluster_kind("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", verbs=_CREATE),
    _cluster_kind("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", verbs=_CREATE),
    _cluster_kind(
        _CERTIFICATES, "CertificateSigningRequest", "certificatesigningrequests", "csr", status=True, subresources=(_APPROVAL,)
    ),
    _cluster_kind(_CERTIFICATES, "ClusterTrustBundle", "clustertrustbundles"),
    _kind(_CERTIFICATES, "PodCertificateRequest", "podcertificaterequests", status=True),
    _cluster_kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings"),
    _cluster_kind(_RBAC, "ClusterRole", "clusterroles"),
    _kind(_RBAC, "RoleBinding", "rolebindings"),
    _kind(_RBAC, "Role", "roles"),
)

_CLUSTER = (
    _kind("coordination.k8s.io/v1", "Lease", "leases"),
    _kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    _kind("events.k8s.io/v1", "Event", "events", "ev", stored_as="v1"),
    _cluster_kind("networking.k8s.io/v1", "IngressClass", "ingressclasses"),
    _kind("networking.k8s.io/v1", "Ingress", "ingresses", "ing", status=True),
    _cluster_kind("networking.k8s.io/v1", "IPAddress", "ipaddresses", "ip"),
    _kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _cluster_kind("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", status=True),
    _cluster_kind("node.k8s.io/v1", "RuntimeClass", "runtimeclasses"),
)
_DEVICES, _STORAGE = "resource.k8s.io/v1", "storage.k8s.io/v1"
_HARDWARE = (
    _cluster_kind(_DEVICES, "DeviceClass", "deviceclasses"),
    _cluster_kind(_DEVICES, "DeviceTaintRule", "devicetaintrules", status=True),
    _kind(_DEVICES, "ResourceClaim", "resourceclaims", status=True),
    _kind(_DEVICES, "ResourceClaimTemplate", "resourceclaimtemplates"),
    _cluster_kind(_DEVICES, "ResourceSlice", "resourceslices"),
    _cluster_kind(_STORAGE, "CSIDriver", "csidrivers"),
    _cluster_kind(_STORAGE, "CSINode", "csinodes", status=True),
    _kind(_STORAGE, "CSIStorageCapacity", "csistoragecapacities"),
    _cluster_kind(_STORAGE, "StorageClass", "storageclasses", "sc"),
    _cluster_kind(_STORAGE, "VolumeAttachment", "volumeattachments", status=True),
    _cluster_kind(_STORAGE, "VolumeAttributesClass", "volumeattributesclasses", "vac"),
)

#: Every built-in kind.
RESOURCES: tuple[Resource, ...] = (*_CORE, *_WORKLOADS, *_EXTENSIONS, *_ACCESS, *_CLUSTER, *_HARDWARE)
