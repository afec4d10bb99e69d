"""The scheduling view: nodes × plugins, verdicts, scores and the winner, with a replay step by step."""

import re

from k8slab.apimachinery.types import Object, name_of
from k8slab.client.cluster import Cluster
from k8slab.errors import K8slabError
from k8slab.topology.decisions import DECIDES_BY, FilterRow, ScoreRow, Table, decision_of, simulated
from k8slab.views.panel import Cell, cell, commands, controls, grid, note, panel, select
from k8slab.views.panels import LivePanel, served, split_thing
from k8slab.views.scene import Scene

__all__ = ["SchedulingView", "scheduling_scene"]

TRACES = "schedulingtraces.sim.k8slab.dev"
_SIMULATED = (
    "This cluster keeps no record of its scheduler. Worked out here, with the default plugins and weights, from its objects as "
    "they are now: it is what would be decided, not what was."
)
_VERDICTS = {
    "Success": ("✓", "ok", "passes"),
    "NotReached": ("·", "soft", "not asked: an earlier plugin had refused the node"),
    "Skip": ("–", "soft", "has nothing to say about this pod"),
}


def scheduling_scene(
    pod: str, namespace: str, trace: Object | None, *, recorded: bool = True, pods: tuple[str, ...] = (), found: bool = True
) -> Scene:
    """Return the scene of a decision; None if there is none yet."""
    choice = controls(select("pod", "Pod", [(p, p) for p in pods], pod)) if len(pods) > 1 else None
    if trace is None:
        words = "The scheduler has not looked at it yet." if found else f'There is no pod "{pod}" in namespace "{namespace}".'
        return panel(f"Scheduling of {pod}", words, {"choice": choice})
    table = decision_of(trace)
    shell = commands(
        ("What came out of it", f"kubectl describe pod {pod} -n {namespace}"),
        *([("This record", f"kubectl get schedulingtrace {pod} -n {namespace} -o yaml")] if recorded else []),
    )
    blocks = {
        "choice": choice,
        "source": None if recorded else note(_SIMULATED, "info"),
        "result": note(_result(table), "ok" if table.node else "no"),
        "filters": _filters(table),
        "scores": _scores(table) if table.plugins else None,
        "skipped": note(f"Had nothing to say about this pod: {', '.join(table.skipped)}.") if table.skipped else None,
        "earlier": grid(("ATTEMPT", "RESULT", "MESSAGE"), table.earlier, "Earlier attempts") if table.earlier else None,
        "commands": shell,
    }
    return panel(f"Scheduling of {pod}", _alt(table), blocks, frames=list(table.steps))


def _breakable(plugin: str) -> str:
    """Let a long name be broken between its words.

    >>> _breakable("NodeName").split("\u200b")
    ['Node', 'Name']
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "\u200b", plugin)


def _alt(table: Table) -> str:
    passed = sum(row.feasible for row in table.filtered)
    return f"{passed} of {len(table.filtered)} nodes pass the filters; {table.node or 'none'} is chosen."


def _result(table: Table) -> str:
    return f"Scheduled: {table.node}" if table.node else f"{table.result}: {table.message}"


def _filters(table: Table) -> Scene:
    rows: list[list[Cell]] = []
    for row in table.filtered:
        cells = [_verdict(table, row, i) for i in range(len(table.filters))]
        why = "passes" if row.feasible else row.why
        rows.append([row.node, *cells, cell(why, "" if row.feasible else "no", at=max(1, len(table.filters)))])
    return grid(("NODE", *map(_breakable, table.filters), "RESULT"), rows, "1. Filters: can the node take the pod?")


def _verdict(table: Table, row: FilterRow, i: int) -> Scene:
    verdict, reason = row.verdicts[i]
    mark, tone, words = _VERDICTS.get(verdict, ("✗", "no", f"refuses it: {reason}"))
    more = f"{table.filters[i]} on {row.node}: {words}."
    return cell(mark, tone, middle=True, more=more, label=more, at=table.step_of_filter(i))


def _scores(table: Table) -> Scene:
    rows = [_score_row(table, row) for row in sorted(table.scored, key=lambda r: (-(r.total or 0), r.node))]
    weights = [f"{_breakable(p)} ×{table.scored[0].scores[i][2]}" for i, p in enumerate(table.plugins)]
    return grid(
        ("NODE", *weights, "TOTAL", ""), rows, "2. Scores: which one is best? (0 to 100, times the plugin's weight)", dense=True
    )


def _score_row(table: Table, row: ScoreRow) -> list[Cell]:
    best = max((r.total or 0 for r in table.scored), default=0) or 1
    cells: list[Cell] = [row.node]
    for i, (raw, normal, weight, weighted) in enumerate(row.scores):
        more = f"{table.plugins[i]} on {row.node}: raw {raw}, normalized {normal} of 100, times weight {weight} = {weighted}."
        cells.append(cell(weighted, more=more, label=more, at=table.step_of_score(i), middle=True, bar=min(1.0, normal / 100)))
    total = "" if row.total is None else row.total
    last = table.last
    cells.append(cell(total, "win" if row.chosen else "", at=last, middle=True, bar=(row.total or 0) / best))
    cells.append(cell("★ chosen" if row.chosen else "", "win", at=last))
    return cells


class SchedulingView(LivePanel):
    """Why a pod is where it is, live: follows the scheduler's record, or what the scheduler would do elsewhere."""

    def __init__(self, cluster: Cluster, pod: str) -> None:
        _, self._namespace, self._pod = split_thing(pod, "pods", cluster)
        self._recorded = bool(served(cluster, [TRACES]))
        others = [] if self._recorded else served(cluster, DECIDES_BY)
        self._others = {name: cluster.list(name, "") for name in others}
        super().__init__(cluster, [TRACES, "pods"] if self._recorded else ["pods", "nodes"])

    def make_scene(self) -> Scene:
        """Return the decision as a scene."""
        pod = self.one("Pod", self._pod, self._namespace)
        trace = self.one("SchedulingTrace", self._pod, self._namespace) if self._recorded else self._work_out(pod)
        kind = "SchedulingTrace" if self._recorded else "Pod"
        names = tuple(name_of(o) for o in self.of(kind, self._namespace))
        return scheduling_scene(
            self._pod, self._namespace, trace, recorded=self._recorded, pods=names, found=pod is not None or trace is not None
        )

    def act(self, name: str, value: object) -> None:
        """Show another pod."""
        if name == "pod":
            self._pod = str(value)
            self.again()

    def _work_out(self, pod: Object | None) -> Object | None:
        if pod is None:
            return None
        try:
            return simulated(pod, self.of("Node"), self.of("Pod"), self._others)
        except K8slabError:
            return None
