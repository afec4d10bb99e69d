"""Access reviews answer as recorded from a real API server."""

import pytest

from k8slab.sim.apiserver.authentication import MASTERS, node_user
from k8slab.sim.apiserver.authorization.reviews import (
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
)
from k8slab.sim.apiserver.errors import StatusError
from tests.sim.apiserver.authorization.builders import binding, user

PODS = {"verb": "get", "resource": "pods", "namespace": "chat"}


def _review(kind, **spec):
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": {}, "spec": spec}


def test_a_stranger_may_not(authorizer):
    review = _review("SubjectAccessReview", user="zoe", resourceAttributes=PODS)
    assert subject_access_review(authorizer, review) == {**review, "status": {"allowed": False}}


def test_the_reason_comes_along(authorizer, client):
    client.add(binding("b", "ClusterRole", "view", "Group/dev", namespace="chat"))
    client.kernel.run_ready()
    review = _review("SubjectAccessReview", groups=["dev"], resourceAttributes=PODS)
    reason = 'RBAC: allowed by RoleBinding "b/chat" of ClusterRole "view" to Group "dev"'
    assert subject_access_review(authorizer, review)["status"] == {"allowed": True, "reason": reason}


def test_masters_may_all_verbs_on_all_resources(authorizer):
    review = _review("SelfSubjectAccessReview", resourceAttributes={"verb": "*", "resource": "*"})
    assert self_subject_access_review(authorizer, user("root", MASTERS), review)["status"] == {"allowed": True}


def test_paths(authorizer):
    review = _review("SubjectAccessReview", user="zoe", nonResourceAttributes={"verb": "get", "path": "/metrics"})
    assert subject_access_review(authorizer, review)["status"] == {"allowed": False}


def _refusal(function, *arguments):
    with pytest.raises(StatusError) as caught:
        function(*arguments)
    return caught.value.status()


def test_neither_resource_nor_path(authorizer):
    status = _refusal(subject_access_review, authorizer, _review("SubjectAccessReview", user="zoe"))
    text = 'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified'
    assert (status["code"], status["message"]) == (422, f'.authorization.k8s.io "" is invalid: spec.resourceAttributes: {text}')
    assert status["details"] == {
        "group": "authorization.k8s.io",
        "causes": [{"reason": "FieldValueInvalid", "message": text, "field": "spec.resourceAttributes"}],
    }


def test_nothing_at_all(authorizer):
    review = {"kind": "SelfSubjectAccessReview", "metadata": {}}
    assert _refusal(self_subject_access_review, authorizer, user("zoe"), review)["reason"] == "Invalid"


def test_nobody(authorizer):
    status = _refusal(subject_access_review, authorizer, _review("SubjectAccessReview", resourceAttributes=PODS))
    assert 'spec.user: Invalid value: "": at least one of user or group must be specified' in status["message"]


def test_a_local_review_is_about_its_own_namespace(authorizer):
    review = _review("LocalSubjectAccessReview", user="zoe", resourceAttributes=PODS)
    assert local_subject_access_review(authorizer, "chat", review)["status"] == {"allowed": False}
    status = _refusal(local_subject_access_review, authorizer, "other", review)
    assert 'spec.resourceAttributes.namespace: Invalid value: "chat": must match metadata.namespace' in status["message"]


def test_the_rules_one_holds(authorizer, client):
    client.add(binding("b", "ClusterRole", "system:kube-dns", "User/zoe", namespace="chat"))
    client.kernel.run_ready()
    status = self_subject_rules_review(authorizer, user("zoe"), _review("SelfSubjectRulesReview", namespace="chat"))["status"]
    assert {"verbs": ["list", "watch"], "apiGroups": [""], "resources": ["endpoints", "services"]} in status["resourceRules"]
    assert {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]} in status[
        "nonResourceRules"
    ]
    assert status["incomplete"] is False


def test_a_nodes_rules_are_not_all_rules(authorizer):
    review = _review("SelfSubjectRulesReview", namespace="chat")
    status = self_subject_rules_review(authorizer, node_user("worker-1"), review)["status"]
    assert (status["incomplete"], status["evaluationError"]) == (True, "node authorizer does not support user rule resolution")
