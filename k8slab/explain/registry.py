"""Which diagnosers look at which resource, in order: the first that has an answer gives it.

A diagnoser is a pure function of the world and an object that returns an answer, or None if the case is not its own. The
more specific come first; the last of a row always answers. A resource without a row of its own has the general ones.
"""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from k8slab.explain import autoscaling, storage
from k8slab.explain.answer import Answer
from k8slab.explain.cluster.certificates import DIAGNOSERS as CERTIFICATES
from k8slab.explain.cluster.namespaces import BUDGETS, NAMESPACES, QUOTAS
from k8slab.explain.cluster.nodes import DIAGNOSERS as NODES
from k8slab.explain.general import DIAGNOSERS as GENERAL
from k8slab.explain.general import held
from k8slab.explain.network.ingress import DIAGNOSERS as INGRESSES
from k8slab.explain.network.service import DIAGNOSERS as SERVICES
from k8slab.explain.pods import DIAGNOSERS as PODS
from k8slab.explain.workloads.batch import CRON_JOBS, JOBS
from k8slab.explain.workloads.deployment import DEPLOYMENTS, REPLICA_SETS
from k8slab.explain.workloads.stateful import DAEMON_SETS, STATEFUL_SETS
from k8slab.explain.world import World

__all__ = ["Diagnoser", "diagnosers"]

Diagnoser = Callable[[World, Object], Answer | None]

_ROWS: dict[str, tuple[Diagnoser, ...]] = {
    "pods": PODS,
    "services": (held, *SERVICES),
    "deployments.apps": (held, *DEPLOYMENTS),
    "replicasets.apps": (held, *REPLICA_SETS),
    "replicationcontrollers": (held, *REPLICA_SETS),
    "statefulsets.apps": (held, *STATEFUL_SETS),
    "daemonsets.apps": (held, *DAEMON_SETS),
    "jobs.batch": (held, *JOBS),
    "cronjobs.batch": (held, *CRON_JOBS),
    "horizontalpodautoscalers.autoscaling": (held, *autoscaling.DIAGNOSERS),
    "ingresses.networking.k8s.io": (held, *INGRESSES),
    "nodes": (held, *NODES),
    "namespaces": NAMESPACES,
    "resourcequotas": (held, *QUOTAS),
    "poddisruptionbudgets.policy": (held, *BUDGETS),
    "certificatesigningrequests.certificates.k8s.io": (held, *CERTIFICATES),
    "persistentvolumeclaims": (held, *storage.DIAGNOSERS),
    "persistentvolumes": (held, *storage.VOLUME_DIAGNOSERS),
}


def diagnosers(resource: str) -> tuple[Diagnoser, ...]:
    """Return the diagnosers of a resource, in order."""
    return _ROWS.get(resource, GENERAL)
