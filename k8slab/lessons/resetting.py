"""Beginning again: one exercise, or a whole lab, without touching anything else."""

from collections.abc import Collection

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, wait_for
from k8slab.client.errors import NotYet
from k8slab.errors import K8slabError
from k8slab.lessons.exercise import Exercise, LabContent
from k8slab.lessons.words import patience

__all__ = ["put_back", "reset_exercise", "tidy_outside"]

_MANAGER = "k8slab-reset"
_PATIENCE = 60.0


def reset_exercise(cluster: Cluster, exercise: Exercise) -> list[str]:
    """Delete the objects of an exercise and wait until they are gone; return their names."""
    gone = []
    for thing in exercise.owns:
        resource, _, name = thing.partition("/")
        if cluster.find(resource, name) is None:
            continue
        cluster.delete(resource, name)
        try:
            with patience(f"{thing} is being deleted, {{}} s at most …") as tick:
                wait_for(cluster, thing, "deleted", timeout=_PATIENCE, tick=tick)
        except NotYet as error:
            raise K8slabError(
                f"{thing} is being deleted, but does not go. kubectl describe {resource} {name} says why."
            ) from error
        gone.append(thing)
    return gone


def put_back(cluster: Cluster, resource: str, name: str, patch: Object) -> bool:
    """Patch an object of the lab back to what it was (lists of containers by name); return False if it is not there.

    Afterwards nobody owns what was patched, so that whatever the lab applies next meets no conflict.
    """
    if cluster.find(resource, name) is None:
        return False
    after = cluster.patch(resource, name, patch, kind="strategic", manager=_MANAGER)
    others = [entry for entry in after["metadata"].get("managedFields") or () if entry["manager"] != _MANAGER]
    cluster.patch(resource, name, {"metadata": {"managedFields": others}})
    return True


def tidy_outside(cluster: Cluster, content: LabContent, cordoned: Collection[str] = ()) -> None:
    """Take away what a lab left outside its namespace: its objects, its labels and taints on nodes, cordons, stopped add-ons.

    ``cordoned`` are nodes that were out of service before; they stay so.
    """
    for thing in content.owns:
        resource, _, name = thing.partition("/")
        if cluster.knows(resource):  # not every cluster has faults
            cluster.delete(resource, name, "")
    for name, replicas in content.system:
        deployment = cluster.find("deployments", name, "kube-system")
        if deployment is not None and deployment["spec"].get("replicas") == 0:
            cluster.patch("deployments", name, {"spec": {"replicas": replicas}}, "kube-system")
    for node in cluster.list("nodes") if content.node_keys else ():
        labels = {key: None for key in node["metadata"].get("labels") or () if key in content.node_keys}
        taints = node["spec"].get("taints") or []
        kept = [taint for taint in taints if taint["key"] not in content.node_keys]
        name = node["metadata"]["name"]
        cordon = bool(node["spec"].get("unschedulable")) and name not in cordoned
        if labels or len(kept) != len(taints) or cordon:
            spec: Object = {"taints": kept, **({"unschedulable": None} if cordon else {})}
            cluster.patch("nodes", name, {"metadata": {"labels": labels}, "spec": spec})
