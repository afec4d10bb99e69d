"""Fault injection: what can break in a cluster, as objects of ``sim.k8slab.dev/v1alpha1``.

`kinds` describes the kind Fault, `injector` follows the objects and lets them begin and heal, `world` is what they act on.
Not part of Kubernetes; what follows from a fault is left to the components, which react as upstream's do.
"""

from k8slab.sim.faults.injector import FaultInjector
from k8slab.sim.faults.kinds import FAULT, fault_errors
from k8slab.sim.faults.world import World

__all__ = ["FAULT", "FaultInjector", "World", "fault_errors"]
