"""What one cycle saw, in as few bytes as it takes, and how to spell it out as a SchedulingTrace.

Recording must not slow down bulk scheduling, so a cycle leaves lists behind (nodes by number, scores as bytes), and the
object a learner reads is made when it is read. Upstream has no such thing; its log at verbosity 10 comes closest.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from k8slab.apimachinery.timestamps import rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.interface import Code, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo

if TYPE_CHECKING:
    from k8slab.sim.scheduler.preemption import Plan

__all__ = ["API_VERSION", "KIND", "CycleRecord"]

API_VERSION = "sim.k8slab.dev/v1alpha1"
KIND = "SchedulingTrace"
#: Earlier attempts of a pod remembered at most.
_EARLIER = 10


def _packed(scores: Sequence[int]) -> Sequence[int]:
    """Return the scores as bytes where they fit: a fiftieth of the memory, and nothing for the garbage collector."""
    try:
        return bytes(scores)
    except ValueError:
        return scores


class Outcome(NamedTuple):
    """How an earlier attempt ended."""

    attempt: int
    started: float
    result: str
    message: str
    plan: "Plan | None"

    def expand(self) -> Object:
        """Return an entry of ``status.earlier``."""
        entry: Object = {"attempt": self.attempt, "startTime": rfc3339_micro(self.started)}
        entry |= {"result": self.result, "message": self.message}
        return entry | ({"preemption": self.plan.expand()} if self.plan else {})


class CycleRecord:
    """One cycle; `expand` makes the object."""

    __slots__ = (
        "absent",
        "attempt",
        "chosen",
        "common_score",
        "earlier",
        "feasible",
        "filters",
        "message",
        "name",
        "namespace",
        "node",
        "nodes",
        "order",
        "plan",
        "pre_filter",
        "rejected",
        "result",
        "scheduler",
        "scores",
        "skipped_filters",
        "skipped_scores",
        "start",
        "started",
        "totals",
        "uid",
        "visited",
    )

    def __init__(self, pod: PodInfo, nodes: list[NodeInfo], filters: Sequence[str]) -> None:
        self.namespace, self.name, self.uid = pod.namespace, pod.name, pod.uid
        self.scheduler: str = pod.spec.get("schedulerName") or "default-scheduler"
        self.nodes = nodes
        self.order: Sequence[int] = ()
        self.start = self.visited = 0
        self.feasible: list[int] = []
        self.rejected: dict[int, Status] = {}
        self.absent: Status | None = None
        self.pre_filter: Status | None = None
        self.filters = filters
        self.skipped_filters: set[str] = set()
        self.skipped_scores: set[str] = set()
        self.scores: list[tuple[str, int, Sequence[int], Sequence[int]]] = []
        self.totals: list[int] = []
        self.common_score = 0  #: what all nodes have on top
        self.chosen: int | None = None
        self.plan: Plan | None = None
        self.earlier: list[Outcome] = []
        self.attempt, self.started = 1, 0.0
        self.result, self.node, self.message = "", "", ""

    def add_scores(self, plugin: str, weight: int, raw: Sequence[int], normal: Sequence[int]) -> None:
        """Keep the scores of one plugin, in the order of ``feasible``."""
        packed = _packed(raw)
        self.scores.append((plugin, weight, packed, packed if normal is raw else _packed(normal)))

    def follows(self, previous: "CycleRecord") -> None:
        """Remember how earlier attempts of the same pod ended."""
        if previous is not self and previous.uid == self.uid:
            outcome = Outcome(previous.attempt, previous.started, previous.result, previous.message, previous.plan)
            self.earlier = [*previous.earlier, outcome][-_EARLIER:]

    # --- reading ---

    def expand(self) -> Object:
        """Return the SchedulingTrace object."""
        status: Object = {
            "attempt": self.attempt,
            "startTime": rfc3339_micro(self.started),
            "result": self.result,
            "message": self.message,
            "nodesTotal": len(self.nodes),
            "nodesEvaluated": self.visited,
            "nodesFeasible": len(self.feasible),
        }
        if self.node:
            status["node"] = self.node
        if self.pre_filter is not None:
            status["preFilter"] = _verdict(self.pre_filter.plugin, self.pre_filter)
        if self.skipped_filters or self.skipped_scores:
            status["skipped"] = {"filter": sorted(self.skipped_filters), "score": sorted(self.skipped_scores)}
        status["nodes"] = self._nodes()
        if self.plan is not None:
            status["preemption"] = self.plan.expand()
        if self.earlier:
            status["earlier"] = [outcome.expand() for outcome in self.earlier]
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": self.name, "namespace": self.namespace, "creationTimestamp": rfc3339_micro(self.started)},
            "spec": {"podUID": self.uid, "schedulerName": self.scheduler},
            "status": status,
        }

    def _nodes(self) -> list[Object]:
        looked_at = [*self.order[self.start :], *self.order[: self.start]][: self.visited]
        visited, positions = set(looked_at), {index: i for i, index in enumerate(self.feasible)}
        result = []
        for index, node in enumerate(self.nodes):
            entry: Object = {"name": node.name, "evaluated": index in visited}
            if index in visited:
                entry["feasible"] = index in positions
                entry["filters"] = self._filters(self.rejected.get(index))
            elif self.absent is not None:
                entry |= {"feasible": False, "reasons": list(self.absent.reasons)}
            if index in positions and self.totals:
                entry |= self._scores(positions[index])
            if index == self.chosen:
                entry["chosen"] = True
            result.append(entry)
        return result

    def _filters(self, refusal: Status | None) -> list[Object]:
        """One verdict per filter plugin: the first refusal ends the row."""
        row: list[Object] = []
        over = False
        for name in self.filters:
            if name in self.skipped_filters:
                row.append({"plugin": name, "verdict": Code.SKIP.value})
            elif over:
                row.append({"plugin": name, "verdict": "NotReached"})
            elif refusal is not None and refusal.plugin == name:
                row.append(_verdict(name, refusal))
                over = True
            else:
                row.append({"plugin": name, "verdict": Code.SUCCESS.value})
        return row

    def _scores(self, position: int) -> Object:
        row = [
            {
                "plugin": plugin,
                "raw": raw[position],
                "normalized": normal[position],
                "weight": weight,
                "weighted": normal[position] * weight,
            }
            for plugin, weight, raw, normal in self.scores
        ]
        return {"scores": row, "total": self.totals[position] + self.common_score}


def _verdict(plugin: str, status: Status) -> Object:
    verdict: Object = {"plugin": plugin, "verdict": status.code.value, "reasons": list(status.reasons)}
    if status.detail:
        verdict["detail"] = status.detail
    return verdict
