"""RBAC: what rules allow, whom bindings mean, and what the answer says."""

import pytest

from k8slab.sim.apiserver.authentication import UserInfo, service_account_user
from k8slab.sim.apiserver.authorization import Attributes
from k8slab.sim.apiserver.authorization.rbac import Policy, aggregate, authorize, depends_on_name, rule_allows, rules_for, who_can
from tests.sim.apiserver.authorization.builders import binding, role, rule, user

ZOE = user("zoe", "dev")


@pytest.mark.parametrize(
    ("given", "asked", "allowed"),
    [
        (rule("get", "pods"), ("get", "", "pods", ""), True),
        (rule("get", "pods"), ("list", "", "pods", ""), False),
        (rule("get", "pods"), ("get", "apps", "pods", ""), False),
        (rule("get", "pods"), ("get", "", "pods", "log"), False),
        (rule("get", "pods/log"), ("get", "", "pods", "log"), True),
        (rule("get", "*/log"), ("get", "", "pods", "log"), True),
        (rule("get", "*/log"), ("get", "", "pods", ""), False),
        (rule("get", "*"), ("get", "", "pods", "log"), True),
        (rule("*", "pods"), ("eat", "", "pods", ""), True),
        (rule("get", "deployments", "*"), ("get", "apps", "deployments", ""), True),
        (rule("get", "pods", names=["web"]), ("get", "", "pods", "", "web"), True),
        (rule("get", "pods", names=["web"]), ("get", "", "pods", "", "db"), False),
        (rule("list", "pods", names=["web"]), ("list", "", "pods", "", ""), False),
    ],
)
def test_resource_rules(given, asked, allowed):
    verb, group, resource, subresource, *name = asked
    assert rule_allows(given, Attributes(ZOE, verb, group, "v1", resource, subresource, "chat", *name)) is allowed


@pytest.mark.parametrize(
    ("pattern", "path", "allowed"),
    [
        ("/metrics", "/metrics", True),
        ("/metrics", "/metrics/slis", False),
        ("/healthz/*", "/healthz/etcd", True),
        ("*", "/anything", True),
    ],
)
def test_path_rules(pattern, path, allowed):
    assert rule_allows({"verbs": ["get"], "nonResourceURLs": [pattern]}, Attributes(ZOE, "get", path=path)) is allowed


def _asks(who, verb="get", namespace="chat", resource="pods"):
    return Attributes(who, verb, "", "v1", resource, "", namespace)


VIEWER = role("viewer", rule("get list", "pods"))


@pytest.mark.parametrize(
    ("subject", "who", "allowed"),
    [
        ("User/zoe", ZOE, True),
        ("User/ann", ZOE, False),
        ("Group/dev", ZOE, True),
        ("Group/system:authenticated", ZOE, True),
        ("User/dev", ZOE, False),
        ("ServiceAccount/web/chat", service_account_user("chat", "web"), True),
        ("ServiceAccount/web/other", service_account_user("chat", "web"), False),
        ("ServiceAccount/web", service_account_user("chat", "web"), True),
        ("User/system:serviceaccount:chat:web", service_account_user("chat", "web"), True),
    ],
)
def test_subjects(subject, who, allowed):
    policy = Policy([VIEWER], [], [], [binding("b", "ClusterRole", "viewer", subject, namespace="chat")])
    assert authorize(policy, _asks(who)).allowed is allowed


def test_a_role_binding_holds_in_its_namespace_only():
    policy = Policy([VIEWER], [], [], [binding("b", "ClusterRole", "viewer", "User/zoe", namespace="chat")])
    assert [authorize(policy, _asks(ZOE, namespace=ns)).allowed for ns in ("chat", "other", "")] == [True, False, False]


def test_a_cluster_role_binding_holds_everywhere():
    policy = Policy([VIEWER], [], [binding("b", "ClusterRole", "viewer", "User/zoe")], [])
    assert [authorize(policy, _asks(ZOE, namespace=ns)).allowed for ns in ("chat", "other", "")] == [True, True, True]


def test_a_role_is_looked_up_in_the_bindings_namespace():
    roles = [role("viewer", rule("get", "pods"), namespace="other")]
    policy = Policy([], roles, [], [binding("b", "Role", "viewer", "User/zoe", namespace="chat")])
    assert not authorize(policy, _asks(ZOE)).allowed


def test_the_answer_names_binding_role_and_subject():
    policy = Policy([VIEWER], [], [binding("everyone", "ClusterRole", "viewer", "Group/dev")], [])
    decision = authorize(policy, _asks(ZOE))
    assert decision.reason == 'RBAC: allowed by ClusterRoleBinding "everyone" of ClusterRole "viewer" to Group "dev"'
    assert decision.evidence.rule == VIEWER["rules"][0]


def test_the_answer_names_the_namespace_of_binding_and_account():
    policy = Policy([VIEWER], [], [], [binding("b", "ClusterRole", "viewer", "ServiceAccount/web/chat", namespace="chat")])
    reason = authorize(policy, _asks(service_account_user("chat", "web"))).reason
    assert reason == 'RBAC: allowed by RoleBinding "b/chat" of ClusterRole "viewer" to ServiceAccount "web/chat"'


def test_a_missing_role_is_named():
    bindings = [binding(name, "ClusterRole", name, "User/zoe") for name in ("x", "y")]
    one, two = (authorize(Policy([], [], found, []), _asks(ZOE)).reason for found in (bindings[:1], bindings))
    assert one == 'RBAC: clusterrole.rbac.authorization.k8s.io "x" not found'
    assert two == (
        'RBAC: [clusterrole.rbac.authorization.k8s.io "x" not found, clusterrole.rbac.authorization.k8s.io "y" not found]'
    )


def test_whether_an_answer_holds_for_every_name():
    policy = Policy([role("one", rule("get", "pods", names=["web"]))], [], [binding("b", "ClusterRole", "one", "User/zoe")], [])
    assert depends_on_name(policy, _asks(ZOE))
    assert not depends_on_name(policy, _asks(ZOE, resource="secrets"))


def test_the_rules_of_a_user_come_from_all_bindings():
    policy = Policy(
        [VIEWER, role("editor", rule("update", "pods"))],
        [],
        [binding("b", "ClusterRole", "viewer", "User/zoe", "Group/dev")],
        [binding("c", "ClusterRole", "editor", "Group/dev", namespace="chat")],
    )
    assert rules_for(policy, ZOE, "chat") == ([rule("get list", "pods"), rule("update", "pods")], [])
    assert rules_for(policy, ZOE, "") == ([rule("get list", "pods")], [])


def test_who_can():
    policy = Policy(
        [VIEWER, role("root", rule("*", "*", "*"))],
        [],
        [binding("admins", "ClusterRole", "root", "Group/system:masters")],
        [
            binding("b", "ClusterRole", "viewer", "User/zoe", "ServiceAccount/web/chat", namespace="chat"),
            binding("c", "ClusterRole", "viewer", "User/ann", namespace="other"),
        ],
    )
    grants = who_can(policy, _asks(UserInfo("")))
    assert [grant.subject["name"] for grant in grants] == ["system:masters", "zoe", "web"]


def test_an_aggregated_role_has_the_rules_of_those_it_selects_once():
    get, watch = rule("get", "pods"), rule("watch", "pods")
    parts = [
        role("b", get, watch, labels={"to": "view"}),
        role("a", get, labels={"to": "view"}),
        role("c", rule("delete", "pods"), labels={"to": "edit"}),
    ]
    assert aggregate([{"matchLabels": {"to": "view"}}], parts) == [get, watch]
