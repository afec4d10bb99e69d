"""Which diagnosers look at which resource, in order: the first that has an answer gives it.

A diagnoser is a pure function of the world and an object that returns an answer, or None if the case is not its own. The
more specific come first; the last of a row always answers. A resource without a row of its own has the general ones.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.explain import storage
from k8slab.explain.answer import Answer
from k8slab.explain.general import DIAGNOSERS as GENERAL
from k8slab.explain.general import held
from k8slab.explain.network.service import DIAGNOSERS as SERVICES
from k8slab.explain.pods import DIAGNOSERS as PODS
from k8slab.explain.world import World

__all__ = ["Diagnoser", "diagnosers"]

Diagnoser = Callable[[World, Object], Answer | None]

_ROWS: dict[str, tuple[Diagnoser, ...]] = {
    "pods": PODS,
    "services": (held, *SERVICES),
    "persistentvolumeclaims": (held, *storage.DIAGNOSERS),
    "persistentvolumes": (held, *storage.VOLUME_DIAGNOSERS),
}


def diagnosers(resource: str) -> tuple[Diagnoser, ...]:
    """Return the diagnosers of a resource, in order."""
    return _ROWS.get(resource, GENERAL)
