"""The Pod Security Standards as pure checks over a pod's spec.

Upstream: k8s.io/pod-security-admission/policy. Each check returns what is wrong as (reason, detail), in upstream's words, or
None; the same functions review manifests in the lab. A namespace may pin a version: checks that came later do not count then.
Simplified: the lists of allowed sysctls and SELinux types are always the newest, and user namespaces relax nothing.
"""

from collections.abc import Iterable
from functools import lru_cache

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.admission.pod_security import baseline, restricted
from k8slab.sim.apiserver.admission.pod_security.baseline import BASELINE
from k8slab.sim.apiserver.admission.pod_security.restricted import RESTRICTED
from k8slab.sim.apiserver.admission.pod_security.spec import Check, Violation

__all__ = ["LEVELS", "evaluate", "summary"]

_WINDOWS = 25  #: the minor version since which pods say what system they are for
#: From the most to the least permissive, with their checks.
LEVELS: dict[str, tuple[Check, ...]] = {"privileged": (), "baseline": BASELINE, "restricted": RESTRICTED}


def evaluate(level: str, meta: Object, spec: Object, version: str = "latest") -> list[Violation]:
    """Return how a pod violates a level, in upstream's order; ``version`` is "latest" or "v1.29".

    >>> [str(v) for v in evaluate("baseline", {}, {"hostPID": True, "containers": []})]
    ['host namespaces (hostPID=true)']
    """
    windows = (spec.get("os") or {}).get("name") == "windows"
    checks = _checks(level, version, windows)
    return [violation for check in checks if (violation := check(meta, spec)) is not None]


@lru_cache(maxsize=256)
def _checks(level: str, version: str, windows: bool) -> tuple[Check, ...]:
    """Return the checks of a level as they were in a version."""
    minor = int(version.partition(".")[2] or 1 << 16)
    since = {**baseline.SINCE, **restricted.SINCE}

    def counts(check: Check) -> bool:
        return since.get(check, 0) <= minor and not (windows and minor >= _WINDOWS and check in restricted.LINUX_ONLY)

    if level != "restricted":
        return tuple(filter(counts, LEVELS[level]))
    relaxed = (check for check, stricter in restricted.STRICTER.items() if since.get(stricter, 0) > minor)
    return (*filter(counts, relaxed), *filter(counts, RESTRICTED))


def summary(violations: Iterable[Violation]) -> str:
    """Return violations on one line."""
    return ", ".join(str(violation) for violation in violations)
