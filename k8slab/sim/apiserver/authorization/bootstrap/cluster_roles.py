"""ClusterRoles for people, nodes and components, and who holds them.

Upstream: bootstrappolicy/policy.go (ClusterRoles, ClusterRoleBindings, NodeRules).
"""

from k8slab.sim.apiserver.authorization.bootstrap.tables import EVENTS, READ, READ_UPDATE, READ_WRITE, WRITE, Rules

__all__ = ["AGGREGATED", "CLUSTER_BINDINGS", "CLUSTER_ROLES"]

#: Aggregated role -> the aggregated role it is itself a part of; in an order that lets each be computed from those before.
AGGREGATED = {"view": "edit", "edit": "admin", "admin": ""}

_CSR = "certificates.k8s.io"
_DRA = "resource.k8s.io"
_WORKLOADS = "deployments deployments/scale replicasets replicasets/scale"
_STATUSES = "deployments/status replicasets/status daemonsets/status"

_NODE: Rules = [
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
    (READ, "core", "services"),
    ("create get list watch", "core", "nodes"),
    ("update patch", "core", "nodes/status"),
    ("update patch", "core", "nodes"),
    EVENTS,
    (READ, "core", "pods"),
    ("create delete", "core", "pods"),
    ("update patch", "core", "pods/status"),
    ("create", "core", "pods/eviction"),
    (READ, "core", "secrets configmaps"),
    ("get", "core", "persistentvolumeclaims persistentvolumes"),
    ("get", "core", "endpoints"),
    ("create get list watch", _CSR, "certificatesigningrequests"),
    ("get create update patch delete", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", "core", "serviceaccounts/token"),
    ("get update patch", "core", "persistentvolumeclaims/status"),
    (READ, "storage.k8s.io", "csidrivers"),
    ("get create update patch delete", "storage.k8s.io", "csinodes"),
    (READ, "node.k8s.io", "runtimeclasses"),
    ("get", _DRA, "resourceclaims"),
    ("deletecollection", _DRA, "resourceslices"),
    ("get list watch create update patch delete", _DRA, "resourceslices"),
    ("get", "core", "serviceaccounts"),
]

_EDIT: Rules = [
    (READ, "core", "pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy"),
    ("impersonate", "core", "serviceaccounts"),
    (WRITE, "core", "pods pods/attach pods/proxy pods/exec pods/portforward"),
    ("create", "core", "pods/eviction"),
    (
        WRITE,
        "core",
        "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims"
        " configmaps secrets events",
    ),
    ("create", "core", "serviceaccounts/token"),
    (WRITE, "apps", f"statefulsets statefulsets/scale daemonsets {_WORKLOADS} deployments/rollback"),
    (WRITE, "autoscaling", "horizontalpodautoscalers"),
    (WRITE, "batch", "jobs cronjobs"),
    (
        WRITE,
        "extensions",
        f"daemonsets {_WORKLOADS} deployments/rollback ingresses replicationcontrollers/scale networkpolicies",
    ),
    (WRITE, "policy", "poddisruptionbudgets"),
    (WRITE, "networking.k8s.io", "networkpolicies ingresses"),
    (READ_WRITE, "coordination.k8s.io", "leases"),
    (WRITE, _DRA, "resourceclaims resourceclaimtemplates"),
]

_VIEW: Rules = [
    (
        READ,
        "core",
        "pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints"
        " persistentvolumeclaims persistentvolumeclaims/status configmaps",
    ),
    (
        READ,
        "core",
        "limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status"
        " replicationcontrollers/status pods/log",
    ),
    (READ, "core", "namespaces"),
    (READ, "discovery.k8s.io", "endpointslices"),
    (
        READ,
        "apps",
        f"controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets {_WORKLOADS} {_STATUSES}",
    ),
    (READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    (READ, "batch", "jobs cronjobs cronjobs/status jobs/status"),
    (
        READ,
        "extensions",
        f"daemonsets {_WORKLOADS} {_STATUSES} ingresses ingresses/status replicationcontrollers/scale networkpolicies",
    ),
    (READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "networkpolicies ingresses ingresses/status"),
    (READ, _DRA, "resourceclaims resourceclaims/status resourceclaimtemplates"),
]

_CONTROLLER_MANAGER: Rules = [
    EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
    ("create", "core", "secrets serviceaccounts"),
    ("delete", "core", "secrets"),
    ("get", "core", "namespaces secrets serviceaccounts configmaps"),
    ("update", "core", "secrets serviceaccounts"),
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "subjectaccessreviews"),
    ("list watch", "*", "*"),
    ("create", "core", "serviceaccounts/token"),
]

_SCHEDULER: Rules = [
    EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get list watch update", "coordination.k8s.io", "leases", "kube-scheduler"),
    ("create", "coordination.k8s.io", "leasecandidates"),
    ("get list watch update patch delete", "coordination.k8s.io", "leasecandidates"),
    (READ, "core", "nodes"),
    ("get list watch delete", "core", "pods"),
    ("create", "core", "pods/binding bindings"),
    ("patch update", "core", "pods/status"),
    (READ, "core", "services replicationcontrollers"),
    (READ, "apps extensions", "replicasets"),
    (READ, "apps", "statefulsets"),
    (READ, "policy", "poddisruptionbudgets"),
    (READ, "core", "persistentvolumeclaims persistentvolumes"),
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "subjectaccessreviews"),
    (READ, "storage.k8s.io", "csinodes"),
    (READ, "core", "namespaces"),
    (READ, "storage.k8s.io", "csidrivers"),
    (READ, "storage.k8s.io", "csistoragecapacities"),
    (READ, "storage.k8s.io", "volumeattachments"),
    (READ, _DRA, "deviceclasses"),
    ("get list watch update patch", _DRA, "resourceclaims"),
    ("update patch", _DRA, "resourceclaims/status"),
    ("update patch", "core", "pods/finalizers"),
    (READ, _DRA, "resourceslices"),
]

#: Name -> (aggregated roles it is a part of, rules).
CLUSTER_ROLES: dict[str, tuple[str, Rules]] = {
    "cluster-admin": ("", [("*", "*", "*"), ("*", "", "*")]),
    "system:discovery": (
        "",
        [("get", "", "/livez /readyz /healthz /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*")],
    ),
    "system:monitoring": ("", [("get", "", "/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/*")]),
    "system:basic-user": (
        "",
        [
            ("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            ("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
    ),
    "system:public-info-viewer": ("", [("get", "", "/livez /readyz /healthz /version /version/")]),
    "system:aggregate-to-admin": (
        "admin",
        [
            ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            (READ_WRITE, "rbac.authorization.k8s.io", "roles rolebindings"),
        ],
    ),
    "system:aggregate-to-edit": ("edit", _EDIT),
    "system:aggregate-to-view": ("view", _VIEW),
    "system:heapster": (
        "",
        [(READ, "core", "events pods nodes namespaces"), (READ, "extensions", "deployments")],
    ),
    "system:node": ("", _NODE),
    "system:node-problem-detector": ("", [("get", "core", "nodes"), ("patch", "core", "nodes/status"), EVENTS]),
    "system:kubelet-api-admin": (
        "",
        [
            (READ, "core", "nodes"),
            ("proxy", "core", "nodes"),
            ("*", "core", "nodes/proxy nodes/metrics nodes/stats nodes/log nodes/healthz nodes/pods nodes/configz"),
        ],
    ),
    "system:node-bootstrapper": ("", [("create get list watch", _CSR, "certificatesigningrequests")]),
    "system:auth-delegator": (
        "",
        [
            ("create", "authentication.k8s.io", "tokenreviews"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
    ),
    "system:kube-aggregator": ("", [(READ, "core", "services endpoints"), (READ, "discovery.k8s.io", "endpointslices")]),
    "system:kube-controller-manager": ("", _CONTROLLER_MANAGER),
    "system:kube-dns": ("", [("list watch", "core", "endpoints services")]),
    "system:persistent-volume-provisioner": (
        "",
        [
            ("get list watch create delete", "core", "persistentvolumes"),
            ("get list watch update", "core", "persistentvolumeclaims"),
            (READ, "storage.k8s.io", "storageclasses"),
            ("watch", "core", "events"),
            EVENTS,
        ],
    ),
    f"system:{_CSR}:certificatesigningrequests:nodeclient": ("", [("create", _CSR, "certificatesigningrequests/nodeclient")]),
    f"system:{_CSR}:certificatesigningrequests:selfnodeclient": (
        "",
        [("create", _CSR, "certificatesigningrequests/selfnodeclient")],
    ),
    "system:volume-scheduler": (
        "",
        [
            (READ_UPDATE, "core", "persistentvolumes"),
            (READ, "storage.k8s.io", "storageclasses"),
            (READ_UPDATE, "core", "persistentvolumeclaims"),
        ],
    ),
    **{
        f"system:{_CSR}:{signer}-approver": ("", [("approve", _CSR, "signers", f"kubernetes.io/{signer}")])
        for signer in ("legacy-unknown", "kubelet-serving", "kube-apiserver-client", "kube-apiserver-client-kubelet")
    },
    "system:service-account-issuer-discovery": ("", [("get", "", "/.well-known/openid-configuration /openid/v1/jwks")]),
    "system:node-proxier": (
        "",
        [
            ("list watch", "core", "services endpoints"),
            (READ, "core", "nodes"),
            EVENTS,
            ("list watch", "discovery.k8s.io", "endpointslices"),
            ("list watch", "networking.k8s.io", "servicecidrs"),
        ],
    ),
    "system:kube-scheduler": ("", _SCHEDULER),
}

#: Binding and role of the same name -> subjects.
CLUSTER_BINDINGS = {
    "cluster-admin": "Group/system:masters",
    "system:monitoring": "Group/system:monitoring",
    "system:discovery": "Group/system:authenticated",
    "system:basic-user": "Group/system:authenticated",
    "system:public-info-viewer": "Group/system:authenticated Group/system:unauthenticated",
    "system:node-proxier": "User/system:kube-proxy",
    "system:kube-controller-manager": "User/system:kube-controller-manager",
    "system:kube-dns": "ServiceAccount/kube-dns",
    "system:kube-scheduler": "User/system:kube-scheduler",
    "system:volume-scheduler": "User/system:kube-scheduler",
    "system:node": "",
    "system:service-account-issuer-discovery": "Group/system:serviceaccounts",
}
