"""The ClusterRole aggregation controller: roles such as "view" are the sum of the roles they select.

Upstream: k8s.io/kubernetes/pkg/controller/clusterroleaggregation.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authorization.rbac import aggregate
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller

__all__ = ["ClusterRoleAggregationController"]

_ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    """Writes the rules of every ClusterRole with an aggregationRule."""

    name = "clusterrole-aggregation-controller"
    account = "clusterrole-aggregation-controller"

    def setup(self) -> None:  # noqa: D102
        self.watch(_ROLES, self._changed)

    def _changed(self, type: EventType, role: Object, old: Object | None) -> None:
        if type == "ADDED" and not role.get("aggregationRule") and not (role["metadata"].get("labels") or {}):
            return  # no selector can be about it
        for other in self.informer(_ROLES).list():
            if other.get("aggregationRule"):
                self.queue.add(other["metadata"]["name"])

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        role = self.informer(_ROLES).get(key)
        if role is None or not role.get("aggregationRule"):
            return None
        others = [other for other in self.informer(_ROLES).list() if other["metadata"]["name"] != key]
        rules = aggregate(role["aggregationRule"].get("clusterRoleSelectors") or (), others)
        if rules != (role.get("rules") or []):
            self.client.update(_ROLES, {**role, "rules": rules})
        return None
