"""What authorization is asked, what it answers, and the refusal a client sees.

Upstream: k8s.io/apiserver/pkg/authorization/authorizer (Attributes, Decision) and
k8s.io/apiserver/pkg/endpoints/handlers/responsewriters (forbiddenMessage).
"""

from typing import NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.errors import StatusError, forbidden

__all__ = ["Attributes", "Decision", "Grant", "denied", "forbidden_message"]


class Attributes(NamedTuple):
    """One question: may this user do this?

    Either the resource fields are set, or ``path`` (a non-resource request such as ``/metrics``).
    """

    user: UserInfo
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Grant(NamedTuple):
    """The evidence of a decision: this rule of this role, by this binding, to this subject."""

    binding: Object
    role: Object
    rule: Object
    subject: Object


class Decision(NamedTuple):
    """The answer, upstream's reason text, and the RBAC `Grant` that decided, if one did."""

    allowed: bool
    reason: str = ""
    evidence: Grant | None = None


def forbidden_message(attributes: Attributes, reason: str = "") -> str:
    """Return what the user cannot do.

    >>> forbidden_message(Attributes(UserInfo("zoe"), "get", resource="pods", subresource="log", namespace="chat"))
    'User "zoe" cannot get resource "pods/log" in API group "" in the namespace "chat"'
    """
    user = f'User "{attributes.user.name}" cannot {attributes.verb}'
    if attributes.path:
        text = f'{user} path "{attributes.path}"'
    else:
        resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
        scope = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
        text = f'{user} resource "{resource}" in API group "{attributes.group}" {scope}'
    return f"{text}: {reason}" if reason else text


def denied(attributes: Attributes, decision: Decision) -> StatusError:
    """Return the 403 that answers a request which a decision refuses."""
    message = forbidden_message(attributes, decision.reason)
    if attributes.path:
        return StatusError(403, "Forbidden", f"forbidden: {message}", {})
    return forbidden(attributes.group, attributes.resource, attributes.name, message)
