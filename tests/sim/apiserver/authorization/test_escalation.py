"""Nobody gives away what they do not hold, unless they may escalate or bind."""

import pytest

from k8slab.sim.apiserver.authentication import MASTERS
from k8slab.sim.apiserver.authorization import check_write
from k8slab.sim.apiserver.authorization.escalation import covers
from k8slab.sim.apiserver.errors import StatusError
from tests.sim.apiserver.authorization.builders import binding, role, rule, user

ANN = user("ann", "dev")


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ([rule("get list", "pods")], [rule("get", "pods")], []),
        ([rule("*", "*", "*")], [rule("get", "pods/log", names=["x"])], []),
        ([rule("get", "pods"), rule("list", "pods")], [rule("get list", "pods")], []),
        ([rule("get", "pods", names=["a"])], [rule("get", "pods")], [rule("get", "pods")]),
        ([rule("get", "pods", names=["a"])], [rule("get", "pods", names=["a", "b"])], [rule("get", "pods", names=["b"])]),
        ([rule("get", "*/scale", "*")], [rule("get", "deployments/scale", "apps")], []),
        ([rule("get", "pods")], [{"verbs": ["get"], "nonResourceURLs": ["/x"]}], [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]),
        ([{"verbs": ["get"], "nonResourceURLs": ["/a/*"]}], [{"verbs": ["get"], "nonResourceURLs": ["/a/b"]}], []),
    ],
)
def test_covers(held, wanted, missing):
    assert covers(held, wanted) == missing


@pytest.fixture
def authorizer(authorizer, client):
    client.add(
        role("pods", rule("get list", "pods")),
        binding("ann", "ClusterRole", "pods", "User/ann", namespace="chat"),
    )
    client.kernel.run_ready()
    return authorizer


def _write(authorizer, who, resource, new, old=None):
    """As a client does: the namespace is in the path and not in the object."""
    meta = dict(new["metadata"])
    namespace = meta.pop("namespace", "")
    check_write(authorizer, who, resource, namespace, {**new, "metadata": meta}, old)


def _refusal(authorizer, who, resource, new):
    with pytest.raises(StatusError) as caught:
        _write(authorizer, who, resource, new)
    return caught.value


def test_what_one_holds_one_may_write(authorizer):
    _write(authorizer, ANN, "roles", role("r", rule("get", "pods"), namespace="chat"))
    _write(authorizer, ANN, "rolebindings", binding("b", "ClusterRole", "pods", "User/joe", namespace="chat"))


def test_more_is_refused_with_what_is_missing(authorizer):
    new = role("r", rule("get delete", "pods secrets"), namespace="chat")
    error = _refusal(authorizer, ANN, "roles", new)
    assert (error.code, error.reason) == (403, "Forbidden")
    assert error.message == (
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is attempting to '
        "grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )


def test_what_one_holds_in_a_namespace_one_does_not_hold_elsewhere(authorizer):
    error = _refusal(authorizer, ANN, "clusterroles", role("r", rule("get", "pods")))
    assert error.message.startswith('clusterroles.rbac.authorization.k8s.io "r" is forbidden: user "ann"')


def test_binding_a_stronger_role_is_refused(authorizer):
    error = _refusal(authorizer, ANN, "rolebindings", binding("b", "ClusterRole", "cluster-admin", "User/ann", namespace="chat"))
    assert error.message.endswith(
        'not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}'
    )


def test_binding_a_role_that_is_not_there(authorizer):
    error = _refusal(authorizer, ANN, "rolebindings", binding("b", "ClusterRole", "nothing", "User/ann", namespace="chat"))
    assert (error.code, error.message) == (404, 'clusterroles.rbac.authorization.k8s.io "nothing" not found')


def test_a_binding_without_a_role_is_left_to_validation(authorizer):
    _write(authorizer, ANN, "rolebindings", {"metadata": {"name": "b", "namespace": "chat"}})


def test_the_verbs_escalate_and_bind_lift_the_check(authorizer, client):
    lifted = [rule("escalate", "roles", "rbac.authorization.k8s.io"), rule("bind", "clusterroles", "rbac.authorization.k8s.io")]
    client.add(role("lifted", *lifted), binding("lifted", "ClusterRole", "lifted", "Group/dev"))
    client.kernel.run_ready()
    _write(authorizer, ANN, "roles", role("r", rule("*", "*", "*"), namespace="chat"))
    _write(authorizer, ANN, "rolebindings", binding("b", "ClusterRole", "cluster-admin", "User/ann", namespace="chat"))


def test_masters_are_not_checked(authorizer):
    _write(authorizer, user("root", MASTERS), "clusterroles", role("r", rule("*", "*", "*")))


def test_finalizers_may_be_changed_by_whoever_may_write(authorizer):
    old = role("r", rule("*", "*", "*"), namespace="chat")
    new = {**old, "metadata": {**old["metadata"], "finalizers": []}}
    check_write(authorizer, ANN, "roles", "chat", new, old)


def test_an_aggregation_rule_needs_everything(authorizer):
    new = {**role("r"), "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    error = _refusal(authorizer, ANN, "clusterroles", new)
    assert error.message.endswith('"r" is forbidden: must have cluster-admin privileges to use an aggregationRule')
