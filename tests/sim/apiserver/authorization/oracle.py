"""A second opinion on RBAC, written from the documentation alone, as slowly and plainly as it can be said.

It shares no code with `k8slab.sim`. Sources, kubernetes.io: "Using RBAC Authorization" (role and binding, aggregated
ClusterRoles, referring to resources and subjects, privilege escalation prevention) and the API reference of
rbac.authorization.k8s.io/v1. Whoever doubts a decision of the server can read here why it should be another one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True)
class Who:
    """A user and the groups it is in."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class What:
    """A request: for a resource, or for a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass
class World:
    """All roles and bindings of a cluster."""

    objects: list[Object] = field(default_factory=list)

    def may(self, who: Who, what: What) -> bool:
        """Whether some rule that is bound to the user says so; there are no rules that forbid."""
        return any(_rule_says_yes(rule, what) for rule in self.rules_of(who, what.namespace))

    def rules_of(self, who: Who, namespace: str) -> Iterator[Object]:
        """Every rule that a user holds: through the cluster everywhere, through a namespace only there."""
        for binding in self.objects:
            if binding["kind"] == "ClusterRoleBinding":
                where = ""
            elif binding["kind"] == "RoleBinding" and namespace and binding["metadata"]["namespace"] == namespace:
                where = namespace
            else:
                continue
            if any(_is_meant(subject, who, where) for subject in binding.get("subjects") or []):
                yield from self._rules_of_role(binding["roleRef"]["kind"], binding["roleRef"]["name"], where)

    def may_grant(self, who: Who, namespace: str, rules: Iterable[Object]) -> bool:
        """Whether a user holds each single permission that the rules would give, there where they would be given."""
        held = list(self.rules_of(who, namespace))
        return all(any(_holds(own, part) for own in held) for rule in rules for part in _single_permissions(rule))

    def _rules_of_role(self, kind: str, name: str, namespace: str) -> list[Object]:
        for role in self.objects:
            where = role["metadata"].get("namespace", "")
            if role["kind"] == kind and role["metadata"]["name"] == name and where == (namespace if kind == "Role" else ""):
                return self.rules_in(role, set())
        return []

    def rules_in(self, role: Object, seen: set[str]) -> list[Object]:
        """The rules of a role; of an aggregated one those of all ClusterRoles that its selectors find, and so on."""
        if not role.get("aggregationRule"):
            return list(role.get("rules") or [])
        seen.add(role["metadata"]["name"])
        rules: list[Object] = []
        for selector in role["aggregationRule"].get("clusterRoleSelectors") or []:
            for other in self.objects:
                if other["kind"] == "ClusterRole" and other["metadata"]["name"] not in seen and _selected(selector, other):
                    rules += self.rules_in(other, seen)
        return rules


def _selected(selector: Object, obj: Object) -> bool:
    labels = obj["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for term in selector.get("matchExpressions") or []:
        key, values = term["key"], term.get("values") or []
        if term["operator"] == "In" and labels.get(key) not in values:
            return False
        if term["operator"] == "NotIn" and labels.get(key) in values:
            return False
        if term["operator"] == "Exists" and key not in labels:
            return False
        if term["operator"] == "DoesNotExist" and key in labels:
            return False
    return True


def _is_meant(subject: Object, who: Who, namespace: str) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == who.name)
    if subject["kind"] == "Group":
        return subject["name"] in who.groups
    where = subject.get("namespace") or namespace
    return who.name == f"system:serviceaccount:{where}:{subject['name']}"


def _rule_says_yes(rule: Object, what: What) -> bool:
    if "*" not in rule["verbs"] and what.verb not in rule["verbs"]:
        return False
    if what.path:
        return any(_path_fits(pattern, what.path) for pattern in rule.get("nonResourceURLs") or [])
    groups = rule.get("apiGroups") or []
    if "*" not in groups and what.group not in groups:
        return False
    full = what.resource + ("/" + what.subresource if what.subresource else "")
    good = {"*", full} | ({"*/" + what.subresource} if what.subresource else set())
    if not good & set(rule.get("resources") or []):
        return False
    names = rule.get("resourceNames") or []
    return not names or what.name in names


def _path_fits(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        while pattern.endswith("*"):
            pattern = pattern[:-1]
        return path[: len(pattern)] == pattern
    return pattern == path


def _single_permissions(rule: Object) -> Iterator[tuple[str, str, str, str | None] | tuple[str, str]]:
    for verb in rule["verbs"]:
        for group in rule.get("apiGroups") or []:
            for resource in rule.get("resources") or []:
                for name in rule.get("resourceNames") or [None]:
                    yield verb, group, resource, name
        for url in rule.get("nonResourceURLs") or []:
            yield verb, url


def _holds(own: Object, part: tuple[Any, ...]) -> bool:
    """Whether one held rule contains one permission; a wildcard is contained in the same wildcard only."""

    def among(value: str, key: str) -> bool:
        return value in (own.get(key) or []) or "*" in (own.get(key) or [])

    if not among(part[0], "verbs"):
        return False
    if len(part) == 2:
        url = part[1]
        return any(u == url or (u.endswith("*") and url.startswith(u.rstrip("*"))) for u in own.get("nonResourceURLs") or [])
    _, group, resource, name = part
    if not among(group, "apiGroups"):
        return False
    short = {"*/" + resource.split("/", 1)[1]} if "/" in resource else set()
    if not ({"*", resource} | short) & set(own.get("resources") or []):
        return False
    names = own.get("resourceNames") or []
    return not names or (name is not None and name in names)
