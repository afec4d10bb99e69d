"""The HorizontalPodAutoscaler controller: looks at the metrics every 15 s and scales the target.

Upstream: k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go. The arithmetic is in `hpa_metrics` and
`hpa_behavior`. Metrics come from the resource ``pods.metrics.k8s.io``, wherever that is served from. Left out: metrics of
types Pods, Object and External, and targets other than the built-in workload kinds.
"""

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.apimachinery.labels import format_selector, matches, selector_of
from k8slab.apimachinery.quantity import milli_value
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, key_of, labels, split_key
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import EventType
from k8slab.sim.controllers import conditions, hpa_behavior, hpa_metrics
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.hpa_behavior import History
from k8slab.sim.controllers.hpa_metrics import MetricsError

__all__ = ["SYNC_PERIOD", "HorizontalPodAutoscalerController"]

SYNC_PERIOD = 15.0
_AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_TARGETS = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "ReplicationController": "replicationcontrollers",
}
_STABILIZED = "recent recommendations were {} than current one, applying the {} recent recommendation"
_NO_SUCH_SERVER = "the server could not find the requested resource (get pods.metrics.k8s.io)"


class Proposal(NamedTuple):
    """What one metric asks for."""

    replicas: int
    name: str
    current: Object


class HorizontalPodAutoscalerController(Controller):
    """Keeps targets as large as their load asks for."""

    name = "horizontal-pod-autoscaler-controller"
    account = "horizontal-pod-autoscaler"

    def setup(self) -> None:  # noqa: D102
        self._histories: dict[str, History] = {}
        self.watch(_AUTOSCALERS, self._changed)

    def _changed(self, type: EventType, scaler: Object, old: Object | None) -> None:
        if type == "DELETED":
            self._histories.pop(scaler["metadata"]["uid"], None)
        elif old is None or scaler["spec"] != old["spec"]:
            self.queue.add(key_of(scaler))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        scaler = self.informer(_AUTOSCALERS).get(name, namespace)
        if scaler is None:
            return None
        _Sync(self, scaler, self._histories.setdefault(scaler["metadata"]["uid"], History())).run()
        return SYNC_PERIOD


class _Sync:
    """One look at one autoscaler; gathers the new status on the way."""

    def __init__(self, controller: HorizontalPodAutoscalerController, scaler: Object, history: History) -> None:
        self.controller, self.scaler, self.history = controller, scaler, history
        self.now = controller.kernel.now()
        self.status = dict(scaler.get("status") or {})
        self.conditions = list(self.status.get("conditions") or ())

    def run(self) -> None:
        reference = self.scaler["spec"]["scaleTargetRef"]
        resource, namespace = _TARGETS.get(reference["kind"]), self.scaler["metadata"]["namespace"]
        target = self.controller.informer(resource).get(reference["name"], namespace) if resource else None
        if resource is None or target is None:
            plural, _, group = (resource or reference["kind"].lower() + "s").partition(".")
            found = f'{plural}{"." + group if group else ""} "{reference["name"]}" not found'
            text = f"the HPA controller was unable to get the target's current scale: {found}"
            self._say("AbleToScale", "False", "FailedGetScale", text)
            self.controller.event(self.scaler, "Warning", "FailedGetScale", found)
        else:
            self._say("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")
            self._scale(resource, target)
        self._write()

    def _scale(self, resource: str, target: Object) -> None:
        spec, current = self.scaler["spec"], target["spec"].get("replicas", 1)
        minimum, maximum = spec.get("minReplicas", 1), spec["maxReplicas"]
        self.status["currentReplicas"] = (target.get("status") or {}).get("replicas", 0)
        self.status["desiredReplicas"] = current
        self.history.forget(self.now - 3600)
        if current == 0 and minimum:
            text = "scaling is disabled since the replica count of the target is zero"
            self._say("ScalingActive", "False", "ScalingDisabled", text)
            self.status["desiredReplicas"] = 0
            return
        if current > maximum or current < minimum:
            wanted, side = (maximum, "above Spec.MaxReplicas") if current > maximum else (minimum, "below Spec.MinReplicas")
            self._resize(resource, target, wanted, f"Current number of replicas {side}")
            return
        try:
            proposal = self._propose(target, current)
        except MetricsError:
            return
        self._decide(resource, target, current, proposal)

    def _propose(self, target: Object, current: int) -> Proposal:
        """Return the largest proposal of all metrics; one that fails stops shrinking, all that fail stop everything."""
        proposals, failure, metrics = [], "", self.scaler["spec"].get("metrics") or ()
        for metric in metrics:
            try:
                proposals.append(self._by_metric(target, current, metric))
            except MetricsError as error:
                failure = failure or str(error)
        self.status["currentMetrics"] = [p.current for p in proposals]
        best = max(proposals, key=lambda p: p.replicas, default=None)
        if best is None or (failure and best.replicas < current):
            reason = "FailedGetResourceMetric"
            text = f"the HPA was unable to compute the replica count: {failure}"
            self._say("ScalingActive", "False", reason, text)
            self.controller.event(self.scaler, "Warning", reason, failure)
            summary = (
                f"invalid metrics ({len(metrics) - len(proposals)} invalid out of {len(metrics)}), first error is: {failure}"
            )
            self.controller.event(self.scaler, "Warning", "FailedComputeMetricsReplicas", summary)
            raise MetricsError(failure)
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._say("ScalingActive", "True", "ValidMetricFound", text)
        return best

    def _by_metric(self, target: Object, current: int, metric: Object) -> Proposal:
        kind, key = metric["type"], {"Resource": "resource", "ContainerResource": "containerResource"}.get(metric["type"])
        if key is None:
            raise MetricsError(f'metrics of type "{kind}" are not implemented in the embedded cluster')
        source = metric[key]
        try:
            replicas, values = self._by_resource(target, current, source)
        except MetricsError as error:
            what = "utilization" if "averageUtilization" in source["target"] else "usage"
            raise MetricsError(f"failed to get {source['name']} {what}: {error}") from None
        name = f"{source['name']} {'container ' if 'container' in source else ''}resource"
        if "averageUtilization" in values:
            name += " utilization (percentage of request)"
        identity = {k: source[k] for k in ("name", "container") if k in source}
        return Proposal(replicas, name, {"type": kind, key: {**identity, "current": values}})

    def _by_resource(self, target: Object, current: int, source: Object) -> tuple[int, Object]:
        """Return the replicas that a metric of a resource asks for, and its present values."""
        resource, container, wanted = source["name"], source.get("container", ""), source["target"]
        chosen, measured, tolerances = self._pods(target), self._measured(target, resource), self._tolerances()
        usages = hpa_metrics.usages_of(measured.values(), resource, container)
        groups = hpa_metrics.group(chosen, measured, resource, self.now)
        if "averageUtilization" not in wanted:
            value = milli_value(wanted["averageValue"])
            replicas, average = hpa_metrics.average_value_replicas(current, value, usages, groups, tolerances)
            return replicas, {"averageValue": _milli(average)}
        requests = hpa_metrics.requests_of(chosen, resource, container)
        share = wanted["averageUtilization"]
        replicas, percent = hpa_metrics.utilization_replicas(current, share, usages, requests, groups, tolerances)
        average = sum(usages[name] for name in groups.ready) // len(groups.ready)
        return replicas, {"averageUtilization": percent, "averageValue": _milli(average)}

    def _tolerances(self) -> tuple[float, float]:
        behavior = self.scaler["spec"].get("behavior") or {}
        up, down = ((behavior.get(side) or {}).get("tolerance") for side in ("scaleUp", "scaleDown"))
        default_up, default_down = hpa_metrics.TOLERANCES
        return (
            milli_value(up) / 1000 if up is not None else default_up,
            milli_value(down) / 1000 if down is not None else default_down,
        )

    def _pods(self, target: Object) -> Sequence[Object]:
        selector = selector_of(_selector(target)) or ()
        candidates = self.controller.informer("pods").list(target["metadata"]["namespace"])
        return [p for p in candidates if matches(selector, labels(p))]

    def _measured(self, target: Object, resource: str) -> dict[str, Object]:
        text = format_selector(selector_of(_selector(target)))
        prefix = f"unable to get metrics for resource {resource}"
        try:
            found = self.controller.client.list("pods.metrics.k8s.io", target["metadata"]["namespace"], text)
        except StatusError as error:
            why = _NO_SUCH_SERVER if error.code == 404 else error.message
            raise MetricsError(f"{prefix}: unable to fetch metrics from resource metrics API: {why}") from None
        if not found:
            raise MetricsError(f"{prefix}: no metrics returned from resource metrics API")
        return {str(m["metadata"]["name"]): m for m in found}

    def _decide(self, resource: str, target: Object, current: int, proposal: Proposal) -> None:
        spec = self.scaler["spec"]
        up, down = hpa_behavior.rules(spec.get("behavior"))
        past, desired = self.history.recommendations, proposal.replicas
        stable = hpa_behavior.stabilize(current, desired, past, up, down, self.now)
        past.append((self.now, desired))
        if stable > desired:
            self._say("AbleToScale", "True", "ScaleDownStabilized", _STABILIZED.format("higher", "highest"))
        elif stable < desired:
            self._say("AbleToScale", "True", "ScaleUpStabilized", _STABILIZED.format("lower", "lowest"))
        else:
            self._say("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
        bounds = (spec.get("minReplicas", 1), spec["maxReplicas"])
        limited = hpa_behavior.limit(current, stable, bounds, self.history, up, down, self.now)
        within = limited.reason == "DesiredWithinRange"
        self._say("ScalingLimited", "False" if within else "True", limited.reason, limited.message)
        if limited.replicas != current:
            why = f"{proposal.name} above target" if limited.replicas > current else "All metrics below target"
            self._resize(resource, target, limited.replicas, why)

    def _resize(self, resource: str, target: Object, replicas: int, reason: str) -> None:
        meta, before = target["metadata"], target["spec"].get("replicas", 1)
        scale = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        }
        self.controller.client.update(resource, {**scale, "spec": {"replicas": replicas}}, "scale")
        changes = self.history.ups if replicas > before else self.history.downs
        changes.append((self.now, abs(replicas - before)))
        text = f"the HPA controller was able to update the target scale to {replicas}"
        self._say("AbleToScale", "True", "SucceededRescale", text)
        self.controller.event(self.scaler, "Normal", "SuccessfulRescale", f"New size: {replicas}; reason: {reason}")
        self.status |= {"desiredReplicas": replicas, "lastScaleTime": rfc3339(self.now)}

    def _say(self, type: str, value: str, reason: str, message: str) -> None:
        known = conditions.find(self.conditions, type)
        since = known["lastTransitionTime"] if known and known["status"] == value else rfc3339(self.now)
        new = {"type": type, "status": value, "lastTransitionTime": since, "reason": reason, "message": message}
        self.conditions = [new if c is known else c for c in self.conditions] if known else [*self.conditions, new]

    def _write(self) -> None:
        self.status["conditions"] = self.conditions
        self.status.setdefault("desiredReplicas", 0)
        if self.scaler["metadata"].get("generation"):
            self.status["observedGeneration"] = self.scaler["metadata"]["generation"]
        if self.status != self.scaler.get("status"):
            self.controller.client.update(_AUTOSCALERS, {**self.scaler, "status": self.status}, "status")


def _selector(target: Object) -> Object:
    """Return the selector of a target as a LabelSelector; a ReplicationController has a plain map."""
    selector: Object = target["spec"].get("selector") or {}
    return selector if target["kind"] != "ReplicationController" else {"matchLabels": selector}


def _milli(amount: int) -> str:
    return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"
