"""APIService objects: one for every group and version that is served, so that ``kubectl get apiservices`` tells.

Real component: kube-aggregator with its autoregister controller, which keeps these objects in step with the built-in groups
and the CustomResourceDefinitions. Simplified: everything is served by this process, so all of ours are "Local"; an APIService
of the learner's own is stored, but no request is passed on to the Service that it names.

Upstream: pkg/controlplane/apiserver/aggregator.go, pkg/controlplane/controller/crdregistration.
"""

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.registry import Registry

__all__ = ["api_service", "register"]

_PREFIX = "/registry/apiregistration.k8s.io/apiservices/"
_MANAGED = "kube-aggregator.kubernetes.io/automanaged"


def api_service(group: str, version: str, priority: int, now: str) -> Object:
    """Return the object of a group and version.

    >>> api_service("apps", "v1", 17800, "")["metadata"]["name"]
    'v1.apps'
    """
    built_in = is_built_in(group)
    local = {"type": "Available", "status": "True", "lastTransitionTime": now, "reason": "Local"}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {_MANAGED: "onstart" if built_in else "true"}},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": priority,
            "versionPriority": 15 if built_in and group else 1 if built_in else 100,
        },
        "status": {"conditions": [{**local, "message": "Local APIServices are always available"}]},
    }


def register(registry: Registry) -> None:
    """Make the objects that we manage those of the groups and versions that are served."""
    now = rfc3339(registry.kernel.now())
    scheme, store = registry.scheme, registry.store
    served = {(g.name, v): scheme.group_priority(g.name) for g in scheme.groups() for v in g.versions}
    wanted = {f"{version}.{group}": (group, version, priority) for (group, version), priority in served.items()}
    for entry in list(store.range(_PREFIX)):
        managed = _MANAGED in (entry.value["metadata"].get("labels") or {})
        if managed and entry.name not in wanted:
            store.delete(_PREFIX, entry.name, entry.revision)
    for name in sorted(wanted):
        if store.get(_PREFIX, name) is None:
            obj = api_service(*wanted[name], now)
            obj["metadata"] |= {"uid": registry.kernel.uuid(), "creationTimestamp": now}
            store.create(_PREFIX, name, obj)
