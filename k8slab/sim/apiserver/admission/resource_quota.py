"""ResourceQuota: nothing beyond what the namespace may use; what is admitted is booked at once.

Upstream: k8s.io/apiserver/pkg/admission/plugin/resourcequota. The counting is `k8slab.apimachinery.quota`, shared with the
quota controller, which corrects ``status.used`` when objects go. Nothing else happens while a request is admitted here, so
the booking cannot race.
"""

from k8slab.apimachinery import quota as arithmetic
from k8slab.apimachinery.podresources import Amounts
from k8slab.apimachinery.types import Object, name_of
from k8slab.sim.apiserver.admission.indexes import ByNamespace
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel

__all__ = ["ResourceQuota"]

_COUNTED_ON_UPDATE = ("services", "persistentvolumeclaims")


class ResourceQuota(Plugin):
    """Checks and books.

    Parameters
    ----------
    client
        Reads quotas and writes ``status.used``.
    kernel
        The clock.
    """

    def __init__(self, client: Client, kernel: Kernel) -> None:
        self._client, self._kernel = client, kernel
        self._quotas = ByNamespace(client, "resourcequotas")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New objects of every kind; changes of Services and claims."""
        return not subresource and (operation == "CREATE" or (operation == "UPDATE" and resource in _COUNTED_ON_UPDATE))

    def validate(self, request: AdmissionRequest) -> None:
        """Refuse, or book."""
        quotas = self._quotas[request.namespace] if request.namespace else ()
        if not quotas:
            return
        resource = request.resource.full_name
        touched = [q for q in quotas if self._concerns(q, resource, request)]
        if not touched:
            return
        requested = self._requested(resource, request)
        bookings = [(quota, self._check(quota, requested, request)) for quota in touched]
        if not request.dry_run:
            for quota, growth in bookings:
                if growth:
                    self._book(quota, growth)

    def _concerns(self, quota: Object, resource: str, request: AdmissionRequest) -> bool:
        if not arithmetic.matches_scopes(quota, resource, request.new):
            return False
        status = quota.get("status") or {}
        names = [name for name in status.get("hard") or () if arithmetic.tracked(resource, name)]
        if resource == "pods":
            lacking = arithmetic.missing(request.new["spec"], names)
            if lacking:
                text = "; ".join(f"{name} for: {','.join(containers)}" for name, containers in lacking.items())
                raise request.forbidden(f"failed quota: {name_of(quota)}: must specify {text}")
        unknown = [name for name in names if name not in (status.get("used") or ())]
        if unknown:
            text = f"status unknown for quota: {name_of(quota)}, resources: {','.join(sorted(unknown))}"
            raise request.forbidden(text)
        return bool(names)

    def _requested(self, resource: str, request: AdmissionRequest) -> Amounts:
        now = self._kernel.now()
        requested = arithmetic.usage(resource, request.new, now)
        if request.operation == "UPDATE":
            before = arithmetic.usage(resource, request.old, now)
            names = requested.keys() | before.keys()
            requested = {name: requested.get(name, 0) - before.get(name, 0) for name in names}  # type: ignore[misc]
        return {name: amount for name, amount in requested.items() if amount}

    def _check(self, quota: Object, requested: Amounts, request: AdmissionRequest) -> Amounts:
        hard, used = (arithmetic.amounts_of(quota["status"].get(key)) for key in ("hard", "used"))
        relevant = {name: amount for name, amount in requested.items() if name in hard}
        over = arithmetic.exceeded(relevant, used, hard)
        if over:
            shown = [arithmetic.format_amounts({name: of[name] for name in over if name in of}) for of in (relevant, used, hard)]
            text = "exceeded quota: {}, requested: {}, used: {}, limited: {}"
            raise request.forbidden(text.format(name_of(quota), *shown))
        return relevant

    def _book(self, quota: Object, growth: Amounts) -> None:
        used = arithmetic.amounts_of(quota["status"].get("used"))
        texts = {n: arithmetic.format_amount(n, used[n] + more) for n, more in growth.items() if n in used}
        status = {**quota["status"], "used": {**quota["status"]["used"], **texts}}
        self._client.update("resourcequotas", {**quota, "status": status}, subresource="status")
