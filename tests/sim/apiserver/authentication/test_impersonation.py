"""Acting as another user needs leave for everything that is borrowed."""

import pytest

from k8slab.sim.apiserver.authentication import MASTERS, UserInfo
from k8slab.sim.apiserver.authentication.impersonation import impersonated
from k8slab.sim.apiserver.authorization import Authorizer
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient

ADMIN = UserInfo("admin", groups=(MASTERS, "system:authenticated"))
HELPER = UserInfo("helper", groups=("system:authenticated",))


@pytest.fixture
def authorizer():
    client = FakeClient(Kernel(seed=1))
    rules = [
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["jane"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["dev"]},
        {"verbs": ["impersonate"], "apiGroups": ["authentication.k8s.io"], "resources": ["userextras/scope"]},
    ]
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "acting"}
    client.add(
        {"kind": "ClusterRole", "metadata": {"name": "acting"}, "rules": rules},
        {
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "acting"},
            "roleRef": ref,
            "subjects": [{"kind": "User", "name": "helper"}],
        },
    )
    return Authorizer(client)


def test_without_headers_one_is_oneself(authorizer):
    assert impersonated(HELPER, [("Accept", "*/*")], authorizer) is HELPER


@pytest.mark.parametrize(
    ("headers", "groups"),
    [
        ([("Impersonate-User", "jane")], ("system:authenticated",)),
        (
            [("Impersonate-User", "jane"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")],
            ("a", "b", "system:authenticated"),
        ),
        ([("Impersonate-User", "system:anonymous")], ("system:unauthenticated",)),
        (
            [("Impersonate-User", "system:serviceaccount:chat:web")],
            ("system:serviceaccounts", "system:serviceaccounts:chat", "system:authenticated"),
        ),
    ],
)
def test_groups_follow_from_the_user_unless_given(authorizer, headers, groups):
    assert impersonated(ADMIN, headers, authorizer).groups == groups


def test_uid_and_extra(authorizer):
    headers = [("impersonate-user", "jane"), ("Impersonate-Uid", "7"), ("Impersonate-Extra-Acme.com%2Fscope", "view")]
    user = impersonated(ADMIN, headers, authorizer)
    assert (user.uid, user.extra) == ("7", (("acme.com/scope", ("view",)),))


def test_what_is_allowed_by_name_is_allowed(authorizer):
    headers = [("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Extra-scope", "x")]
    assert impersonated(HELPER, headers, authorizer).name == "jane"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            [("Impersonate-User", "joe")],
            'users "joe" is forbidden: User "helper" cannot impersonate resource "users" in API group "" at the cluster scope',
        ),
        (
            [("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters")],
            'groups "system:masters" is forbidden: User "helper" cannot impersonate resource "groups" in API group ""'
            " at the cluster scope",
        ),
        (
            [("Impersonate-User", "system:serviceaccount:chat:web")],
            'serviceaccounts "web" is forbidden: User "helper" cannot impersonate resource "serviceaccounts" in API group ""'
            ' in the namespace "chat"',
        ),
        (
            [("Impersonate-User", "jane"), ("Impersonate-Uid", "7")],
            'uids.authentication.k8s.io "7" is forbidden: User "helper" cannot impersonate resource "uids"'
            ' in API group "authentication.k8s.io" at the cluster scope',
        ),
    ],
)
def test_refusals_are_worded_as_requests(authorizer, headers, message):
    with pytest.raises(StatusError) as caught:
        impersonated(HELPER, headers, authorizer)
    assert (caught.value.code, caught.value.message) == (403, message)


def test_a_group_without_a_user_is_an_error(authorizer):
    with pytest.raises(StatusError, match="without impersonating a user"):
        impersonated(ADMIN, [("Impersonate-Group", "dev")], authorizer)
