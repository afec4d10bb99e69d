"""The API server's authorizer: ``system:masters``, then Node, then RBAC; the first that allows decides.

Upstream: k8s.io/apiserver/pkg/authorization/union with ``--authorization-mode=Node,RBAC``. RBAC answers are remembered per
user until a role or binding changes, so that the components' own requests cost a dictionary look-up.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import MASTERS, UserInfo
from k8slab.sim.apiserver.authorization import node, rbac
from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision
from k8slab.sim.client import Client, EventType

__all__ = ["RBAC_RESOURCES", "Authorizer"]

#: The informers behind the policy, in the order of `rbac.Policy`'s parameters.
RBAC_RESOURCES = tuple(
    f"{plural}.rbac.authorization.k8s.io" for plural in ("clusterroles", "roles", "clusterrolebindings", "rolebindings")
)
_REMEMBERED = 20_000
_ALLOWED = Decision(True)

_Question = tuple[str, str, str, str, str, str]


class Authorizer:
    """Answers who may do what.

    Parameters
    ----------
    client
        Whose informers give roles, bindings and (for the node authorizer) pods.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._informers = [client.informer(resource) for resource in RBAC_RESOURCES]
        self._policy: rbac.Policy | None = None
        self._answers: dict[UserInfo, dict[_Question, Decision]] = {}
        self._size = 0
        for informer in self._informers:
            informer.subscribe(self._changed)

    def _changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        self._policy = None
        self._answers.clear()
        self._size = 0

    @property
    def policy(self) -> rbac.Policy:
        """The roles and bindings there are now."""
        if self._policy is None:
            self._policy = rbac.Policy(*(informer.list() for informer in self._informers))
        return self._policy

    def authorize(self, attributes: Attributes) -> Decision:
        """Decide one request."""
        user, verb, group, _, resource, subresource, namespace, _, path = attributes
        answers = self._answers.get(user)
        if answers is not None:
            decision = answers.get((verb, group, resource, subresource, namespace, path))
            if decision is not None:
                return decision
        return self._decide(attributes)

    def _decide(self, attributes: Attributes) -> Decision:
        user = attributes.user
        if MASTERS in user.groups:
            return self._remember(attributes, _ALLOWED)
        objection = ""
        if node.node_of(user):
            verdict = node.authorize(attributes, self._client)
            if verdict.allowed:
                return self._remember(attributes, verdict) if not node.by_object(attributes) else verdict
            objection = verdict.reason
        decision = rbac.authorize(self.policy, attributes)
        if objection and not decision.allowed:
            return Decision(False, "\n".join(r for r in (objection, decision.reason) if r))
        named = decision.evidence is not None and decision.evidence.rule.get("resourceNames")
        if named or (not decision.allowed and rbac.depends_on_name(self.policy, attributes)):
            return decision
        return decision if node.node_of(user) else self._remember(attributes, decision)

    def _remember(self, attributes: Attributes, decision: Decision) -> Decision:
        user, verb, group, _, resource, subresource, namespace, _, path = attributes
        if self._size >= _REMEMBERED:
            self._answers.clear()
            self._size = 0
        self._size += 1
        self._answers.setdefault(user, {})[(verb, group, resource, subresource, namespace, path)] = decision
        return decision
