"""The HorizontalPodAutoscaler controller: looks at the metrics every 15 s and scales the target.

Upstream: k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go. The arithmetic is in `hpa_metrics` and
`hpa_behavior`, the metrics' values are fetched by `hpa_sources`, what is scaled is found by `hpa_target`.
"""

from collections.abc import Callable, Iterable
from typing import NoReturn

from k8slab.apimachinery.labels import format_selector, matches, selector_of
from k8slab.apimachinery.quantity import milli_value
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, key_of, labels, split_key
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers import conditions, hpa_behavior, hpa_metrics
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.hpa_behavior import History
from k8slab.sim.controllers.hpa_metrics import MetricsError
from k8slab.sim.controllers.hpa_sources import Proposal, Sources, failure_reason, selector_of_target, summary
from k8slab.sim.controllers.hpa_target import TargetError, find_target
from k8slab.sim.kernel import Kernel

__all__ = ["SYNC_PERIOD", "HorizontalPodAutoscalerController"]

SYNC_PERIOD = 15.0
_AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_STABILIZED = "recent recommendations were {} than current one, applying the {} recent recommendation"


class HorizontalPodAutoscalerController(Controller):
    """Keeps targets as large as their load asks for."""

    name = "horizontal-pod-autoscaler-controller"
    account = "horizontal-pod-autoscaler"

    def __init__(
        self, client: Client, kernel: Kernel, informers: Client | None = None,
        *, resources: Callable[[], Iterable[Resource]] = tuple,
    ) -> None:  # fmt: skip
        super().__init__(client, kernel, informers)
        self._resources = resources

    def target(self, reference: Object, namespace: str) -> tuple[str, Object]:
        """Return (resource, object) of a target; see `find_target`."""
        return find_target(self.client, self.informer, self._resources(), reference, namespace)

    def setup(self) -> None:  # noqa: D102
        self._histories: dict[str, History] = {}
        self.watch(_AUTOSCALERS, self._changed)

    def _changed(self, type: EventType, scaler: Object, old: Object | None) -> None:
        if type == "DELETED":
            self._histories.pop(scaler["metadata"]["uid"], None)
        elif old is None or scaler["spec"] != old["spec"]:
            self.queue.add_after(key_of(scaler), SYNC_PERIOD)

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
        try:
            resource, target = self.controller.target(reference, self.scaler["metadata"]["namespace"])
        except TargetError as error:
            text = f"the HPA controller was unable to get the target's current scale: {error}"
            self._say("AbleToScale", "False", "FailedGetScale", text)
            self.controller.event(self.scaler, "Warning", "FailedGetScale", str(error))
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
        if not self.history.recommendations:
            self.history.recommendations.append((self.now, current))
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
            proposal = self._propose(target)
        except MetricsError:
            return
        self._decide(resource, target, current, proposal)

    def _propose(self, target: Object) -> Proposal:
        """Return the largest proposal of all metrics; one that fails stops shrinking, all that fail stop everything."""
        sources = Sources(self.controller.client, target, self._tolerances(), self.now)
        self._check_selector(target, sources)
        proposals, failed, metrics = [], [], self.scaler["spec"].get("metrics") or ()
        for metric in metrics:
            try:
                proposals.append(sources.propose(metric))
            except MetricsError as error:
                failed.append((metric, error))
                self.controller.event(self.scaler, "Warning", failure_reason(metric), str(error))
        self.status["currentMetrics"] = [p.current for p in proposals]
        best = max(proposals, key=lambda p: p.replicas, default=None)
        if best is None or (failed and best.replicas < target["spec"].get("replicas", 1)):
            self._give_up(failed[0], len(failed), len(metrics))
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._say("ScalingActive", "True", "ValidMetricFound", text)
        return best

    def _give_up(self, first: tuple[Object, MetricsError], failed: int, all: int) -> NoReturn:
        metric, error = first
        self._say("ScalingActive", "False", failure_reason(metric), f"the HPA was unable to compute the replica count: {error}")
        text = f"invalid metrics ({failed} invalid out of {all}), first error is: {summary(metric, error)}"
        self.controller.event(self.scaler, "Warning", "FailedComputeMetricsReplicas", text)
        raise MetricsError(text)

    def _check_selector(self, target: Object, sources: Sources) -> None:
        """Refuse pods that another autoscaler scales too."""
        namespace, own = self.scaler["metadata"]["namespace"], [labels(pod) for pod in sources.pods()]
        rivals = []
        for other in self.controller.informer(_AUTOSCALERS).list(namespace):
            try:
                found = self.controller.target(other["spec"]["scaleTargetRef"], namespace)[1]
            except TargetError:
                continue
            selector = selector_of(selector_of_target(found))
            if selector and any(matches(selector, pod) for pod in own):
                rivals.append(key_of(other))
        if len(rivals) < 2:
            return
        text = f"pods by selector {format_selector(selector_of(selector_of_target(target)))} are controlled by multiple HPAs: "
        text += f"[{' '.join(sorted(rivals))}]"
        self._say("ScalingActive", "False", "AmbiguousSelector", text)
        self.controller.event(self.scaler, "Warning", "AmbiguousSelector", text)
        raise MetricsError(text)

    def _tolerances(self) -> tuple[float, float]:
        behavior = self.scaler["spec"].get("behavior") or {}
        up, down = ((behavior.get(side) or {}).get("tolerance") for side in ("scaleUp", "scaleDown"))
        default_up, default_down = hpa_metrics.TOLERANCES
        return (
            milli_value(up) / 1000 if up is not None else default_up,
            milli_value(down) / 1000 if down is not None else default_down,
        )

    def _decide(self, resource: str, target: Object, current: int, proposal: Proposal) -> None:
        spec = self.scaler["spec"]
        behavior = spec.get("behavior")
        up, down = hpa_behavior.rules(behavior)
        past, desired = self.history.recommendations, proposal.replicas
        if behavior is None:
            stable = hpa_behavior.highest(desired, past, self.now)
        else:
            stable = hpa_behavior.stabilize(current, desired, past, up, down, self.now)
        past.append((self.now, desired))
        if stable > desired:
            self._say("AbleToScale", "True", "ScaleDownStabilized", _STABILIZED.format("higher", "highest"))
        elif stable < desired:
            self._say("AbleToScale", "True", "ScaleUpStabilized", _STABILIZED.format("lower", "lowest"))
        else:
            self._say("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
        bounds = (spec.get("minReplicas", 1), spec["maxReplicas"])
        if behavior is None:
            limited = hpa_behavior.plain_limit(current, stable, bounds)
        else:
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
