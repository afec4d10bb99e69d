"""May somebody do something? Subject → binding → role → rule, or the smallest grant that would allow it.

Decided by the very functions that the embedded API server authorizes with, on roles and bindings fetched from any cluster.
Other authorizers (Node, webhooks) are not seen: a refusal by RBAC is one only if they have no other opinion, so it is *likely*
for nodes. Upstream: plugin/pkg/auth/authorizer/rbac.
"""

from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.permission import Case, as_sentence, can_i, smallest_grant
from k8slab.explain.question import May
from k8slab.explain.wording import join
from k8slab.explain.world import World
from k8slab.sim.apiserver.authentication.user import AUTHENTICATED, MASTERS, UserInfo, service_account_user
from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision, Grant
from k8slab.sim.apiserver.authorization.rbac import Policy, authorize, depends_on_name, describe, grants_for, rule_allows, who_can

__all__ = ["may"]

_BUILT_IN = "kubernetes.io/bootstrapping"
_RBAC = ".rbac.authorization.k8s.io"


def may(world: World, asked: May) -> Answer:
    """Say whether somebody may do something, and why or why not."""
    user = _user(world, asked)
    if isinstance(user, Answer):
        return user
    bindings = world.list(f"rolebindings{_RBAC}", asked.namespace) if asked.namespace else []
    policy = Policy(world.list(f"clusterroles{_RBAC}"), world.list(f"roles{_RBAC}", asked.namespace) if asked.namespace else [],
                    world.list(f"clusterrolebindings{_RBAC}"), bindings)  # fmt: skip
    attributes = Attributes(
        user, asked.verb, asked.group, "", asked.resource, asked.subresource, asked.namespace, asked.name, asked.path
    )
    case = Case(asked, user, policy, attributes)
    if MASTERS in user.groups:
        text = f"Yes: {case.who} may do everything, as a member of group {MASTERS}, without any role."
        return Answer("access.masters.healthy", text, f"group/{MASTERS}", "", command=can_i(case))
    decision = authorize(policy, attributes)
    return _allowed(case, decision.evidence) if decision.evidence else _refused(world, case, decision)


def _user(world: World, asked: May) -> UserInfo | Answer:
    kind, _, name = asked.who.partition(":")
    if kind == "self":
        me = world.me()
        if me is None:
            return Answer("unknown", "The cluster does not tell who you are.", confidence=UNKNOWN, command="kubectl auth whoami")
        return UserInfo(me.get("username", ""), groups=tuple(me.get("groups") or ()))
    if kind == "group":
        return UserInfo("", groups=(name, AUTHENTICATED))
    if kind == "pod":
        namespace, _, pod_name = name.partition(":")
        pod = world.get("pods", pod_name, namespace)
        if pod is None:
            sure = KNOWN if world.lacks("pods", pod_name, namespace) else UNKNOWN
            text = f"There is no pod/{pod_name} in namespace {namespace}." if sure == KNOWN else f"pod/{pod_name} cannot be seen."
            return Answer("absent" if sure == KNOWN else "unknown", text, f"pod/{pod_name}", "", namespace, sure)
        return service_account_user(namespace, pod["spec"].get("serviceAccountName") or "default")
    if kind == "serviceaccount":
        namespace, _, account = name.partition(":")
        return service_account_user(namespace, account)
    if name.startswith("system:node:"):
        return UserInfo(name, groups=("system:nodes", AUTHENTICATED))
    return UserInfo(name, groups=(AUTHENTICATED,))


def _label(kind: str, obj: Object) -> str:
    return f"{kind.lower()}/{name_of(obj)}"


def _allowed(case: Case, grant: Grant) -> Answer:
    kind = "RoleBinding" if namespace_of(grant.binding) else "ClusterRoleBinding"
    role_kind = grant.binding["roleRef"]["kind"]
    number = grant.role["rules"].index(grant.rule)
    binding = _label(kind, grant.binding)
    seen = (
        Evidence(f"{binding} subjects", f"{grant.subject['kind']} {grant.subject['name']}"),
        Evidence(f"{binding} roleRef", f"{role_kind} {name_of(grant.role)}"),
        Evidence(f"{_label(role_kind, grant.role)} rules[{number}]", _rule(grant.rule)),
    )
    text = f"Yes: {case.who} may {case.what}{case.where}, by {describe(grant)}."
    change = "To forbid it, remove the subject from the binding or the verb from the rule; RBAC has no deny."
    return Answer("access.allowed.healthy", text, binding, "subjects", namespace_of(grant.binding), evidence=seen, change=change,
                  command=can_i(case))  # fmt: skip


def _rule(rule: Object) -> str:
    words = [f"{field}: {', '.join(v or repr('') for v in rule[field])}" for field in
             ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs") if rule.get(field)]  # fmt: skip
    return "; ".join(words)


def _refused(world: World, case: Case, decision: Decision) -> Answer:
    held = [g for g in grants_for(case.policy, case.user, case.asked.namespace) if not _for_everybody(g)]
    dangling = _dangling(case)
    near = _nearest(case, held)
    if dangling is not None and "not found" in decision.reason:
        binding, ref = dangling
        role = f"{ref['kind']} {ref['name']!r}"
        text = f"No: {binding} binds {case.who} to {role}, which does not exist; nothing else allows to {case.what}{case.where}."
        return _no(
            case,
            "access.role-missing",
            text,
            binding,
            "roleRef.name",
            (Evidence(f"{binding} roleRef", f"{ref['kind']} {ref['name']}"),),
            f"Create {ref['kind']} {ref['name']!r}.",
        )
    if near is not None:
        return near
    elsewhere = _other_namespaces(world, case)
    if elsewhere:
        text = f"No: {case.who} may {case.what} only in namespace {join(elsewhere, 'or')}, not{case.where}."
        return _no(case, "access.other-namespace", text, "", "", (), as_sentence(smallest_grant(case)))
    bound = sorted({f"{g.binding['roleRef']['kind']} {g.binding['roleRef']['name']}" for g in held})
    if not held:
        text = f"No: {case.who} may not {case.what}{case.where}: no role is bound to it."
        return _no(case, "access.no-binding", text, "", "", (), as_sentence(smallest_grant(case)))
    text = f"No: {case.who} may not {case.what}{case.where}: no rule of its roles ({join(bound[:6])}) allows it."
    return _no(
        case,
        "access.no-rule",
        text,
        "",
        "",
        tuple(Evidence(_grant_at(g), _rule(g.rule)) for g in held[:5]),
        as_sentence(smallest_grant(case)),
    )


def _for_everybody(grant: Grant) -> bool:
    """Whether it is one of the few things that upstream lets every user do."""
    subject, role = grant.subject, name_of(grant.role)
    return subject["kind"] == "Group" and subject["name"].startswith("system:") and role.startswith("system:")


def _grant_at(grant: Grant) -> str:
    return f"{_label(grant.binding['roleRef']['kind'], grant.role)} rules[{grant.role['rules'].index(grant.rule)}]"


def _no(case: Case, verdict: str, text: str, obj: str, field: str, seen: tuple[Evidence, ...], change: str) -> Answer:
    sure = LIKELY if "system:nodes" in case.user.groups else KNOWN
    helpful = _helpful_groups(case)
    if helpful:
        text += f" As a member of {join(helpful, 'or')} it would be allowed; who is in which group only authentication knows."
        sure = LIKELY
    where = case.asked.namespace if obj and not obj.startswith("cluster") else ""
    return Answer(verdict, text, obj or case.subject, field or "", where, sure, seen, change, can_i(case))


def _helpful_groups(case: Case) -> list[str]:
    """Groups that would make a difference to a user of whom only the name is known."""
    if not case.asked.who.startswith("user:"):
        return []
    subjects = [g.subject for g in who_can(case.policy, case.attributes) if g.subject["kind"] == "Group"]
    return sorted({f"group {s['name']!r}" for s in subjects if not s["name"].startswith(("system:", "kubeadm:"))})


def _dangling(case: Case) -> tuple[str, Object] | None:
    for binding, _ in case.policy.bindings_of(case.user, case.asked.namespace):
        if case.policy.role_of(binding) is None:
            return _label("RoleBinding" if namespace_of(binding) else "ClusterRoleBinding", binding), binding["roleRef"]
    return None


def _nearest(case: Case, held: list[Grant]) -> Answer | None:
    """A rule that would allow it but for one thing: the name, the group, the subresource, the verb."""
    asked, attributes = case.asked, case.attributes
    if asked.path:
        return None
    if depends_on_name(case.policy, attributes):
        grant = next(g for g in held if g.rule.get("resourceNames") and rule_allows(g.rule, attributes, any_name=True))
        names = join(map(repr, grant.rule["resourceNames"]), "or")
        says = f"only for the name {names}" + ("" if asked.name else f"; {asked.verb} is asked for without a name")
        return _near(case, grant, "access.resource-name", says, "resourceNames")
    for grant in held:
        rule = grant.rule
        if rule_allows(rule, attributes._replace(subresource="")) and asked.subresource:
            says = f"{asked.resource}, but not its subresource {asked.resource}/{asked.subresource}"
            return _near(case, grant, "access.subresource", says, "resources")
        if asked.resource in (rule.get("resources") or ()) and not _in_group(rule, asked.group) and _has_verb(rule, asked.verb):
            groups = join(map(repr, rule.get("apiGroups") or ["none"]), "and")
            says = f"{asked.resource} in API group {groups}, but {asked.resource} are in group {asked.group!r}"
            return _near(case, grant, "access.api-group", says, "apiGroups")
    for grant in held:
        verbs = [v for v in grant.rule.get("verbs") or () if rule_allows(grant.rule, attributes._replace(verb=v))]
        if verbs:
            return _near(case, grant, "access.verb", f"only to {join(verbs)} them", "verbs")
    return None


def _in_group(rule: Object, group: str) -> bool:
    return group in (rule.get("apiGroups") or ()) or "*" in (rule.get("apiGroups") or ())


def _has_verb(rule: Object, verb: str) -> bool:
    return verb in (rule.get("verbs") or ()) or "*" in (rule.get("verbs") or ())


def _near(case: Case, grant: Grant, verdict: str, says: str, field: str) -> Answer:
    kind = grant.binding["roleRef"]["kind"]
    label, number = _label(kind, grant.role), grant.role["rules"].index(grant.rule)
    text = f"No: {case.who} may not {case.what}{case.where}: {label} allows {says}."
    seen = (Evidence(f"{label} rules[{number}]", _rule(grant.rule)),)
    change = f"Correct {field} of rules[{number}] in {label}. Or, without touching it: {smallest_grant(case)}"
    if _BUILT_IN in labels(grant.role):  # comes with the cluster, for everybody, and is put right when the API server starts
        change = as_sentence(smallest_grant(case))
    return _no(case, verdict, text, label, f"rules[{number}].{field}", seen, change)


def _other_namespaces(world: World, case: Case) -> list[str]:
    """Namespaces in which the user's own bindings allow it."""
    if not case.asked.namespace:
        return []
    roles = world.peek(f"roles{_RBAC}")
    policy = Policy(world.list(f"clusterroles{_RBAC}"), roles, (), world.peek(f"rolebindings{_RBAC}"))
    names = sorted({namespace_of(b) for b in world.peek(f"rolebindings{_RBAC}")} - {case.asked.namespace})
    return [name for name in names if authorize(policy, case.attributes._replace(namespace=name)).allowed]
