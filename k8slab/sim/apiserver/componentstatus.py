"""ComponentStatus: deprecated since 1.19, still served, never stored.

Upstream: pkg/registry/core/componentstatus, which asks the components' health endpoints; here they are this process.
"""

from k8slab.apimachinery.types import Object

__all__ = ["DEPRECATION", "component_statuses"]

DEPRECATION = "v1 ComponentStatus is deprecated in v1.19+"
_MESSAGES = {"controller-manager": "ok", "etcd-0": "ok", "scheduler": "ok"}


def component_statuses() -> list[Object]:
    """Return the three components, healthy as long as they can be asked."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ComponentStatus",
            "metadata": {"name": name},
            "conditions": [{"type": "Healthy", "status": "True", "message": message}],
        }
        for name, message in _MESSAGES.items()
    ]
