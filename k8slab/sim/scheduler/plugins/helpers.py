"""What several plugins need: tolerations, node selectors, the default normalisation.

Upstream: k8s.io/component-helpers/scheduling/corev1 and pkg/scheduler/framework/plugins/helper.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from k8slab.apimachinery.labels import matches
from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.interface import MAX_NODE_SCORE
from k8slab.sim.scheduler.node_info import NodeInfo

__all__ = [
    "default_normalize",
    "find_untolerated_taint",
    "matches_node_selector_term",
    "matches_required_node_affinity",
    "node_affinity_signature",
    "required_terms",
    "tolerates",
]

Terms = list[Object]


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator")
    if operator == "Exists":
        return True
    if operator in ("Lt", "Gt"):
        return matches(((taint["key"], operator, (toleration.get("value") or "0",)),), {taint["key"]: taint.get("value") or ""})
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def tolerates(tolerations: Iterable[Object], taint: Object) -> bool:
    """Whether one of the tolerations covers the taint.

    >>> tolerates([{"key": "gpu", "operator": "Exists"}], {"key": "gpu", "value": "a100", "effect": "NoSchedule"})
    True
    """
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def find_untolerated_taint(
    taints: Iterable[Object], tolerations: Iterable[Object], wanted: Callable[[Object], bool] | None = None
) -> Object | None:
    """Return the first taint (that is ``wanted``; default: NoSchedule and NoExecute) that nothing tolerates."""
    for taint in taints:
        relevant = wanted(taint) if wanted else taint.get("effect") in ("NoSchedule", "NoExecute")
        if relevant and not tolerates(tolerations, taint):
            return taint
    return None


def _requirements(expressions: Iterable[Object]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in expressions)


def matches_node_selector_term(term: Object, node: NodeInfo) -> bool:
    """Whether a node fits all expressions and fields of one term; an empty term fits no node."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return matches(_requirements(expressions), node.labels) and matches(_requirements(fields), {"metadata.name": node.name})


def required_terms(spec: Object) -> Terms | None:
    """Return the node selector terms a pod requires, None if its affinity says nothing."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return None if required is None else required.get("nodeSelectorTerms") or []


def matches_required_node_affinity(spec: Object, node: NodeInfo) -> bool:
    """Whether a node fits the pod's ``nodeSelector`` and one of its required node affinity terms."""
    labels = node.labels
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    terms = required_terms(spec)
    return terms is None or any(matches_node_selector_term(term, node) for term in terms)


def node_affinity_signature(spec: Object) -> Any:
    """Return everything of a pod that decides which nodes its affinity wants."""
    affinity = spec.get("affinity")
    return (spec.get("nodeSelector"), affinity.get("nodeAffinity") if affinity else None)


def default_normalize(scores: Sequence[int], reverse: bool = False) -> Sequence[int]:
    """Scale scores so that the highest becomes 100, or (``reverse``) so that 0 becomes 100 and the highest 0.

    >>> default_normalize([0, 2, 4]), default_normalize([0, 2, 4], reverse=True), default_normalize([0, 0], reverse=True)
    ([0, 50, 100], [100, 50, 0], [100, 100])
    """
    highest = max(scores, default=0)
    if highest == 0:
        return [MAX_NODE_SCORE] * len(scores) if reverse else scores
    scaled = [MAX_NODE_SCORE * score // highest for score in scores]
    return [MAX_NODE_SCORE - score for score in scaled] if reverse else scaled
