"""Role-based access control as pure functions over plain objects.

The embedded API server decides with these functions; `k8slab.explain` calls them on roles and bindings fetched from any
cluster, a real one too.

Upstream: plugin/pkg/auth/authorizer/rbac (Authorize, RuleAllows), pkg/registry/rbac/validation (rule resolution) and
the clusterrole-aggregation controller (`aggregate`). Nothing is simplified.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision, Grant

__all__ = ["Policy", "aggregate", "authorize", "depends_on_name", "grants_for", "rule_allows", "rules_for", "who_can"]

Subject = tuple[str, str]


class Policy:
    """Roles and bindings, indexed for questions about one subject.

    Parameters
    ----------
    cluster_roles, roles, cluster_role_bindings, role_bindings
        The objects, of the whole cluster or of as much of it as one may see.
    """

    def __init__(
        self,
        cluster_roles: Iterable[Object] = (),
        roles: Iterable[Object] = (),
        cluster_role_bindings: Iterable[Object] = (),
        role_bindings: Iterable[Object] = (),
    ) -> None:
        self._roles = {("Role", namespace_of(r), name_of(r)): r for r in roles}
        self._roles |= {("ClusterRole", "", name_of(r)): r for r in cluster_roles}
        #: (namespace, subject) -> bindings with the subject that made the match
        self._bindings: dict[tuple[str, Subject], list[tuple[int, Object, Object]]] = {}
        for order, binding in enumerate([*cluster_role_bindings, *role_bindings]):
            for subject in binding.get("subjects") or ():
                key = (namespace_of(binding), _subject_key(subject, namespace_of(binding)))
                self._bindings.setdefault(key, []).append((order, binding, subject))

    def bindings_of(self, user: UserInfo, namespace: str) -> Iterator[tuple[Object, Object]]:
        """Yield (binding, subject) for the bindings that apply to a user: the cluster's first, then the namespace's."""
        keys = [("User", user.name), *(("Group", group) for group in user.groups)]
        for scope in ("", namespace) if namespace else ("",):
            found = [hit for key in keys for hit in self._bindings.get((scope, key), ())]
            seen: set[int] = set()
            for order, binding, subject in sorted(found, key=lambda hit: hit[0]):
                if order not in seen:
                    seen.add(order)
                    yield binding, subject

    def all_bindings(self, namespace: str) -> Iterator[tuple[Object, Object]]:
        """Yield (binding, subject) of every binding that counts in a namespace, whoever it is for."""
        for scope in ("", namespace) if namespace else ("",):
            hits = [hit for (where, _), found in self._bindings.items() if where == scope for hit in found]
            yield from ((binding, subject) for _, binding, subject in sorted(hits, key=lambda hit: hit[0]))

    def role_of(self, binding: Object) -> Object | None:
        """Return the role a binding refers to, None if there is no such role."""
        return self.find_role(binding["roleRef"], namespace_of(binding))

    def find_role(self, role_ref: Object, namespace: str) -> Object | None:
        """Return the role a ``roleRef`` names, seen from a namespace."""
        kind = role_ref["kind"]
        return self._roles.get((kind, namespace if kind == "Role" else "", role_ref["name"]))


def _subject_key(subject: Object, binding_namespace: str) -> Subject:
    if subject["kind"] == "ServiceAccount":
        namespace = subject.get("namespace") or binding_namespace
        return "User", f"system:serviceaccount:{namespace}:{subject['name']}" if namespace else ""
    return subject["kind"], subject["name"]


def rule_allows(rule: Object, attributes: Attributes, any_name: bool = False) -> bool:
    """Whether one rule of a role allows what is asked; ``any_name`` leaves ``resourceNames`` out of account.

    >>> rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/log"]}
    >>> rule_allows(rule, Attributes(UserInfo("zoe"), "get", resource="pods", subresource="log"))
    True
    """
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and attributes.verb not in verbs:
        return False
    if attributes.path:
        return any(_path_matches(pattern, attributes.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and attributes.group not in groups:
        return False
    if not _resource_matches(rule.get("resources") or (), attributes.resource, attributes.subresource):
        return False
    names = rule.get("resourceNames")
    return not names or any_name or attributes.name in names


def _resource_matches(resources: Sequence[str], resource: str, subresource: str) -> bool:
    if "*" in resources:
        return True
    if not subresource:
        return resource in resources
    return f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources


def _path_matches(pattern: str, path: str) -> bool:
    return pattern == path or (pattern.endswith("*") and path.startswith(pattern[:-1].rstrip("*")))


def _rules(policy: Policy, bindings: Iterable[tuple[Object, Object]], errors: list[str]) -> Iterator[Grant]:
    for binding, subject in bindings:
        role = policy.role_of(binding)
        if role is None:
            ref = binding["roleRef"]
            errors.append(f'{ref["kind"].lower()}.rbac.authorization.k8s.io "{ref["name"]}" not found')
            continue
        for rule in role.get("rules") or ():
            yield Grant(binding, role, rule, subject)


def grants_for(policy: Policy, user: UserInfo, namespace: str, errors: list[str] | None = None) -> Iterator[Grant]:
    """Yield every rule that a user holds in a namespace ("": cluster-wide); unresolved roles are added to ``errors``."""
    return _rules(policy, policy.bindings_of(user, namespace), [] if errors is None else errors)


def authorize(policy: Policy, attributes: Attributes) -> Decision:
    """Decide, with upstream's reason: which binding allowed it, or which roles could not be found."""
    errors: list[str] = []
    for grant in grants_for(policy, attributes.user, attributes.namespace, errors):
        if rule_allows(grant.rule, attributes):
            return Decision(True, f"RBAC: allowed by {describe(grant)}", grant)
    reason = "" if not errors else f"RBAC: {errors[0]}" if len(errors) == 1 else f"RBAC: [{', '.join(errors)}]"
    return Decision(False, reason)


def describe(grant: Grant) -> str:
    """Return a grant in upstream's words: ``ClusterRoleBinding "x" of ClusterRole "y" to Group "z"``."""
    binding, subject, ref = grant.binding, grant.subject, grant.binding["roleRef"]
    namespace = namespace_of(binding)
    name = f"{name_of(binding)}/{namespace}" if namespace else name_of(binding)
    whom = subject["name"]
    if subject["kind"] == "ServiceAccount":
        whom = f"{whom}/{subject.get('namespace') or namespace}"
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return f'{kind} "{name}" of {ref["kind"]} "{ref["name"]}" to {subject["kind"]} "{whom}"'


def depends_on_name(policy: Policy, attributes: Attributes) -> bool:
    """Whether some rule would allow it for *other* object names, so that the answer holds for this name only."""
    grants = grants_for(policy, attributes.user, attributes.namespace)
    return any(g.rule.get("resourceNames") and rule_allows(g.rule, attributes, any_name=True) for g in grants)


def rules_for(policy: Policy, user: UserInfo, namespace: str) -> tuple[list[Object], list[str]]:
    """Return the rules a user holds in a namespace, and what could not be resolved."""
    errors: list[str] = []
    return [grant.rule for grant in grants_for(policy, user, namespace, errors)], errors


def who_can(policy: Policy, attributes: Attributes) -> list[Grant]:
    """Return the grants, one per subject and binding, that allow this to anybody; the user in ``attributes`` is ignored."""
    found: dict[tuple[str, str, str], Grant] = {}
    for grant in _rules(policy, policy.all_bindings(attributes.namespace), []):
        key = (namespace_of(grant.binding), name_of(grant.binding), str(sorted(grant.subject.items())))
        if key not in found and rule_allows(grant.rule, attributes):
            found[key] = grant
    return list(found.values())


def aggregate(selectors: Iterable[Mapping[str, object]], cluster_roles: Iterable[Object]) -> list[Object]:
    """Return the rules of an aggregated ClusterRole: those of every selected role, in order of role names, without doubles.

    >>> part = {"metadata": {"name": "a", "labels": {"to": "view"}}, "rules": [{"verbs": ["get"]}]}
    >>> aggregate([{"matchLabels": {"to": "view"}}], [part])
    [{'verbs': ['get']}]
    """
    roles = sorted(cluster_roles, key=name_of)
    rules: list[Object] = []
    for selector in selectors:
        parsed = selector_of(selector) or ()
        for role in roles:
            if matches(parsed, labels(role)):
                rules += [rule for rule in role.get("rules") or () if rule not in rules]
    return rules
