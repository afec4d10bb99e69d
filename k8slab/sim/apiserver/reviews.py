"""The kinds that are questions, and the guard in front of RBAC objects, joined for `operations`.

Upstream: pkg/registry/authorization, pkg/registry/authentication, pkg/registry/rbac (the escalation checks) and
pkg/registry/core/serviceaccount/storage/token.go.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication import ServiceAccountTokens
from k8slab.sim.apiserver.authentication.reviews import self_subject_review, token_review
from k8slab.sim.apiserver.authorization import Authorizer, check_write
from k8slab.sim.apiserver.authorization.reviews import (
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
)
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.resources import Resource

__all__ = ["Reviews"]

_RBAC = "rbac.authorization.k8s.io"


class Reviews:
    """Answers reviews.

    Parameters
    ----------
    authorizer
        Asked by the access reviews and for the rules a user holds.
    tokens
        Issues and verifies ServiceAccount tokens.
    """

    def __init__(self, authorizer: Authorizer, tokens: ServiceAccountTokens) -> None:
        self._authorizer, self._tokens = authorizer, tokens
        self._answers: dict[str, Callable[[Call, Object], Object]] = {
            "SubjectAccessReview": lambda call, obj: subject_access_review(authorizer, obj),
            "SelfSubjectAccessReview": lambda call, obj: self_subject_access_review(authorizer, call.user, obj),
            "LocalSubjectAccessReview": lambda call, obj: local_subject_access_review(authorizer, call.namespace, obj),
            "SelfSubjectRulesReview": lambda call, obj: self_subject_rules_review(authorizer, call.user, obj),
            "TokenReview": lambda call, obj: token_review(tokens, obj),
            "SelfSubjectReview": lambda call, obj: self_subject_review(call.user, obj),
        }

    def answers(self, resource: Resource) -> bool:
        """Whether objects of this kind are answered instead of stored."""
        return resource.kind in self._answers

    def answer(self, call: Call, obj: Object) -> Object:
        """Return the review with its answer."""
        answered = self._answers[call.resource.kind](call, obj)
        return {**answered, "metadata": {"creationTimestamp": None, **(answered.get("metadata") or {})}}

    def guard(self, call: Call, new: Object, old: Object | None) -> None:
        """Raise 403 if a role or binding would grant what its writer does not hold."""
        if call.resource.group == _RBAC:
            check_write(self._authorizer, call.user, call.resource.plural, call.namespace, new, old)

    def token(self, call: Call, body: Object) -> Object:
        """Issue a token for a ServiceAccount (``kubectl create token``)."""
        return self._tokens.request(call.namespace, call.name, body)
