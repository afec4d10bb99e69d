"""Why a subject may do what it may: subject → binding → role → rule, and which of them answers a question.

Decided by the functions of the embedded API server (`k8slab.sim.apiserver.authorization.rbac`), on roles and bindings of any
cluster. Only RBAC is looked at: another authorizer of a cluster (webhook, Node) may allow more. Pure functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8slab.apimachinery.types import Object, key_of, name_of
from k8slab.sim.apiserver.authentication.user import AUTHENTICATED, UserInfo, service_account_user
from k8slab.sim.apiserver.authorization.attributes import Attributes, Grant
from k8slab.sim.apiserver.authorization.rbac import Policy, authorize, grants_for

__all__ = ["AccessPath", "Question", "access_paths", "answer", "rule_words", "user_of"]


@dataclass(frozen=True)
class Question:
    """May the subject do this? ``namespace`` "" asks at the cluster's scope."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True)
class AccessPath:
    """One way to one rule."""

    via: str
    binding: str
    role: str
    rule: str
    common: bool
    decides: bool = False


def user_of(name: str, groups: Iterable[str] = ()) -> UserInfo:
    """Return a user as the API server would know it; a ServiceAccount with the groups it always has.

    >>> user_of("system:serviceaccount:chat:web").groups[0]
    'system:serviceaccounts'
    """
    parts = name.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        return service_account_user(parts[2], parts[3])
    return UserInfo(name, groups=(*groups, AUTHENTICATED))


def rule_words(rule: Object) -> str:
    """Return a rule in one line.

    >>> rule_words({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"]})
    'get deployments.apps, only "web"'
    >>> rule_words({"verbs": ["get"], "apiGroups": ["", "apps"], "resources": ["pods", "deployments"]})
    'get pods, deployments in "", apps'
    """
    verbs = ", ".join(rule.get("verbs") or ())
    if rule.get("nonResourceURLs"):
        return f"{verbs} {', '.join(rule['nonResourceURLs'])}"
    groups = [group or '""' for group in rule.get("apiGroups") or ()]
    one = groups[0] if len(groups) == 1 and groups != ['""'] else ""  # the core group alone has no name to add
    several = f" in {', '.join(groups)}" if len(groups) > 1 else ""
    names = ", ".join(f'"{n}"' for n in rule.get("resourceNames") or ())
    return f"{verbs} {', '.join(f'{r}.{one}' if one else r for r in rule.get('resources') or ())}{several}" + (
        f", only {names}" if names else ""
    )


def _policy(objects: Sequence[Object]) -> Policy:
    kinds = ("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")
    return Policy(*([o for o in objects if o["kind"] == kind] for kind in kinds))


def access_paths(objects: Sequence[Object], user: UserInfo, namespace: str, question: Question | None = None) -> list[AccessPath]:
    """Return every way by which a user holds a rule in a namespace; ``decides`` marks the one that answers the question."""
    policy = _policy(objects)
    decided = authorize(policy, _attributes(user, question)).evidence if question else None
    return [_path(grant, decided) for grant in grants_for(policy, user, namespace)]


def _attributes(user: UserInfo, q: Question) -> Attributes:
    return Attributes(user, q.verb, q.group, "", q.resource, q.subresource, q.namespace, q.name)


def _path(grant: Grant, decided: Grant | None) -> AccessPath:
    subject, binding, ref = grant.subject, grant.binding, grant.binding["roleRef"]
    everybody = subject["kind"] == "Group" and subject["name"].startswith("system:") and subject["name"] != "system:masters"
    same = decided is not None and decided.binding is binding and decided.rule is grant.rule
    return AccessPath(
        f"{subject['kind']} {subject['name']}", f"{binding['kind']} {key_of(binding)}", f"{ref['kind']} {ref['name']}",
        rule_words(grant.rule), everybody, same,
    )  # fmt: skip


def answer(objects: Sequence[Object], user: UserInfo, question: Question) -> tuple[bool, str]:
    """Return whether RBAC allows it, and why in a sentence."""
    decision = authorize(_policy(objects), _attributes(user, question))
    if decision.allowed and decision.evidence:
        g = decision.evidence
        return True, f"{g.binding['kind']} {name_of(g.binding)} gives it {g.role['kind']} {name_of(g.role)}: {rule_words(g.rule)}"
    return False, decision.reason.removeprefix("RBAC: ") or "no rule of any role that is bound to it allows this"
