"""The access reviews: questions about authorization as API objects.

Upstream: pkg/registry/authorization/{subjectaccessreview,selfsubjectaccessreview,localsubjectaccessreview,
selfsubjectrulesreview} and pkg/apis/authorization/validation. Each function takes the posted object and returns it with its
status filled in; nothing is stored. Simplified: field and label selectors in resourceAttributes are not considered.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo, extra_pairs
from k8slab.sim.apiserver.authorization import node, rbac
from k8slab.sim.apiserver.authorization.attributes import Attributes
from k8slab.sim.apiserver.authorization.authorizer import Authorizer
from k8slab.sim.apiserver.errors import FieldError, bad_request, invalid

__all__ = [
    "local_subject_access_review",
    "self_subject_access_review",
    "self_subject_rules_review",
    "subject_access_review",
]

GROUP = "authorization.k8s.io"


def subject_access_review(authorizer: Authorizer, review: Object) -> Object:
    """Answer whether ``spec.user`` may do something."""
    spec = review.get("spec") or {}
    _check(_attribute_errors(spec) + _subject_errors(spec))
    return _answer(authorizer, _subject(spec), review)


def self_subject_access_review(authorizer: Authorizer, user: UserInfo, review: Object) -> Object:
    """Answer whether the caller may do something (``kubectl auth can-i``)."""
    _check(_attribute_errors(review.get("spec") or {}))
    return _answer(authorizer, user, review)


def local_subject_access_review(authorizer: Authorizer, namespace: str, review: Object) -> Object:
    """Answer whether ``spec.user`` may do something in one namespace."""
    spec = review.get("spec") or {}
    errors = _attribute_errors(spec) + _subject_errors(spec)
    resource = spec.get("resourceAttributes")
    if resource is not None and resource.get("namespace", "") != namespace:
        field, value = "spec.resourceAttributes.namespace", resource.get("namespace", "")
        errors.append(FieldError("FieldValueInvalid", field, "must match metadata.namespace", value))
    if spec.get("nonResourceAttributes") is not None:
        field, value = "spec.nonResourceAttributes", spec["nonResourceAttributes"]
        errors.append(FieldError("FieldValueInvalid", field, "disallowed on this kind of request", value))
    _check(errors)
    return _answer(authorizer, _subject(spec), review)


def self_subject_rules_review(authorizer: Authorizer, user: UserInfo, review: Object) -> Object:
    """Answer what the caller may do in a namespace (``kubectl auth can-i --list``)."""
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    rules, errors = rbac.rules_for(authorizer.policy, user, namespace)
    keys = ("verbs", "apiGroups", "resources", "resourceNames")
    resources = [{k: rule[k] for k in keys if rule.get(k)} for rule in rules if rule.get("resources")]
    paths = [{k: rule[k] for k in ("verbs", "nonResourceURLs") if rule.get(k)} for rule in rules if rule.get("nonResourceURLs")]
    if node.node_of(user):
        errors.append("node authorizer does not support user rule resolution")
    status: Object = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": bool(errors)}
    if errors:
        status["evaluationError"] = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
    return {**review, "status": status}


def _attribute_errors(spec: Object) -> list[FieldError]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        return [FieldError("FieldValueInvalid", "spec.nonResourceAttributes", detail, path)]
    if resource is None and path is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [FieldError("FieldValueInvalid", "spec.resourceAttributes", detail, None)]
    return []


def _subject_errors(spec: Object) -> list[FieldError]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [FieldError("FieldValueInvalid", "spec.user", "at least one of user or group must be specified", "")]


def _check(errors: list[FieldError]) -> None:
    if errors:
        raise invalid(GROUP, "", "", errors)


def _subject(spec: Object) -> UserInfo:
    groups, extra = tuple(spec.get("groups") or ()), spec.get("extra") or {}
    return UserInfo(spec.get("user", ""), spec.get("uid", ""), groups, extra_pairs(extra))


def _answer(authorizer: Authorizer, user: UserInfo, review: Object) -> Object:
    asked = review["spec"].get("resourceAttributes")
    if asked is None:
        asked = review["spec"]["nonResourceAttributes"]
        attributes = Attributes(user, asked.get("verb", ""), path=asked.get("path", ""))
    else:
        fields = ("group", "version", "resource", "subresource", "namespace", "name")
        attributes = Attributes(user, asked.get("verb", ""), *(asked.get(field, "") for field in fields))
    decision = authorizer.authorize(attributes)
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return {**review, "status": status}
