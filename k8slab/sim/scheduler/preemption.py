"""Preemption: which pods of lower priority would have to go so that this pod fits somewhere?

Upstream: pkg/scheduler/framework/preemption and plugins/defaultpreemption. Pure: it makes a `Plan`; `scheduler` carries it
out. Only nodes that refused the pod for something its pods hold (Unschedulable, not UnschedulableAndUnresolvable) come into
question. On each, all pods of lower priority are taken away in thought; if the pod fits then, as many as possible are put
back, those first that a PodDisruptionBudget protects.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.cycle import Algorithm
from k8slab.sim.scheduler.diagnosis import Diagnosis, fit_error
from k8slab.sim.scheduler.interface import Code, CycleState, Status
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo
from k8slab.sim.scheduler.profile import Profile

__all__ = ["Candidate", "Plan", "Preemption", "eligible", "pick"]

REASON_NO_VICTIMS = "No preemption victims found for incoming pod"
REASON_NOT_HELPFUL = "Preemption is not helpful for scheduling"
NOT_ELIGIBLE_POLICY = "not eligible due to preemptionPolicy=Never."
NOT_ELIGIBLE_TERMINATING = "not eligible due to terminating pod on the nominated node."

_LEAST_PERCENTAGE = 10
_LEAST_CANDIDATES = 100
_MAX_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Candidate:
    """A node and the pods that would have to leave it, most important first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int


@dataclass
class Plan:
    """What preemption came to.

    Parameters
    ----------
    message
        For the FailedScheduling message; empty if somebody is preempted.
    chosen
        Whom to preempt where.
    clear_nomination
        Whether an earlier nomination is void.
    candidates, refusals
        For the trace: all the possibilities, and why the other nodes do not help.
    """

    message: str = ""
    chosen: Candidate | None = None
    clear_nomination: bool = False
    candidates: list[Candidate] = field(default_factory=list)
    refusals: dict[str, Status] = field(default_factory=dict)

    def expand(self) -> Object:
        """Return the ``preemption`` part of a SchedulingTrace."""
        result: Object = {"message": self.message} if self.message else {}
        if self.chosen is not None:
            result["nominatedNode"] = self.chosen.node
        result["candidates"] = [
            {
                "node": c.node,
                "victims": [{"namespace": v.namespace, "name": v.name, "priority": v.priority} for v in c.victims],
                "pdbViolations": c.violations,
                **({"chosen": True} if self.chosen is not None and c.node == self.chosen.node else {}),
            }
            for c in self.candidates
        ]
        result["nodes"] = [{"name": name, "reasons": list(status.reasons)} for name, status in self.refusals.items()]
        return result


def _importance(pod: PodInfo) -> tuple[int, float, str]:
    """Sort key: the most important pod first (higher priority, then started earlier)."""
    return -pod.priority, pod.start_time, pod.uid


def eligible(pod: PodInfo, nominated: NodeInfo | None, status: Status | None) -> str:
    """Return why a pod may not preempt (again), "" if it may."""
    if pod.spec.get("preemptionPolicy") == "Never":
        return NOT_ELIGIBLE_POLICY
    if nominated is None or (status is not None and status.code is Code.UNRESOLVABLE):
        return ""
    leaving = any(p.priority < pod.priority and p.terminating and _preempted(p) for p in nominated.pods.values())
    return NOT_ELIGIBLE_TERMINATING if leaving else ""


def _preempted(pod: PodInfo) -> bool:
    conditions = (pod.obj.get("status") or {}).get("conditions") or ()
    return any(
        c["type"] == "DisruptionTarget" and c["status"] == "True" and c.get("reason") == "PreemptionByScheduler"
        for c in conditions
    )


def split_by_budget(pods: Sequence[PodInfo], budgets: Sequence[Object]) -> tuple[list[PodInfo], list[PodInfo]]:
    """Return (pods whose eviction would violate a budget, the others), each in the given order."""
    allowed = [(budget.get("status") or {}).get("disruptionsAllowed", 0) for budget in budgets]
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for pod in pods:
        violated = False
        for index, budget in enumerate(budgets):
            if not _protects(budget, pod):
                continue
            allowed[index] -= 1
            violated = violated or allowed[index] < 0
        (violating if violated else others).append(pod)
    return violating, others


def _protects(budget: Object, pod: PodInfo) -> bool:
    selector = selector_of(budget["spec"].get("selector"))
    if not selector or budget["metadata"].get("namespace", "") != pod.namespace or not pod.labels:
        return False
    gone = (budget.get("status") or {}).get("disruptedPods") or {}
    return matches(selector, pod.labels) and pod.name not in gone


def pick(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best candidate: fewest violated budgets, least important victims, fewest victims, youngest victims."""

    def cost(candidate: Candidate) -> tuple[float, ...]:
        victims = candidate.victims
        highest = max(v.priority for v in victims)
        earliest = min(v.start_time for v in victims if v.priority == highest)
        total = sum(v.priority + _MAX_INT32 + 1 for v in victims)
        return candidate.violations, highest, total, len(victims), -earliest

    return min(candidates, key=cost)


class Preemption:
    """Makes plans for pods that fit nowhere (upstream: the DefaultPreemption plugin's PostFilter)."""

    def __init__(self, profile: Profile, algorithm: Algorithm, random: Random) -> None:
        self._profile, self._algorithm, self._random = profile, algorithm, random

    def plan(self, state: CycleState, pod: PodInfo, diagnosis: Diagnosis) -> Plan:
        """Return whom to preempt, or why nobody is."""
        cache = self._profile.handle.cache
        nominated = cache.node(pod.nominated_node) if pod.nominated_node else None
        refusal = eligible(pod, nominated, diagnosis.status_of(pod.nominated_node) if nominated else None)
        if refusal:
            return Plan(f"preemption: {refusal}")
        nodes = [n for n in cache.nodes if diagnosis.status_of(n.name).code is Code.UNSCHEDULABLE]
        plan = self._candidates(state, pod, nodes)
        if plan.candidates:
            plan.chosen = pick(plan.candidates)
            return plan
        plan.clear_nomination = True
        unhelpful = Status(Code.UNRESOLVABLE, REASON_NOT_HELPFUL)
        plan.message = "preemption: " + fit_error(Diagnosis(len(cache.nodes), plan.refusals, unhelpful))
        return plan

    def _candidates(self, state: CycleState, pod: PodInfo, nodes: list[NodeInfo]) -> Plan:
        plan = Plan()
        if not nodes:
            return plan
        budgets = self._profile.handle.list("poddisruptionbudgets.policy")
        enough = min(max(len(nodes) * _LEAST_PERCENTAGE // 100, _LEAST_CANDIDATES), len(nodes))
        offset = self._random.randrange(len(nodes))
        for node in nodes[offset:] + nodes[:offset]:
            found = self.select_victims(state, pod, node, budgets)
            if isinstance(found, Status):
                plan.refusals[node.name] = found
                continue
            plan.candidates.append(found)
            if len(plan.candidates) >= enough and any(not c.violations for c in plan.candidates):
                break
        return plan

    def select_victims(self, state: CycleState, pod: PodInfo, node: NodeInfo, budgets: Sequence[Object]) -> Candidate | Status:
        """Return the fewest pods that have to leave a node, or why that does not help."""
        lower = sorted((p for p in node.pods.values() if p.priority < pod.priority), key=_importance)
        if not lower:
            return Status(Code.UNRESOLVABLE, REASON_NO_VICTIMS)
        state, node = state.clone(), node.clone()
        for victim in lower:
            self._profile.remove_pod(state, pod, victim, node)
        status = self._algorithm.filter_with_nominated(state, pod, node)
        if status is not None:
            return status
        violating, others = split_by_budget(lower, budgets)
        victims: list[PodInfo] = []
        violations = 0
        for position, candidate in enumerate([*violating, *others]):
            self._profile.add_pod(state, pod, candidate, node)
            if self._algorithm.filter_with_nominated(state, pod, node) is not None:
                self._profile.remove_pod(state, pod, candidate, node)
                victims.append(candidate)
                violations += position < len(violating)
        if not victims:
            return Status(Code.ERROR, f'expected at least one victim pod on node "{node.name}"')
        return Candidate(node.name, tuple(sorted(victims, key=_importance)), violations)
