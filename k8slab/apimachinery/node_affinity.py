"""Whether a pod's node selector and required node affinity allow a node.

Upstream: k8s.io/component-helpers/scheduling/corev1/nodeaffinity (GetRequiredNodeAffinity).
"""

from collections.abc import Iterable

from k8slab.apimachinery.labels import Selector, matches
from k8slab.apimachinery.types import Object, labels, name_of

__all__ = ["allows_node"]


def allows_node(pod_spec: Object, node: Object) -> bool:
    """Whether a pod with this spec may be on a node, as far as labels and name go.

    >>> node = {"metadata": {"name": "worker-1", "labels": {"disk": "ssd"}}}
    >>> allows_node({"nodeSelector": {"disk": "ssd"}}, node), allows_node({"nodeSelector": {"disk": "hdd"}}, node)
    (True, False)
    """
    have = labels(node)
    if any(have.get(key) != value for key, value in (pod_spec.get("nodeSelector") or {}).items()):
        return False
    required = ((pod_spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(_term_matches(term, node) for term in required.get("nodeSelectorTerms") or ())


def _term_matches(term: Object, node: Object) -> bool:
    """Match one term: all of its expressions and fields; one without any matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return matches(_requirements(expressions), labels(node)) and matches(_requirements(fields), {"metadata.name": name_of(node)})


def _requirements(expressions: Iterable[Object]) -> Selector:
    return tuple((e["key"], e["operator"], tuple(e.get("values") or ())) for e in expressions)
