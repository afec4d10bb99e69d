"""Roles and bindings.

Upstream: pkg/apis/rbac/validation.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_subdomain, path_segment
from k8slab.sim.apiserver.validation.fields import Errors, invalid, invalid_each, not_supported, required
from k8slab.sim.apiserver.validation.selectors import label_selector_errors

__all__ = ["binding_errors", "binding_update_errors", "cluster_role_errors", "role_errors"]

_GROUP = "rbac.authorization.k8s.io"


def role_errors(role: Object) -> Errors:
    """Check a Role, its metadata aside."""
    return _rules_errors(role.get("rules") or [], namespaced=True)


def cluster_role_errors(role: Object) -> Errors:
    """Check a ClusterRole, its metadata aside."""
    errors = _rules_errors(role.get("rules") or [], namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return errors
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors") or []
    if not selectors:
        errors.append(required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    for i, selector in enumerate(selectors):
        errors += label_selector_errors(selector, f"{path}[{i}]")
    return errors


def _rules_errors(rules: list[Object], namespaced: bool) -> Errors:
    return [error for i, rule in enumerate(rules) for error in _rule_errors(rule, namespaced, f"rules[{i}]")]


def _rule_errors(rule: Object, namespaced: bool, path: str) -> Errors:
    errors: Errors = []
    if not rule.get("verbs"):
        errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        at = f"{path}.nonResourceURLs"
        if namespaced:
            errors.append(invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            errors.append(invalid(at, urls, "rules cannot apply to both regular resources and non-resource URLs"))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


def binding_errors(binding: Object) -> Errors:
    """Check a RoleBinding or ClusterRoleBinding, its metadata aside."""
    namespaced = binding.get("kind") == "RoleBinding"
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    reference = binding.get("roleRef") or {}
    errors: Errors = []
    if reference.get("apiGroup") != _GROUP:
        errors.append(not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (_GROUP,)))
    if reference.get("kind") not in kinds:
        errors.append(not_supported("roleRef.kind", reference.get("kind", ""), kinds))
    name = reference.get("name")
    errors += invalid_each("roleRef.name", name, path_segment(name)) if name else [required("roleRef.name")]
    for i, subject in enumerate(binding.get("subjects") or ()):
        errors += _subject_errors(subject, namespaced, f"subjects[{i}]")
    return errors


def _subject_errors(subject: Object, namespaced: bool, path: str) -> Errors:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    errors = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            errors += invalid_each(f"{path}.name", name, dns1123_subdomain(name))
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not subject.get("namespace") and not namespaced:
            errors.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != _GROUP:
            errors.append(not_supported(f"{path}.apiGroup", group, (_GROUP,)))
    else:
        errors.append(not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return errors


def binding_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a binding: the role it refers to stays."""
    errors = binding_errors(new)
    if new.get("roleRef") != old.get("roleRef"):
        errors.append(invalid("roleRef", new.get("roleRef"), "cannot change roleRef"))
    return errors
