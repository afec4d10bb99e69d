"""What an autoscaler scales: a built-in workload, or anything else that has a scale subresource.

Upstream: scaleForResourceMappings in pkg/controller/podautoscaler/horizontal.go and client-go's scale client. A workload is read
from the informer; of a custom resource only its Scale is known, and made into the form of a workload.
"""

from collections.abc import Callable, Iterable

from k8slab.apimachinery.labels import parse_selector
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client, Informer

__all__ = ["TargetError", "find_target"]

_WORKLOADS = {
    ("apps", "Deployment"): "deployments.apps",
    ("apps", "ReplicaSet"): "replicasets.apps",
    ("apps", "StatefulSet"): "statefulsets.apps",
    ("", "ReplicationController"): "replicationcontrollers",
}


class TargetError(Exception):
    """There is no such thing, or it does not scale; the text is upstream's."""


def find_target(
    client: Client,
    informer: Callable[[str], Informer],
    resources: Iterable[Resource],
    reference: Object,
    namespace: str,
) -> tuple[str, Object]:
    """Return (full resource name, object) of what a ``scaleTargetRef`` names.

    Raises
    ------
    TargetError
        If it does not exist, or has no scale.
    """
    group, kind = (reference.get("apiVersion") or "v1").rpartition("/")[0], reference["kind"]
    workload = _WORKLOADS.get((group, kind))
    if workload is not None:
        found = informer(workload).get(reference["name"], namespace)
        if found is None:
            raise TargetError(f'{workload} "{reference["name"]}" not found')
        return workload, found
    resource = next((r for r in resources if (r.group, r.kind) == (group, kind)), None)
    if resource is None:
        raise TargetError(f'no matches for kind "{kind}" in group "{group}"')
    root = f"/apis/{resource.api_version}" if group else f"/api/{resource.version}"
    try:
        scale = client.raw(f"{root}/namespaces/{namespace}/{resource.plural}/{reference['name']}/scale")
    except StatusError as error:
        raise TargetError(error.message) from None
    return resource.full_name, _as_workload(kind, scale)


def _as_workload(kind: str, scale: Object) -> Object:
    """Return a Scale in the form of a workload, its selector read from text.

    >>> scale = {"metadata": {}, "spec": {"replicas": 2}, "status": {"replicas": 2, "selector": "app=chat"}}
    >>> _as_workload("ChatRoom", scale)["spec"]["selector"]
    {'matchExpressions': [{'key': 'app', 'operator': 'In', 'values': ['chat']}]}
    """
    status = scale.get("status") or {}
    parsed = parse_selector(status.get("selector") or "")
    terms = [{"key": key, "operator": operator, "values": list(values)} for key, operator, values in parsed]
    spec = {"replicas": (scale.get("spec") or {}).get("replicas", 0), "selector": {"matchExpressions": terms}}
    return {"kind": kind, "metadata": scale["metadata"], "spec": spec, "status": status}
