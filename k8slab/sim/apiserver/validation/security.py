"""Security contexts of pods and containers.

Upstream: pkg/apis/core/validation (validatePodSpecSecurityContext, ValidateSecurityContext).
Simplified: Windows options are not looked into.
"""

import re

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import range_message
from k8slab.sim.apiserver.validation.fields import Errors, duplicate, invalid, invalid_each, not_supported, required
from k8slab.sim.apiserver.validation.volumes import descending_path_errors

__all__ = ["container_security_errors", "pod_security_errors"]

_MAX_ID = 2**31 - 1
_ID_RANGE = (range_message(0, _MAX_ID),)
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_sysctl = re.compile(_SYSCTL).match


def _id_errors(value: int | None, path: str) -> Errors:
    return [] if value is None or 0 <= value <= _MAX_ID else invalid_each(path, value, _ID_RANGE)


def pod_security_errors(context: Object, spec: Object, path: str) -> Errors:
    """Check ``securityContext`` of a pod spec."""
    errors: Errors = []
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        errors += _id_errors(context.get(name), f"{path}.{name}")
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        errors += _id_errors(group, f"{path}.supplementalGroups[{i}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(f"{path}.shareProcessNamespace", True, detail))
    errors += _sysctl_errors(context.get("sysctls") or [], f"{path}.sysctls")
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in ("Always", "OnRootMismatch"):
        errors.append(not_supported(f"{path}.fsGroupChangePolicy", policy, ("Always", "OnRootMismatch")))
    errors += _profile_errors(context.get("seccompProfile"), "seccomp", f"{path}.seccompProfile")
    errors += _profile_errors(context.get("appArmorProfile"), "AppArmor", f"{path}.appArmorProfile")
    supplemental = context.get("supplementalGroupsPolicy")
    if supplemental is not None and supplemental not in ("Merge", "Strict"):
        errors.append(not_supported(f"{path}.supplementalGroupsPolicy", supplemental, ("Merge", "Strict")))
    return errors


def _sysctl_errors(sysctls: list[Object], path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for i, sysctl in enumerate(sysctls):
        name = sysctl.get("name", "")
        at = f"{path}[{i}].name"
        if not name:
            errors.append(required(at))
        elif len(name) > 253 or not _sysctl(name):
            errors.append(invalid(at, name, f"must have at most 253 characters and match regex {_SYSCTL}"))
        elif name in names:
            errors.append(duplicate(at, name))
        names.add(name)
    return errors


def _profile_errors(profile: Object | None, what: str, path: str) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", f"type is required when {path.rpartition('.')[2]} is set"))
    elif kind not in _PROFILES:
        errors.append(not_supported(f"{path}.type", kind, _PROFILES))
    if kind == "Localhost":
        if not local:
            errors.append(required(f"{path}.localhostProfile", f"must be set when {what} type is Localhost"))
        elif what == "seccomp":
            errors += descending_path_errors(local, f"{path}.localhostProfile")
    elif local is not None:
        value = profile if what == "seccomp" else local
        errors.append(invalid(f"{path}.localhostProfile", value, f"can only be set when {what} type is Localhost"))
    return errors


def container_security_errors(context: Object, path: str, host_users: bool) -> Errors:
    """Check ``securityContext`` of a container."""
    errors = _id_errors(context.get("runAsUser"), f"{path}.runAsUser")
    errors += _id_errors(context.get("runAsGroup"), f"{path}.runAsGroup")
    proc_mount = context.get("procMount")
    if proc_mount is not None:
        if proc_mount not in ("Default", "Unmasked"):
            errors.append(not_supported(f"{path}.procMount", proc_mount, ("Default", "Unmasked")))
        elif host_users and proc_mount == "Unmasked":
            errors.append(invalid(f"{path}.procMount", proc_mount, "`hostUsers` must be false to use `Unmasked`"))
    errors += _profile_errors(context.get("seccompProfile"), "seccomp", f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(invalid(path, context, detail))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(invalid(path, context, detail))
    return errors + _profile_errors(context.get("appArmorProfile"), "AppArmor", f"{path}.appArmorProfile")
