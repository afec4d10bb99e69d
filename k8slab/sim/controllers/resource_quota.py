"""The ResourceQuota controller: counts what a namespace uses and writes it into the status of its quotas.

Upstream: k8s.io/kubernetes/pkg/controller/resourcequota. Admission counts up when something is created; this controller
makes the numbers true again whenever something changes or goes, and every five minutes. It follows a kind only once
some quota limits it, so a cluster without quotas pays nothing.
"""

from fractions import Fraction

from k8slab.apimachinery import quota
from k8slab.apimachinery.types import Object, key_of, split_key
from k8slab.sim.client import EventType
from k8slab.sim.controllers.base import Controller, asks_anew

__all__ = ["RESYNC_PERIOD", "ResourceQuotaController", "counted_resources"]

RESYNC_PERIOD = 300.0
RECOUNT = 0.1  #: changes that come together are counted together
_QUOTAS = "resourcequotas"
_COUNTED = ("pods", "services", "persistentvolumeclaims", "configmaps", "secrets", "replicationcontrollers", _QUOTAS)
_BY_NAMESPACE = "quotas-by-namespace"


def counted_resources(hard: dict[str, str]) -> list[str]:
    """Return the resources that a quota's limits are about.

    >>> counted_resources({"requests.cpu": "1", "count/deployments.apps": "2"})
    ['deployments.apps', 'pods']
    """
    by_name = {name.removeprefix("count/") for name in hard if name.startswith("count/")}
    return sorted(by_name | {resource for resource in _COUNTED if any(quota.tracked(resource, name) for name in hard)})


class ResourceQuotaController(Controller):
    """Keeps ``status.used`` of every quota true."""

    name = "resourcequota-controller"
    account = "resourcequota-controller"

    def setup(self) -> None:  # noqa: D102
        self._followed: set[str] = set()
        self.informer(_QUOTAS).add_index(_BY_NAMESPACE, lambda obj: (obj["metadata"]["namespace"],))
        self.watch(_QUOTAS, self._quota_changed)
        self.every(RESYNC_PERIOD, self._resync)

    def _resync(self) -> None:
        for obj in self.informer(_QUOTAS).list():
            self.queue.add(key_of(obj))

    def _quota_changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        if type == "DELETED":
            return
        for resource in counted_resources(obj["spec"].get("hard") or {}):
            if resource not in self._followed:
                self._followed.add(resource)
                self.watch(resource, self._content_changed)
        if old is None or asks_anew(obj, old) or obj["spec"] != old["spec"]:
            self.queue.add(key_of(obj))

    def _content_changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        if old is not None and type == "MODIFIED" and _weight(obj) == _weight(old):
            return
        for found in self.informer(_QUOTAS).by_index(_BY_NAMESPACE, obj["metadata"]["namespace"]):
            self.queue.add_after(key_of(found), RECOUNT)

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        found = self.informer(_QUOTAS).get(name, namespace)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return None
        hard = found["spec"].get("hard") or {}
        used = self._count(found, hard)
        status = {"hard": hard, "used": {k: quota.format_amount(k, v) for k, v in used.items()}}
        if status != found.get("status"):
            self.client.update(_QUOTAS, {**found, "status": status}, subresource="status")
        return None

    def _count(self, found: Object, hard: dict[str, str]) -> dict[str, Fraction]:
        used = dict.fromkeys(hard, Fraction(0))
        for resource in counted_resources(hard):
            for obj in self.informer(resource).list(found["metadata"]["namespace"]):
                if quota.matches_scopes(found, resource, obj):
                    for name, amount in quota.usage(resource, obj, self.kernel.now()).items():
                        if name in used:
                            used[name] += amount
        return used


def _weight(obj: Object) -> object:
    """What of an object may change what it counts for."""
    return obj.get("spec"), (obj.get("status") or {}).get("phase"), obj["metadata"].get("deletionTimestamp")
