"""DefaultBinder: tells the API which node a pod goes to.

Upstream: pkg/scheduler/framework/plugins/defaultbinder.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.interface import Plugin
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["DefaultBinder"]


class DefaultBinder(Plugin):
    """Makes the Binding object that is created on the pod's ``binding`` subresource."""

    name = "DefaultBinder"

    @staticmethod
    def binding(pod: PodInfo, node: str) -> Object:
        """Return the Binding; the uid keeps it from hitting a pod of the same name that came later."""
        return {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid},
            "target": {"kind": "Node", "name": node},
        }
