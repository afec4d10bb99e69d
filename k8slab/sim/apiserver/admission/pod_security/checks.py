"""The Pod Security Standards as pure checks over a pod's spec.

Upstream: k8s.io/pod-security-admission/policy. Each check returns what is wrong as (reason, detail), in upstream's words, or
None; the same functions review manifests in the lab. Simplified: the rules of the newest version apply whatever version a
namespace pins, and pods for Windows get no exceptions.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["LEVELS", "Check", "Violation", "evaluate", "summary"]

LEVELS = ("privileged", "baseline", "restricted")


class Violation(NamedTuple):
    """Why a pod does not meet a level: ``allowPrivilegeEscalation != false`` (``container "c" must set ...``)."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Object, Object], Violation | None]  #: of metadata and spec


def evaluate(level: str, meta: Object, spec: Object) -> list[Violation]:
    """Return how a pod violates a level, in upstream's order.

    >>> [str(v) for v in evaluate("baseline", {}, {"hostPID": True, "containers": []})]
    ['host namespaces (hostPID=true)']
    """
    if level == "privileged":
        return []
    checks = _BASELINE if level == "baseline" else _RESTRICTED
    return [violation for check in checks if (violation := check(meta, spec)) is not None]


def summary(violations: Iterable[Violation]) -> str:
    """Return violations on one line."""
    return ", ".join(str(violation) for violation in violations)


def _containers(spec: Object) -> Iterator[Object]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or ()


def _context(holder: Object) -> Object:
    return holder.get("securityContext") or {}


def _quoted(values: Iterable[Any]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _named(names: Sequence[str]) -> str:
    return f"{'container' if len(names) == 1 else 'containers'} {_quoted(names)}"


def _bad(spec: Object, test: Callable[[Object], bool]) -> list[str]:
    return [container["name"] for container in _containers(spec) if test(container)]


# baseline


def _app_armor(meta: Object, spec: Object) -> Violation | None:
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    found = [
        f'{key}="{value}"'
        for key, value in sorted((meta.get("annotations") or {}).items())
        if key.startswith(prefix) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    ]
    setters = _setters(spec, lambda context: (context.get("appArmorProfile") or {}).get("type") == "Unconfined")
    if setters:
        found.insert(0, f'{setters} must not set AppArmor profile type to "Unconfined"')
    reason = "forbidden AppArmor profile" + ("s" if len(found) > 1 else "")
    return Violation(reason, ", ".join(found)) if found else None


def _setters(spec: Object, test: Callable[[Object], bool]) -> str:
    """Return who sets something bad: ``pod and container "c"``; "" if nobody."""
    names = _bad(spec, lambda container: test(_context(container)))
    return " and ".join((["pod"] if test(_context(spec)) else []) + ([_named(names)] if names else []))


_DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


def _added(spec: Object, allowed: frozenset[str]) -> str:
    names, added = [], set()
    for container in _containers(spec):
        extra = set((_context(container).get("capabilities") or {}).get("add") or ()) - allowed
        if extra:
            names.append(container["name"])
            added |= extra
    return f"{_named(names)} must not include {_quoted(sorted(added))} in securityContext.capabilities.add" if names else ""


def _capabilities_baseline(meta: Object, spec: Object) -> Violation | None:
    detail = _added(spec, _DEFAULT_CAPABILITIES)
    return Violation("non-default capabilities", detail) if detail else None


def _host_namespaces(meta: Object, spec: Object) -> Violation | None:
    found = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return Violation("host namespaces", ", ".join(found)) if found else None


def _host_path_volumes(meta: Object, spec: Object) -> Violation | None:
    names = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return Violation("hostPath volumes", f"{'volume' if len(names) == 1 else 'volumes'} {_quoted(names)}") if names else None


def _host_ports(meta: Object, spec: Object) -> Violation | None:
    ports = {c["name"]: [p["hostPort"] for p in c.get("ports") or () if p.get("hostPort")] for c in _containers(spec)}
    names = [name for name, found in ports.items() if found]
    if not names:
        return None
    numbers = sorted({port for found in ports.values() for port in found})
    uses = f"{'uses' if len(names) == 1 else 'use'} {'hostPort' if len(numbers) == 1 else 'hostPorts'}"
    return Violation("hostPort", f"{_named(names)} {uses} {', '.join(map(str, numbers))}")


def _handlers(container: Object) -> Iterator[Object]:
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(key) or {}
    for key in ("postStart", "preStop"):
        yield (container.get("lifecycle") or {}).get(key) or {}


def _host_probes(meta: Object, spec: Object) -> Violation | None:
    names, hosts = [], set()
    for container in _containers(spec):
        found = {
            host
            for handler in _handlers(container)
            for key in ("httpGet", "tcpSocket")
            if (host := (handler.get(key) or {}).get("host", "")) not in ("", "127.0.0.1", "::1", "localhost")
        }
        if found:
            names.append(container["name"])
            hosts |= found
    uses = f"{'uses' if len(names) == 1 else 'use'} probe or lifecycle {'host' if len(hosts) == 1 else 'hosts'}"
    return Violation("probe or lifecycle host", f"{_named(names)} {uses} {_quoted(sorted(hosts))}") if names else None


def _privileged(meta: Object, spec: Object) -> Violation | None:
    names = _bad(spec, lambda container: bool(_context(container).get("privileged")))
    return Violation("privileged", f"{_named(names)} must not set securityContext.privileged=true") if names else None


def _proc_mount(meta: Object, spec: Object) -> Violation | None:
    kinds: set[str] = set()
    names = []
    for container in _containers(spec):
        kind = _context(container).get("procMount")
        if kind not in (None, "", "Default"):
            names.append(container["name"])
            kinds.add(kind)
    text = f"must not set securityContext.procMount to {_quoted(sorted(kinds))}"
    return Violation("procMount", f"{_named(names)} {text}") if names else None


_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


def _selinux(meta: Object, spec: Object) -> Violation | None:
    options = [_context(holder).get("seLinuxOptions") or {} for holder in (spec, *_containers(spec))]
    types = sorted({o["type"] for o in options if o.get("type", "") not in _SELINUX_TYPES})
    data = [f"{'type' if len(types) == 1 else 'types'} {_quoted(types)}"] if types else []
    data += [f"{field} may not be set" for field in ("user", "role") if any(o.get(field) for o in options)]

    def bad(context: Object) -> bool:
        chosen = context.get("seLinuxOptions") or {}
        return chosen.get("type", "") not in _SELINUX_TYPES or bool(chosen.get("user") or chosen.get("role"))

    text = f"{_setters(spec, bad)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    return Violation("seLinuxOptions", text) if data else None


def _unconfined(spec: Object) -> str:
    setters = _setters(spec, lambda context: (context.get("seccompProfile") or {}).get("type") == "Unconfined")
    return f'{setters} must not set securityContext.seccompProfile.type to "Unconfined"' if setters else ""


def _seccomp_baseline(meta: Object, spec: Object) -> Violation | None:
    detail = _unconfined(spec)
    return Violation("seccompProfile", detail) if detail else None


_SAFE_SYSCTLS = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]
)


def _sysctls(meta: Object, spec: Object) -> Violation | None:
    names = [s["name"] for s in _context(spec).get("sysctls") or () if s["name"] not in _SAFE_SYSCTLS]
    return Violation("forbidden sysctls", ", ".join(names)) if names else None


def _host_process(meta: Object, spec: Object) -> Violation | None:
    setters = _setters(spec, lambda context: bool((context.get("windowsOptions") or {}).get("hostProcess")))
    text = f"{setters} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", text) if setters else None


# restricted


def _escalation(meta: Object, spec: Object) -> Violation | None:
    names = _bad(spec, lambda container: _context(container).get("allowPrivilegeEscalation") is not False)
    text = "must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", f"{_named(names)} {text}") if names else None


def _capabilities_restricted(meta: Object, spec: Object) -> Violation | None:
    keep = _bad(spec, lambda c: "ALL" not in ((_context(c).get("capabilities") or {}).get("drop") or ()))
    details = [f'{_named(keep)} must set securityContext.capabilities.drop=["ALL"]'] if keep else []
    details += filter(None, [_added(spec, frozenset(["NET_BIND_SERVICE"]))])
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
    subject = f"{'volume' if one else 'volumes'} {_quoted(names)} {'uses' if one else 'use'}"
    return (
        Violation("restricted volume types", f"{subject} restricted volume {kinds} {_quoted(sorted(types))}") if names else None
    )


def _run_as_non_root(meta: Object, spec: Object) -> Violation | None:
    reason, field = "runAsNonRoot != true", "securityContext.runAsNonRoot"
    setters = _setters(spec, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        return Violation(reason, f"{setters} must not set {field}=false")
    if _context(spec).get("runAsNonRoot"):
        return None
    names = _bad(spec, lambda container: not _context(container).get("runAsNonRoot"))
    return Violation(reason, f"pod or {_named(names)} must set {field}=true") if names else None


def _run_as_user(meta: Object, spec: Object) -> Violation | None:
    setters = _setters(spec, lambda context: context.get("runAsUser") == 0)
    return Violation("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def _seccomp_restricted(meta: Object, spec: Object) -> Violation | None:
    detail = _unconfined(spec)
    if detail:
        return Violation("seccompProfile", detail)
    if _context(spec).get("seccompProfile"):
        return None
    names = _bad(spec, lambda container: not _context(container).get("seccompProfile"))
    text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {_named(names)} {text}") if names else None


_BASELINE: tuple[Check, ...] = (
    _app_armor,
    _capabilities_baseline,
    _host_namespaces,
    _host_path_volumes,
    _host_ports,
    _host_probes,
    _privileged,
    _proc_mount,
    _selinux,
    _seccomp_baseline,
    _sysctls,
    _host_process,
)
#: Restricted has its own, stricter form of these three.
_REPLACED = (_capabilities_baseline, _host_path_volumes, _seccomp_baseline)
_RESTRICTED: tuple[Check, ...] = (
    *(check for check in _BASELINE if check not in _REPLACED),
    _escalation,
    _capabilities_restricted,
    _restricted_volumes,
    _run_as_non_root,
    _run_as_user,
    _seccomp_restricted,
)
