"""Roles and bindings inside the system namespaces.

Upstream: bootstrappolicy/namespace_policy.go.
"""

from k8slab.sim.apiserver.authorization.bootstrap.tables import EVENTS, READ, Rules

__all__ = ["NAMESPACE_BINDINGS", "NAMESPACE_ROLES"]

_SYSTEM = "kube-system"
_SIGNER = "system:controller:bootstrap-signer"
_READER = "extension-apiserver-authentication-reader"


def _lock(component: str) -> Rules:
    return [("watch", "core", "configmaps"), ("get update", "core", "configmaps", component)]


#: (namespace, name) -> rules.
NAMESPACE_ROLES: dict[tuple[str, str], Rules] = {
    (_SYSTEM, _READER): [(READ, "core", "configmaps", "extension-apiserver-authentication")],
    (_SYSTEM, _SIGNER): [(READ, "core", "secrets")],
    (_SYSTEM, "system:controller:cloud-provider"): [("create get list watch", "core", "configmaps")],
    (_SYSTEM, "system:controller:token-cleaner"): [("get list watch delete", "core", "secrets"), EVENTS],
    (_SYSTEM, "system::leader-locking-kube-controller-manager"): _lock("kube-controller-manager"),
    (_SYSTEM, "system::leader-locking-kube-scheduler"): _lock("kube-scheduler"),
    ("kube-public", _SIGNER): [(READ, "core", "configmaps"), ("update", "core", "configmaps", "cluster-info"), EVENTS],
}

#: (namespace, name) -> (role, subjects).
NAMESPACE_BINDINGS = {
    (_SYSTEM, f"system::{_READER}"): (_READER, "User/system:kube-controller-manager User/system:kube-scheduler"),
    **{
        (_SYSTEM, f"system::leader-locking-{name}"): (
            f"system::leader-locking-{name}",
            f"User/system:{name} ServiceAccount/{name}",
        )
        for name in ("kube-controller-manager", "kube-scheduler")
    },
    **{
        (_SYSTEM, f"system:controller:{name}"): (f"system:controller:{name}", f"ServiceAccount/{name}")
        for name in ("bootstrap-signer", "cloud-provider", "token-cleaner")
    },
    ("kube-public", _SIGNER): (_SIGNER, "ServiceAccount/bootstrap-signer"),
}
