"""A HorizontalPodAutoscaler that does not scale: its target, its metrics, its bounds, its caution.

What it should do now is computed by the embedded controller's own arithmetic (`hpa_metrics`), on PodMetrics fetched from any
cluster. Upstream: pkg/controller/podautoscaler (conditions and reasons).
"""

import re

from k8slab.apimachinery.labels import selector_of
from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Confidence, Evidence
from k8slab.explain.blame import author_of, container_at
from k8slab.explain.kinds import label_of, resource_of
from k8slab.explain.network.endpoints import pod_ready
from k8slab.explain.wording import clause, condition, count, kubectl
from k8slab.explain.world import World
from k8slab.sim.controllers import hpa_metrics

__all__ = ["DIAGNOSERS"]

_METRICS = "pods.metrics.k8s.io"


def _say(
    scaler: Object, verdict: str, text: str, field: str, change: str = "", seen: tuple[Evidence, ...] = (),
    sure: Confidence = KNOWN, command: str = "",
) -> Answer:  # fmt: skip
    name, where = label_of(scaler), namespace_of(scaler)
    return Answer(f"hpa.{verdict}", text, name, field, where, sure, seen, change, command or kubectl(f"describe {name}", where))


def _told(scaler: Object, kind: str) -> tuple[Evidence, ...]:
    found = condition(scaler, kind)
    words = f"{found.get('status')}, {found.get('reason', '')}: {found.get('message', '')}"
    return (Evidence(f"{label_of(scaler)} status.conditions[{kind}]", words),) if found else ()


def _target(world: World, scaler: Object) -> Object | None:
    ref = scaler["spec"]["scaleTargetRef"]
    return world.get(resource_of(ref.get("apiVersion", "v1"), ref["kind"]), ref["name"], namespace_of(scaler))


def _target_trouble(world: World, scaler: Object) -> Answer | None:
    """The target is not there, cannot be scaled, or is switched off."""
    ref, able = scaler["spec"]["scaleTargetRef"], condition(scaler, "AbleToScale")
    label = f"{ref['kind'].lower()}/{ref['name']}"
    target = _target(world, scaler)
    if target is None:
        if not world.lacks(resource_of(ref.get("apiVersion", "v1"), ref["kind"]), ref["name"], namespace_of(scaler)):
            return None
        text = f"{label_of(scaler)} is to scale {label}, which does not exist in namespace {namespace_of(scaler)}."
        return _say(
            scaler,
            "target-missing",
            text,
            "spec.scaleTargetRef",
            "Correct scaleTargetRef (apiVersion, kind, name), or create the target.",
            _told(scaler, "AbleToScale"),
        )
    if able.get("status") == "False" and able.get("reason") in ("FailedGetScale", "FailedUpdateScale"):
        text = f"{label_of(scaler)} cannot scale {label}: {clause(able.get('message', ''))}."
        return _say(
            scaler,
            "target-not-scalable",
            text,
            "spec.scaleTargetRef",
            "Correct what the message names.",
            _told(scaler, "AbleToScale"),
            LIKELY,
        )
    if target["spec"].get("replicas", 1) == 0:
        text = f"{label} is scaled to 0 replicas, and an autoscaler leaves that alone: it is switched off."
        return Answer(
            "hpa.disabled",
            text,
            label,
            "spec.replicas",
            namespace_of(scaler),
            KNOWN,
            _told(scaler, "ScalingActive"),
            "Scale the target to 1 by hand, and it works again.",
            kubectl(f"scale {label} --replicas=1", namespace_of(scaler)),
        )
    return None


def _metrics_trouble(world: World, scaler: Object) -> Answer | None:
    """It gets no number to work with."""
    active = condition(scaler, "ScalingActive")
    if active.get("status") != "False":
        return None
    message, seen = str(active.get("message", "")), _told(scaler, "ScalingActive")
    missing = re.search(r"missing request for ([\w./-]+)(?: in container (\S+))?(?: of Pod (\S+))?", message)
    if missing:
        return _missing_request(world, scaler, missing, seen)
    if "could not find the requested resource" in message or "the server is currently unable" in message:
        text = (
            f"{label_of(scaler)} gets no metrics: the cluster does not serve metrics.k8s.io, because no metrics server "
            "is installed or it is down."
        )
        return Answer("hpa.no-metrics-server", text, "apiservice/v1beta1.metrics.k8s.io", "", "", KNOWN, seen,
                      "Install or repair metrics-server.", "kubectl get apiservice v1beta1.metrics.k8s.io")  # fmt: skip
    if "no metrics returned" in message or "did not receive metrics" in message or "no metrics returned matched" in message:
        return _no_pod_metrics(world, scaler, seen)
    if active.get("reason") == "InvalidSelector":
        text = f"{label_of(scaler)}: its target has no usable selector, so its pods are not known."
        return _say(scaler, "selector", text, "spec.scaleTargetRef", "Correct the target's selector.", seen)
    text = f"{label_of(scaler)} gets no metrics: {clause(message)}."
    return _say(scaler, "metrics", text, "spec.metrics", "Correct what the message names.", seen, LIKELY)


def _missing_request(world: World, scaler: Object, missing: re.Match[str], seen: tuple[Evidence, ...]) -> Answer:
    resource, container, pod_name = missing[1], missing[2] or "", (missing[3] or "").strip("},")
    where = namespace_of(scaler)
    ref = scaler["spec"]["scaleTargetRef"]
    label, path = f"{ref['kind'].lower()}/{ref['name']}", "spec.template.spec.containers[0]"
    pod = world.get("pods", pod_name, where) if pod_name else None
    if pod is not None:
        author = author_of(world, pod)
        label, path = author.label, author.field(container_at(pod, container)[0])
    text = (
        f"{label_of(scaler)} counts in percent of the {resource} request, and container {container!r} of {label} requests none."
    )
    return Answer("hpa.missing-request", text, label, f"{path}.resources.requests.{resource}", where, KNOWN, seen,
                  f"Set requests.{resource} in every container, or use averageValue instead of averageUtilization.",
                  kubectl(f"edit {label}", where))  # fmt: skip


def _pods(world: World, scaler: Object) -> list[Object]:
    target = _target(world, scaler)
    selector = (target or {}).get("spec", {}).get("selector")
    return world.selected("pods", namespace_of(scaler), selector) if selector else []


def _no_pod_metrics(world: World, scaler: Object, seen: tuple[Evidence, ...]) -> Answer:
    pods = _pods(world, scaler)
    ready = [p for p in pods if pod_ready(p)]
    name = label_of(scaler)
    if pods and not ready:
        text = f"{name} gets no metrics, because none of the {count(len(pods), 'pod')} of its target is ready."
        ref = scaler["spec"]["scaleTargetRef"]
        return Answer(
            "hpa.pods-not-ready",
            text,
            f"{ref['kind'].lower()}/{ref['name']}",
            "status.readyReplicas",
            namespace_of(scaler),
            KNOWN,
            seen,
            f"See k8slab why {ref['kind'].lower()}/{ref['name']}.",
            kubectl(f"get {ref['kind'].lower()}/{ref['name']}", namespace_of(scaler)),
        )
    text = f"{name} gets no metrics of its target's pods (yet): they are measured some 15 to 60 s after their start."
    return _say(
        scaler,
        "no-pod-metrics",
        text,
        "spec.metrics",
        "Wait a minute; if it stays, look at the metrics server.",
        seen,
        LIKELY,
        kubectl("top pods", namespace_of(scaler)),
    )


def _bounds(world: World, scaler: Object) -> Answer | None:
    """It would like to, and may not."""
    spec, status, limited = scaler["spec"], scaler.get("status") or {}, condition(scaler, "ScalingLimited")
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    seen = (*_told(scaler, "ScalingLimited"), *_use(world, scaler))
    if least == most:
        text = f"{label_of(scaler)} can do nothing: minReplicas and maxReplicas are both {most}."
        return _say(scaler, "fixed", text, "spec.maxReplicas", "Let maxReplicas be more than minReplicas.", seen)
    if limited.get("status") != "True":
        return None
    reason = limited.get("reason")
    if reason == "TooManyReplicas" and status.get("currentReplicas") == most:
        text = f"{label_of(scaler)} wants more than {most} replicas, and {most} is its maxReplicas."
        return _say(scaler, "max-replicas", text, "spec.maxReplicas", "Raise maxReplicas, or give each pod more.", seen)
    if reason in ("ScaleUpLimit", "ScaleDownLimit"):
        side = "scaleUp" if reason == "ScaleUpLimit" else "scaleDown"
        off = ((spec.get("behavior") or {}).get(side) or {}).get("selectPolicy") == "Disabled"
        says = f"its behavior forbids {side}" if off else f"its behavior lets it go only so fast ({side})"
        field = f"spec.behavior.{side}.{'selectPolicy' if off else 'policies'}"
        text = f"{label_of(scaler)} wants another number of replicas than {status.get('currentReplicas')}, and {says}."
        change = f"Set selectPolicy of {side} to Max, or leave it out." if off else "Change the behavior, or wait."
        return _say(scaler, f"{'disabled-direction' if off else 'rate-limit'}", text, field, change, seen)
    return None


def _stabilised(world: World, scaler: Object) -> Answer | None:
    able = condition(scaler, "AbleToScale")
    if able.get("reason") not in ("ScaleDownStabilized", "ScaleUpStabilized"):
        return None
    side = "scaleDown" if able["reason"] == "ScaleDownStabilized" else "scaleUp"
    window = ((scaler["spec"].get("behavior") or {}).get(side) or {}).get(
        "stabilizationWindowSeconds", 300 if side == "scaleDown" else 0
    )
    text = (
        f"{label_of(scaler)} waits: it follows the most cautious advice of the last {window} s "
        "(stabilizationWindowSeconds), lest it swing to and fro."
    )
    return _say(
        scaler,
        "stabilized",
        text,
        f"spec.behavior.{side}.stabilizationWindowSeconds",
        "Nothing: wait, or shorten the window.",
        (*_told(scaler, "AbleToScale"), *_use(world, scaler)),
    )


def _use(world: World, scaler: Object) -> tuple[Evidence, ...]:
    """What the arithmetic says now, metric by metric; evidence only."""
    found = []
    for metric in scaler["spec"].get("metrics") or ():
        source = metric.get("resource")
        wanted = ((source or {}).get("target") or {}).get("averageUtilization")
        if source is None or wanted is None:
            continue
        target = _target(world, scaler)
        selector = selector_of((target or {}).get("spec", {}).get("selector"))
        pods = _pods(world, scaler)
        names = {name_of(p) for p in pods}
        measured = {name_of(m): m for m in world.peek(_METRICS, namespace_of(scaler)) if name_of(m) in names}
        current = (target or {}).get("spec", {}).get("replicas", 1)
        if not selector or not measured:
            continue
        try:
            replicas, percent = hpa_metrics.utilization_replicas(
                current, wanted, hpa_metrics.usages_of(measured.values(), source["name"]),
                hpa_metrics.requests_of(pods, source["name"]), hpa_metrics.group(pods, measured, source["name"], world.now),
            )  # fmt: skip
        except hpa_metrics.MetricsError:
            continue
        found.append(
            Evidence(
                f"{source['name']} now", f"{percent} % of the request, target {wanted} %: {count(replicas, 'replica')} would do"
            )
        )
    return tuple(found)


def _healthy(world: World, scaler: Object) -> Answer:
    status = scaler.get("status") or {}
    active = condition(scaler, "ScalingActive")
    name = label_of(scaler)
    if not active:
        age = world.age(scaler["metadata"].get("creationTimestamp"))
        text = f"{name} has not been looked at yet: the controller does so every 15 s."
        return _say(
            scaler,
            "new",
            text,
            "status",
            "Wait." if age < 60 else "Does kube-controller-manager run?",
            (),
            KNOWN if age < 60 else LIKELY,
        )
    current, wanted = status.get("currentReplicas"), status.get("desiredReplicas")
    if active.get("status") != "True":
        return Answer(
            "unknown", f"{name} does not work, and its conditions do not tell why.", name, "status", namespace_of(scaler), UNKNOWN
        )
    text = f"{name} works: {current} of {scaler['spec'].get('minReplicas', 1)} to {scaler['spec']['maxReplicas']} replicas"
    text += ", and its metrics ask for no more and no less." if current == wanted else f", on the way to {wanted}."
    return _say(scaler, "healthy", text, "status.desiredReplicas", "", (*_told(scaler, "ScalingLimited"), *_use(world, scaler)))


DIAGNOSERS = (_target_trouble, _metrics_trouble, _bounds, _stabilised, _healthy)
