"""Nobody grants what they do not hold: the checks on writing roles and bindings.

Upstream: pkg/registry/rbac/{role,rolebinding,clusterrole,clusterrolebinding}/policybased, pkg/registry/rbac/validation
(ConfirmNoEscalation) and k8s.io/component-helpers/auth/rbac/validation (Covers). Nothing is simplified.
"""

from collections.abc import Iterable, Iterator, Sequence

from k8slab.apimachinery.types import Object, name_of
from k8slab.sim.apiserver.authentication.user import MASTERS, UserInfo
from k8slab.sim.apiserver.authorization import rbac
from k8slab.sim.apiserver.authorization.attributes import Attributes
from k8slab.sim.apiserver.authorization.authorizer import Authorizer
from k8slab.sim.apiserver.errors import StatusError, forbidden, not_found

__all__ = ["breakdown", "check_write", "compact", "compact_string", "covers"]

GROUP = "rbac.authorization.k8s.io"
_EVERYTHING = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]


def covers(owner_rules: Sequence[Object], rules: Iterable[Object]) -> list[Object]:
    """Return the single permissions in ``rules`` that ``owner_rules`` do not hold; empty if they hold them all.

    >>> covers([{"verbs": ["*"], "apiGroups": [""], "resources": ["pods"]}],
    ...        [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "secrets"]}])
    [{'verbs': ['get'], 'apiGroups': [''], 'resources': ['secrets']}]
    """
    single = [part for rule in rules for part in breakdown(rule)]
    return [part for part in single if not any(_rule_covers(owner, part) for owner in owner_rules)]


def breakdown(rule: Object) -> Iterator[Object]:
    """Yield a rule as rules of one verb, group, resource and name each."""
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                part = {"verbs": [verb], "apiGroups": [group], "resources": [resource]}
                names = rule.get("resourceNames") or ()
                yield from ({**part, "resourceNames": [name]} for name in names) if names else (part,)
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"verbs": [verb], "nonResourceURLs": [url]}


def _rule_covers(owner: Object, part: Object) -> bool:
    def all_in(key: str) -> bool:
        held = owner.get(key) or ()
        return "*" in held or all(value in held for value in part.get(key) or ())

    names = owner.get("resourceNames")
    return (
        all_in("verbs")
        and all_in("apiGroups")
        and all(_resource_covered(owner.get("resources") or (), r) for r in part.get("resources") or ())
        and all(_url_covered(owner.get("nonResourceURLs") or (), u) for u in part.get("nonResourceURLs") or ())
        and (not names or (bool(part.get("resourceNames")) and all_in("resourceNames")))
    )


def _resource_covered(held: Sequence[str], resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return "*" in held or resource in held or (bool(slash) and f"*/{subresource}" in held)


def _url_covered(held: Sequence[str], url: str) -> bool:
    return any(url == own or (own.endswith("*") and url.startswith(own.rstrip("*"))) for own in held)


def compact(rules: Iterable[Object]) -> list[Object]:
    """Join single-resource rules that differ only by verb."""
    joined: dict[tuple[str, str], Object] = {}
    others: list[Object] = []
    for rule in rules:
        simple = len(rule.get("apiGroups") or ()) == 1 and len(rule.get("resources") or ()) == 1 and "resourceNames" not in rule
        if not simple:
            others.append(rule)
            continue
        key = (rule["apiGroups"][0], rule["resources"][0])
        known = joined.setdefault(key, {**rule, "verbs": []})
        known["verbs"] = [*known["verbs"], *rule["verbs"]]
    return [*joined.values(), *others]


def compact_string(rule: Object) -> str:
    """Return a rule on one line.

    >>> compact_string({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]})
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'
    """
    names = ("apiGroups", "APIGroups"), ("resources", "Resources"), ("nonResourceURLs", "NonResourceURLs")
    more = ("resourceNames", "ResourceNames"), ("verbs", "Verbs")
    parts = [f"{label}:{_quoted(rule[key])}" for key, label in (*names, *more) if rule.get(key)]
    return "{" + ", ".join(parts) + "}"


def _quoted(values: Iterable[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def check_write(
    authorizer: Authorizer, user: UserInfo, resource: str, namespace: str, new: Object, old: Object | None = None
) -> None:
    """Refuse a role or binding that would give away more than its writer holds.

    Parameters
    ----------
    authorizer
        Knows the policy, and whether the user may ``escalate`` or ``bind``.
    user
        The writer.
    resource
        ``roles``, ``clusterroles``, ``rolebindings`` or ``clusterrolebindings``.
    namespace
        Where; "" for the cluster.
    new, old
        The object to write (which may not carry its namespace yet) and the stored one, if any.
    """
    if MASTERS in user.groups or (old is not None and _only_for_garbage_collection(new, old)):
        return
    if resource in ("roles", "clusterroles"):
        _check_role(authorizer, user, resource, namespace, new, old)
    else:
        _check_binding(authorizer, user, resource, namespace, new)


def _only_for_garbage_collection(new: Object, old: Object) -> bool:
    """Whether a write changes nothing but owner references and finalizers."""

    def rest(obj: Object) -> Object:
        skip = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")
        return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in skip}}

    return rest(new) == rest(old)


def _check_role(authorizer: Authorizer, user: UserInfo, resource: str, namespace: str, new: Object, old: Object | None) -> None:
    name = name_of(new)
    if authorizer.authorize(Attributes(user, "escalate", GROUP, "v1", resource, "", namespace, name if old else "")).allowed:
        return
    _confirm(authorizer, user, resource, namespace, name, new.get("rules") or ())
    if new.get("aggregationRule") and (old or {}).get("aggregationRule") != new["aggregationRule"]:
        held, _ = rbac.rules_for(authorizer.policy, user, "")
        if covers(held, _EVERYTHING):
            raise forbidden(GROUP, resource, name, "must have cluster-admin privileges to use an aggregationRule")


def _check_binding(authorizer: Authorizer, user: UserInfo, resource: str, namespace: str, new: Object) -> None:
    ref = new.get("roleRef") or {}
    if ref.get("kind") not in ("Role", "ClusterRole") or not ref.get("name"):
        return  # validation says what is wrong with it
    plural = ref["kind"].lower() + "s"
    if authorizer.authorize(Attributes(user, "bind", GROUP, "v1", plural, "", namespace, ref["name"])).allowed:
        return
    role = authorizer.policy.find_role(ref, namespace)
    if role is None:
        raise not_found(GROUP, plural, ref["name"])
    _confirm(authorizer, user, resource, namespace, name_of(new), role.get("rules") or ())


def _confirm(authorizer: Authorizer, user: UserInfo, resource: str, namespace: str, name: str, rules: Iterable[Object]) -> None:
    held, errors = rbac.rules_for(authorizer.policy, user, namespace)
    missing = covers(held, rules)
    if missing:
        raise _escalation(user, resource, name, missing, errors)


def _escalation(user: UserInfo, resource: str, name: str, missing: list[Object], errors: list[str]) -> StatusError:
    lines = "\n".join(sorted({compact_string(rule) for rule in compact(missing)}))
    text = (
        f'user "{user.name}" (groups={_quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n{lines}'
    )
    if errors:
        text += f"; resolution errors: [{' '.join(errors)}]"
    return forbidden(GROUP, resource, name, text)
