"""The baseline level: nothing that is known to escape the container.

Upstream: k8s.io/pod-security-admission/policy, one check per function, in the order of their ids.
"""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.admission.pod_security.spec import (
    Check,
    Violation,
    bad,
    containers,
    context,
    extra_capabilities,
    named,
    offenders,
    quoted,
    unconfined,
)

__all__ = ["BASELINE", "RELAXED", "SINCE"]


def _app_armor(meta: Object, spec: Object) -> Violation | None:
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    found = [
        f'{key}="{value}"'
        for key, value in sorted((meta.get("annotations") or {}).items())
        if key.startswith(prefix) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    ]
    setters = offenders(spec, lambda context: (context.get("appArmorProfile") or {}).get("type") == "Unconfined")
    if setters:
        found.insert(0, f'{setters} must not set AppArmor profile type to "Unconfined"')
    reason = "forbidden AppArmor profile" + ("s" if len(found) > 1 else "")
    return Violation(reason, ", ".join(found)) if found else None


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


def _capabilities_baseline(meta: Object, spec: Object) -> Violation | None:
    detail = extra_capabilities(spec, _DEFAULT_CAPABILITIES)
    return Violation("non-default capabilities", detail) if detail else None


def _host_namespaces(meta: Object, spec: Object) -> Violation | None:
    found = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return Violation("host namespaces", ", ".join(found)) if found else None


def _host_path_volumes(meta: Object, spec: Object) -> Violation | None:
    names = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return Violation("hostPath volumes", f"{'volume' if len(names) == 1 else 'volumes'} {quoted(names)}") if names else None


def _host_ports(meta: Object, spec: Object) -> Violation | None:
    ports = {c["name"]: [p["hostPort"] for p in c.get("ports") or () if p.get("hostPort")] for c in containers(spec)}
    names = [name for name, found in ports.items() if found]
    if not names:
        return None
    numbers = sorted({port for found in ports.values() for port in found})
    uses = f"{'uses' if len(names) == 1 else 'use'} {'hostPort' if len(numbers) == 1 else 'hostPorts'}"
    return Violation("hostPort", f"{named(names)} {uses} {', '.join(map(str, numbers))}")


def _handlers(container: Object) -> Iterator[Object]:
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(key) or {}
    for key in ("postStart", "preStop"):
        yield (container.get("lifecycle") or {}).get(key) or {}


def _host_probes(meta: Object, spec: Object) -> Violation | None:
    names, hosts = [], set()
    for container in containers(spec):
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
    return Violation("probe or lifecycle host", f"{named(names)} {uses} {quoted(sorted(hosts))}") if names else None


def _privileged(meta: Object, spec: Object) -> Violation | None:
    names = bad(spec, lambda container: bool(context(container).get("privileged")))
    return Violation("privileged", f"{named(names)} must not set securityContext.privileged=true") if names else None


def _proc_mount(meta: Object, spec: Object) -> Violation | None:
    kinds: set[str] = set()
    names = []
    for container in containers(spec):
        kind = context(container).get("procMount")
        if kind not in (None, "", "Default"):
            names.append(container["name"])
            kinds.add(kind)
    text = f"must not set securityContext.procMount to {quoted(sorted(kinds))}"
    return Violation("procMount", f"{named(names)} {text}") if names else None


_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


def _selinux(meta: Object, spec: Object) -> Violation | None:
    options = [context(holder).get("seLinuxOptions") or {} for holder in (spec, *containers(spec))]
    types = sorted({o["type"] for o in options if o.get("type", "") not in _SELINUX_TYPES})
    data = [f"{'type' if len(types) == 1 else 'types'} {quoted(types)}"] if types else []
    data += [f"{field} may not be set" for field in ("user", "role") if any(o.get(field) for o in options)]

    def bad(context: Object) -> bool:
        chosen = context.get("seLinuxOptions") or {}
        return chosen.get("type", "") not in _SELINUX_TYPES or bool(chosen.get("user") or chosen.get("role"))

    text = f"{offenders(spec, bad)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    return Violation("seLinuxOptions", text) if data else None


def _seccomp_baseline(meta: Object, spec: Object) -> Violation | None:
    detail = unconfined(spec)
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
    names = [s["name"] for s in context(spec).get("sysctls") or () if s["name"] not in _SAFE_SYSCTLS]
    return Violation("forbidden sysctls", ", ".join(names)) if names else None


def _host_process(meta: Object, spec: Object) -> Violation | None:
    setters = offenders(spec, lambda context: bool((context.get("windowsOptions") or {}).get("hostProcess")))
    text = f"{setters} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", text) if setters else None


BASELINE: tuple[Check, ...] = (
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
#: Those that the restricted level has in a stricter form of its own.
RELAXED = (_capabilities_baseline, _host_path_volumes, _seccomp_baseline)
#: Minor versions with which checks came; the others were there from the start.
SINCE: dict[Check, int] = {_seccomp_baseline: 19, _host_probes: 34}
