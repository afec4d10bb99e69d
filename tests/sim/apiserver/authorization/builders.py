"""Roles and bindings in a line each."""

from k8slab.sim.apiserver.authentication import UserInfo

API = "rbac.authorization.k8s.io"


def user(name, *groups):
    return UserInfo(name, groups=(*groups, "system:authenticated"))


def rule(verbs, resources, groups="", names=()):
    found = {"verbs": verbs.split(), "apiGroups": groups.split() or [""], "resources": resources.split()}
    return {**found, "resourceNames": list(names)} if names else found


def role(name, *rules, namespace="", labels=None):
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **({"labels": labels} if labels else {})}
    return {"kind": "Role" if namespace else "ClusterRole", "metadata": meta, "rules": list(rules)}


def binding(name, role_kind, role_name, *subjects, namespace=""):
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    found = [dict(zip(("kind", "name", "namespace"), subject.split("/"), strict=False)) for subject in subjects]
    ref = {"apiGroup": API, "kind": role_kind, "name": role_name}
    return {"kind": "RoleBinding" if namespace else "ClusterRoleBinding", "metadata": meta, "roleRef": ref, "subjects": found}
