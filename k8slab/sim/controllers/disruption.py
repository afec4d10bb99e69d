"""The disruption controller: how many pods of a PodDisruptionBudget may be evicted right now.

Upstream: k8s.io/kubernetes/pkg/controller/disruption. The eviction subresource asks the status written here. Scales are
read from the built-in workload kinds only, not through /scale of any kind.
"""

from collections.abc import Sequence

from k8slab.apimachinery.intstr import scaled_value
from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, controller_of, key_of, labels, split_key
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, pods
from k8slab.sim.controllers.base import Controller

__all__ = ["DisruptionController", "budget"]

_BUDGETS = "poddisruptionbudgets.policy"
_DISRUPTION_TIMEOUT = 120.0
_RECOUNT = 0.05
_WORKLOADS = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
    "Deployment": "deployments.apps",
}


def budget(spec: Object, expected: int, matching: int) -> tuple[int, int]:
    """Return (expected pods, pods that must stay healthy).

    Parameters
    ----------
    spec
        Of the PodDisruptionBudget.
    expected
        Pods that the controllers of the selected pods want.
    matching
        Pods that the selector matches.

    Examples
    --------
    >>> budget({"minAvailable": 2}, 5, 3), budget({"minAvailable": "50%"}, 5, 3), budget({"maxUnavailable": 1}, 5, 3)
    ((3, 2), (5, 3), (5, 4))
    """
    if "maxUnavailable" in spec:
        return expected, max(0, expected - scaled_value(spec["maxUnavailable"], expected, round_up=True))
    if "minAvailable" not in spec:
        return 0, 0
    minimum = spec["minAvailable"]
    if isinstance(minimum, int):
        return matching, minimum
    return expected, scaled_value(minimum, expected, round_up=True)


class DisruptionController(Controller):
    """Keeps the status of PodDisruptionBudgets."""

    name = "disruption-controller"
    account = "disruption-controller"
    source = "controllermanager"

    def setup(self) -> None:  # noqa: D102
        self.watch(_BUDGETS, self._budget_changed)
        self.watch("pods", self._pod_changed)
        for resource in _WORKLOADS.values():
            self.watch(resource, self._workload_changed)

    def _budget_changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(key_of(obj))

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        budgets = self.informer(_BUDGETS)
        for obj in budgets.list(pod["metadata"]["namespace"]):
            selector = selector_of(obj["spec"].get("selector"))
            if selector is not None and (matches(selector, labels(pod)) or (old is not None and matches(selector, labels(old)))):
                self.queue.add_after(key_of(obj), _RECOUNT)

    def _workload_changed(self, type: EventType, workload: Object, old: Object | None) -> None:
        if old is None or workload["spec"].get("replicas") != old["spec"].get("replicas"):
            for obj in self.informer(_BUDGETS).list(workload["metadata"]["namespace"]):
                self.queue.add_after(key_of(obj), _RECOUNT)

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        obj = self.informer(_BUDGETS).get(name, namespace)
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            return None
        selector = selector_of(obj["spec"].get("selector"))
        matching = [p for p in self.informer("pods").list(namespace) if selector is not None and matches(selector, labels(p))]
        if not matching:
            self.event(obj, "Normal", "NoPods", "No matching pods found")
        evicted, again = self._evicted(obj, matching)
        healthy = sum(
            1 for p in matching if pods.is_ready(p) and not pods.is_terminating(p) and p["metadata"]["name"] not in evicted
        )
        expected, desired = budget(obj["spec"], self._expected(matching), len(matching))
        self._write(obj, healthy, desired, expected, evicted)
        return again

    def _evicted(self, obj: Object, matching: Sequence[Object]) -> tuple[dict[str, str], float | None]:
        """Return the pods that were evicted but are not gone yet, and when the next entry is too old to be believed."""
        now, names = self.kernel.now(), {p["metadata"]["name"] for p in matching if not pods.is_terminating(p)}
        noted = ((obj.get("status") or {}).get("disruptedPods") or {}).items()
        recent = {n: t for n, t in noted if n in names and parse_time(t) + _DISRUPTION_TIMEOUT > now}
        again = min((parse_time(t) + _DISRUPTION_TIMEOUT - now for t in recent.values()), default=None)
        return recent, again

    def _expected(self, matching: Sequence[Object]) -> int:
        """Return the wanted size of every controller of the pods; pods without one do not count."""
        sizes: dict[str, int] = {}
        for pod in matching:
            owner, reference = None, controller_of(pod)
            while reference is not None and reference["kind"] in _WORKLOADS:
                found = self.informer(_WORKLOADS[reference["kind"]]).get(reference["name"], pod["metadata"]["namespace"])
                owner, reference = found or owner, controller_of(found) if found else None
            if owner is not None:
                sizes[owner["metadata"]["uid"]] = owner["spec"].get("replicas", 1)
        return sum(sizes.values())

    def _write(self, obj: Object, healthy: int, desired: int, expected: int, evicted: dict[str, str]) -> None:
        allowed = max(0, healthy - desired) if expected > 0 else 0
        now, old = self.kernel.now(), obj.get("status") or {}
        condition = {
            "type": "DisruptionAllowed",
            "status": "True" if allowed else "False",
            "observedGeneration": obj["metadata"].get("generation", 0),
            "lastTransitionTime": rfc3339(now),
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
        }
        status: Object = {
            "observedGeneration": obj["metadata"].get("generation", 0),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "conditions": conditions.put(list(old.get("conditions") or ()), condition),
        }
        status |= {"disruptedPods": evicted} if evicted else {}
        if status != old:
            self.client.update(_BUDGETS, {**obj, "status": status}, "status")
