"""The Pod Security Standards as pure checks over a pod's spec.

Upstream: k8s.io/pod-security-admission/policy. Each check returns what is wrong as (reason, detail), in upstream's words, or
None; the same functions review manifests in the lab. Simplified: the rules of the newest version apply whatever version a
namespace pins, and pods for Windows get no exceptions.
"""

from collections.abc import Iterable

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.admission.pod_security.baseline import BASELINE
from k8slab.sim.apiserver.admission.pod_security.restricted import RESTRICTED
from k8slab.sim.apiserver.admission.pod_security.spec import Check, Violation

__all__ = ["LEVELS", "evaluate", "summary"]

#: From the most to the least permissive, with their checks.
LEVELS: dict[str, tuple[Check, ...]] = {"privileged": (), "baseline": BASELINE, "restricted": RESTRICTED}


def evaluate(level: str, meta: Object, spec: Object) -> list[Violation]:
    """Return how a pod violates a level, in upstream's order.

    >>> [str(v) for v in evaluate("baseline", {}, {"hostPID": True, "containers": []})]
    ['host namespaces (hostPID=true)']
    """
    return [violation for check in LEVELS[level] if (violation := check(meta, spec)) is not None]


def summary(violations: Iterable[Violation]) -> str:
    """Return violations on one line."""
    return ", ".join(str(violation) for violation in violations)
