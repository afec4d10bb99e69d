"""The server's decisions: refusals as a real API server words them, and answers that follow the policy at once."""

import pytest

from k8slab.sim.apiserver.authentication import ANONYMOUS, MASTERS
from k8slab.sim.apiserver.authorization import Attributes, denied
from tests.sim.apiserver.authorization.builders import binding, role, rule, user

NOBODY = user("nobody@example.com")


@pytest.mark.parametrize(
    ("asked", "message", "details"),
    [
        (
            Attributes(NOBODY, "list", "", "v1", "pods", "", "ns"),
            'pods is forbidden: User "nobody@example.com" cannot list resource "pods" in API group "" in the namespace "ns"',
            {"kind": "pods"},
        ),
        (
            Attributes(NOBODY, "get", "", "v1", "pods", "", "ns", "x"),
            'pods "x" is forbidden: User "nobody@example.com" cannot get resource "pods" in API group "" in the namespace "ns"',
            {"name": "x", "kind": "pods"},
        ),
        (
            Attributes(NOBODY, "list", "", "v1", "nodes"),
            'nodes is forbidden: User "nobody@example.com" cannot list resource "nodes" in API group "" at the cluster scope',
            {"kind": "nodes"},
        ),
        (
            Attributes(NOBODY, "get", "", "v1", "pods", "log", "ns", "x"),
            'pods "x" is forbidden: User "nobody@example.com" cannot get resource "pods/log" in API group ""'
            ' in the namespace "ns"',
            {"name": "x", "kind": "pods"},
        ),
        (
            Attributes(NOBODY, "watch", "apps", "v1", "deployments", "", "ns"),
            'deployments.apps is forbidden: User "nobody@example.com" cannot watch resource "deployments" in API group "apps"'
            ' in the namespace "ns"',
            {"group": "apps", "kind": "deployments"},
        ),
        (
            Attributes(NOBODY, "get", path="/metrics"),
            'forbidden: User "nobody@example.com" cannot get path "/metrics"',
            {},
        ),
    ],
)
def test_refusals(authorizer, asked, message, details):
    decision = authorizer.authorize(asked)
    status = denied(asked, decision).status()
    assert not decision.allowed
    assert (status["code"], status["reason"], status["message"], status["details"]) == (403, "Forbidden", message, details)


def test_masters_may_do_anything(authorizer):
    root = user("root", MASTERS)
    assert authorizer.authorize(Attributes(root, "delete", "", "v1", "nodes", "", "", "x")).allowed
    assert authorizer.authorize(Attributes(root, "get", path="/anything")).allowed


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez", "/readyz"])
def test_anybody_may_ask_for_health_and_version(authorizer, path):
    assert authorizer.authorize(Attributes(ANONYMOUS, "get", path=path)).allowed


@pytest.mark.parametrize("path", ["/api", "/apis", "/metrics", "/openapi/v3", "/"])
def test_strangers_get_nothing_else(authorizer, path):
    assert not authorizer.authorize(Attributes(ANONYMOUS, "get", path=path)).allowed


def test_whoever_is_known_may_discover_the_api_and_ask_about_themselves(authorizer):
    assert authorizer.authorize(Attributes(NOBODY, "get", path="/apis/apps/v1")).allowed
    asked = Attributes(NOBODY, "create", "authorization.k8s.io", "v1", "selfsubjectaccessreviews")
    assert authorizer.authorize(asked).allowed


def test_a_new_binding_counts_at_once_and_a_deleted_one_no_more(authorizer, client):
    asked = Attributes(user("zoe"), "list", "", "v1", "pods", "", "chat")
    answers = [authorizer.authorize(asked).allowed]
    client.create("rolebindings.rbac.authorization.k8s.io", binding("b", "ClusterRole", "view", "User/zoe", namespace="chat"))
    client.kernel.run_ready()
    answers.append(authorizer.authorize(asked).allowed)
    client.delete("rolebindings.rbac.authorization.k8s.io", "b", "chat")
    client.kernel.run_ready()
    answers.append(authorizer.authorize(asked).allowed)
    assert answers == [False, True, False]


def test_an_answer_for_one_name_is_not_remembered_for_another(authorizer, client):
    client.add(role("one", rule("get", "secrets", names=["mine"])), binding("one", "ClusterRole", "one", "User/zoe"))
    client.kernel.run_ready()
    asked = [Attributes(user("zoe"), "get", "", "v1", "secrets", "", "chat", name) for name in ("mine", "yours", "mine")]
    assert [authorizer.authorize(a).allowed for a in asked] == [True, False, True]
