"""What would the scheduler do? The same plugins on plain objects, without an API.

`k8slab.explain` calls this with objects fetched from any cluster, a real one too. Everything is a value: nothing is written,
nothing is remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from k8slab.apimachinery.types import Object, key_of
from k8slab.sim.scheduler.cache import Cache
from k8slab.sim.scheduler.cycle import Algorithm
from k8slab.sim.scheduler.diagnosis import fit_error
from k8slab.sim.scheduler.interface import Handle
from k8slab.sim.scheduler.nominator import Nominator
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.preemption import Preemption
from k8slab.sim.scheduler.profile import Configuration, Profile

__all__ = ["Objects", "simulate"]


class Objects:
    """A lister over a fixed set of objects."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects = {key_of(obj): obj for obj in objects}

    def get(self, name: str, namespace: str = "") -> Object | None:
        """Return an object, None if there is none."""
        return self._objects.get(f"{namespace}/{name}" if namespace else name)

    def list(self, namespace: str | None = None) -> list[Object]:
        """Return the objects of a namespace (None: all)."""
        return [obj for obj in self._objects.values() if namespace in (None, "", obj["metadata"].get("namespace", ""))]


def simulate(
    pod: Object,
    nodes: Iterable[Object],
    pods: Iterable[Object] = (),
    others: Mapping[str, Sequence[Object]] | None = None,
    *,
    configuration: Configuration | None = None,
    seed: int = 0,
    now: float = 0.0,
) -> Object:
    """Run one scheduling cycle for a pod and return its trace.

    Parameters
    ----------
    pod
        The pod to place; a ``nodeName`` it has already is taken as a demand for that node.
    nodes, pods
        The cluster; pods without a node and finished pods are left out, and so is the pod itself.
    others
        Further objects by full resource name: ``services``, ``replicasets.apps``, ``namespaces``,
        ``poddisruptionbudgets.policy``, ``persistentvolumeclaims``, ``persistentvolumes``,
        ``storageclasses.storage.k8s.io``, ``csinodes.storage.k8s.io`` ...
    configuration
        Default: as upstream, but all nodes are looked at.
    seed
        Breaks ties.
    now
        For ``status.startTime`` of the trace.

    Returns
    -------
    Object
        A SchedulingTrace; ``status.result`` is ``Scheduled`` or ``Unschedulable``.

    Examples
    --------
    >>> node = {"metadata": {"name": "worker-1"}, "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "110"}}}
    >>> pod = {"metadata": {"name": "web", "namespace": "chat"}, "spec": {"containers": [
    ...     {"name": "web", "resources": {"requests": {"cpu": "2"}}}]}}
    >>> simulate(pod, [node])["status"]["message"]  # doctest: +NORMALIZE_WHITESPACE
    '0/1 nodes are available: 1 Insufficient cpu.
    preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
    """
    cache = Cache()
    for node in nodes:
        cache.set_node(node)
    incoming = PodInfo(pod)
    present = [p for p in pods if _running(p) and key_of(p) != incoming.key]
    for other in present:
        cache.add_pod(PodInfo(other))
    listers = {resource: Objects(objects) for resource, objects in (others or {}).items()}
    listers.setdefault("namespaces", Objects(_namespaces([pod, *present])))
    profile = Profile(Handle(cache, listers), configuration or Configuration(percentage_of_nodes_to_score=100))
    random = Random(seed)
    algorithm = Algorithm(profile, cache, Nominator(), random)
    decision = algorithm.decide(incoming)
    record = decision.record
    record.started = now
    if decision.node:
        record.result, record.node = "Scheduled", decision.node
        record.message = f"{incoming.key} fits node {decision.node} best"
    elif decision.diagnosis is None:
        record.result, record.message = "Unschedulable", decision.error
    else:
        plan = record.plan = Preemption(profile, algorithm, random).plan(decision.state, incoming, decision.diagnosis)
        record.result, record.message = "Unschedulable", fit_error(decision.diagnosis, plan.message)
    return record.expand()


def _running(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName")) and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _namespaces(pods: Iterable[Object]) -> list[Object]:
    """Namespaces that nobody fetched: those that the pods are in, with the one label that every namespace has."""
    names = dict.fromkeys(pod["metadata"].get("namespace", "") for pod in pods)
    return [{"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}} for name in names if name]
