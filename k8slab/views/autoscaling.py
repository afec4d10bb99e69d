"""The autoscaling view: replicas, what is measured against its target, load and latency, under each other in time."""

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, name_of
from k8slab.client.cluster import Cluster
from k8slab.topology.rollouts import Version
from k8slab.topology.scaling import Metric, load_points, metrics_of, replicas_over_time, scaling_state
from k8slab.views.charts import Chart, Series, charts
from k8slab.views.panel import Cell, cell, commands, controls, grid, note, panel, select
from k8slab.views.panels import LivePanel, served, split_thing
from k8slab.views.scene import Scene
from k8slab.views.versions import now_of, span_choice, versions_of

__all__ = ["AutoscalingView", "autoscaling_scene"]

_HPA = "horizontalpodautoscalers.autoscaling"
_RUNS = "loadruns.sim.k8slab.dev"
_QUIET = 900.0  # seconds: scaling down waits for five minutes, and belongs to the load before it
_NO_RUN = "No load run is recorded here: the chart shows what the autoscaler sees and does."


def autoscaling_scene(
    hpa: Object, versions: list[Version], run: Object | None = None, now: float | None = None, runs: tuple[str, ...] = (), *,
    span: float = 0,
) -> Scene:  # fmt: skip
    """Return the scene of an HPA and, if there is one, of the LoadRun beside it."""
    name, namespace = name_of(hpa), hpa["metadata"].get("namespace", "")
    words, tone = scaling_state(hpa)
    metrics = metrics_of(hpa)
    ref = (hpa.get("spec") or {}).get("scaleTargetRef") or {}
    target = f"{ref.get('kind', '').lower()}/{ref.get('name', '')}"
    shown = [*_scaling(hpa, versions, metrics), *(_load(run) if run else ())]
    blocks = {
        "choice": controls(span_choice(span), *_run_choice(run, runs)),
        "state": note(words, tone),
        "chart": charts(shown, f"{target}: {words}", now, span, _QUIET),
        "metrics": grid(("METRIC", "NOW", "TARGET", "NOW ÷ TARGET"), [_row(m) for m in metrics], "What it measures"),
        "load": None if run else note(_NO_RUN),
        "commands": commands(
            ("What it sees", f"kubectl get hpa {name} -n {namespace}"), ("Why", f"kubectl describe hpa {name} -n {namespace}"),
            ("Use of the pods", f"kubectl top pods -n {namespace}"),
        ),
    }  # fmt: skip
    count = (hpa.get("status") or {}).get("currentReplicas", 0)
    return panel(f"Autoscaling of {target}", f"{count} replica{'' if count == 1 else 's'}.", blocks)


def _run_choice(run: Object | None, runs: tuple[str, ...]) -> list[Scene]:
    return [select("run", "Load run", [(r, r) for r in runs], name_of(run) if run else "")] if runs else []


def _row(m: Metric) -> list[Cell]:
    ratio = "" if m.current is None or not m.target else f"{m.current / m.target:.2f}"
    high = m.current is not None and m.current > m.target
    now = "not measured" if m.current is None else f"{m.current:g} {m.unit}"
    return [m.name, cell(now, "warn" if high else ""), f"{m.target:g} {m.unit}", ratio]


def _scaling(hpa: Object, versions: list[Version], metrics: list[Metric]) -> list[Chart]:
    spec = hpa.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 1)
    begin = min((when for when, _, _ in versions), default=None)
    limits = [] if begin is None else [Series(f"max {most}", "soft", ((begin, most),), "limit"),
                                       Series(f"min {least}", "soft", ((begin, least),), "limit")]  # fmt: skip
    wanted = Series("wanted", "b", replicas_over_time(versions, "desiredReplicas"), "step")
    there = Series("replicas", "a", replicas_over_time(versions, "currentReplicas"), "step")
    found = [Chart("Replicas", (there, wanted, *limits), height=120)]
    for m in metrics:
        goal = [] if begin is None else [Series(f"target {m.target:g}", "soft", ((begin, m.target),), "limit")]
        found.append(Chart(m.name, (Series("measured", "d", _measured(versions, m.name), "step"), *goal), m.unit))
    return found


def _measured(versions: list[Version], name: str) -> tuple[tuple[float, float], ...]:
    points: list[tuple[float, float]] = []
    for when, type_, hpa in versions:
        value = next((m.current for m in metrics_of(hpa) if m.name == name), None)
        if type_ != "DELETED" and value is not None:
            points.append((when, value))
    return tuple(points)


def _load(run: Object) -> list[Chart]:
    spec = run.get("spec") or {}
    asked = Series("asked for", "f", (*load_points(run, "target"), *_end(run)), "step")
    done = Series("answered", "c", load_points(run, "throughput"))
    failed = Series("failed", "b", load_points(run, "failed", factor=1 / (spec.get("intervalSeconds") or 5)))
    p50 = Series("p50", "a", load_points(run, "latencySeconds", "p50", factor=1000))
    p99 = Series("p99", "d", load_points(run, "latencySeconds", "p99", factor=1000))
    what = "requests per second" if spec.get("mode", "open") == "open" else "requests per second; asked: users"
    return [Chart("Load", (asked, done, failed), what), Chart("Latency", (p50, p99), "ms")]


def _end(run: Object) -> tuple[tuple[float, float], ...]:
    """Return the moment from which nothing is asked for any more."""
    ended = (run.get("status") or {}).get("completionTime")
    return ((parse_time(ended), 0.0),) if ended else ()


class AutoscalingView(LivePanel):
    """An HPA at work, live."""

    def __init__(self, cluster: Cluster, thing: str, run: str = "") -> None:
        _, self._namespace, self._name = split_thing(thing, "hpa", cluster)
        self._run, self._span = run, 0.0
        self._runs = bool(served(cluster, [_RUNS]))
        super().__init__(cluster, [_HPA, *([_RUNS] if self._runs else [])])

    def make_scene(self) -> Scene:
        """Return the autoscaler as a scene."""
        hpa = self.one("HorizontalPodAutoscaler", self._name, self._namespace)
        if hpa is None:
            words = f'There is no HorizontalPodAutoscaler "{self._name}" in namespace "{self._namespace}".'
            return panel(f"Autoscaling: {self._name}", words, {"problem": note(words, "warn")})
        versions = [v for v in versions_of(self.cluster, self.source(_HPA)) if self.same(v[2], self._name, self._namespace)]
        runs = self.of("LoadRun", self._namespace)
        run = next((r for r in runs if name_of(r) == self._run), None) or (max(runs, key=_age) if runs else None)
        return autoscaling_scene(
            hpa, versions, run, now_of(self.cluster, self.sources), tuple(name_of(r) for r in runs), span=self._span
        )

    def act(self, name: str, value: object) -> None:
        """Show another load run, or another span of time."""
        if name == "span":
            self._span = float(str(value))
            self.again()
        if name == "run":
            self._run = str(value)
            self.again()


def _age(run: Object) -> str:
    created: str = run["metadata"].get("creationTimestamp", "")
    return created
