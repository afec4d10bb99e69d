"""A scheduling decision as rows and steps, nodes × plugins, from a SchedulingTrace; or from a trace worked out from objects.

The embedded cluster serves the trace of each cycle. For any other cluster `simulated` runs the same plugins on its objects: what
the scheduler would decide now, with its default configuration. Pure functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.simulate import simulate

__all__ = ["DECIDES_BY", "FilterRow", "ScoreRow", "Table", "decision_of", "simulated"]

#: What the plugins look at besides pods and nodes.
DECIDES_BY = (
    "services", "replicasets.apps", "namespaces", "poddisruptionbudgets.policy", "persistentvolumeclaims", "persistentvolumes",
    "storageclasses.storage.k8s.io", "csinodes.storage.k8s.io",
)  # fmt: skip


@dataclass(frozen=True)
class FilterRow:
    """A node before the filters: per plugin (verdict, why)."""

    node: str
    verdicts: tuple[tuple[str, str], ...]
    feasible: bool
    why: str


@dataclass(frozen=True)
class ScoreRow:
    """A node that passed: per plugin (raw, normalized, weight, weighted), and the sum."""

    node: str
    scores: tuple[tuple[int, int, int, int], ...]
    total: int | None
    chosen: bool


@dataclass(frozen=True)
class Table:
    """A decision: filter plugins that had something to say and what they said, score plugins and scores, the steps in words."""

    filters: tuple[str, ...]
    filtered: tuple[FilterRow, ...]
    plugins: tuple[str, ...]
    scored: tuple[ScoreRow, ...]
    steps: tuple[str, ...]
    skipped: tuple[str, ...]
    result: str
    node: str
    message: str
    earlier: tuple[tuple[str, str, str], ...]

    def step_of_filter(self, index: int) -> int:
        """Return the step at which a filter speaks."""
        return 1 + index

    def step_of_score(self, index: int) -> int:
        """Return the step at which a score is given."""
        return 1 + len(self.filters) + index

    @property
    def last(self) -> int:
        """The step that names the winner."""
        return len(self.steps) - 1


def decision_of(trace: Object) -> Table:
    """Return a trace as a table.

    >>> trace = {"status": {"attempt": 1, "result": "Unschedulable", "message": "0/1 nodes are available", "nodes": [{"name": "n",
    ...     "feasible": False, "filters": [{"plugin": "NodeName", "verdict": "Success"},
    ...     {"plugin": "NodeResourcesFit", "verdict": "Unschedulable", "reasons": ["Insufficient cpu"]}]}]}}
    >>> decision_of(trace).steps[2]
    'Filter NodeResourcesFit: refuses n (Insufficient cpu).'
    """
    status = trace["status"]
    nodes = sorted(status.get("nodes") or (), key=lambda n: n["name"])
    names = list(dict.fromkeys(f["plugin"] for n in nodes for f in n.get("filters") or () if f["verdict"] != "Skip"))
    plugins = list(dict.fromkeys(s["plugin"] for n in nodes for s in n.get("scores") or ()))
    filtered = tuple(_filter_row(n, names) for n in nodes)
    scored = tuple(_score_row(n, plugins) for n in nodes if n.get("feasible"))
    skipped = status.get("skipped") or {}
    earlier = tuple((str(e.get("attempt", "")), e.get("result", ""), e.get("message", "")) for e in status.get("earlier") or ())
    return Table(
        tuple(names), filtered, tuple(plugins), scored, tuple(_steps(status, names, filtered, plugins, scored)),
        tuple(p for p in dict.fromkeys([*skipped.get("filter", ()), *skipped.get("score", ())]) if p not in (*names, *plugins)),
        status.get("result", ""),
        status.get("node", ""), status.get("message", ""), earlier,
    )  # fmt: skip


def _filter_row(node: Object, names: Sequence[str]) -> FilterRow:
    said = {f["plugin"]: f for f in node.get("filters") or ()}
    verdicts, why = [], "; ".join(node.get("reasons") or ())
    for name in names:
        f = said.get(name, {"verdict": "NotReached"})
        reason = f"{'; '.join(f.get('reasons') or ())} {f.get('detail', '')}".strip()
        verdicts.append((f["verdict"], reason))
        if reason:
            why = f"{name}: {reason}"
    if not node.get("evaluated", True) and not why:
        why = "not looked at: enough nodes were found before"
    return FilterRow(node["name"], tuple(verdicts), bool(node.get("feasible")), why)


def _score_row(node: Object, plugins: Sequence[str]) -> ScoreRow:
    given = {s["plugin"]: s for s in node.get("scores") or ()}
    scores = tuple((s["raw"], s["normalized"], s["weight"], s["weighted"]) for s in (given.get(p, _NOTHING) for p in plugins))
    return ScoreRow(node["name"], scores, node.get("total"), bool(node.get("chosen")))


_NOTHING = {"raw": 0, "normalized": 0, "weight": 0, "weighted": 0}


def _steps(
    status: Object, names: Sequence[str], filtered: Sequence[FilterRow], plugins: Sequence[str], scored: Sequence[ScoreRow]
) -> Iterable[str]:
    yield f"Attempt {status.get('attempt', 1)}: {len(filtered)} nodes, one question: where can the pod run?"
    for i, name in enumerate(names):
        refused = [f"{row.node} ({row.verdicts[i][1]})" for row in filtered if row.verdicts[i][0] not in _FINE]
        yield f"Filter {name}: refuses {', '.join(refused)}." if refused else f"Filter {name}: no objection."
    for i, plugin in enumerate(plugins):
        best = max((row.scores[i][3] for row in scored), default=0)
        ahead = [row.node for row in scored if row.scores[i][3] == best]
        words = "the same for all" if len(ahead) == len(scored) else f"best: {', '.join(ahead)}"
        yield f"Score {plugin} (weight {scored[0].scores[i][2]}): {words}."
    if status.get("node"):
        alone = " It was the only one left, so nothing was scored." if not plugins else ""
        yield f"{status['node']} is chosen.{alone}"
    else:
        yield "No node is left."


_FINE = ("Success", "NotReached", "Skip")


def simulated(
    pod: Object, nodes: Iterable[Object], pods: Iterable[Object], others: Mapping[str, Sequence[Object]] | None = None
) -> Object:
    """Return the trace of what a scheduler would decide for a pod now, wherever the pod is."""
    spec = {k: v for k, v in (pod.get("spec") or {}).items() if k != "nodeName"}
    free = {**pod, "spec": spec}
    rest = [p for p in pods if p["metadata"].get("uid") != pod["metadata"].get("uid") or not pod["metadata"].get("uid")]
    return simulate(free, nodes, rest, others)
