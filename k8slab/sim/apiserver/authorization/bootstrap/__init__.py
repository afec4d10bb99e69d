"""The roles and bindings every cluster starts with.

Upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy at 1.37 with default feature gates, and kubeadm's own binding of
its administrators. The tables are data: `cluster_roles`, `controller_roles`, `namespace_roles`.

Difference: the aggregated roles (admin, edit, view) come with their rules filled in, so that they work before the
clusterrole-aggregation controller has run; it would write the same.
"""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authorization import rbac
from k8slab.sim.apiserver.authorization.bootstrap.cluster_roles import AGGREGATED, CLUSTER_BINDINGS, CLUSTER_ROLES
from k8slab.sim.apiserver.authorization.bootstrap.controller_roles import CONTROLLER_ROLES
from k8slab.sim.apiserver.authorization.bootstrap.namespace_roles import NAMESPACE_BINDINGS, NAMESPACE_ROLES
from k8slab.sim.apiserver.authorization.bootstrap.tables import Rules

__all__ = ["bootstrap_objects"]

_API = "rbac.authorization.k8s.io"
_AGGREGATE_TO = "rbac.authorization.k8s.io/aggregate-to-"


def bootstrap_objects() -> list[Object]:
    """Return all bootstrap roles and bindings, roles first.

    >>> kinds = [obj["kind"] for obj in bootstrap_objects()]
    >>> sorted(set(kinds))
    ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
    """
    return [*_cluster_roles(), *_roles(), *_cluster_role_bindings(), *_role_bindings()]


def _object(kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None, defaults: bool = True) -> Object:
    meta: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    if defaults:
        meta["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
        meta["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})}
    return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": meta}


def _rules(rules: Rules) -> list[Object]:
    return [_rule(*rule) for rule in rules]


def _rule(verbs: str, groups: str, resources: str, names: str = "") -> Object:
    rule: Object = {"verbs": sorted(verbs.split())}
    if resources.startswith("/") or (not groups and resources == "*"):
        return {**rule, "nonResourceURLs": sorted(resources.split())}
    rule["apiGroups"] = sorted("" if group == "core" else group for group in groups.split())
    rule["resources"] = sorted(resources.split())
    return {**rule, "resourceNames": sorted(names.split())} if names else rule


def _cluster_roles() -> list[Object]:
    roles = []
    for name, (labels, rules) in CLUSTER_ROLES.items():
        roles.append(_object("ClusterRole", name, labels={_AGGREGATE_TO + to: "true" for to in labels.split()}))
        roles[-1]["rules"] = _rules(rules)
    for name, rules in CONTROLLER_ROLES.items():
        roles.append(_object("ClusterRole", f"system:controller:{name}"))
        roles[-1]["rules"] = _rules(rules)
    for name, to in AGGREGATED.items():
        selectors = [{"matchLabels": {_AGGREGATE_TO + name: "true"}}]
        role = _object("ClusterRole", name, labels={_AGGREGATE_TO + to: "true"} if to else {})
        roles.append({**role, "aggregationRule": {"clusterRoleSelectors": selectors}, "rules": rbac.aggregate(selectors, roles)})
    return roles


def _roles() -> Iterator[Object]:
    for (namespace, name), rules in NAMESPACE_ROLES.items():
        yield {**_object("Role", name, namespace), "rules": _rules(rules)}


def _bind(binding: Object, kind: str, role: str, subjects: str) -> Object:
    binding["roleRef"] = {"apiGroup": _API, "kind": kind, "name": role}
    if subjects:
        binding["subjects"] = [_subject(subject) for subject in subjects.split()]
    return binding


def _subject(text: str) -> Object:
    """``User/x``, ``Group/x`` or ``ServiceAccount/name`` (in kube-system)."""
    kind, _, name = text.partition("/")
    return {"kind": kind, "name": name} | ({"namespace": "kube-system"} if kind == "ServiceAccount" else {"apiGroup": _API})


def _cluster_role_bindings() -> Iterator[Object]:
    for name, subjects in CLUSTER_BINDINGS.items():
        yield _bind(_object("ClusterRoleBinding", name), "ClusterRole", name, subjects)
    for name in CONTROLLER_ROLES:
        binding = _object("ClusterRoleBinding", f"system:controller:{name}")
        yield _bind(binding, "ClusterRole", f"system:controller:{name}", f"ServiceAccount/{name}")
    kubeadm = _object("ClusterRoleBinding", "kubeadm:cluster-admins", defaults=False)
    yield _bind(kubeadm, "ClusterRole", "cluster-admin", "Group/kubeadm:cluster-admins")


def _role_bindings() -> Iterator[Object]:
    for (namespace, name), (role, subjects) in NAMESPACE_BINDINGS.items():
        yield _bind(_object("RoleBinding", name, namespace), "Role", role, subjects)
