"""Why a pod fits no node, and upstream's sentence about it.

Upstream: pkg/scheduler/framework/types.go (Diagnosis, FitError). Example::

    0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes are available:
    1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.
"""

from collections import Counter
from dataclasses import dataclass, field

from k8slab.sim.scheduler.interface import Code, Status

__all__ = ["NO_NODES", "Diagnosis", "fit_error"]

#: What a pod is told in a cluster without nodes.
NO_NODES = "no nodes available to schedule pods"


@dataclass
class Diagnosis:
    """The refusals of one cycle.

    Parameters
    ----------
    nodes
        Number of all nodes.
    statuses
        Node name -> refusal.
    absent
        The refusal that nodes not in ``statuses`` share.
    pre_filter_message
        Set if the pod was refused before any node was looked at.
    plugins
        Who refused; events that these plugins wait for bring the pod back.
    """

    nodes: int
    statuses: dict[str, Status] = field(default_factory=dict)
    absent: Status = field(default_factory=lambda: Status(Code.UNRESOLVABLE))
    pre_filter_message: str = ""
    plugins: set[str] = field(default_factory=set)

    def status_of(self, node: str) -> Status:
        """Return the refusal of a node."""
        return self.statuses.get(node, self.absent)


def fit_error(diagnosis: Diagnosis, post_filter_message: str = "") -> str:
    """Return upstream's message: reasons with the number of nodes they hold for, sorted as text.

    >>> fit_error(Diagnosis(2, {"a": Status(Code.UNSCHEDULABLE, "Insufficient cpu")}, Status(Code.UNRESOLVABLE, "Too far")))
    '0/2 nodes are available: 1 Insufficient cpu, 1 Too far.'
    """
    message = f"0/{diagnosis.nodes} nodes are available:"
    if diagnosis.pre_filter_message:
        message += f" {diagnosis.pre_filter_message}."
    else:
        reasons: Counter[str] = Counter()
        for status in diagnosis.statuses.values():
            reasons.update(status.reasons)
        others = diagnosis.nodes - len(diagnosis.statuses)
        reasons.update(dict.fromkeys(diagnosis.absent.reasons, others) if others > 0 else {})
        listed = sorted(f"{count} {reason}" for reason, count in reasons.items())
        message += f" {', '.join(listed)}." if listed else ""
    return f"{message} {post_filter_message}" if post_filter_message else message
