"""k8slab: a Kubernetes learning lab in Jupyter, with a cluster of its own.

In a notebook::

    import k8slab
    lab = k8slab.lab("01")

The names are fetched when they are first used, so that ``k8slab up`` does not wait for the widgets it does not need.
"""

from importlib import import_module
from typing import Any

__all__ = ["connect", "lab", "use", "why"]  # provided by __getattr__

_HOME = {"connect": "k8slab.client", "lab": "k8slab.lessons.lab", "use": "k8slab.cluster", "why": "k8slab.explain"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'k8slab' has no attribute {name!r}")
