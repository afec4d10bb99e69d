"""Sentences of checks about permissions: the API server itself is asked, in the name of whoever is meant.

A SubjectAccessReview does not care how a right was given (Role, ClusterRole, user, group, aggregation): every right way counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8slab.client import Cluster
from k8slab.client.cluster import subject_name
from k8slab.lessons.exercise import Finding, missing
from k8slab.lessons.judging import say

__all__ = ["Subject", "account", "allowed", "cannot", "may"]

_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


@dataclass(frozen=True)
class Subject:
    """Whoever is asked about: a user name with groups, and how a lab calls it."""

    called: str
    user: str
    groups: tuple[str, ...] = ("system:authenticated",)


def account(cluster: Cluster, name: str) -> Subject:
    """Return the ServiceAccount of this name in the lab's namespace, with the groups that every ServiceAccount has."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{cluster.namespace}", "system:authenticated")
    return Subject(f"sa/{name}", subject_name(f"sa/{name}", cluster.namespace), groups)


def may(cluster: Cluster, who: Subject, action: str) -> bool:
    """Return whether somebody may do something: ``"list pods"``, ``"get pods/log"``, ``"get configmaps chatter"``.

    ``"list pods -n default"`` asks about another namespace.
    """
    words, _, namespace = action.partition(" -n ")
    verb, resource, *name = words.split()
    plain, _, subresource = resource.partition("/")
    known = cluster.resource(plain)
    attributes = {
        "verb": verb,
        "group": known.group,
        "resource": known.plural,
        "subresource": subresource,
        "namespace": namespace or cluster.namespace,
        "name": name[0] if name else "",
    }
    spec = {"user": who.user, "groups": [*who.groups], "resourceAttributes": {k: v for k, v in attributes.items() if v}}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return bool(cluster.request("POST", _REVIEWS, body=review)["status"]["allowed"])


def allowed(
    cluster: Cluster, who: Subject, actions: Iterable[str], look: str = "kubectl describe rolebindings,roles"
) -> Iterator[Finding]:
    """Yield one finding about all that somebody has to be allowed, or one for each thing that is refused."""
    actions = tuple(actions)
    refused = [action for action in actions if not may(cluster, who, action)]
    if not refused:
        yield say(True, f"{who.called} may {', '.join(actions)}", "")
    for action in refused:
        yield missing(f"{who.called} may not {action}", look)


def cannot(cluster: Cluster, who: Subject, actions: Iterable[str]) -> Iterator[Finding]:
    """Yield one finding about all that somebody must not be allowed: the smallest grant."""
    too_much = [action for action in actions if may(cluster, who, action)]
    more = f"{who.called} may also {', '.join(too_much)}: that is more than was asked for"
    yield say(not too_much, f"nothing else that was tried is allowed to {who.called}", more, _look(who, (*too_much, "")[0]))


def _look(who: Subject, action: str) -> str:
    groups = "".join(f" --as-group={group}" for group in who.groups if not group.startswith("system:"))
    return f"kubectl auth can-i {action} --as={who.user}{groups}"
