"""What the autoscaling exercises of lab 10 are judged by. Reads only."""

from collections.abc import Generator, Iterator

from k8slab.apimachinery.quantity import milli_value
from k8slab.apimachinery.types import Object
from k8slab.client import Cluster
from k8slab.lessons.exercise import Finding, holds, missing
from k8slab.lessons.judging import condition, exists, image_is, say

__all__ = ["autoscaled", "by_requests", "repaired", "runs_loads", "slowly_down"]

_HPA = "horizontalpodautoscalers.autoscaling"
_RATE = "http_requests_per_second"


def runs_loads(cluster: Cluster) -> bool:
    """Whether the cluster has a load generator."""
    return "sim.k8slab.dev" in _groups(cluster)


def _groups(cluster: Cluster) -> set[str]:
    return {group["name"] for group in cluster.request("GET", "/apis")["groups"]}


def _scaler_of(cluster: Cluster, deployment: str) -> tuple[Finding, Object | None]:
    """Return the one autoscaler of a Deployment, whatever its name."""
    scalers = cluster.list(_HPA)
    found = [s for s in scalers if _aims(s) == ("Deployment", deployment)]
    look = "kubectl get hpa"
    if len(found) == 1:
        return holds(f"hpa/{found[0]['metadata']['name']} scales deployment/{deployment}"), found[0]
    if found:
        names = ", ".join(s["metadata"]["name"] for s in found)
        return missing(f"{names} speak of the same pods, those of deployment/{deployment}: then none of them scales", look), None
    others = ", ".join(f"{s['metadata']['name']} scales {'/'.join(_aims(s)).lower()}" for s in scalers)
    return missing(f"no HorizontalPodAutoscaler scales deployment/{deployment}{f' ({others})' if others else ''}", look), None


def _aims(scaler: Object) -> tuple[str, str]:
    reference = scaler["spec"]["scaleTargetRef"]
    return reference["kind"], reference["name"]


def _bounds(scaler: Object, least: int, most: int) -> Finding:
    spec = scaler["spec"]
    found = (spec.get("minReplicas", 1), spec["maxReplicas"])
    return say(found == (least, most), f"it keeps {least} to {most} pods", f"it keeps {found[0]} to {found[1]} pods, not {least} to {most}",
               "kubectl get hpa")  # fmt: skip


def _cpu_target(scaler: Object) -> Finding:
    metrics = scaler["spec"].get("metrics") or ()
    cpu = [m["resource"]["target"] for m in metrics if m["type"] == "Resource" and m["resource"]["name"] == "cpu"]
    goal = cpu[0].get("averageUtilization") if cpu else None
    wrong = (
        f"its target for CPU is {goal} % of the request, not 50 %"
        if goal
        else "it has no target for CPU in percent of the request"
    )
    return say(goal == 50, "its target is 50 % of the requested CPU", wrong, "kubectl describe hpa")


def _active(scaler: Object) -> Finding:
    """Return whether it gets figures; one that is new has not looked yet."""
    conditions = {c["type"]: c for c in (scaler.get("status") or {}).get("conditions") or ()}
    for kind in ("AbleToScale", "ScalingActive"):
        found = conditions.get(kind)
        if found is None:
            return missing("it has not looked yet: it does every 15 s", "kubectl describe hpa", soon=True)
        if found["status"] != "True":
            new = "; a new pod is measured after half a minute" if "did not receive metrics" in found["message"] else ""
            return missing(f"{kind} is not True: {found['message']}{new}", "kubectl describe hpa", soon=True)
    return holds("it finds its target, and it gets figures")


def _requests_cpu(deployment: Object) -> Finding:
    name = deployment["metadata"]["name"]
    containers = deployment["spec"]["template"]["spec"]["containers"]
    without = [c["name"] for c in containers if not _asks_for_cpu(c.get("resources") or {})]
    return say(not without, f"the pods of {name} request CPU", f"container {', '.join(without)} of {name} requests no CPU: 50 % of what?",
               f"kubectl get deployment {name} -o jsonpath={{.spec.template.spec.containers[*].resources}}")  # fmt: skip


def _asks_for_cpu(resources: Object) -> bool:
    """Whether a pod made of this requests CPU: a limit without a request is a request too."""
    return any("cpu" in (resources.get(kind) or {}) for kind in ("requests", "limits"))


def _web_and_scaler(cluster: Cluster) -> Generator[Finding, None, tuple[Object, Object] | None]:
    """Yield what 10.1 and 10.7 have in common; return web and its one autoscaler, if both are there."""
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if deployment is None:
        return None
    yield image_is(deployment["spec"]["template"]["spec"]["containers"][0], "chatter/web")
    yield _requests_cpu(deployment)
    found, scaler = _scaler_of(cluster, "web")
    yield found
    return None if scaler is None else (deployment, scaler)


def autoscaled(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.1."""
    found = yield from _web_and_scaler(cluster)
    if found is None:
        return
    _, scaler = found
    yield _bounds(scaler, 1, 6)
    yield _cpu_target(scaler)
    if "metrics.k8s.io" in _groups(cluster):
        yield _active(scaler)


def slowly_down(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.2."""
    found, scaler = _scaler_of(cluster, "web")
    yield found
    if scaler is None:
        return
    yield _bounds(scaler, 1, 6)
    yield _cpu_target(scaler)
    behavior = scaler["spec"].get("behavior") or {}
    down = behavior.get("scaleDown") or {}
    look = "kubectl get hpa -o yaml"
    window = down.get("stabilizationWindowSeconds", 300)
    yield say(window == 60, "it looks back 60 s before it shrinks", f"it looks back {window} s before it shrinks, not 60 s", look)
    yield _one_in_thirty(down, look)
    yield _may_grow(scaler)
    up = behavior.get("scaleUp") or {}
    yield say(_as_by_default(up), "it grows as before", "it does not grow as before: scaleUp has a rule of its own", look)


def _as_by_default(up: Object) -> bool:
    """Whether rules for growing are what the API server fills in where nobody says anything."""
    policies = {(p["type"], p["value"], p["periodSeconds"]) for p in up.get("policies") or ()}
    at_once = up.get("stabilizationWindowSeconds") in (None, 0) and up.get("selectPolicy", "Max") != "Min"
    return at_once and policies in (set(), {("Pods", 4, 15), ("Percent", 100, 15)})


def _may_grow(scaler: Object) -> Finding:
    up = (scaler["spec"].get("behavior") or {}).get("scaleUp") or {}
    wrong = "it may not grow: scaleUp is disabled"
    return say(up.get("selectPolicy") != "Disabled", "it may grow", wrong, "kubectl get hpa -o yaml")


def _one_in_thirty(down: Object, look: str) -> Finding:
    policies = down.get("policies") or [{"type": "Percent", "value": 100, "periodSeconds": 15}]
    select = down.get("selectPolicy", "Max")
    if select == "Disabled":
        return missing("it may not shrink at all: scaleDown is disabled", look)
    fits = [(p["type"], p["value"], p["periodSeconds"]) == ("Pods", 1, 30) for p in policies]
    if all(fits) or (select == "Min" and any(fits)):
        return holds("it takes away at most one pod every 30 s")
    if any(fits):
        return missing(
            "one pod every 30 s is only one of its policies, and the one that takes most pods wins (selectPolicy Max)", look
        )
    words = ", ".join(f"{p['value']} {p['type'].lower()} every {p['periodSeconds']} s" for p in policies)
    return missing(f"it may take away {words}, not one pod every 30 s", look)


def by_requests(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.3."""
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if deployment is None:
        return
    found, scaler = _scaler_of(cluster, "gateway")
    yield found
    if scaler is None:
        return
    yield _bounds(scaler, 1, 5)
    yield _rate_target(scaler)
    others = [m["type"] for m in scaler["spec"].get("metrics") or () if m["type"] != "Pods"]
    yield say(
        not others, "it goes by nothing else", f"it also goes by a metric of the type {', '.join(others)}", "kubectl get hpa"
    )
    if "custom.metrics.k8s.io" in _groups(cluster):
        yield _active(scaler)


def _rate_target(scaler: Object) -> Finding:
    look = "kubectl describe hpa"
    found = [m["pods"] for m in scaler["spec"].get("metrics") or () if m["type"] == "Pods"]
    if not found:
        return missing("it has no metric of the type Pods", look)
    name, target = found[0]["metric"]["name"], found[0]["target"]
    if name != _RATE:
        return missing(f"it goes by {name}, not by {_RATE}", look)
    value = target.get("averageValue", "0")
    right = milli_value(value) == 4_000
    return say(right, "its target is 4 requests per second for each pod", f"its target is {value} for each pod, not 4", look)


def repaired(cluster: Cluster) -> Iterator[Finding]:
    """Judge 10.7."""
    found = yield from _web_and_scaler(cluster)
    if found is None:
        return
    deployment, scaler = found
    least, most = scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]
    look = "kubectl describe hpa"
    yield say(least == 1, "it may go down to 1 pod", f"minReplicas is {least}: then nobody scales, the pods are just there", look)
    yield say(most >= 6, f"it may go up to {most} pods", f"it may only go up to {most} pods", look)
    yield _cpu_target(scaler)
    yield _may_grow(scaler)
    if "metrics.k8s.io" in _groups(cluster):
        yield _active(scaler)
    if _busy(cluster):
        ready = (deployment.get("status") or {}).get("readyReplicas", 0)
        enough = ready >= 3 and condition(deployment, "Available") == "True"
        yield (
            holds("enough pods serve the visitors")
            if enough
            else missing(f"only {ready} pod{'s serve' if ready != 1 else ' serves'} the visitors", look, soon=True)
        )


def _busy(cluster: Cluster) -> bool:
    if not runs_loads(cluster):
        return False
    runs = cluster.list("loadruns.sim.k8slab.dev")
    return any("//web" in r["spec"]["url"] and (r.get("status") or {}).get("phase") == "Running" for r in runs)
