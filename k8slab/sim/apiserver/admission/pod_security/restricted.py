"""The restricted level: baseline, and hardened as is best practice today.

Upstream: k8s.io/pod-security-admission/policy, one check per function, in the order of their ids.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.admission.pod_security.baseline import BASELINE, RELAXED
from k8slab.sim.apiserver.admission.pod_security.spec import (
    Check,
    Violation,
    bad,
    context,
    extra_capabilities,
    named,
    offenders,
    quoted,
    unconfined,
)

__all__ = ["LINUX_ONLY", "RESTRICTED", "SINCE", "STRICTER"]


def _escalation(meta: Object, spec: Object) -> Violation | None:
    names = bad(spec, lambda container: context(container).get("allowPrivilegeEscalation") is not False)
    text = "must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", f"{named(names)} {text}") if names else None


def _capabilities_restricted(meta: Object, spec: Object) -> Violation | None:
    keep = bad(spec, lambda c: "ALL" not in ((context(c).get("capabilities") or {}).get("drop") or ()))
    details = [f'{named(keep)} must set securityContext.capabilities.drop=["ALL"]'] if keep else []
    details += filter(None, [extra_capabilities(spec, frozenset(["NET_BIND_SERVICE"]))])
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}


def _restricted_volumes(meta: Object, spec: Object) -> Violation | None:
    names, types = [], set()
    for volume in spec.get("volumes") or ():
        kind = next((key for key in volume if key != "name"), "unknown")
        if kind not in _VOLUMES:
            names.append(volume["name"])
            types.add(kind)
    one, kinds = len(names) == 1, "type" if len(types) == 1 else "types"
    subject = f"{'volume' if one else 'volumes'} {quoted(names)} {'uses' if one else 'use'}"
    return Violation("restricted volume types", f"{subject} restricted volume {kinds} {quoted(sorted(types))}") if names else None


def _run_as_non_root(meta: Object, spec: Object) -> Violation | None:
    reason, field = "runAsNonRoot != true", "securityContext.runAsNonRoot"
    setters = offenders(spec, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        return Violation(reason, f"{setters} must not set {field}=false")
    if context(spec).get("runAsNonRoot"):
        return None
    names = bad(spec, lambda container: not context(container).get("runAsNonRoot"))
    return Violation(reason, f"pod or {named(names)} must set {field}=true") if names else None


def _run_as_user(meta: Object, spec: Object) -> Violation | None:
    setters = offenders(spec, lambda context: context.get("runAsUser") == 0)
    return Violation("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def _seccomp_restricted(meta: Object, spec: Object) -> Violation | None:
    detail = unconfined(spec)
    if detail:
        return Violation("seccompProfile", detail)
    if context(spec).get("seccompProfile"):
        return None
    names = bad(spec, lambda container: not context(container).get("seccompProfile"))
    text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {named(names)} {text}") if names else None


#: What takes the place of which check of the baseline (in the order of `RELAXED`).
STRICTER: dict[Check, Check] = dict(
    zip(RELAXED, (_capabilities_restricted, _restricted_volumes, _seccomp_restricted), strict=True)
)
SINCE: dict[Check, int] = {_escalation: 8, _capabilities_restricted: 22, _run_as_user: 23, _seccomp_restricted: 19}
#: What does not concern pods for Windows.
LINUX_ONLY: tuple[Check, ...] = (_escalation, _capabilities_restricted, _seccomp_restricted)
RESTRICTED: tuple[Check, ...] = (
    *(check for check in BASELINE if check not in RELAXED),
    _escalation,
    _capabilities_restricted,
    _restricted_volumes,
    _run_as_non_root,
    _run_as_user,
    _seccomp_restricted,
)
