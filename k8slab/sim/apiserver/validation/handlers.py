"""Probes and lifecycle hooks.

Upstream: pkg/apis/core/validation (validateProbe, validateHandler, validateLifecycle).
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import http_header_name, port_name, port_number
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    nonnegative_fields,
    not_supported,
    required,
)

__all__ = ["container_handlers_errors", "lifecycle_errors", "port_errors", "probe_errors"]

_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SCHEMES = ("HTTP", "HTTPS")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def container_handlers_errors(container: Object, path: str, grace: int | None) -> Errors:
    """Check the hooks and probes of a container that may have them."""
    errors: Errors = []
    if "lifecycle" in container:
        errors += lifecycle_errors(container["lifecycle"], grace, f"{path}.lifecycle")
    for name in _PROBES:
        if name in container:
            errors += probe_errors(container[name], name, grace, f"{path}.{name}")
    return errors


def probe_errors(probe: Object, name: str, grace: int | None, path: str) -> Errors:
    """Check one probe; `name` decides what differs between the three."""
    errors = _handler_errors(probe, grace, path)
    errors += nonnegative_fields(probe, _COUNTS, path)
    own_grace = probe.get("terminationGracePeriodSeconds")
    if own_grace is not None and own_grace <= 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", own_grace, "must be greater than 0"))
    if name == "readinessProbe":
        if own_grace is not None:
            errors.append(invalid(f"{path}.terminationGracePeriodSeconds", own_grace, "must not be set for readinessProbes"))
    elif probe.get("successThreshold") != 1:
        errors.append(invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
    return errors


def lifecycle_errors(lifecycle: Object, grace: int | None, path: str) -> Errors:
    """Check postStart and preStop; only a stop signal may stand alone."""
    return [
        error
        for name in ("postStart", "preStop")
        if name in lifecycle
        for error in _handler_errors(lifecycle[name], grace, f"{path}.{name}")
    ]


def _handler_errors(handler: Object, grace: int | None, path: str) -> Errors:
    errors: Errors = []
    found = False
    for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep"):
        action = handler.get(name)
        if action is None:
            continue
        if found:
            errors.append(forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))
            continue
        found = True
        errors += _action_errors(name, action, grace, f"{path}.{name}")
    if not found:
        errors.append(required(path, "must specify a handler type"))
    return errors


def _action_errors(name: str, action: Object, grace: int | None, path: str) -> Errors:
    if name == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if name == "sleep":
        seconds = action.get("seconds", 0)
        if grace is None or 0 <= seconds <= grace:
            return []
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        return [invalid(path, seconds, detail)]
    errors: Errors = []
    if name == "httpGet" and not action.get("path"):
        errors.append(required(f"{path}.path"))
    errors += port_errors(action.get("port", 0), f"{path}.port")
    if name == "httpGet":
        if action.get("scheme") not in _SCHEMES:
            errors.append(not_supported(f"{path}.scheme", action.get("scheme", ""), _SCHEMES))
        for header in action.get("httpHeaders") or ():
            header_name = header.get("name", "")
            errors += invalid_each(f"{path}.httpHeaders", header_name, http_header_name(header_name))
    return errors


def port_errors(port: int | str, path: str) -> Errors:
    """A port by number or by name."""
    return invalid_each(path, port, port_number(port) if isinstance(port, int) else port_name(port))
