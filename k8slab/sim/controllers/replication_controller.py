"""The ReplicationController controller: the ReplicaSet controller for its ancestor.

Upstream: k8s.io/kubernetes/pkg/controller/replication, which wraps the ReplicaSet controller in the same way.
"""

from typing import ClassVar

from k8slab.apimachinery.labels import Selector, selector_of
from k8slab.apimachinery.types import Object
from k8slab.sim.controllers.ownership import NOTHING
from k8slab.sim.controllers.replicaset import ReplicaSetController

__all__ = ["ReplicationControllerController"]


class ReplicationControllerController(ReplicaSetController):
    """Differs in the resource, and in a selector that is a plain map of labels."""

    name = "replicationcontroller-controller"
    account = "replication-controller"
    resource: ClassVar[str] = "replicationcontrollers"
    api_version: ClassVar[str] = "v1"
    kind: ClassVar[str] = "ReplicationController"

    def selector(self, owner: Object) -> Selector:  # noqa: D102
        return selector_of({"matchLabels": owner["spec"].get("selector")}) or NOTHING
