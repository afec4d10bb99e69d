"""Containers of a pod: app, init and ephemeral ones.

Upstream: pkg/apis/core/validation (validateContainers, validateInitContainers, validateEphemeralContainers).
Simplified: container restart policies other than Always for init containers and restart rules are not checked further.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label, port_name, port_number
from k8slab.sim.apiserver.validation.env import env_errors, env_from_errors
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_found,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.handlers import container_handlers_errors
from k8slab.sim.apiserver.validation.resources import requirements_errors
from k8slab.sim.apiserver.validation.security import container_security_errors
from k8slab.sim.apiserver.validation.volumes import device_errors, mount_errors

__all__ = ["PROTOCOLS", "containers_errors"]

PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTARTABLE_ONLY = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NOT_EPHEMERAL = ("ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy")
_RESTART_ALWAYS = "may not be set for init containers without restartPolicy=Always"


def containers_errors(spec: Object, path: str, volumes: dict[str, Object], claims: set[str]) -> Errors:
    """Check all containers of a pod spec, in upstream's order: app, init, ephemeral."""
    containers = spec.get("containers") or []
    init, ephemeral = spec.get("initContainers") or [], spec.get("ephemeralContainers") or []
    errors: Errors = []
    if containers:
        errors += _app_errors(containers, spec, f"{path}.containers", volumes, claims)
    else:
        errors.append(required(f"{path}.containers"))
    if init:
        errors += _init_errors(init, spec, f"{path}.initContainers", volumes, claims)
    if ephemeral:
        errors += _ephemeral_errors(ephemeral, spec, f"{path}.ephemeralContainers", volumes, claims)
    return errors


def _app_errors(containers: list[Object], spec: Object, path: str, volumes: dict[str, Object], claims: set[str]) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    grace = spec.get("terminationGracePeriodSeconds")
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        errors += _common_errors(container, spec, at, volumes, claims)
        name = container.get("name", "")
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
        errors += container_handlers_errors(container, at, grace)
    return errors + _host_port_errors(containers, path)


def _init_errors(containers: list[Object], spec: Object, path: str, volumes: dict[str, Object], claims: set[str]) -> Errors:
    errors: Errors = []
    names = {c.get("name", "") for c in spec.get("containers") or ()}
    grace = spec.get("terminationGracePeriodSeconds")
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        errors += _common_errors(container, spec, at, volumes, claims)
        name = container.get("name", "")
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        elif name:
            names.add(name)
        errors += _host_port_errors([container], path)
        if container.get("restartPolicy") == "Always":
            errors += container_handlers_errors(container, at, grace)
        else:
            errors += [forbidden(f"{at}.{field}", _RESTART_ALWAYS) for field in _RESTARTABLE_ONLY if field in container]
    return errors


def _ephemeral_errors(containers: list[Object], spec: Object, path: str, volumes: dict[str, Object], claims: set[str]) -> Errors:
    errors: Errors = []
    others = {c.get("name", "") for field in ("containers", "initContainers") for c in spec.get(field) or ()}
    names = set(others)
    detail = "cannot be set for an Ephemeral Container"
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        errors += _common_errors(container, spec, at, volumes, claims)
        name, target = container.get("name", ""), container.get("targetContainerName")
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
        if target and target not in others:
            errors.append(not_found(f"{at}.targetContainerName", target))
        errors += [forbidden(f"{at}.{field}", detail) for field in _NOT_EPHEMERAL if container.get(field)]
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            errors += [forbidden(f"{at}.volumeMounts[{j}].{f}", detail) for f in ("subPath", "subPathExpr") if mount.get(f)]
    return errors


def _common_errors(container: Object, spec: Object, path: str, volumes: dict[str, Object], claims: set[str]) -> Errors:
    errors: Errors = []
    name = container.get("name")
    if not name:
        errors.append(required(f"{path}.name"))
    elif dns1123_label(name):
        errors += invalid_each(f"{path}.name", name, dns1123_label(name))
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy", "")
    if policy not in _MESSAGE_POLICIES:
        field = f"{path}.terminationMessagePolicy"
        errors.append(not_supported(field, policy, _MESSAGE_POLICIES) if policy else required(field))
    if container.get("ports"):
        errors += _port_errors(container["ports"], f"{path}.ports")
    if container.get("env"):
        errors += env_errors(container["env"], f"{path}.env")
    if container.get("envFrom"):
        errors += env_from_errors(container["envFrom"], f"{path}.envFrom")
    if container.get("volumeMounts"):
        errors += mount_errors(container, volumes, f"{path}.volumeMounts")
    if container.get("volumeDevices"):
        errors += device_errors(container, volumes, f"{path}.volumeDevices")
    pull = container.get("imagePullPolicy", "")
    if pull not in _PULL_POLICIES:
        field = f"{path}.imagePullPolicy"
        errors.append(not_supported(field, pull, _PULL_POLICIES) if pull else required(field))
    if container.get("resources"):
        errors += requirements_errors(container["resources"], f"{path}.resources", claims)
    if container.get("resizePolicy"):
        errors += _resize_errors(container["resizePolicy"], spec.get("restartPolicy", ""), f"{path}.resizePolicy")
    if container.get("securityContext"):
        host_users = spec.get("hostUsers", True)
        errors += container_security_errors(container["securityContext"], f"{path}.securityContext", host_users)
    return errors


def _port_errors(ports: list[Object], path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for i, port in enumerate(ports):
        at = f"{path}[{i}]"
        name = port.get("name")
        if name:
            if port_name(name):
                errors += invalid_each(f"{at}.name", name, port_name(name))
            elif name in names:
                errors.append(duplicate(f"{at}.name", name))
            names.add(name)
        number = port.get("containerPort", 0)
        if number == 0:
            errors.append(required(f"{at}.containerPort"))
        else:
            errors += invalid_each(f"{at}.containerPort", number, port_number(number))
        host_port = port.get("hostPort")
        if host_port:
            errors += invalid_each(f"{at}.hostPort", host_port, port_number(host_port))
        protocol = port.get("protocol", "")
        if protocol not in PROTOCOLS:
            field = f"{at}.protocol"
            errors.append(not_supported(field, protocol, PROTOCOLS) if protocol else required(field))
    return errors


def _host_port_errors(containers: list[Object], path: str) -> Errors:
    errors: Errors = []
    taken: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in taken:
                errors.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", key))
            taken.add(key)
    return errors


def _resize_errors(policies: list[Object], restart_policy: str, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            errors.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
        if name not in ("cpu", "memory"):
            errors.append(not_supported(path, name, ("cpu", "memory")) if name else required(path))
        if restart not in ("NotRequired", "RestartContainer"):
            errors.append(not_supported(path, restart, ("NotRequired", "RestartContainer")) if restart else required(path))
        if restart_policy == "Never" and restart != "NotRequired":
            errors.append(invalid(path, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    return errors
