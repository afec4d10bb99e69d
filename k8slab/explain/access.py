"""May somebody do something? Subject → binding → role → rule, or the smallest grant that would allow it.

Decided by the very functions that the embedded API server authorizes with, on roles and bindings fetched from any cluster.
Other authorizers (Node, webhooks) are not seen: a refusal by RBAC is one only if they have no other opinion, so it is *likely*
for nodes. Upstream: plugin/pkg/auth/authorizer/rbac.
"""

from dataclasses import dataclass

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.question import May
from k8slab.explain.wording import join, kubectl
from k8slab.explain.world import World
from k8slab.sim.apiserver.authentication.user import AUTHENTICATED, MASTERS, UserInfo, service_account_user
from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision, Grant
from k8slab.sim.apiserver.authorization.rbac import Policy, authorize, depends_on_name, describe, grants_for, rule_allows, who_can

__all__ = ["may"]

_RBAC = ".rbac.authorization.k8s.io"


@dataclass(frozen=True)
class _Case:
    """A question with what it takes to answer it."""

    asked: May
    user: UserInfo
    policy: Policy
    attributes: Attributes

    @property
    def what(self) -> str:
        """What is to be done, as kubectl says it: ``get pods/log``."""
        asked = self.asked
        sub = f"/{asked.subresource}" if asked.subresource else ""
        group = f".{asked.group}" if asked.group not in ("", "*") else ""
        thing = asked.path or f"{asked.resource}{group}{sub}" + (f" {asked.name!r}" if asked.name else "")
        return f"{asked.verb} {thing}"

    @property
    def where(self) -> str:
        """Where it is to be done."""
        if self.asked.path:
            return ""
        return f" in namespace {self.asked.namespace}" if self.asked.namespace else " in the whole cluster"

    @property
    def who(self) -> str:
        """Who, in words."""
        parts = self.user.name.split(":")
        if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
            return f"serviceaccount/{parts[3]} (namespace {parts[2]})"
        return f"user {self.user.name!r}" if self.user.name else f"group {self.user.groups[0]!r}"


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
    case = _Case(asked, user, policy, attributes)
    if MASTERS in user.groups:
        text = f"Yes: {case.who} may do everything, as a member of group {MASTERS}, without any role."
        return Answer("access.masters.healthy", text, f"group/{MASTERS}", "", command=_can_i(case))
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


def _can_i(case: _Case) -> str:
    asked = case.asked
    thing = asked.path or f"{asked.resource}{'.' + asked.group if asked.group not in ('', '*') else ''}"
    name = f"/{asked.name}" if asked.name else ""
    sub = f" --subresource={asked.subresource}" if asked.subresource else ""
    as_whom = "" if asked.who == "self" else f" --as={case.user.name or 'nobody'}"
    if not case.user.name:
        as_whom += f" --as-group={case.user.groups[0]}"
    return kubectl(f"auth can-i {asked.verb} {thing}{name}{sub}{as_whom}", asked.namespace)


def _label(kind: str, obj: Object) -> str:
    return f"{kind.lower()}/{name_of(obj)}"


def _allowed(case: _Case, grant: Grant) -> Answer:
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
                  command=_can_i(case))  # fmt: skip


def _rule(rule: Object) -> str:
    words = [f"{field}: {', '.join(v or repr('') for v in rule[field])}" for field in
             ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs") if rule.get(field)]  # fmt: skip
    return "; ".join(words)


def _refused(world: World, case: _Case, decision: Decision) -> Answer:
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
        return _no(case, "access.other-namespace", text, "", "", (), _grant(case))
    bound = sorted({f"{g.binding['roleRef']['kind']} {g.binding['roleRef']['name']}" for g in held})
    if not held:
        text = f"No: {case.who} may not {case.what}{case.where}: no role is bound to it."
        return _no(case, "access.no-binding", text, "", "", (), _grant(case))
    text = f"No: {case.who} may not {case.what}{case.where}: no rule of its roles ({join(bound[:6])}) allows it."
    return _no(case, "access.no-rule", text, "", "", tuple(Evidence(_grant_at(g), _rule(g.rule)) for g in held[:5]), _grant(case))


def _for_everybody(grant: Grant) -> bool:
    """Whether it is one of the few things that upstream lets every user do."""
    subject, role = grant.subject, name_of(grant.role)
    return subject["kind"] == "Group" and subject["name"].startswith("system:") and role.startswith("system:")


def _grant_at(grant: Grant) -> str:
    return f"{_label(grant.binding['roleRef']['kind'], grant.role)} rules[{grant.role['rules'].index(grant.rule)}]"


def _no(case: _Case, verdict: str, text: str, obj: str, field: str, seen: tuple[Evidence, ...], change: str) -> Answer:
    sure = LIKELY if "system:nodes" in case.user.groups else KNOWN
    helpful = _helpful_groups(case)
    if helpful:
        text += f" As a member of {join(helpful, 'or')} it would be allowed; who is in which group only authentication knows."
        sure = LIKELY
    where = case.asked.namespace if obj and not obj.startswith("cluster") else ""
    return Answer(verdict, text, obj or _subject(case), field or "", where, sure, seen, change, _can_i(case))


def _helpful_groups(case: _Case) -> list[str]:
    """Groups that would make a difference to a user of whom only the name is known."""
    if not case.asked.who.startswith("user:"):
        return []
    subjects = [g.subject for g in who_can(case.policy, case.attributes) if g.subject["kind"] == "Group"]
    return sorted({f"group {s['name']!r}" for s in subjects if not s["name"].startswith(("system:", "kubeadm:"))})


def _subject(case: _Case) -> str:
    parts = case.user.name.split(":")
    if len(parts) == 4 and parts[1] == "serviceaccount":
        return f"serviceaccount/{parts[3]}"
    return f"user/{case.user.name}" if case.user.name else f"group/{case.user.groups[0]}"


def _dangling(case: _Case) -> tuple[str, Object] | None:
    for binding, _ in case.policy.bindings_of(case.user, case.asked.namespace):
        if case.policy.role_of(binding) is None:
            return _label("RoleBinding" if namespace_of(binding) else "ClusterRoleBinding", binding), binding["roleRef"]
    return None


def _nearest(case: _Case, held: list[Grant]) -> Answer | None:
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


def _near(case: _Case, grant: Grant, verdict: str, says: str, field: str) -> Answer:
    kind = grant.binding["roleRef"]["kind"]
    label, number = _label(kind, grant.role), grant.role["rules"].index(grant.rule)
    text = f"No: {case.who} may not {case.what}{case.where}: {label} allows {says}."
    seen = (Evidence(f"{label} rules[{number}]", _rule(grant.rule)),)
    change = f"Correct {field} of rules[{number}] in {label}. Or, without touching it: {_smallest(case)}"
    return _no(case, verdict, text, label, f"rules[{number}].{field}", seen, change)


def _other_namespaces(world: World, case: _Case) -> list[str]:
    """Namespaces in which the user's own bindings allow it."""
    if not case.asked.namespace:
        return []
    roles = world.peek(f"roles{_RBAC}")
    policy = Policy(world.list(f"clusterroles{_RBAC}"), roles, (), world.peek(f"rolebindings{_RBAC}"))
    names = sorted({namespace_of(b) for b in world.peek(f"rolebindings{_RBAC}")} - {case.asked.namespace})
    return [name for name in names if authorize(policy, case.attributes._replace(namespace=name)).allowed]


def _grant(case: _Case) -> str:
    text = _smallest(case)
    return text[0].upper() + text[1:]


def _smallest(case: _Case) -> str:
    """Return the commands for the smallest grant: one verb on one resource, in one namespace."""
    asked, user = case.asked, case.user
    parts = [asked.verb, asked.resource or "url", *([asked.subresource] if asked.subresource else [])]
    name = "-".join(parts).replace("*", "all")
    resource = f"{asked.resource}{'.' + asked.group if asked.group not in ('', '*') else ''}"
    resource += f"/{asked.subresource}" if asked.subresource else ""
    only = f" --resource-name={asked.name}" if asked.name else ""
    parts = user.name.split(":")
    if len(parts) == 4 and parts[1] == "serviceaccount":
        whom = f"--serviceaccount={parts[2]}:{parts[3]}"
    else:
        whom = f"--user={user.name}" if user.name else f"--group={user.groups[0]}"
    if asked.path or not asked.namespace:
        what = f"--non-resource-url={asked.path}" if asked.path else f"--resource={resource}{only}"
        return (f"the smallest grant is: kubectl create clusterrole {name} --verb={asked.verb} {what}; "
                f"kubectl create clusterrolebinding {name} --clusterrole={name} {whom}")  # fmt: skip
    where = f" -n {asked.namespace}"
    return (f"the smallest grant is: kubectl create role {name} --verb={asked.verb} --resource={resource}{only}{where}; "
            f"kubectl create rolebinding {name} --role={name} {whom}{where}")  # fmt: skip
