"""Questions about authentication as API objects: TokenReview and SelfSubjectReview.

Upstream: pkg/registry/authentication/{tokenreview,selfsubjectreview}. Nothing is stored.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.accounts import ISSUER, InvalidToken, ServiceAccountTokens
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.errors import bad_request

__all__ = ["self_subject_review", "token_review"]


def token_review(tokens: ServiceAccountTokens, review: Object) -> Object:
    """Answer whose token ``spec.token`` is; the token itself does not come back."""
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    try:
        user, audiences = tokens.verify(spec["token"], tuple(spec.get("audiences") or (ISSUER,)))
    except InvalidToken as error:
        text = "invalid bearer token" if str(error) == "invalid bearer token" else f"[invalid bearer token, {error}]"
        return {**review, "status": {"user": {}, "error": text}}
    return {**review, "status": {"authenticated": True, "user": user.to_object(), "audiences": list(audiences)}}


def self_subject_review(user: UserInfo, review: Object) -> Object:
    """Answer who the caller is (``kubectl auth whoami``)."""
    return {**review, "status": {"userInfo": user.to_object()}}
