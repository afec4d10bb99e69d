"""The security context of a container: from pod, container and image to the credentials of its processes. Pure.

Upstream: pkg/kubelet/kuberuntime/security_context.go, pkg/securitycontext/util.go, and what containerd makes of them.
Simplified: SELinux and AppArmor options are stored only; every seccomp profile is only seen in /proc, no system call is refused.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.environment import ConfigError
from k8slab.sim.runtime.accounts import UnknownUser, account_of, image_user, memberships
from k8slab.sim.runtime.credentials import CAPABILITIES, Credentials, container_capabilities
from k8slab.sim.runtime.images import Image

__all__ = ["CreateError", "credentials_of", "effective", "sysctl_rejection"]

_SAFE_SYSCTLS = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
})  # fmt: skip


class CreateError(ConfigError):
    """containerd cannot make the container (CreateContainerError); the text is its own."""


def effective(pod: Object, container: Object) -> Object:
    """Return the securityContext that counts: the pod's, with the container's fields over it."""
    return {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}


def credentials_of(pod: Object, container: Object, image: Image) -> Credentials:
    """Return the credentials of a container's processes.

    Raises
    ------
    ConfigError, CreateError
        If they are not to be had, in the kubelet's or containerd's words.
    """
    security, pod_wide = effective(pod, container), pod["spec"].get("securityContext") or {}
    _verify_non_root(pod, container["name"], security, image)
    uid, gid, groups = _user(security, image)
    wanted = [*(pod_wide.get("supplementalGroups") or ()), *((pod_wide["fsGroup"],) if "fsGroup" in pod_wide else ())]
    listed = groups if pod_wide.get("supplementalGroupsPolicy") != "Strict" else ()
    privileged, seccomp = bool(security.get("privileged")), _seccomp(security)
    groups, strict = tuple(sorted({gid, *listed, *wanted})), security.get("allowPrivilegeEscalation") is False
    return _shared(uid, gid, groups, _capabilities(security, privileged), strict, seccomp and not privileged)


@lru_cache(maxsize=1024)
def _shared(*fields: Any) -> Credentials:
    """Return credentials, the same object for the same ones: thousands of containers have them in common."""
    return Credentials(*fields)


def _user(security: Object, image: Image) -> tuple[int, int, tuple[int, ...]]:
    try:
        uid, gid, groups = image_user(image)
    except UnknownUser as error:
        if "runAsUser" not in security:
            raise CreateError(f"failed to create containerd container: mount callback failed: {error}") from None
        uid, gid, groups = 0, 0, ()
    if "runAsUser" in security:
        uid = security["runAsUser"]
        account = account_of(image, uid)
        gid, groups = account.gid if account is not None else 0, memberships(image, uid)
    return uid, security.get("runAsGroup", gid), groups


def _verify_non_root(pod: Object, name: str, security: Object, image: Image) -> None:
    if not security.get("runAsNonRoot"):
        return
    meta, user = pod["metadata"], image.user.partition(":")[0]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta.get("uid", "")})", container: {name})'
    if "runAsUser" in security:
        if security["runAsUser"] == 0:
            raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    elif user == "0":
        raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
    elif not user.isdigit():
        text = f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root"
        raise ConfigError(f"{text} {where}")


def _capabilities(security: Object, privileged: bool) -> frozenset[str]:
    asked = security.get("capabilities") or {}
    add, drop = asked.get("add") or (), asked.get("drop") or ()
    unknown = next(_unknown([*add, *drop]), None)
    if unknown is not None:
        raise CreateError(f'failed to generate container spec: unknown capability "CAP_{unknown}"')
    return container_capabilities(add, drop, privileged)


def _unknown(names: Iterable[str]) -> Iterator[str]:
    return (n for n in (name.upper().removeprefix("CAP_") for name in names) if n != "ALL" and n not in CAPABILITIES)


def _seccomp(security: Object) -> bool:
    profile = security.get("seccompProfile") or {}
    if profile.get("type") == "Localhost":
        path = f"/var/lib/kubelet/seccomp/{profile.get('localhostProfile', '')}"
        reason = f"open {path}: no such file or directory"
        raise CreateError(f'failed to create containerd container: cannot load seccomp profile "{path}": {reason}')
    return profile.get("type") == "RuntimeDefault"


def sysctl_rejection(pod: Object) -> tuple[str, str] | None:
    """Return why a kubelet does not admit a pod for its sysctls, None if it does."""
    for sysctl in (pod["spec"].get("securityContext") or {}).get("sysctls") or ():
        name = sysctl["name"].replace("/", ".")
        if name not in _SAFE_SYSCTLS:
            return "SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted'
    return None
